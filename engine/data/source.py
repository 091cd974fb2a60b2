"""Where data comes from: one small class per source, as for layers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, Self, TypeVar

import numpy as np

from engine.data.rows import AnyRows
from engine.data.treatment import Treatment
from engine.events import Progress
from engine.fields import Settings

T = TypeVar("T")

WEIGHT, GROUP = "(weight)", "(group)"
"""Names of arrays that are neither features nor targets: how much a sample counts, and what it belongs with."""


@dataclass(frozen=True)
class Column:
    """What is known of one array of a data set without loading it: the shape of a sample, and its classes."""

    shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    """Names of the classes where the array holds labels 0, 1, 2, ..."""
    words: int = 0
    """Where a sample is a row of whole numbers that stand for words: how many such numbers there are."""
    text: int = 0
    """Where a sample is a text: how many words most of them have at most."""
    picture: bool = False
    """Whether a sample is a picture, of numbers from 0 to 255."""
    sampling_rate: int = 0
    """Of sounds: samples a second."""


@dataclass(frozen=True)
class DataSet:
    """Arrays by name, samples along the first axis: `features` go into a network, `targets` are what it predicts.

    What is large stands there as `Rows`, to be read piece by piece. A source that comes split has its parts in
    `validation` and `test` (arrays of both kinds, by name).
    """

    features: Mapping[str, AnyRows]
    targets: Mapping[str, AnyRows]
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    validation: Mapping[str, AnyRows] | None = None
    test: Mapping[str, AnyRows] | None = None
    treatments: Mapping[str, Sequence[Treatment]] = field(default_factory=dict[str, "Sequence[Treatment]"])
    """What is still to be done to a feature, by figures of the training part."""
    notes: tuple[str, ...] = ()
    """What was left out or stood in for, a sentence each."""
    sampling_rates: Mapping[str, int] = field(default_factory=dict[str, int])
    """Samples a second of the features that are sounds."""
    skip_unreadable: bool = False
    """Whether samples that cannot be read are left out, and counted; else the first of them is an error."""
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    """The words that the whole numbers 0, 1, 2, ... of a feature stand for; "" for what is only filled up with."""
    marks: Mapping[str, AnyRows] = field(default_factory=dict[str, AnyRows])
    """What is known of each sample besides: `WEIGHT`, `GROUP`. `validation` and `test` may hold weights, too."""

    @property
    def arrays(self) -> dict[str, AnyRows]:
        return {**self.features, **self.targets}

    @property
    def part_arrays(self) -> dict[str, AnyRows]:
        """All that the samples would hold if they were the validation or the test part."""
        weights = {WEIGHT: self.marks[WEIGHT]} if WEIGHT in self.marks else {}
        return {**self.arrays, **weights}

    @property
    def size(self) -> int:
        """Number of samples, those of `validation` and `test` not counted."""
        return len(next(iter(self.arrays.values()), np.empty(0)))


class Source(Settings):
    """Base of all sources. Fields are settings; `load` reads the data and raises `DataError` or `FileError`."""

    title: ClassVar[str] = ""
    task: ClassVar[Literal["classification", "regression", ""]] = ""
    endings: ClassVar[tuple[str, ...]] = ()
    """Of the files that this source reads as its `path`."""
    endless: ClassVar[bool] = False
    """Whether samples are drawn, one batch after the other: they have no number, and cannot be split."""
    made: ClassVar[bool] = False
    """Whether the samples are computed, in no time, rather than read."""
    bundled: ClassVar[bool] = False
    """Whether they come with the program."""

    @property
    def instant(self) -> bool:
        """Whether the samples are there in no time, without a look at anything of the user's."""
        return self.made or self.bundled

    @classmethod
    def takes(cls, path: Path) -> bool:
        """Whether a file or folder looks like data of this source; the window waits, so little is read."""
        return bool(cls.endings) and path.name.lower().endswith(cls.endings) and not path.is_dir()

    def load(self) -> DataSet:
        """Read the data, whole."""
        raise NotImplementedError

    def loading(self) -> Generator[Progress, None, DataSet]:
        """As `load`, telling how far it is; what takes long can be ended between two of these events."""
        yield Progress("Reading the data")
        return self.load()

    def proposing(self) -> Generator[Progress, None, Source]:
        """The source with settings that suit its files, where none were chosen; raises what `load` raises."""
        yield from ()
        return self

    def skipping(self) -> Self:
        """With samples that cannot be read left out and counted, where there is a setting for that."""
        names = {"unreadable", "faulty_rows"} & type(self).model_fields.keys()
        return self.replace(**dict.fromkeys(names, "skip"))

    def features(self) -> dict[str, Column]:
        """Names and shapes of what goes in, without reading it all; empty where that needs the file."""
        return {}

    def targets(self) -> dict[str, Column]:
        """Names and shapes of what is to be predicted, without reading it all."""
        return {}


def finished(events: Generator[Progress, None, T]) -> T:
    """What a job gives in the end, without telling how far it is."""
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


SOURCES: dict[str, type[Source]] = {}
"""Every source by the name that a project file gives it."""

S = TypeVar("S", bound=Source)


def register(name: str) -> Callable[[type[S]], type[S]]:
    """Class decorator that makes a source known to windows, files and the command line."""

    def add(cls: type[S]) -> type[S]:
        SOURCES[name] = cls
        return cls

    return add


def source_name(source: Source) -> str:
    """The name under which a source is registered."""
    return next(name for name, cls in SOURCES.items() if cls is type(source))
