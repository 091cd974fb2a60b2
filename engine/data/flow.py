"""Batches that are drawn one after the other, for as long as they are wanted, in place of a data set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from engine.data.arrays import is_target
from engine.data.batch_stream import BatchStream, Named
from engine.data.consent import Script
from engine.data.rows import Array
from engine.data.source import DataSet
from engine.errors import FileError
from engine.shapes import show_shape

PATIENCE = 60.0


class Batch(NamedTuple):
    """Samples by the names of their arrays, and what each counts; None where all count the same."""

    features: Mapping[str, Array]
    targets: Mapping[str, Array]
    weights: Array | None

    @property
    def size(self) -> int:
        return len(next(iter(self.features.values())))

    @property
    def arrays(self) -> dict[str, Array]:
        return {**self.features, **self.targets, **({} if self.weights is None else {_WEIGHTS: self.weights})}


LISTED = re.compile(r"[xy]_\d+")
"""How arrays of a list are called, in their order."""

_WEIGHTS = ""
"""Stands for the name of the weights, which have none."""


class Flow:
    """What a function in a file of the person's own yields, a batch at a time, in that order.

    An array that comes alone is called x, or y; those of a list x_1, x_2, ... Whatever is asked raises `FileError`
    where the file fails, and `Cancelled` where the flow is closed, or left, meanwhile.
    """

    def __init__(self, script: Script, function: str, steps: int, patience: float = PATIENCE) -> None:
        """Begin to run the file. Raises `ConsentError` where there was no yes for it."""
        self.steps = steps
        self.stream = BatchStream(script, function, patience)
        self._count = 0
        self._first: Batch | None = None
        self._left: list[Batch] = []
        """What has come and was not taken yet."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process that runs the file."""
        self.stream.close()

    def leave(self) -> None:
        """Let whoever waits for samples go."""
        self.stream.leave()

    def wait(self, seconds: float) -> bool:
        """Wait for the next batch, or for its fault; whether it is there."""
        return self.stream.wait(seconds)

    @property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of features and of targets."""
        first = self._begun()
        return tuple(first.features), tuple(first.targets)

    @property
    def batch(self) -> int:
        """How many samples the first batch holds."""
        return self._begun().size

    @property
    def weighted(self) -> bool:
        """Whether there is a weight for each sample."""
        return self._begun().weights is not None

    def outline(self) -> DataSet:
        """The first sample of each array."""
        first = self._begun()
        features, targets = (
            {name: array[:1] for name, array in arrays.items()} for arrays in (first.features, first.targets)
        )
        return DataSet(features, targets)

    def take(self, count: int) -> Batch:
        """So many samples, the next in the order in which they come."""
        self._begun()
        while sum(batch.size for batch in self._left) < count:
            self._left.append(self._drawn())
        found, self._left = _cut(self._left, count)
        return found

    def _begun(self) -> Batch:
        if self._first is None:
            self._first = self._drawn()
            self._left.append(self._first)
        return self._first

    # What comes

    def _drawn(self) -> Batch:
        named = self.stream.next()
        self._count += 1
        batch = self._sorted(named)
        lengths = {name or "sample_weight": len(array) for name, array in batch.arrays.items()}
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
            raise self.error(f"the arrays differ in their number of samples: {shown}.")
        if not batch.size:
            raise self.error("there are no samples in it.")
        return batch if self._first is None else self._like_the_first(batch, self._first)

    def _sorted(self, named: list[Named]) -> Batch:
        """The arrays by what they are for."""
        features: dict[str, Array] = {}
        targets: dict[str, Array] = {}
        weights: Array | None = None
        for kind, name, array in named:
            if kind == "weight":
                if weights is not None or array.ndim != 1 or array.dtype.kind not in "biuf":
                    raise self.error("sample_weight must be one row of numbers.")
                weights = array
                continue
            name = f"{kind}_{name}" if kind and name.isdigit() else name or kind
            place = targets if kind == "y" or (not kind and is_target(name)) else features
            if name in features or name in targets:
                raise self.error(f"there are two arrays of the name {name}.")
            place[name] = array
        if not features:
            raise self.error("there is nothing in it that goes in, only targets.")
        return Batch(features, targets, weights)

    def _like_the_first(self, batch: Batch, first: Batch) -> Batch:
        arrays, wanted = batch.arrays, first.arrays
        if arrays.keys() != wanted.keys():
            shown, before = (", ".join(name or "sample_weight" for name in found) for found in (arrays, wanted))
            raise self.error(f"it holds {shown}, but the first held {before}.")
        for name, array in arrays.items():
            if array.shape[1:] != wanted[name].shape[1:]:
                shape, before = show_shape(array.shape[1:]), show_shape(wanted[name].shape[1:])
                raise self.error(f"{name} is {shape} a sample, but was {before} in the first.")
            if not np.can_cast(array.dtype, wanted[name].dtype, "same_kind"):
                raise self.error(f"{name} holds {array.dtype}, but held {wanted[name].dtype} in the first.")
        return batch

    def error(self, reason: str) -> FileError:
        """What is wrong with the batch that came last."""
        return self.stream.error(reason, place=f"batch {self._count:,}")


def _cut(batches: list[Batch], count: int) -> tuple[Batch, list[Batch]]:
    """The first so many samples of some batches, and what is left of these."""
    if batches[0].size == count:
        return batches[0], batches[1:]
    whole = {name: np.concatenate([batch.arrays[name] for batch in batches]) for name in batches[0].arrays}

    def part(rows: slice) -> Batch:
        found = {name: array[rows] for name, array in whole.items()}
        weights = found.pop(_WEIGHTS, None)
        return Batch(
            {n: found[n] for n in batches[0].features}, {n: found[n] for n in batches[0].targets}, weights
        )

    rest = part(slice(count, None))
    return part(slice(count)), [rest] if rest.size else []
