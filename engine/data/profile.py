"""What a data set is like in figures: how its numbers are spread, how often each class comes."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.data.classes import class_names, labels_of
from engine.data.columns import TableColumn
from engine.data.rows import Rows
from engine.data.source import DataSet
from engine.events import Progress

Array = np.ndarray[Any, Any]

MOST_COLUMNS = 60
"""Columns of a feature whose numbers are looked at; more are not taken in at a glance."""
_PARTS = 24
_NUMBERS = 4_000_000  # of an array in memory that are looked at
_FIRST = 2000  # samples of what is read as it is asked for
_FIRST_COSTLY = 500
_AT_ONCE = 64
_CHANNELS = 4


@dataclass(frozen=True)
class Spread:
    """How the numbers of a column lie between the least and the greatest of them."""

    name: str
    low: float
    high: float
    mean: float
    counts: tuple[int, ...]
    """How many lie in each of the equal parts of the range."""
    missing: int = 0
    """Numbers that are not there, or not finite."""


@dataclass(frozen=True)
class Balance:
    """How often each class comes, in the order of their numbers."""

    name: str
    counts: tuple[tuple[str, int], ...]
    target: str = ""
    """The array that holds them, where that is a target."""
    missing: int = 0

    @property
    def total(self) -> int:
        return sum(count for _, count in self.counts)

    @property
    def ratio(self) -> float:
        """How many times as often the most frequent class comes as the rarest that comes at all."""
        found = [count for _, count in self.counts if count]
        return max(found) / min(found) if found else 1.0


@dataclass(frozen=True)
class Profile:
    """Figures of a data set: of what is numbers in it, features first, and of the classes of its targets."""

    values: tuple[Spread | Balance, ...]
    balances: tuple[Balance, ...]
    looked_at: int
    """How many samples the values are from."""
    size: int
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return self.looked_at >= self.size


def profiling(ds: DataSet, columns: Sequence[TableColumn] = ()) -> Generator[Progress, None, Profile]:
    """The figures of a data set; `columns` are those of the table that it was read from, where it was."""
    numbers = {
        name: array
        for name, array in ds.arrays.items()
        if array.dtype.kind in "biuf" and len(array) and name not in ds.words
    }
    looked_at = min(map(_looked_at, numbers.values()), default=ds.size)
    titles = _titles(ds, columns)
    values, balances = list[Spread | Balance](), list[Balance]()
    for name, array in numbers.items():
        if name in ds.targets and (classes := class_names(array, ds.classes.get(name, ()))):
            labels = array if not isinstance(array, Rows) else (yield from _some(array, looked_at))
            balances.append(_balance(titles[name], name, labels, classes))
            continue
        found = yield from _some(array, looked_at)
        for part in _split(titles[name], found, columns if name in ds.features else ()):
            yield Progress("Looking at the numbers")
            values.append(part())
    return Profile(tuple(values), tuple(balances), looked_at, ds.size, tuple(ds.features), tuple(ds.targets))


def _titles(ds: DataSet, columns: Sequence[TableColumn]) -> Mapping[str, str]:
    """What arrays are called: the target of a table by its column."""
    targets = [column.name for column in columns if column.role == "target"]
    found = dict(zip(ds.targets, targets, strict=False)) if len(targets) == len(ds.targets) else {}
    return {name: found.get(name, name) for name in ds.arrays}


def _looked_at(array: Array | Rows) -> int:
    if isinstance(array, Rows):
        return min(len(array), _FIRST_COSTLY if array.costly else _FIRST)
    return min(len(array), max(_NUMBERS // max(int(np.prod(array.shape[1:])), 1), _AT_ONCE))


def _some(array: Array | Rows, count: int) -> Generator[Progress, None, Array]:
    """Some samples, of what takes work to be read from all over it; those that cannot be read are left out."""
    if not isinstance(array, Rows):
        return array[:count]
    parts: list[Array] = []
    wanted = np.linspace(0, len(array) - 1, count).astype(int) if array.costly else np.arange(count)
    for start in range(0, count, _AT_ONCE):
        yield Progress("Looking at the numbers", start, count)
        numbers = wanted[start : start + _AT_ONCE]
        found, unsound = array.read_sound(numbers)
        parts.append(found[~np.isin(numbers, list(unsound))])
    return np.concatenate(parts)


# Classes


def _balance(title: str, name: str, labels: Array, classes: tuple[str, ...]) -> Balance:
    labels = labels_of(labels, classes)
    inside = labels[(labels >= 0) & (labels < len(classes))].astype(np.int64)
    counts = np.bincount(inside.ravel(), minlength=len(classes))
    return Balance(title, tuple(zip(classes, counts.tolist(), strict=True)), name)


# Numbers


def _split(name: str, array: Array, columns: Sequence[TableColumn]) -> Iterator[Any]:
    """What to look at in an array, one after the other: its columns, or the channels of its pictures."""
    used = [column for column in columns if column.role == "feature" and column.kind != "text"]
    if sum(column.width for column in used) == array.shape[-1] and array.ndim == 2:
        yield from _of_table(array, used)
        return
    channels = array.shape[-1] if array.ndim > 1 else 1
    if array.ndim > 2 and channels > _CHANNELS:
        channels = 1
    flat = array.reshape(-1, channels)
    for place in range(min(channels, MOST_COLUMNS)):
        title = name if channels == 1 else f"{name} {place + 1}"
        yield lambda place=place, title=title: spread(title, flat[:, place])


def _of_table(array: Array, columns: Sequence[TableColumn]) -> Iterator[Any]:
    start = 0
    for column in columns[:MOST_COLUMNS]:
        part = array[:, start : start + column.width]
        start += column.width
        if column.kind == "category" and column.encoding == "one-hot":
            yield lambda column=column, part=part: _of_category(column, part)
            continue
        for place, title in enumerate(column.places):
            yield lambda title=title, part=part, place=place: spread(title, part[:, place])


def _of_category(column: TableColumn, rows: Array) -> Balance:
    missing = np.isnan(rows).any(1)
    counts = rows[~missing].sum(0).astype(int).tolist()
    return Balance(column.name, tuple(zip(column.classes, counts, strict=True)), missing=int(missing.sum()))


def spread(name: str, values: Array) -> Spread:
    """How some numbers are spread; whole numbers that lie close have a part each."""
    known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    missing = len(values) - len(known)
    if not len(known):
        return Spread(name, 0.0, 0.0, 0.0, (), missing)
    low, high = float(known.min()), float(known.max())
    reach, parts = (low, high), _PARTS
    if low == high:
        parts = 1
    elif high - low < _PARTS and (known == np.floor(known)).all():
        reach, parts = (low - 0.5, high + 0.5), int(high - low) + 1
    counts = [len(known)] if parts == 1 else np.histogram(known, parts, reach)[0].tolist()
    return Spread(name, low, high, float(known.mean(dtype=np.float64)), tuple(counts), missing)
