"""Tables on the disk: CSV, TSV, packed or not, and Parquet. The file is read by polars, when it is needed."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.data.columns import TableColumn
from engine.data.memory import bytes_text, free_memory
from engine.data.rows import AnyRows, Array
from engine.data.source import GROUP, WEIGHT, Column, DataSet, Source, finished, register
from engine.data.tables.encodings import Encoding
from engine.data.treatment import Treatment
from engine.errors import DataError, FileFormatError
from engine.events import Progress
from engine.fields import AsPath, Holds

if TYPE_CHECKING:
    from engine.data.tables.encode import Tally
    from engine.data.tables.rows import TableFile
    from engine.data.tables.survey import Survey

FEATURES, TARGET = "x", "y"
_NAMED = 5
"""Columns that are named where they are left out."""
_WORDS = 100
"""Of a text, where only the file could tell how long it is."""
"""Names of the array of all features that are numbers, and of the target where there is one."""


@register("table")
class Table(Source):
    """A table: a row for each sample, a column for each of its features and for what is to be predicted.

    Roles and kinds of the columns are proposed from what the file holds. Numbers stay as they are: a
    Normalization layer, which learns from the training part, makes them fit, so the network takes raw numbers.
    """

    path: Annotated[str, Holds("hidden")] = ""
    separator: Literal["auto", "comma", "semicolon", "tab", "bar", "space"] = Field(
        default="auto", json_schema_extra={"rare": True}, description="What stands between two cells."
    )
    decimal: Literal["auto", "point", "comma"] = Field(
        default="auto", json_schema_extra={"rare": True}, description="The decimal sign of numbers."
    )
    header: Literal["auto", "yes", "no"] = Field(
        default="auto",
        json_schema_extra={"rare": True},
        description="Whether the first row holds the names of the columns.",
    )
    quote: Literal["auto", "double", "single", "none"] = Field(
        default="auto",
        json_schema_extra={"rare": True},
        description="What stands around a cell that holds a separator.",
    )
    encoding: Encoding = Field(
        default="auto",
        json_schema_extra={"rare": True},
        description="Which letters the bytes of a text stand for; auto tells UTF-8, UTF-16 and Western European.",
    )
    faulty_rows: Literal["refuse", "skip"] = Field(
        default="refuse", description="Rows that cannot be read: refuse the file, or skip and count them."
    )
    standardise: bool = Field(
        default=False,
        json_schema_extra={"rare": True},
        description="Bring numbers to mean 0 and deviation 1, by the figures of the training part. Not needed "
        "where the network begins with Normalization.",
    )
    rows_at_most: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        default=0,
        json_schema_extra={"rare": True},
        description="Read only so many rows from the beginning; 0 reads all.",
    )
    validation_path: Annotated[str, AsPath()] = Field(
        default="",
        json_schema_extra={"rare": True},
        description="A table of validation data with the same columns; empty: rows of the first are held back.",
    )
    test_path: Annotated[str, AsPath()] = Field(
        default="",
        json_schema_extra={"rare": True},
        description="A table of test data with the same columns; empty: rows of the first are held back.",
    )
    columns: Annotated[tuple[TableColumn, ...], Holds("hidden")] = ()

    title: ClassVar[str] = "Table (CSV, Parquet)"
    endings: ClassVar[tuple[str, ...]] = (
        *(f"{ending}{packed}" for ending in (".csv", ".tsv", ".txt", ".tab") for packed in ("", ".gz")),
        ".parquet",
        ".pq",
    )

    def of_role(self, role: str) -> tuple[TableColumn, ...]:
        """The columns that play a role."""
        return tuple(column for column in self.columns if column.role == role)

    def features(self) -> dict[str, Column]:
        if any(column.kind == "category" and not column.classes for column in self.of_role("feature")):
            return {}
        width = sum(column.width for column in self._numbers)
        texts = {
            column.name: Column((1,), text=_WORDS) for column in self.of_role("feature") if column.kind == "text"
        }
        return {**({FEATURES: Column((width,))} if width else {}), **texts}

    def targets(self) -> dict[str, Column]:
        columns = self.of_role("target")
        if any(column.kind == "category" and not column.classes for column in columns):
            return {}
        return {
            self._target_name(column): Column((4,) if column.kind == "date" else (), column.classes)
            for column in columns
        }

    @property
    def _numbers(self) -> tuple[TableColumn, ...]:
        return tuple(column for column in self.of_role("feature") if column.kind != "text")

    def _target_name(self, column: TableColumn) -> str:
        return TARGET if len(self.of_role("target")) == 1 else column.name

    # Reading

    def load(self) -> DataSet:
        return finished(self.loading())

    def loading(self) -> Generator[Progress, None, DataSet]:
        from engine.data.tables.proposal import incomplete

        yield Progress("Reading the data")
        table = self
        if not self.columns or any(map(incomplete, self.columns)):
            table = self.settled((yield from self.surveying()))
        data = yield from table._loading()
        for part, path in (("validation", self.validation_path), ("test", self.test_path)):
            if path:
                other = yield from table.replace(path=path)._loading()
                data = _with_part(data, part, other)
        return data

    def proposing(self) -> Generator[Progress, None, Source]:
        survey = yield from self.surveying()
        names = {facts.name for facts in survey.columns}
        kept = all(column.name in names for column in self.columns)
        return (self if kept else self.replace(columns=())).settled(survey)

    def surveying(self) -> Generator[Progress, None, Survey]:
        """Go through the file: what is in each column. Raises `FileError` or `FileFormatError`."""
        from engine.data.tables.survey import surveying

        file = self._open()
        return (yield from surveying(file, self.path, self.rows_at_most, comma=self._comma(file)))

    def settled(self, survey: Survey) -> Table:
        """With all that the file tells about columns; those that are proposed, where none were chosen."""
        from engine.data.tables.proposal import proposed, settled

        columns = settled(self.columns, survey) if self.columns else proposed(survey)
        return self.replace(columns=columns)

    def _open(self) -> TableFile:
        from engine.data.tables.parquet import ParquetTable
        from engine.data.tables.text import TextTable
        from engine.data.tables.writing import QUOTES, SEPARATORS, Writing

        if not self.path:
            raise DataError("No table is chosen yet.")
        if self.path.lower().endswith((".parquet", ".pq")):
            return ParquetTable(self.path)
        settings = {"separator": self.separator, "quote": self.quote, "header": self.header, "comma": self.decimal}
        given = Writing(
            SEPARATORS.get(self.separator, ","),
            QUOTES.get(self.quote, '"'),
            self.header != "no",
            self.decimal == "comma",
        )
        return TextTable(
            self.path, given, [name for name, value in settings.items() if value != "auto"], self.encoding
        )

    @staticmethod
    def _comma(file: TableFile) -> bool:
        writing = getattr(file, "writing", None)
        return writing is not None and writing.comma

    def _loading(self) -> Generator[Progress, None, DataSet]:
        from engine.data.tables.encode import Encoder, Tally

        file = self._open()
        used = [column for column in self.columns if column.role != "ignore"]
        self._check_columns(file, used)
        tally, parts, count, held = Tally(), list[dict[str, Array]](), 0, 0
        skip = self.faulty_rows == "skip"
        encoder = Encoder(self.path, used, comma=self._comma(file), skip=skip, unit=file.unit, tally=tally)
        for rows in file.rows():
            if self.rows_at_most:
                left = self.rows_at_most - count
                rows = type(rows)(rows.frame.head(left), rows.lines[:left], rows.faults)
            count += len(rows.frame)
            parts.append(encoder.arrays(rows))
            held += sum(array.nbytes for array in parts[-1].values())
            share = file.done / max(file.size, 1)
            self._check_memory(held, count, share)
            yield Progress("Reading the data", int(1000 * share), 1000)
            if self.rows_at_most and count >= self.rows_at_most:
                break
        arrays = {
            column.name: np.concatenate([part.pop(column.name) for part in parts] or [np.zeros(0)])
            for column in used
        }
        data = self._data_set(arrays, tally, file.unit)
        return replace(data, notes=(*data.notes, *_left_out(file.left_out)))

    def _check_columns(self, file: TableFile, used: list[TableColumn]) -> None:
        lacking = next((column.name for column in used if column.name not in file.names), None)
        if lacking is not None:
            shown = ", ".join(file.names[:20]) + (", ..." if len(file.names) > 20 else "")
            raise FileFormatError(self.path, f"has no column {lacking!r}; it has {shown}.")
        if not any(column.role == "feature" for column in used):
            raise DataError(f"{self.path}: no column is a feature: nothing would go into the network.")
        for role in ("split", "group", "weight"):
            if len(columns := self.of_role(role)) > 1:
                shown = " and ".join(column.name for column in columns)
                raise DataError(f"{self.path}: one column alone can be the {role}, not {shown}.")

    def _check_memory(self, held: int, rows: int, share: float) -> None:
        """Refuse early what will not fit: the arrays, and once more what joining them takes."""
        free = free_memory()
        wanted = 2 * held / max(share, 1e-6) if not self.rows_at_most else 2 * held
        if free is not None and wanted - held > 0.9 * free:
            total = int(rows / max(share, 1e-6))
            raise DataError(
                f"{self.path}: about {total:,} rows would take {bytes_text(wanted)} of memory, and "
                f"{bytes_text(free)} are free. Read fewer rows, or ignore columns."
            )

    def _data_set(self, arrays: dict[str, Array], tally: Tally, unit: str) -> DataSet:
        numbers = [arrays.pop(column.name) for column in self._numbers]
        features: dict[str, Array] = {FEATURES: np.concatenate(numbers, 1)} if numbers else {}
        for column in self.of_role("feature"):
            if column.kind == "text":
                features[column.name] = arrays[column.name][:, None]
        targets = {
            self._target_name(column): _target(arrays[column.name], column) for column in self.of_role("target")
        }
        classes = {
            self._target_name(column): column.classes for column in self.of_role("target") if column.classes
        }
        treatments = {FEATURES: tuple(map(self._treatment, self._numbers))} if numbers else {}
        data = DataSet(features, targets, classes, treatments=treatments, notes=_notes(tally, unit))
        marks = {
            mark: arrays[column.name].reshape(-1)
            for role, mark in (("group", GROUP), ("weight", WEIGHT))
            for column in self.of_role(role)
        }
        data = replace(data, marks=marks)
        parts = [arrays[column.name] for column in self.of_role("split")]
        return _divided(data, parts[0], self.path) if parts else data

    def _treatment(self, column: TableColumn) -> Treatment:
        together = column.kind == "category" and column.encoding == "one-hot"
        scale = self.standardise and not together
        fill: Any = "" if column.missing == "drop" else column.missing
        return Treatment(column.width, fill, together, scale)


def _divided(data: DataSet, parts: Array, path: str) -> DataSet:
    """The data with the rows of each part where they belong."""

    def taken(arrays: Mapping[str, AnyRows], part: str) -> dict[str, AnyRows]:
        return {name: array[parts == part] for name, array in arrays.items()}

    if not (parts == "train").any():
        raise DataError(f"{path}: no row belongs to the training part.")
    brought = {part: taken(data.part_arrays, part) for part in ("validation", "test") if (parts == part).any()}
    features, targets, marks = (taken(arrays, "train") for arrays in (data.features, data.targets, data.marks))
    return replace(data, features=features, targets=targets, marks=marks, **brought)


def _with_part(data: DataSet, part: str, other: DataSet) -> DataSet:
    """The data with a part out of another file."""
    notes = (*data.notes, *other.notes)
    changes: dict[str, Any] = {part: other.part_arrays, "notes": notes}
    return replace(data, **changes)


def _target(array: Array, column: TableColumn) -> Array:
    return array if column.kind == "date" else array[:, 0]


def _left_out(names: tuple[str, ...]) -> tuple[str, ...]:
    notes: list[str] = []
    for name in names[:_NAMED]:
        notes.append(f"The column {name} is left out: it holds no numbers, texts, dates or truths.")
    if len(names) > _NAMED:
        notes.append(f"{len(names) - _NAMED:,} more columns are left out for the same reason.")
    return tuple(notes)


def _notes(tally: Tally, unit: str) -> tuple[str, ...]:
    notes: list[str] = []
    if tally.first is not None:
        first = f"{unit} {tally.first.line:,}"
        notes.append(f"{tally.faults:,} faulty rows were left out; the first is {first}: {tally.first.cause}.")
    for name, count in tally.missing.items():
        notes.append(f"{count:,} rows were left out because {name} is missing.")
    return tuple(notes)
