"""Samples that stay where they are until they are asked for: what is larger than memory is read piece by piece."""

from __future__ import annotations

import io
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.errors import FileError

Array = np.ndarray[Any, Any]


_ALIGNED = 64
"""Where memory begins that JAX can compute with as it is, without a copy: at multiples of so many bytes."""


def room(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array of that shape whose numbers are still to be written."""
    size = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    memory = np.empty(size + _ALIGNED, np.uint8)
    start = -memory.ctypes.data % _ALIGNED
    return memory[start : start + size].view(dtype).reshape(shape)


def taken(rows: AnyRows, numbers: Array) -> Array:
    """Some of the samples, in memory of their own."""
    if not isinstance(rows, np.ndarray):
        return rows[numbers]
    return np.take(rows, numbers, 0, room((len(numbers), *rows.shape[1:]), rows.dtype), "clip")


class Rows(ABC):
    """Stands for an array whose samples lie along the first axis, and reads those that are asked for."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    costly: ClassVar[bool] = False
    """Whether reading a sample takes work (a picture is decoded) that is better done once than in each epoch."""

    @abstractmethod
    def read(self, numbers: Array) -> Array:
        """The samples of these numbers, in that order; raises `DataError` or `FileError`."""

    def read_sound(self, numbers: Array) -> tuple[Array, Mapping[int, str]]:
        """As `read`, but samples that cannot be read are left as zeros: their numbers, and what is wrong."""
        return self.read(numbers), {}

    @property
    def key(self) -> str:
        """What names the samples and what is in them from one start of the program to the next; "" for nothing."""
        return ""

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: slice | Array) -> Array:
        return self.read(np.arange(len(self))[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self[:].astype(dtype or self.dtype, copy=False)


AnyRows = Array | Rows
"""Samples along the first axis, in memory or not."""


@dataclass(frozen=True)
class Picked(Rows):
    """Some samples of others."""

    rows: AnyRows
    numbers: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", (len(self.numbers), *self.rows.shape[1:]))
        object.__setattr__(self, "dtype", self.rows.dtype)

    def read(self, numbers: Array) -> Array:
        return taken(self.rows, self.numbers[numbers])


@dataclass(frozen=True)
class Mapped(Rows):
    """What a function makes of samples: of the numbers in them, and of their own numbers, for what it says."""

    rows: AnyRows
    function: Callable[[Array, Array], Array]

    def __post_init__(self) -> None:
        outline = self.function(np.zeros((1, *self.rows.shape[1:]), self.rows.dtype), np.zeros(1, int))
        object.__setattr__(self, "shape", (len(self.rows), *outline.shape[1:]))
        object.__setattr__(self, "dtype", outline.dtype)

    def read(self, numbers: Array) -> Array:
        return self.function(taken(self.rows, numbers), numbers)


@dataclass(frozen=True)
class FileRows(Rows):
    """Numbers that lie in a file one after the other, from a place on.

    They are read rather than mapped: mapped pages count as memory that the program holds.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    _stamp: tuple[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "_stamp", _stamp(self.path.stat()))
        except OSError as error:
            raise FileError(self.path, f"could not be read: {error.strerror or error}.") from error

    @property
    def key(self) -> str:
        return f"{self.path}:{self.offset}:{self._stamp}"

    def read(self, numbers: Array) -> Array:
        found = room((len(numbers), *self.shape[1:]), self.dtype)
        width = int(np.prod(self.shape[1:], dtype=object)) * self.dtype.itemsize
        if not width or not len(numbers):
            return found
        view = found.reshape(-1).view(np.uint8).data
        try:
            with self.path.open("rb", buffering=0) as file:
                if _stamp(os.fstat(file.fileno())) != self._stamp:
                    raise FileError(self.path, "was changed while it was being learned from.")
                for place, start, stop in self._runs(numbers, width):
                    while start < stop:
                        count = _read_at(file, view[start:stop], place)
                        if not count:
                            raise FileError(self.path, "ends before its last sample.")
                        place, start = place + count, start + count
        except OSError as error:
            raise FileError(self.path, f"could not be read: {error.strerror or error}.") from error
        return found

    def _runs(self, numbers: Array, width: int) -> Iterator[tuple[int, int, int]]:
        """Samples in a row: where they lie in the file, and where they begin and end in the result."""
        starts = np.flatnonzero(np.diff(numbers, prepend=-2) != 1)
        edges = (starts * width).tolist()
        places = (self.offset + numbers[starts] * width).tolist()
        return zip(places, edges, [*edges[1:], len(numbers) * width], strict=True)


def _stamp(found: os.stat_result) -> tuple[int, int]:
    return found.st_mtime_ns, found.st_size


def _read_at(file: io.FileIO, view: memoryview, place: int) -> int:
    """Fill a piece of memory from a place in a file on; how many bytes there were."""
    if hasattr(os, "preadv"):
        return os.preadv(file.fileno(), (view,), place)
    file.seek(place)
    return file.readinto(view)
