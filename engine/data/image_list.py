"""Tables that name pictures: a column of file names, a column of what is to be predicted."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from engine.data.columns import TableColumn
from engine.data.folders import FileAt, file_at
from engine.data.images import ENDINGS, PictureSource
from engine.data.rows import Array
from engine.data.source import Column, DataSet, Source, register
from engine.errors import DataError, FileFormatError
from engine.events import Progress
from engine.fields import AsPath

if TYPE_CHECKING:
    from engine.data.table import Table
    from engine.data.tables.survey import Survey

_HEAD = 2**16  # bytes that tell what is in a table
_LINES = 20
_CELLS = re.compile(r"[,;\t|]")


@register("image_list")
class ImageList(PictureSource):
    """Pictures that a table names: a column of file names, a column of classes or numbers to be predicted.

    The names are seen from the folder of the table, or from one that is chosen.
    """

    file_column: str = Field(
        default="", description="The column of file names; empty: the one whose cells are called as pictures are."
    )
    target_column: str = Field(default="", description="The column to be predicted; empty: the likely one.")
    target_kind: Literal["auto", "category", "number"] = Field(
        default="auto", description="Whether classes are told apart or a number is predicted."
    )
    class_names: Annotated[tuple[str, ...], Field(max_length=100_000)] = Field(
        default=(),
        description="The classes in the order of their numbers; rows of others are left out. None: all there are.",
    )
    folder: Annotated[str, AsPath(folder=True)] = Field(
        default="", description="The folder that the file names are seen from; empty: that of the table."
    )

    title: ClassVar[str] = "Pictures in a list (CSV)"
    endings: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def takes(cls, path: Path) -> bool:
        from engine.data.table import Table

        return Table.takes(path) and _names_pictures(path)

    def targets(self) -> dict[str, Column]:
        if self.target_kind == "number":
            return {"y": Column(())}
        return {"y": Column((), self.class_names)} if self.class_names else {}

    def proposing(self) -> Generator[Progress, None, Source]:
        survey = yield from self._table().surveying()
        if {self.file_column, self.target_column} - {"", *(facts.name for facts in survey.columns)}:
            return (yield from type(self)(path=self.path).proposing())  # the columns are those of another table
        return (yield from self._finding(survey)).source

    def loading(self) -> Generator[Progress, None, DataSet]:
        found = yield from self._finding((yield from self._table().surveying()))
        x: Any = found.source.rows(found.files)
        skip = self.unreadable == "skip"
        return DataSet({"x": x}, found.targets, found.classes, notes=found.notes, skip_unreadable=skip)

    def _finding(self, survey: Survey) -> Generator[Progress, None, _Found]:
        from engine.data.pictures import looking, size_notes

        source = self._with_columns(survey)
        names, labels, notes = yield from source._reading(survey)
        files: list[FileAt] = []
        for done, name in enumerate(names):
            files.append(file_at(source._place(name)))
            if done % 500 == 0:
                yield Progress("Listing the files", done, len(names))
        facts = yield from looking(files)
        source = source.replace(**source.looked(facts))
        assert source.image_size is not None
        classes = {"y": source.class_names} if source.class_names else {}
        return _Found(source, files, {"y": labels}, classes, (*size_notes(facts, source.image_size), *notes))

    def _table(self, *columns: TableColumn) -> Table:
        from engine.data.table import Table

        if not self.path:
            raise DataError("No table is chosen yet.")
        return Table(
            path=self.path, columns=columns, faulty_rows="skip" if self.unreadable == "skip" else "refuse"
        )

    def _with_columns(self, survey: Survey) -> ImageList:
        """With the columns, classes and folder that a table suggests, where none were chosen."""
        from engine.data.tables.proposal import target_kind

        there = [facts.name for facts in survey.columns]
        names = self.file_column or _file_column(survey)
        target = self.target_column or _target_column(survey, names)
        for name in (names, target):
            if name and name not in there:
                raise FileFormatError(self.path, f"has no column {name!r}; it has {', '.join(there)}.")
        if not names:
            raise FileFormatError(self.path, "has no column of file names that end as those of pictures do.")
        if not target:
            raise FileFormatError(self.path, "has no column besides the file names that could be predicted.")
        kind = target_kind(survey.column(target)) if self.target_kind == "auto" else self.target_kind
        chosen = self.replace(file_column=names, target_column=target, target_kind=kind)
        classes = chosen._target(survey).classes
        folder = self.folder or _folder(Path(self.path).parent, _cells(survey, names))
        return chosen.replace(class_names=(self.class_names or classes) if classes else (), folder=folder)

    def _target(self, survey: Survey) -> TableColumn:
        """The column to be predicted, with all its classes."""
        from engine.data.tables.proposal import as_kind

        column = TableColumn(name=self.target_column, role="target")
        return as_kind(
            column, "number" if self.target_kind == "number" else "category", survey.column(column.name)
        )

    def _reading(self, survey: Survey) -> Generator[Progress, None, tuple[list[str], Array, tuple[str, ...]]]:
        """File names and what is to be predicted, row by row, and what was left out."""
        target = self._target(survey)
        named = TableColumn(name=self.file_column, kind="text", missing="drop")
        data = yield from self._table(named, target).loading()
        names, labels = np.asarray(data.features[self.file_column])[:, 0], np.asarray(data.targets["y"])
        notes = data.notes
        if target.classes and self.class_names != target.classes:
            numbers = {name: number for number, name in enumerate(self.class_names)}
            labels = np.array([numbers.get(name, -1) for name in target.classes], np.int32)[labels]
            kept = labels >= 0
            if not kept.all():
                notes = (*notes, f"{(~kept).sum():,} rows of other classes were left out.")
            names, labels = names[kept], labels[kept]
        if not len(names):
            raise DataError(f"{self.path}: no row is left to learn from.")
        return names.tolist(), labels, notes

    def _place(self, name: str) -> str:
        return os.path.join(self.folder or os.path.dirname(self.path), name.replace("\\", "/"))  # noqa: PTH118, PTH120


class _Found(NamedTuple):
    source: ImageList
    files: Sequence[FileAt]
    targets: Mapping[str, Array]
    classes: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


def _names_pictures(path: Path) -> bool:
    """Whether the first lines of a table have cells that are called as pictures are."""
    try:
        with path.open("rb") as file:
            lines = file.read(_HEAD).decode("utf-8", "replace").splitlines()[1:_LINES]
    except OSError:
        return False
    naming = [any(map(_is_picture, _CELLS.split(line))) for line in lines]
    return bool(naming) and sum(naming) > len(naming) / 2


def _is_picture(cell: str) -> bool:
    return cell.strip(" \"'").lower().endswith(ENDINGS)


def _cells(survey: Survey, name: str) -> list[str]:
    """The first cells of a column."""
    place = next(place for place, facts in enumerate(survey.columns) if facts.name == name)
    return [row[place] for row in survey.head if row[place].strip()]


def _file_column(survey: Survey) -> str:
    """The column of which most cells are called as pictures are; empty where none is."""
    shares = {
        facts.name: np.mean([_is_picture(cell) for cell in _cells(survey, facts.name)] or [0])
        for facts in survey.columns
    }
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] > 0.5 else ""


def _target_column(survey: Survey, names: str) -> str:
    """The column to be predicted, as in any table; empty where there is none but the file names."""
    from engine.data.tables.proposal import likely_target

    if not names or names not in (facts.name for facts in survey.columns):
        return ""
    others = [facts for facts in survey.columns if facts.name != names]
    found = likely_target(replace(survey, columns=(survey.column(names), *others)))
    return "" if found == names else found


def _folder(beside: Path, names: Sequence[str]) -> str:
    """The folder beside a table in which its files are; empty where they are seen from the table itself."""
    try:
        if not names or (beside / names[0]).exists():
            return ""
        return next((str(folder) for folder in sorted(beside.iterdir()) if (folder / names[0]).is_file()), "")
    except (OSError, ValueError):
        return ""
