"""Samples as a model takes them: arrays, or rows that are read as they are needed, by the names of its nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from engine.data.rows import AnyRows, Array, Picked, taken

_COPIED = 64 * 2**20
"""Arrays of at most so many bytes are copied when some of their samples are taken; others are looked up in."""


@dataclass(frozen=True)
class Samples:
    """Arrays or rows by the name of the Input or Output node that takes them; samples along the first axis.

    `weights` say how much each sample, or each place of one, counts in the loss of an Output; where there are
    none, all count alike.
    """

    inputs: Mapping[str, AnyRows]
    targets: Mapping[str, AnyRows]
    weights: Mapping[str, AnyRows] = field(default_factory=dict[str, AnyRows])

    drawn: ClassVar[bool] = False
    """Whether the next samples are given, whichever are asked for: they have no numbers, and cannot be held."""

    @property
    def batch(self) -> int | None:
        """How many belong together; None where that may be chosen."""
        return None

    @property
    def size(self) -> int:
        return len(next(iter((*self.inputs.values(), *self.targets.values()))))

    @property
    def nbytes(self) -> int:
        """What all samples take in memory."""
        arrays = (*self.inputs.values(), *self.targets.values(), *self.weights.values())
        return sum(rows.nbytes for rows in arrays)

    def take(self, numbers: Array) -> Samples:
        """Some of the samples; what is large stays where it is."""
        return Samples(
            {name: _taken(rows, numbers) for name, rows in self.inputs.items()},
            {name: _taken(rows, numbers) for name, rows in self.targets.items()},
            {name: _taken(rows, numbers) for name, rows in self.weights.items()},
        )

    def read(self, numbers: Array) -> Batch:
        """Some of the samples, in memory; raises `DataError` or `FileError`."""
        return Batch(
            {name: taken(rows, numbers) for name, rows in self.inputs.items()},
            {name: taken(rows, numbers) for name, rows in self.targets.items()},
            {name: taken(rows, numbers) for name, rows in self.weights.items()},
        )

    def first(self) -> Batch:
        """One sample, to see what they are like."""
        return self.read(np.zeros(1, int))

    def leave(self) -> None:
        """Let whoever reads samples go, where that may take long: nobody waits for them any more."""

    def close(self) -> None:
        """Nothing will be read any more."""

    def pieces(self, size: int) -> Iterator[Batch]:
        """All samples one after the other, at most so many at a time."""
        for start in range(0, self.size, size):
            yield self.read(np.arange(start, min(start + size, self.size)))


@dataclass(frozen=True)
class Batch:
    """Samples in memory, by the names of nodes."""

    inputs: Mapping[str, Array]
    targets: Mapping[str, Array]
    weights: Mapping[str, Array]


def _taken(rows: AnyRows, numbers: Array) -> AnyRows:
    if len(numbers) == len(rows) and (numbers == np.arange(len(rows))).all():
        return rows
    if isinstance(rows, np.ndarray) and rows.nbytes <= _COPIED:
        return rows[numbers]
    return Picked(rows, numbers)


@dataclass(frozen=True)
class Meaning:
    """What the numbers of samples stand for, by the names of the nodes that take them, as `DataSet` has it."""

    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    sampling_rates: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class PreparedData:
    """The samples that a run learns from, is watched on, and is judged by at the end."""

    training: Samples
    validation: Samples | None
    test: Samples | None
    notes: tuple[str, ...] = ()
    """What a person should know of them, a sentence each."""
    meaning: Meaning = Meaning()

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many samples each part has."""
        return tuple(0 if part is None else part.size for part in (self.training, self.validation, self.test))

    def close(self) -> None:
        """Nothing will be read any more."""
        for samples in (self.training, self.validation, self.test):
            if samples is not None:
                samples.close()
