"""A look at the data: what it holds in numbers, and its first samples as pictures or as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QImage

from app.dialogs import sentence
from app.panels.pictures import Points, Stretch, points_of, stretch_of
from app.panels.some_samples import PICTURES, some_samples
from app.panels.sounds import Wave, waves_of
from app.panels.table_look import TableLook, column_word
from app.task import Job
from app.texts import count, shape_text
from engine.data.columns import TableColumn
from engine.data.holding import glimpsed
from engine.data.leakage import gathered
from engine.data.opening import source_of
from engine.data.profile import profiling
from engine.data.rows import AnyRows
from engine.data.source import Column, DataSet, Source
from engine.data.table import Table
from engine.errors import LayerloomError, UnreadableError
from engine.events import Result
from engine.starting import columns_of

Array = np.ndarray[Any, Any]
_ROWS = 200
_DARK = 127
"""Of bytes: pictures in which some are brighter are shown as they are."""
_LARGEST = 256  # pixels of a side of a picture
_COLUMNS = 60
_CHARACTERS = 3000
_CLASSES = 100
_COMPARED = 2**28
"""Bytes of samples that are compared with one another; a run compares more."""
_AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Preview:
    """What the Data tab shows of a data set."""

    summary: tuple[tuple[str, str], ...]
    shapes: dict[str, tuple[int, ...]]
    """Shape of a sample, by the name of each feature."""
    size: int
    images: tuple[tuple[QImage, str], ...] = ()
    waves: tuple[Wave, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    texts: bool = False
    """Whether the last column of the rows holds texts to be read."""
    drawn: Points | Stretch | None = None
    own_validation: int | None = None
    own_test: int | None = None
    columns: tuple[dict[str, Column], dict[str, Column]] = ({}, {})
    """What features and targets are like."""
    notes: tuple[str, ...] = ()
    stop: str = ""
    """Why a run would stop at samples that cannot be read, where that is so: a sentence."""
    refused: bool = False
    """Whether nothing could be loaded for that, so that there are no figures."""
    written: str = ""
    """How a table is written, as far as that was guessed."""
    table: TableLook | None = None
    first: Mapping[str, Array] = field(default_factory=dict[str, Array])
    """The first samples of features that are pictures."""

    @property
    def why_none(self) -> str:
        """Why there will be no figures, empty where there will."""
        return " ".join((self.stop, *self.notes)).strip() if self.refused else ""


def preview_job(source: Source) -> Job:
    """Load a source and yield a `Preview` of it, then a `Profile`, then the `SplitFacts`."""
    if isinstance(source, Table):
        yield from _table_job(source)
        return
    ds = glimpsed((yield from source.loading()))
    yield Result(make_preview(ds))
    yield from _figures_job(ds)


def choosing_job(path: Path, like: Source) -> Job:
    """Find the source that takes a file or folder, and yield it with the settings that suit what is there."""
    yield Result((yield from source_of(path, like).proposing()))


def _table_job(source: Table) -> Job:
    """Look through a table and load it; its rows are shown as they stand, even where not all can be loaded."""
    survey = yield from source.surveying()
    table = source.settled(survey)
    look = TableLook(table.columns, survey)
    ds: DataSet | None = None
    try:
        found = make_preview(ds := (yield from table.loading()))
    except UnreadableError as error:
        found = Preview(((_tr("Rows"), count(survey.rows)),), {}, 0, stop=sentence(error), refused=True)
    except LayerloomError as error:
        found = Preview(((_tr("Rows"), count(survey.rows)),), {}, 0, notes=(sentence(error),), refused=True)
    columns = {column.name: column for column in table.columns}
    header = tuple(_column_header(columns.get(facts.name), facts.name) for facts in survey.columns)
    shown = replace(found, header=header, rows=survey.head, images=(), table=look)
    yield Result(replace(shown, written=", ".join(map(column_word, survey.words))))
    if ds is not None:
        yield from _figures_job(ds, table.columns)


def _figures_job(ds: DataSet, columns: Sequence[TableColumn] = ()) -> Job:
    yield Result((yield from profiling(ds, columns)))
    yield Result((yield from gathered(ds, _COMPARED, costly=False)))


def _column_header(column: TableColumn | None, name: str) -> str:
    if column is None or column.role == "ignore":
        return f"{name}\n{_tr('ignored')}"
    return f"{name}\n{column_word(column.role)} · {column_word(column.kind)}"


def make_preview(ds: DataSet) -> Preview:
    """What to show of a data set."""
    shapes = {name: array.shape[1:] for name, array in ds.features.items()}
    some = some_samples(ds)
    first = next(iter(some.data.features.values()), None)
    images, header, rows = (), (), ()
    pictured: dict[str, Array] = {}
    drawn = points_of(some.data) or stretch_of(some.data)
    labels = _labels(some.data, PICTURES)
    waves = waves_of(some.data, labels)
    if first is not None and len(first) and _pictorial(first.shape[1:]):
        images = tuple(zip(images_of(first[:PICTURES]), labels, strict=False))
        pictured = {name: np.asarray(array[:PICTURES]) for name, array in some.data.features.items()}
    elif drawn is None and not waves:
        header, rows = _table(some.data)
    texts = not images and not waves and drawn is None and len(ds.features) == 1 and _legible(ds, *ds.features)
    parts = (None if part is None else len(next(iter(part.values()))) for part in (ds.validation, ds.test))
    described, notes = columns_of(ds), (*ds.notes, *some.notes)
    return Preview(
        _summary(ds),
        shapes,
        ds.size,
        images,
        waves,
        header,
        rows,
        texts,
        drawn,
        *parts,
        columns=described,
        notes=notes,
        stop=some.stop,
        first=pictured,
    )


def _pictorial(shape: tuple[int, ...]) -> bool:
    sides = shape[:2]
    return len(shape) in (2, 3) and min(sides) >= 4 and (len(shape) == 2 or shape[2] in (1, 3, 4))


def _summary(ds: DataSet) -> tuple[tuple[str, str], ...]:
    lines = [(_tr("Samples"), count(ds.size))]
    lines += [
        (name, _tr("text") if array.dtype.kind == "U" else shape_text(array.shape[1:]))
        for name, array in ds.features.items()
    ]
    lines += [(_tr("Sampling rate"), f"{count(rate)} Hz") for rate in ds.sampling_rates.values()]
    for name, array in ds.targets.items():
        classes = len(ds.classes.get(name, ())) or _labels_in(array)
        lines.append((name, _tr("{0} classes").format(classes) if classes else shape_text(array.shape[1:])))
    return tuple(lines)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Preview", text)


def _labels_in(array: AnyRows) -> int:
    """How many classes a target of whole numbers seems to have, 0 where it is no row of labels."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biu" or array[:1].size != 1:
        return 0
    labels = np.unique(array)
    return len(labels) if 2 <= len(labels) <= _CLASSES and labels.min() >= 0 else 0


