"""What is in a table, found by going through all of it once: figures of each column, and rows that are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from engine.data.tables.rows import BadRow, Rows, TableFile, numbers, stripped
from engine.errors import FileFormatError
from engine.events import Progress

MANY = 1000
"""Different values that are counted one by one; with more, a column is no category."""
HEAD = 200
"""Rows that are kept to be looked at."""
_SHOWN_FAULTS = 5
_GAPS = 3
"""Between words: cells that have so many on the average are texts to be read."""
_SAMPLE = 100_000
_AT_ONCE = 50
"""Columns that are looked at between two words of progress."""
DATE_FORMATS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y",
    "%m/%d/%Y", "%d-%m-%Y", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%d %H:%M:%S%.f",
)  # fmt: skip
NATIVE = "native"
"""The format of dates that the file has as such."""


@dataclass
class ColumnFacts:
    """What is in a column."""

    name: str
    missing: int = 0
    filled: int = 0
    numbers: int = 0
    """Cells that read as finite numbers."""
    whole: bool = True
    low: float = float("inf")
    high: float = float("-inf")
    counts: Counter[str] | None = field(default_factory=Counter[str])
    """How often each value comes; None where there are very many."""
    distinct: bool = True
    """Whether no value came twice in the first part of the file."""
    date_format: str = ""
    prose: bool = False
    """Whether a cell holds several words, as a rule."""
    no_number: tuple[int, str] | None = None
    """The line and text of the first cell that is no number."""


@dataclass(frozen=True)
class Survey:
    """What is in a table."""

    path: str
    words: tuple[str, ...]
    unit: str
    comma: bool
    size: int
    rows: int
    columns: tuple[ColumnFacts, ...]
    faults: int
    first_faults: tuple[BadRow, ...]
    head: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> ColumnFacts:
        """The facts of a column."""
        return next(facts for facts in self.columns if facts.name == name)


def surveying(file: TableFile, path: str, limit: int, *, comma: bool) -> Generator[Progress, None, Survey]:
    """Go through a table, up to so many rows (0 for all); raises `FileError` or `FileFormatError`."""
    columns = tuple(ColumnFacts(name) for name in file.names)
    count, faults, first, head, done = 0, 0, list[BadRow](), list[tuple[str, ...]](), 0
    for part in file.rows():
        rows = (
            part if not limit else Rows(part.frame.head(limit - count), part.lines[: limit - count], part.faults)
        )
        for number, facts in enumerate(columns):
            if number % _AT_ONCE == 0:
                yield Progress("Looking through the table", done, max(file.size, 1))
            _add(facts, rows, count, comma)
        done = file.done
        if len(head) < HEAD:
            shown = rows.frame.head(HEAD - len(head)).select(pl.all().cast(pl.String).fill_null(""))
            head += shown.rows()
        count += len(rows.frame)
        faults += len(rows.faults)
        first += rows.faults[: _SHOWN_FAULTS - len(first)]
        yield Progress("Looking through the table", file.done, max(file.size, 1))
        if limit and count >= limit:
            break
    if not count and not faults:
        raise FileFormatError(path, "holds no rows, only the names of columns.")
    return Survey(path, file.words, file.unit, comma, file.size, count, columns, faults, tuple(first), tuple(head))


def _add(facts: ColumnFacts, rows: Rows, before: int, comma: bool) -> None:
    column = rows.frame[facts.name]
    found = numbers(column, comma=comma)
    if not found.null_count() and facts.counts is None and before >= _SAMPLE:  # most of a large file
        facts.filled += len(found)
        _add_numbers(facts, found)
        return
    text = stripped(column)
    filled = text.drop_nulls()
    facts.missing += text.null_count()
    _add_numbers(facts, found.drop_nulls())
    if facts.no_number is None and found.null_count() > text.null_count():
        place = (found.is_null() & text.is_not_null()).arg_max() or 0
        facts.no_number = (int(rows.lines[place]), str(text[place]))
    if facts.counts is not None:
        counted = filled.value_counts()
        if len(counted) <= MANY:
            facts.counts.update(dict(counted.rows()))
        if len(counted) > MANY or len(facts.counts) > MANY:
            facts.counts = None
    if before < _SAMPLE:
        once = facts.distinct and filled.n_unique() == len(filled)
        facts.distinct = once and (facts.counts is None or max(facts.counts.values(), default=0) <= 1)
    if not facts.filled and len(filled) > len(found.drop_nulls()):
        facts.date_format = _date_format(column, filled)
        gaps: Any = filled.head(HEAD).str.count_matches(r"\s+").mean()
        facts.prose = gaps >= _GAPS
    facts.filled += len(filled)


def _add_numbers(facts: ColumnFacts, known: pl.Series) -> None:
    facts.numbers += len(known)
    if len(known):
        facts.low = min(facts.low, float(known.min()))  # pyright: ignore[reportArgumentType]
        facts.high = max(facts.high, float(known.max()))  # pyright: ignore[reportArgumentType]
        facts.whole = facts.whole and bool((known == known.floor()).all())


def _date_format(column: pl.Series, filled: pl.Series) -> str:
    """How the dates of a column are written, empty where it holds none."""
    if column.dtype.is_temporal():
        return NATIVE
    sample = filled.head(HEAD)
    for written in DATE_FORMATS:
        if sample.str.to_datetime(written, strict=False).null_count() <= len(sample) // 20:
            return written
    return ""
