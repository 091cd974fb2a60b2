"""The rows of the Runs tab: a run each, with its figures, the settings that differ, and remarks on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor

from app.panels.curves import main_metric
from app.texts import count, figure, metric_label, metric_name
from engine.difference import short_names, varying
from engine.past_runs import RunRecord
from engine.pulse import Life, Listener
from graph_editor import theme as themes
from graph_editor.words import noted

Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole
_NO_INDEX = QModelIndex()
SORT_ROLE = int(_ROLE.UserRole)
_MOST_SETTINGS = 8
_FIRST_COLOR = 2  # the first two are those of the live curves

_ENDS = {
    "running": "",
    "finished": noted("finished"),
    "stopped": noted("stopped"),
    "failed": noted("failed"),
    "unknown": "",
}


_LIVES: dict[Life, str] = {
    "here": noted("goes on"),
    "elsewhere": noted("goes on elsewhere"),
    "silent": noted("broke off, or has fallen silent"),
}


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Runs", text)


@dataclass(frozen=True)
class RunColumn:
    """A column: its heading, what it means, what it says of a run, and what its rows are sorted by."""

    title: str
    about: str
    text: Callable[[RunRecord], str]
    key: Callable[[RunRecord], Any]
    number: bool = False
    edits: str = ""
    """The remark that is written here: tags or note."""


def figure_column(name: str, part: str) -> RunColumn:
    """The figures of one name: at the best epoch, or on the test data."""

    def value(run: RunRecord) -> float | None:
        return getattr(run.outcome, part).get(name)

    def text(run: RunRecord) -> str:
        found = value(run)
        return "" if found is None else figure(name, found)

    def key(run: RunRecord) -> float:
        found = value(run)
        return float("inf") if found is None else found

    plain, about = metric_name(name.removeprefix("val_")), tr("After the best epoch, whose weights are kept")
    if part == "test":
        title, about = tr("Test {0}").format(plain), tr("On the test data, with the last weights")
    else:
        title = tr("Validation {0}").format(plain) if name.startswith("val_") else metric_label(name)
    return RunColumn(title, about, text, key, True)


class RunsModel(QAbstractTableModel):
    """Runs as they were read; a tick before a run shows it beside the live curves."""

    remarked = Signal(object, object)
    """A run, and what is said of it now."""
    pinned_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runs: tuple[RunRecord, ...] = ()
        self.lives: dict[Path, Life] = {}
        self._listener = Listener()
        self.columns: tuple[RunColumn, ...] = self._columns()
        self.pinned: set[Path] = set()
        self._colors: dict[Path, int] = {}

    def show_runs(self, runs: Sequence[RunRecord]) -> None:
        """Show these in place of those before."""
        going = [run for run in runs if run.outcome.state == "running"]
        lives: dict[Path, Life] = {run.folder: self._listener.life(run.folder, run.beat) for run in going}
        same, self.lives = lives == self.lives, lives
        if tuple(runs) == self.runs and same:
            return
        self.beginResetModel()
        self.runs = tuple(runs)
        self.pinned &= {run.folder for run in runs}
        self.columns = self._columns()
        self.endResetModel()

    def color(self, run: RunRecord) -> str:
        """The colour of a run in all plots, which it keeps."""
        place = self._colors.setdefault(run.folder, len(self._colors))
        return themes.class_color(_FIRST_COLOR + place, themes.current())

    def _columns(self) -> tuple[RunColumn, ...]:
        return (
            RunColumn(
                tr("When"),
                tr("When it began; a tick shows it beside the live curves"),
                lambda run: f"{run.when:%Y-%m-%d %H:%M}",
                lambda run: run.name,
            ),
            RunColumn(tr("Network"), tr("Its name and how many layers it has"), _network, _network),
            RunColumn(
                tr("Parameters"),
                tr("Numbers of its weights"),
                lambda run: count(run.outcome.parameters) if run.outcome.parameters else "",
                lambda run: run.outcome.parameters,
                True,
            ),
            RunColumn(tr("Epochs"), tr("That were done"), _epochs_text, _epochs, True),
            *self._figure_columns(),
            RunColumn(tr("Ended"), tr("How it ended"), self.end, self.end),
            *self._setting_columns(),
            RunColumn(tr("Tags"), tr("Words of yours, with commas between"), _tags, _tags, edits="tags"),
            RunColumn(tr("Note"), tr("What you say of it"), _note, _note, edits="note"),
        )

    def end(self, run: RunRecord) -> str:
        """How a run has ended, or how it goes on."""
        if run.project is None:
            return tr("damaged")
        return tr(_LIVES[self.lives[run.folder]] if run.folder in self.lives else _ENDS[run.outcome.state])

    def _figure_columns(self) -> Iterable[RunColumn]:
        best = list(dict.fromkeys(name for run in self.runs for name in run.outcome.best))
        test = list(dict.fromkeys(name for run in self.runs for name in run.outcome.test))
        prefix = "val_" if any(name.startswith("val_") for name in best) else ""
        plain = [name.removeprefix(prefix) for name in best if name.startswith(prefix)]
        for name in filter(None, ("loss", main_metric(plain))):
            if name in plain:
                yield figure_column(prefix + name, "best")
        shown = main_metric(test) or ("loss" if "loss" in test else None)
        if shown:
            yield figure_column(shown, "test")

    def _setting_columns(self) -> Iterable[RunColumn]:
        varied = varying(run.settings for run in self.runs if run.settings)
        names = [name for name in varied if name != "training.epochs"]  # they have a column already
        for name, short in list(zip(names, short_names(names), strict=True))[:_MOST_SETTINGS]:

            def text(run: RunRecord, name: str = name) -> str:
                return run.settings.get(name, "")

            yield RunColumn(short, name, text, lambda run, text=text: _number_or_text(text(run)))

    # Qt

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.runs)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        run, column = self.runs[index.row()], self.columns[index.column()]
        if role in (_ROLE.DisplayRole, _ROLE.EditRole):
            return column.text(run)
        if role == SORT_ROLE:
            return column.key(run)
        if role == _ROLE.ToolTipRole:
            return "\n".join((*run.problems, run.outcome.problem)).strip() or column.text(run)
        if role == _ROLE.TextAlignmentRole and column.number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == _ROLE.ForegroundRole and run.problems:
            return QColor(themes.current().error)
        if index.column() == 0 and role == _ROLE.CheckStateRole:
            return Qt.CheckState.Checked if run.folder in self.pinned else Qt.CheckState.Unchecked
        if index.column() == 0 and role == _ROLE.DecorationRole:
            return QColor(self.color(run) if run.folder in self._colors else Qt.GlobalColor.transparent)
        return None

    def setData(self, index: Index, value: Any, role: int = _ROLE.EditRole) -> bool:
        run, column = self.runs[index.row()], self.columns[index.column()]
        if role == _ROLE.CheckStateRole:
            self.pinned ^= {run.folder}
            self.dataChanged.emit(index, index)
            self.pinned_changed.emit()
            return True
        if not column.edits or str(value) == column.text(run):
            return False
        if column.edits == "tags":
            tags = (tag.strip() for tag in str(value).split(","))
            remarks = run.remarks.replace(tags=tuple(filter(None, tags)))
        else:
            remarks = run.remarks.replace(note=str(value).strip())
        self.remarked.emit(run, remarks)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.column() == 0:
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        return flags | Qt.ItemFlag.ItemIsEditable if self.columns[index.column()].edits else flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == _ROLE.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return {_ROLE.DisplayRole: column.title, _ROLE.ToolTipRole: column.about}.get(_ROLE(role))


def _network(run: RunRecord) -> str:
    return "" if run.project is None else tr("{0}, {1} layers").format(run.project.name, len(run.project.graph))


def _epochs_text(run: RunRecord) -> str:
    return "" if run.problems and not run.outcome.epochs else count(run.outcome.epochs)


def _epochs(run: RunRecord) -> int:
    return run.outcome.epochs


def _tags(run: RunRecord) -> str:
    return ", ".join(run.remarks.tags)


def _note(run: RunRecord) -> str:
    return run.remarks.note


def _number_or_text(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