def images_of(array: Array, scale: Array | None = None) -> list[QImage]:
    """Pictures of samples, stretched over the range of grey or colour that they, or the samples `scale`, have."""
    scale = array if scale is None else scale
    low, high = float(scale.min()), float(scale.max())
    if scale.dtype == np.uint8 and high > _DARK:
        low, high = 0, 255
    pixels: Array = np.asarray(np.clip((array - low) * (255 / ((high - low) or 1)), 0, 255), np.uint8)
    if pixels.ndim == 4 and pixels.shape[3] == 1:
        pixels = pixels[..., 0]
    kinds = {3: QImage.Format.Format_Grayscale8, 4: QImage.Format.Format_RGB888}
    if pixels.ndim == 4:
        pixels = pixels[..., :3]
    result: list[QImage] = []
    for sample in np.ascontiguousarray(pixels):
        height, width = sample.shape[:2]
        image = QImage(sample.tobytes(), width, height, sample.strides[0], kinds[pixels.ndim])
        result.append(_small(image))
    return result


def _small(image: QImage) -> QImage:
    """A copy of its own, no larger than it is shown on a sharp screen."""
    if max(image.width(), image.height()) <= _LARGEST:
        return image.copy()
    return image.scaled(
        _LARGEST, _LARGEST, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


def _labels(ds: DataSet, number: int) -> list[str]:
    name = next(iter(ds.targets), None)
    if name is None:
        return [""] * min(number, ds.size)
    classes = ds.classes.get(name, ())
    return [_target_text(value, classes) for value in ds.targets[name][:number]]


def _target_text(value: Any, classes: Sequence[str]) -> str:
    if classes and np.ndim(value) == 0 and 0 <= int(value) < len(classes):
        return classes[int(value)]
    return f"{value:g}" if np.ndim(value) == 0 else shape_text(np.shape(value))


def _table(ds: DataSet) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The first rows, targets first: what is to be predicted must be seen without scrolling."""
    header: list[str] = []
    columns: list[list[str]] = []
    for name in ds.targets:
        header.append(name)
        classes = ds.classes.get(name, ())
        columns.append([_target_text(value, classes) for value in ds.targets[name][:_ROWS]])
    for name, array in ds.features.items():
        if _legible(ds, name):
            header.append(name)
            columns.append(_texts(array[:_ROWS], ds.words.get(name, ())))
            continue
        flat = array[:_ROWS].reshape(min(_ROWS, len(array)), -1)[:, :_COLUMNS]
        header += [name] if flat.shape[1] == 1 else [f"{name} {i + 1}" for i in range(flat.shape[1])]
        columns += [[f"{value:g}" for value in column] for column in flat.T]
    return tuple(header), tuple(zip(*columns, strict=True))


def _legible(ds: DataSet, name: str) -> bool:
    """Whether a feature is text, or a row of words."""
    return ds.features[name].dtype.kind == "U" or name in ds.words


def _texts(samples: Array, words: Sequence[str]) -> list[str]:
    """Samples to be read."""
    found: list[str] = []
    for row in samples.reshape(len(samples), -1).tolist():
        parts = [words[int(value)] if words else str(value) for value in row]
        found.append(" ".join(filter(None, parts))[:_CHARACTERS])
    return found


class TableModel(QAbstractTableModel):
    """Rows of text that are ready to show."""

    def __init__(self, parent: QObject | None = None, *, left: bool = False) -> None:
        super().__init__(parent)
        self._side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
        self._header: Sequence[str] = ()
        self._rows: Sequence[Sequence[str]] = ()

    def show_rows(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show these rows in place of those before."""
        self.beginResetModel()
        self._header, self._rows = header, rows
        self.endResetModel()

    def rowCount(self, parent: _AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._header)

    def data(self, index: _AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._header[section] if orientation == Qt.Orientation.Horizontal else str(section + 1)
