"""Tables of any kind as parts of some rows, each with the line that it stands on: no more is in memory at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from engine.errors import FileFormatError

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "?")
"""What stands in a cell that holds nothing."""

MOST_COLUMNS = 5_000


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read: where it begins, and why."""

    line: int
    cause: str


@dataclass(frozen=True)
class Rows:
    """Some rows: their cells, the line (or row) of the file that each begins on, and those that are no rows."""

    frame: pl.DataFrame
    lines: np.ndarray[Any, Any]
    faults: tuple[BadRow, ...] = ()


class TableFile(Protocol):
    """A table on the disk."""

    names: tuple[str, ...]
    """Of its columns, no two the same."""
    left_out: tuple[str, ...]
    """Columns that hold what is no cell of a table."""
    size: int
    """Bytes of the file."""
    done: int
    """Bytes of it that are read."""

    @property
    def unit(self) -> str:
        """What rows are counted by where a fault is told: "line" or "row"."""
        ...

    @property
    def words(self) -> tuple[str, ...]:
        """How it is written, a word each."""
        ...

    def rows(self) -> Iterator[Rows]:
        """The rows, a part at a time, from the first; raises `FileError` and `FileFormatError`."""
        ...


def check_columns(path: str, count: int) -> None:
    """Refuse a table that has too many columns to be shown and set one by one."""
    if count > MOST_COLUMNS:
        raise FileFormatError(
            path,
            f"has more than {MOST_COLUMNS:,} columns, the most that are read from a table. So many numbers are "
            "better kept as a NumPy array (.npy).",
        )


def distinct_names(names: list[str]) -> tuple[str, ...]:
    """Names of which no two are the same: column_2 where there is none, age_2 for a second age."""
    found: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        stem = unique = name.strip() or f"column_{place}"
        while unique in found:
            numbers[stem] = numbers.get(stem, 1) + 1
            unique = f"{stem}_{numbers[stem]}"
        found[unique] = None
    return tuple(found)


def stripped(column: pl.Series) -> pl.Series:
    """The cells of a column as text without spaces around it, null where they hold nothing."""
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.is_in(MISSING), None)


def numbers(column: pl.Series, *, comma: bool = False) -> pl.Series:
    """The cells of a column as finite numbers, null where they are none."""
    if column.dtype.is_temporal():
        return pl.Series(column.name, [None] * len(column), pl.Float64)
    if comma and column.dtype == pl.String:
        column = column.str.replace(",", ".", literal=True)
    found = column.cast(pl.Float64, strict=False)
    if column.dtype == pl.String and found.null_count() > column.null_count():  # spaces around them?
        found = column.str.strip_chars().cast(pl.Float64, strict=False)
    values = found.to_numpy()
    finite = np.isfinite(values)
    return found if finite.all() else pl.Series(column.name, np.where(finite, values, np.nan), nan_to_null=True)
