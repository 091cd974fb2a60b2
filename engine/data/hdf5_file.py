"""What lies in an HDF5 file, read through a process of its own: a damaged file may end that, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine.data.rows import Array, Rows
from engine.errors import FileError, FileFormatError
from engine.formats.readers import Lasting
from engine.formats.reading import Place

MOST_ARRAYS = 10_000
MOST_TEXT = 2**29
_PIECE = 2**25
"""Bytes that are asked for at a time, so that no more is on its way."""


class Facts(NamedTuple):
    """What is known of an array before it is read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    """That of text is U1."""
    cause: str = ""
    """Why it is not read, to follow its name; empty where it is."""

    @property
    def is_text(self) -> bool:
        return self.dtype.kind == "U"

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


class Hdf5File:
    """An HDF5 file that stays open for as long as this, or some of its `Hdf5Rows`, are held."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._place = Place(self.path)
        self._open = Lasting(self._place, "hdf5")
        self.stamp = self._stamp()

    def _stamp(self) -> tuple[int, int]:
        try:
            found = self.path.stat()
        except OSError as error:
            raise FileError(self.path, f"could not be read: {error.strerror or error}.") from error
        return found.st_mtime_ns, found.st_size

    @cached_property
    def attributes(self) -> frozenset[str]:
        """Names of what is noted of the whole file."""
        found = self._place.listing(self._open.ask("attributes", ""))
        return frozenset(map(self._place.text, found))

    @cached_property
    def contents(self) -> Mapping[str, Facts]:
        """What is known of all arrays in the file, by path."""
        found = self._place.listing(self._open.ask("contents", MOST_ARRAYS + 1))
        if len(found) > MOST_ARRAYS:
            raise FileFormatError(self.path, f"holds more than {MOST_ARRAYS:,} arrays.")
        return {self._place.text(name): self._facts(rest) for name, *rest in map(self._place.listing, found)}

    def _facts(self, value: list[Any]) -> Facts:
        shape, kind, cause = value
        dtype = "U1" if kind == "text" else self._place.text(kind) or "V1"
        try:
            return Facts(tuple(map(self._place.whole, self._place.listing(shape))), np.dtype(dtype), cause)
        except TypeError:
            raise self._place.error("is damaged.") from None

    def texts(self, name: str) -> Array:
        """An array of text, whole."""
        shape = self.contents[name].shape
        found = self._place.listing(self._open.ask("words", name, MOST_TEXT, at=name))
        array: Array = np.array([self._place.text(text) for text in found], np.str_)
        return array.reshape(shape)

    def rows(self, name: str, numbers: Array) -> Array:
        """Some samples of an array of numbers: `numbers` rise."""
        facts = self.contents[name]
        width = facts.nbytes // max(facts.shape[0], 1)
        step = max(1, _PIECE // max(width, 1))
        found = np.empty((len(numbers), *facts.shape[1:]), facts.dtype)
        for start in range(0, len(numbers), step):
            found[start : start + step] = self._rows(name, numbers[start : start + step], facts)
        return found

    def _rows(self, name: str, numbers: Array, facts: Facts) -> Array:
        if self._stamp() != self.stamp:
            raise FileError(self.path, "was changed while it was being learned from.")
        return self._open.ask("rows", name, _spans(numbers), list(facts.shape[1:]), at=name)


def _spans(numbers: Array) -> list[list[int]]:
    """Where numbers that follow one another begin, and where they have ended."""
    starts = np.flatnonzero(np.diff(numbers, prepend=-2) != 1)
    ends = [*starts[1:], len(numbers)]
    return [[int(numbers[start]), int(numbers[end - 1]) + 1] for start, end in zip(starts, ends, strict=True)]


@dataclass(frozen=True)
class Hdf5Rows(Rows):
    """An array of an HDF5 file, left there."""

    file: Hdf5File
    name: str

    def __post_init__(self) -> None:
        facts = self.file.contents[self.name]
        object.__setattr__(self, "shape", facts.shape)
        object.__setattr__(self, "dtype", facts.dtype)

    @property
    def key(self) -> str:
        return f"{self.file.path}:{self.name}:{self.file.stamp}"

    def read(self, numbers: Array) -> Array:
        if not len(numbers) or (len(numbers) > 1 and np.diff(numbers).min() <= 0):
            rising, places = np.unique(numbers, return_inverse=True)
            return self.file.rows(self.name, rising)[places]
        return self.file.rows(self.name, numbers)
