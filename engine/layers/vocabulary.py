"""What the layers that look terms up have in common: their vocabulary, and how it is learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import ShapeError
from engine.repairs import SetField

Terms = tuple[Any, ...]
"""Texts, or whole numbers."""


@dataclass(frozen=True)
class Vocabulary:
    """Terms and their places: the mask token at 0 (where indices come out), places for other terms, the terms.

    `given` may begin with the tokens of the first places, as Keras's `get_vocabulary()` has them.
    """

    given: Terms | None
    idf_weights: tuple[float, ...] | None
    mode: str
    mask_token: Any
    oov_token: Any
    num_oov_indices: int
    max_tokens: int | None
    pad_to_max_tokens: bool

    @property
    def masked(self) -> bool:
        """Whether the mask token has a place; else it counts nowhere."""
        return self.mask_token is not None and self.mode == "int"

    @property
    def special(self) -> Terms:
        """The tokens of the places before the terms."""
        return (self.mask_token,) * self.masked + (self.oov_token,) * self.num_oov_indices

    @property
    def terms(self) -> Terms:
        """The terms themselves."""
        given = self.given or ()
        return given[len(self.special) :] if self._complete else given

    @property
    def _complete(self) -> bool:
        return bool(self.special) and (self.given or ())[: len(self.special)] == self.special

    @property
    def places(self) -> Terms:
        """The token at each place."""
        return (*self.special, *self.terms)

    @property
    def depth(self) -> int:
        """The number of columns of an encoding; raises `ShapeError` where nothing tells it."""
        if self.mode == "int":
            return 0
        if self.pad_to_max_tokens and self.max_tokens is not None:
            return self.max_tokens
        if self.given:
            return len(self.places)
        if self.max_tokens is None:
            text = (
                f"{self.mode} makes a column for each term, but how many there are is known only once the "
                "vocabulary is taken from the training data: set max_tokens, or give the vocabulary."
            )
            raise ShapeError(text, "max_tokens", (SetField("max_tokens", 1000),))
        text = (
            f"The vocabulary that is taken from the training data may have fewer than {self.max_tokens} terms: "
            "fill up to that number of columns."
        )
        raise ShapeError(text, "pad_to_max_tokens", (SetField("pad_to_max_tokens", True),))

    @property
    def weights(self) -> tuple[float, ...] | None:
        """A weight for each column of tf_idf, None in other modes."""
        if self.mode != "tf_idf" or not self.idf_weights:
            return None
        front = 0 if self._complete else len(self.special)
        mean = float(np.mean(self.idf_weights))
        full = (mean,) * front + self.idf_weights
        return full + (0.0,) * (self.depth - len(full))

    def check(self) -> None:
        """Raise `ShapeError` for settings that do not go together."""
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ShapeError("pad_to_max_tokens needs max_tokens.", "max_tokens", (SetField("max_tokens", 1000),))
        if not self.given:
            return
        repeated = [term for term, count in Counter(self.terms).items() if count > 1]
        if repeated:
            raise ShapeError(f"The vocabulary has {repeated[0]!r} more than once.", "vocabulary")
        if self.mask_token is not None and self.mask_token in self.terms:
            text = f"The mask token {self.mask_token!r} is a term of the vocabulary, too."
            raise ShapeError(text, "vocabulary")
        if self.max_tokens is not None and len(self.places) > self.max_tokens:
            text = f"The vocabulary has {len(self.places):,} places, but max_tokens is {self.max_tokens:,}."
            raise ShapeError(text, "max_tokens", (SetField("max_tokens", len(self.places)),))
        if self.mode == "tf_idf" and len(self.idf_weights or ()) != len(self.given):
            text = f"tf_idf needs a weight for each of the {len(self.given):,} terms of the vocabulary."
            raise ShapeError(text, "idf_weights")

    def learned(self, samples: Iterable[Sequence[Any]]) -> dict[str, Any]:
        """The settings that follow from the terms of each sample: the most frequent ones first."""
        counts: Counter[Any] = Counter()
        samples_with: Counter[Any] = Counter()
        total = 0
        for row in samples:
            total += 1
            counts.update(row)
            samples_with.update(set(row))
        for token in (self.mask_token, self.oov_token):
            counts.pop(token, None)
        most = None if self.max_tokens is None else max(self.max_tokens - len(self.special), 0)
        terms = sorted(counts, key=lambda term: (counts[term], term), reverse=True)[:most]
        if self.mode != "tf_idf":
            return {"vocabulary": tuple(terms)}
        weights = (float(np.float32(np.log(1 + total / (1 + samples_with[term])))) for term in terms)
        return {"vocabulary": tuple(terms), "idf_weights": tuple(weights)}


def check_terms(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config of a Keras layer with a vocabulary; raises `ValueError` where that is a file, or code is in it.

    Old names of output modes are translated; the size that Keras notes beside a vocabulary is left out.
    """
    settings = {
        key: value for key, value in config.items() if key not in ("vocabulary_size", "has_input_vocabulary")
    }
    if isinstance(settings.get("vocabulary"), str):
        raise ValueError("takes its vocabulary from a file, and no file is read because a model names it")
    for key in ("standardize", "split"):
        if not isinstance(settings.get(key), str | None):
            raise ValueError(f"has code of its own for {key}, which is never run here")
    old = {"binary": "multi_hot", "tf-idf": "tf_idf"}
    if "output_mode" in settings:
        settings["output_mode"] = old.get(settings["output_mode"], settings["output_mode"])
    return settings
