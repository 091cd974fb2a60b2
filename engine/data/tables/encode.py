"""Cells become numbers: part by part, each row kept, left out and counted, or refused with its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from engine.data.columns import DATE_PARTS, TableColumn
from engine.data.tables.rows import BadRow, Rows, numbers, stripped
from engine.data.tables.survey import NATIVE
from engine.errors import UnreadableError

Array = np.ndarray[Any, Any]


@dataclass
class Tally:
    """Rows that were left out, by the reason."""

    faults: int = 0
    first: BadRow | None = None
    missing: Counter[str] = field(default_factory=Counter[str])
    """By the column that is to be filled and was not."""

    def fault(self, count: int, first: BadRow) -> None:
        """Count rows that cannot be read."""
        self.faults += count
        self.first = self.first or first


@dataclass(frozen=True)
class _Cells:
    """A column of some rows as numbers: NaN where nothing stands, `wrong` where something else does."""

    values: Array
    missing: Array
    wrong: Array


class Encoder:
    """Turns rows into arrays by the settings of their columns."""

    def __init__(
        self, path: str, columns: Sequence[TableColumn], *, comma: bool, skip: bool, unit: str, tally: Tally
    ) -> None:
        self._path, self._columns = path, columns
        self._comma, self._skip, self._unit, self._tally = comma, skip, unit, tally

    def arrays(self, rows: Rows) -> dict[str, Array]:
        """An array for each column that is used, of the rows that are kept; raises `UnreadableError`."""
        if rows.faults:
            self._refuse(rows.faults[0], len(rows.faults))
        cells = {column.name: self._cells(rows.frame[column.name], column) for column in self._columns}
        keep = np.ones(len(rows.frame), bool)
        for column in self._columns:
            wrong = cells[column.name].wrong & keep
            if wrong.any():
                self._refuse(self._fault(rows, column, int(wrong.argmax())), int(wrong.sum()))
                keep &= ~wrong
        for column in self._columns:
            gone = cells[column.name].missing & keep
            if gone.any() and (column.role in ("target", "split", "weight") or column.missing == "drop"):
                self._tally.missing[column.name] += int(gone.sum())
                keep &= ~gone
        return {name: found.values[keep] for name, found in cells.items()}

    def _refuse(self, fault: BadRow, count: int) -> None:
        if not self._skip:
            where = f"{self._unit} {fault.line:,}"
            raise UnreadableError(
                self._path, f"{where}: {fault.cause}. Mend the file, or have faulty rows left out."
            )
        self._tally.fault(count, fault)

    def _fault(self, rows: Rows, column: TableColumn, place: int) -> BadRow:
        text = str(rows.frame[column.name][place])
        text = text if len(text) <= 60 else f"{text[:57]}..."
        wanted = {"number": "no number", "date": f"no date as {column.date_format}"}.get(
            column.kind, "none of the classes"
        )
        wanted = {"split": "none of train, validation and test", "weight": "no weight"}.get(column.role, wanted)
        return BadRow(int(rows.lines[place]), f"In column {column.name!r} stands {text!r}, which is {wanted}")

    def _cells(self, cells: pl.Series, column: TableColumn) -> _Cells:
        if column.kind == "number" and not column.plain:
            found = self._numbers(cells)
            if column.role == "weight":
                return replace(found, wrong=found.wrong | (found.values[:, 0] < 0))
            return found
        text = stripped(cells)
        missing = text.is_null().to_numpy()
        if column.plain:
            return _plain(text, missing, column.role)
        if column.kind == "category":
            return _category(text, missing, column)
        if column.kind == "date":
            return _date(cells, text, missing, column.date_format)
        return _Cells(text.fill_null("").to_numpy().astype(str), missing, np.zeros(len(text), bool))

    def _numbers(self, cells: pl.Series) -> _Cells:
        found = numbers(cells, comma=self._comma)
        values = found.to_numpy().astype(np.float32)[:, None]
        empty = np.isnan(found.to_numpy())
        missing = stripped(cells).is_null().to_numpy() if empty.any() else empty
        return _Cells(values, missing, empty & ~missing)


PARTS = {
    **dict.fromkeys(("train", "training", "learn"), "train"),
    **dict.fromkeys(("validation", "val", "valid", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
"""What a cell may say of the part that its row belongs to."""


def _plain(text: pl.Series, missing: Array, role: str) -> _Cells:
    """Texts; of a split, the name of the part, where a cell says one."""
    if role != "split":
        return _Cells(text.fill_null("").to_numpy().astype(str), missing, np.zeros(len(text), bool))
    parts = text.str.to_lowercase().replace_strict(PARTS, default="", return_dtype=pl.String)
    values = parts.fill_null("").to_numpy().astype(str)
    return _Cells(values, missing, (values == "") & ~missing)


def _category(text: pl.Series, missing: Array, column: TableColumn) -> _Cells:
    """Labels of a target, whose values must be known; else one-hot rows or numbers; others have a place there."""
    others = len(column.classes)
    index = {value: place for place, value in enumerate(column.classes)}
    places = text.replace_strict(index, default=others, return_dtype=pl.Int32).to_numpy()
    if column.role == "target":
        return _Cells(places[:, None], missing, (places == others) & ~missing)
    if column.encoding == "index":
        values = places[:, None].astype(np.float32)
    else:
        values = np.eye(others + 1, others, dtype=np.float32)[places]
    values[missing] = np.nan
    return _Cells(values, missing, np.zeros(len(places), bool))


def _date(cells: pl.Series, text: pl.Series, missing: Array, written: str) -> _Cells:
    time = cells if written == NATIVE else text.str.to_datetime(written, strict=False)
    parts = [getattr(time.dt, part)().cast(pl.Float32) for part in DATE_PARTS]
    values = np.stack([part.fill_null(np.nan).to_numpy() for part in parts], 1)
    return _Cells(values, missing, np.isnan(values).any(1) & ~missing)
