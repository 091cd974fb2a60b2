"""The training of a project as Python: its data, its split, fit, evaluation and a few predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.data.prepare import fit_samples, match_names
from engine.data.rows import AnyRows
from engine.data.samples import Samples
from engine.errors import StyleError
from engine.formats.data_text import Loading, converted, loading
from engine.formats.keras_callbacks import callback_lines
from engine.formats.keras_config import Calls
from engine.formats.keras_subclass import attributes_of
from engine.formats.python_text import Group, listing, quoted, statement
from engine.formats.split_text import SplitText
from engine.formats.weight_text import WeightText
from engine.graph import Node
from engine.layers.core import Input
from engine.losses import LOSSES
from engine.model import Model, compile_graph
from engine.project import Project

_SUFFIX = {"train": "_train", "validation": "_val", "test": "_test"}


@dataclass(frozen=True)
class Training:
    """The parts of a program that trains, in the order in which it has them."""

    project: Project
    found: Calls
    style: str

    @cached_property
    def model(self) -> Model:
        return compile_graph(self.project.graph)

    @cached_property
    def loading(self) -> Loading:
        return loading(self.project.data.source)

    @cached_property
    def split(self) -> SplitText:
        return SplitText(self.model, self.loading, self.project.data)

    @cached_property
    def weights(self) -> WeightText:
        return WeightText(self.model, self.loading)

    @property
    def imports(self) -> set[str]:
        return {"import numpy as np", *self.loading.imports, *self.split.imports}

    # Data

    def data(self) -> str:
        """Loads the data and splits it; raises `DataError` where it does not fit the network."""
        self.check_losses()
        data = self.loading.data
        lines = [f"keras.utils.set_random_seed({self.project.training.seed})", "", "# The data"]
        lines += [
            *self.split.functions,
            *self.loading.lines,
            *self._arrays("train", "_train" if not self.split.held else "", data.arrays),
        ]
        for part, arrays in (("validation", data.validation), ("test", data.test)):
            if arrays is not None:
                lines += self._arrays(part, _SUFFIX[part], arrays)
        return "\n".join([*lines, *self._split(), *self.weights.lines()]) + "\n"

    def check_losses(self) -> None:
        """Raise `StyleError` where an Output is only predicted."""
        if len(self.model.trained_outputs) < len(self.model.outputs):
            raise StyleError("An Output has no loss: a program that trains needs one for each.")

    def _arrays(self, part: str, suffix: str, arrays: Mapping[str, AnyRows]) -> list[str]:
        """Lines that bring the arrays of a part into the shapes and types that the model takes."""
        names = match_names(self.model, self.loading.data)
        fitted = fit_samples(self.model, arrays, names)
        x = [self._input(node, part, names[node.name], arrays, fitted) for node in self.model.inputs]
        y = [
            self._target(node, loss, part, names[node.name], arrays, fitted)
            for node, _, loss in self.model.trained_outputs
        ]
        lines = [_assigned(f"x{suffix}", x), _assigned(f"y{suffix}", y)]
        lines += [f"w{suffix} = {own}" for own in [self.weights.own(part)] if own]
        return [line for line in lines if line not in ("x = x", "y = y")]

    def _input(self, node: Node, part: str, name: str, arrays: Mapping[str, AnyRows], fitted: Samples) -> str:
        raw = np.asarray(self.loading.raw.get(name, arrays[name]))
        wanted, layer = np.asarray(fitted.inputs[node.name]), node.layer
        if isinstance(layer, Input) and layer.dtype != "string":
            wanted = wanted.astype(layer.dtype)  # small numbers become that when they are used
        return converted(self.loading.expressions[part][name], raw, wanted)

    def _target(
        self, node: Node, loss: str, part: str, name: str, arrays: Mapping[str, AnyRows], fitted: Samples
    ) -> str:
        raw = np.asarray(self.loading.raw.get(name, arrays[name]))
        wanted = np.asarray(fitted.targets[node.name])
        text, kind = self.loading.expressions[part][name], LOSSES[loss].targets
        shape = self.found.inference[node.id].shape
        if kind == "labels" and raw.shape[1:] == shape:
            text, raw = f"{text}.argmax(-1)", raw.argmax(-1)
        if kind == "one-hot" and raw.shape != wanted.shape:
            labels = converted(text, raw, raw.reshape(wanted.shape[:-1]))
            return f"keras.utils.to_categorical({labels}, {wanted.shape[-1]})"
        return converted(text, raw, wanted)

    def _split(self) -> list[str]:
        parts = [part for part in ("train", "validation", "test") if part in self.split.parts and self.split.held]
        return [*self.split.lines(), *(line for part in parts for line in self._taken(part))]

    def _taken(self, part: str) -> list[str]:
        several = {"x": len(self.model.inputs) > 1, "y": len(self.model.outputs) > 1}
        taken = {n: f"[array[{part}] for array in {n}]" if many else f"{n}[{part}]" for n, many in several.items()}
        suffix = _SUFFIX[part]
        weights = [f"w{suffix} = w[{part}]"] if self.weights.has_own else []
        if not any(several.values()):
            return [f"x{suffix}, y{suffix} = {taken['x']}, {taken['y']}", *weights]
        return [*(f"{name}{suffix} = {text}" for name, text in taken.items()), *weights]

    def _has(self, part: str) -> bool:
        return part in self.split.held or getattr(self.loading.data, part) is not None

    # Training

    def adapting(self, weights_file: str | None) -> str:
        """Lines by which layers take figures from the data that reaches them."""
        layers = [owner for owner in self.found.layers if owner.layer.adapts or owner.layer.learns]
        if weights_file is not None or not layers:
            return ""
        lines = ["# These layers take figures from the training data that reaches them."]
        return "\n".join([*lines, *(line for owner in layers for line in self._adapting(owner))]) + "\n"

    def _adapting(self, owner: Node) -> list[str]:
        (edge, *_) = self.found.sources(owner.id)
        source = self.found.graph[edge.source]
        if self.style == "subclass":
            layer = f"model.{attributes_of(self.found)[owner.id]}"
        else:
            layer = f"model.get_layer({quoted(owner.name)})"
        if isinstance(source.layer, Input):
            place = [node.id for node in self.found.inputs].index(source.id)
            return [f"{layer}.adapt(x_train{f'[{place}]' if len(self.found.inputs) > 1 else ''})"]
        if self.style == "subclass":
            raise StyleError(
                f"{owner.name} takes figures from what other layers make of the data, which a subclass does not "
                "show: take another style."
            )
        return [f"before = keras.Model(model.inputs, {layer}.input)", f"{layer}.adapt(before.predict(x_train))"]

    def fitting(self) -> str:
        """Training, the figures on the test data, and a few predictions."""
        settings = self.project.training
        arguments: list[str | Group] = ["x_train", "y_train"]
        arguments += [f"batch_size={settings.batch_size}", f"epochs={settings.epochs}"]
        arguments += [] if settings.shuffle else ["shuffle=False"]
        arguments += self.weights.fitting()
        held = ["x_val", "y_val", *filter(None, [self.weights.held("_val")])]
        arguments += [f"validation_data=({', '.join(held)})"] if self._has("validation") else []
        arguments.append("callbacks=callbacks")
        lines = [
            *callback_lines(settings.callbacks, self.project.graph, validated=self._has("validation")),
            Group("history = model.fit(", tuple(arguments), ")").spread("", 0),
        ]
        judged = next((part for part in ("test", "validation") if self._has(part)), "train")
        x, y = f"x{_SUFFIX[judged]}", f"y{_SUFFIX[judged]}"
        own = self.weights.held(_SUFFIX[judged])
        weights = [f"sample_weight={own}"] if own else []
        few = f"[array[:5] for array in {x}]" if len(self.model.inputs) > 1 else f"{x}[:5]"
        lines += [
            "",
            f"print(model.evaluate({', '.join([x, y, *weights])}, return_dict=True))",
            f"print(model.predict({few}))",
        ]
        return "\n".join(lines) + "\n"


def _assigned(name: str, values: Sequence[str]) -> str:
    return f"{name} = {values[0]}" if len(values) == 1 else statement(f"{name} = ", listing(values))
