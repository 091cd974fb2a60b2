"""Parquet files (https://parquet.apache.org), read some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from engine.data.tables.rows import Rows, check_columns, distinct_names
from engine.data.tables.text import unreadable
from engine.errors import FileFormatError
from engine.files import check_file

_CELLS = 2_000_000
"""That are read at once."""


class ParquetTable:
    """A Parquet file on the disk; raises `FileError` or `FileFormatError` where it is none."""

    unit = "row"
    words = ("Parquet",)

    def __init__(self, path: str) -> None:
        self.path = path
        self.done = 0
        check_file(path)
        try:
            self.size = Path(path).stat().st_size
            with Path(path).open("rb") as file:
                start = file.read(4)
        except OSError as error:
            raise unreadable(path, error) from None
        if start != b"PAR1":
            raise FileFormatError(path, "is not a Parquet file." if start else "is empty: there is no row in it.")
        schema = self._read(lambda: pl.read_parquet_schema(path))
        check_columns(path, len(schema))
        self._columns = [name for name, kind in schema.items() if _holds_cells(kind)]
        self.left_out = tuple(name for name in schema if name not in set(self._columns))
        if not self._columns:
            raise FileFormatError(path, "holds no column of numbers, texts, dates or truths.")
        self.names = distinct_names(self._columns)
        self._count = int(self._read(lambda: pl.scan_parquet(path).select(pl.len()).collect().item()))

    def _read(self, read: Any) -> Any:
        try:
            return read()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise FileFormatError(self.path, f"is damaged: {str(error).splitlines()[0]}.") from None

    def rows(self) -> Iterator[Rows]:
        """The rows, some at a time."""
        step = max(1, _CELLS // max(1, len(self.names)))
        for start in range(0, self._count, step):
            frame: pl.DataFrame = self._read(
                lambda start=start: pl.scan_parquet(self.path).select(self._columns).slice(start, step).collect()
            )
            frame.columns = list(self.names)
            self.done = int(self.size * min(1.0, (start + step) / self._count))
            yield Rows(frame, np.arange(start + 1, start + 1 + len(frame)))


def _holds_cells(kind: pl.DataType) -> bool:
    """Whether a column holds what a cell of a text table could: no lists, records, bytes or spans of time."""
    known = (pl.Boolean, pl.String, pl.Categorical, pl.Enum, pl.Date, pl.Datetime, pl.Null)
    return kind.is_numeric() or isinstance(kind, known)
