"""How a project splits its data, as Python: which samples are held back, and what goes by that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.data.arrays import MARKS
from engine.data.prepare import match_names
from engine.data.source import GROUP
from engine.data.splitting import divided, joined
from engine.formats.data_text import Loading
from engine.formats.python_text import call, listing, literal, statement
from engine.formats.sources import Library, collect, place_of
from engine.losses import LOSSES
from engine.model import Model
from engine.project import DataSettings


@dataclass(frozen=True)
class SplitText:
    """The split of a project's data.

    The lines take `x` with all samples for what it is split into, and give the numbers of the samples of each part
    of `parts`, by its name.
    """

    model: Model
    loading: Loading
    settings: DataSettings

    @cached_property
    def held(self) -> dict[str, float]:
        """The parts that are taken from the training data, and their shares."""
        data, settings = self.loading.data, self.settings
        parts = (
            ("test", data.test, settings.test_split),
            ("validation", data.validation, settings.validation_split),
        )
        return {part: share for part, given, share in parts if given is None and share}

    @property
    def parts(self) -> list[str]:
        return [*self.held, "train"]

    @property
    def imports(self) -> set[str]:
        return set(self._library.imports)

    @property
    def functions(self) -> list[str]:
        """The functions that the lines call."""
        texts = [f"{text}\n\n" for text in self._library.definitions]
        return [text for text in texts if text not in self.loading.lines]

    @cached_property
    def _library(self) -> Library:
        called: list[Callable[..., Any]] = [divided] if self.held and self._by_traits else []
        called += [joined] if called and self._groups and self._same else []
        return collect(map(place_of, called))

    def lines(self) -> list[str]:
        """Lines that hold samples back; none where none are."""
        if not self.held:
            return []
        shuffled = f"np.random.default_rng({self.settings.seed}).permutation(samples)"
        return [
            "",
            f"# {'Samples drawn at random' if self.settings.shuffle else 'The last samples'} are held back.",
            f"samples = {'len(x[0])' if len(self.model.inputs) > 1 else 'len(x)'}",
            f"order = {shuffled if self.settings.shuffle else 'np.arange(samples)[::-1]'}",
            *(self._divided() if self._by_traits else self._cut()),
        ]

    def _cut(self) -> list[str]:
        """Lines that cut the order of the samples into parts."""
        counts = [f"round({literal(share)} * samples)" for share in self.held.values()]
        places = [" + ".join(counts[: number + 1]) for number in range(len(counts))]
        split = call("np.split", ["order", listing(places)])
        return [statement(f"{', '.join(self.parts)} = ", call("map", ["np.sort", split]))]

    # By class and in groups

    @property
    def _by_traits(self) -> bool:
        return bool(self._labels or self._groups or self._same)

    @property
    def _texts(self) -> Mapping[str, str]:
        return self.loading.expressions["train"]

    @cached_property
    def _labels(self) -> str:
        """Python for the labels of the first target with classes, where the split goes by them."""
        names, data = match_names(self.model, self.loading.data), self.loading.data
        taken = {names[node.name]: LOSSES[loss].targets for node, _, loss in self.model.trained_outputs}
        for name, array in data.targets.items() if self.settings.stratify else ():
            raw = self.loading.raw.get(name, array)
            if raw.ndim == 1 and array.dtype.kind in "biu":
                return self._texts[name]
            if raw.ndim == 2 and taken.get(name) in ("labels", "one-hot"):
                return f"{self._texts[name]}.argmax(-1)"
        return ""

    @property
    def _groups(self) -> str:
        """Python for what samples belong to, where the data says it."""
        found = (self._texts[name] for name, mark in MARKS.items() if mark == GROUP and name in self._texts)
        return next(found, "")

    @property
    def _same(self) -> list[str]:
        """Python for the arrays of which equal samples stay together."""
        together = self.settings.keep_duplicates_together
        return [self._texts[name] for name in self.loading.data.features] if together else []

    def _divided(self) -> list[str]:
        """Lines that hold samples back by class and in groups."""
        shares = listing(map(literal, self.held.values()))
        split = call("divided", ["order", shares, self._labels or "np.zeros(samples, int)", "groups"])
        return [*self._grouping(), statement(f"{', '.join(self.parts)} = ", split)]

    def _grouping(self) -> list[str]:
        if not self._same:
            return [f"groups = {self._groups or 'np.arange(samples)'}"]
        rows = [
            call("np.unique", [f"{text}.reshape(samples, -1)", "axis=0", "return_inverse=True"])
            for text in self._same
        ]
        lines = ["# Samples that are the same stay together."]
        if len(rows) == 1:
            lines.append(statement("_, same = ", rows[0]))
        else:
            lines += [statement("each = ", listing(rows))]
            lines += ["each = np.column_stack([numbers.ravel() for _, numbers in each])"]
            lines += ["_, same = np.unique(each, axis=0, return_inverse=True)"]
        return [*lines, f"groups = {f'joined({self._groups}, same.ravel())' if self._groups else 'same.ravel()'}"]
