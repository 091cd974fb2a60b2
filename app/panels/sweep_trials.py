"""The trials of a sweep as rows: settings, figures, and how each ended."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QTableView

from app.panels.parallel import share_color
from app.panels.sweep_picture import picture_of, value_text
from app.texts import duration, figure, metric_label
from engine.sweeps.study import SweepState, Trial
from graph_editor import theme as themes
from graph_editor.words import noted, said

Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole
_NO_INDEX = QModelIndex()
_SORT = int(_ROLE.UserRole)

_ENDS = {"running": noted("running"), "finished": noted("finished"), "failed": noted("failed")}


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Sweep", text)


class TrialsModel(QAbstractTableModel):
    """The rows of the trials of one sweep."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state: SweepState | None = None
        self.trials: tuple[Trial, ...] = ()
        self._names: tuple[str, ...] = ()
        self._tests: tuple[str, ...] = ()
        self._shares: dict[int, float] = {}

    def show_state(self, state: SweepState | None) -> None:
        """Show other trials."""
        self.beginResetModel()
        self.state = state
        self.trials = state.trials if state else ()
        self._names = tuple(axis.name for axis in state.plan.axes) if state else ()
        tests = (name for trial in self.trials for name in trial.figures if name.startswith("test_"))
        self._tests = tuple(dict.fromkeys(tests))
        lines = picture_of(state)[1] if state else []
        self._shares = {line.number: line.share for line in lines if line.share is not None}
        self.endResetModel()

    @property
    def figure_column(self) -> int:
        """Where the figure stands that trials are compared by."""
        return 1 + len(self._names)

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.trials)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() or self.state is None else 4 + len(self._names) + len(self._tests)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or self.state is None:
            return None
        if role == _ROLE.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        if role != _ROLE.DisplayRole:
            return None
        figures = (metric_label(self.state.watched), *map(metric_label, self._tests))
        return ("#", *self._names, *figures, tr("Ended"), tr("Time"))[section]

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        trial, column = self.trials[index.row()], index.column()
        if role == _ROLE.DisplayRole:
            return self._texts(trial)[column]
        if role == _SORT:
            return self._key(trial, column)
        if role == _ROLE.ToolTipRole:
            return said(trial.problem) if trial.problem else self._texts(trial)[column]
        if role == _ROLE.DecorationRole and column == 0:
            share = self._shares.get(trial.number)
            return QColor(Qt.GlobalColor.transparent) if share is None else QColor(share_color(share))
        if role == _ROLE.ForegroundRole and trial.state == "failed":
            return QColor(themes.current().error)
        return None

    def _texts(self, trial: Trial) -> tuple[str, ...]:
        watched = self.state.watched if self.state else ""
        return (
            str(trial.number),
            *(value_text(trial.settings.get(name)) for name in self._names),
            "" if trial.value is None else figure(watched, trial.value),
            *(figure(name, trial.figures[name]) if name in trial.figures else "" for name in self._tests),
            tr(_ENDS[trial.state]),
            duration(trial.seconds) if trial.seconds else "",
        )

    def _key(self, trial: Trial, column: int) -> Any:
        if column == self.figure_column and self.state is not None:
            worst = -math.inf if self.state.plan.rises(self.state.project) else math.inf
            return worst if trial.value is None else trial.value
        if 1 <= column < self.figure_column:
            value = trial.settings.get(self._names[column - 1])
            try:
                return float(value) if value is not None else math.inf
            except ValueError:
                return str(value)
        if self.figure_column < column <= self.figure_column + len(self._tests):
            return trial.figures.get(self._tests[column - self.figure_column - 1], math.inf)
        if column == self.columnCount() - 1:
            return trial.seconds
        return trial.number if column == 0 else trial.state


class TrialsTable(QTableView):
    """The rows, the best first unless another order is chosen."""

    activated_by_key = Signal()
    """Enter was pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.trials = TrialsModel(self)
        self.rows = QSortFilterProxyModel(self)
        self.rows.setSortRole(_SORT)
        self.rows.setSourceModel(self.trials)
        self.setModel(self.rows)
        self.setObjectName("trials")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setIconSize(QSize(10, 10))
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFont(themes.tabular(self.font()))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setHighlightSections(False)
        self.setSortingEnabled(True)
        self._name = ""

    def show_state(self, state: SweepState | None) -> None:
        """Show the trials of a sweep; what is selected stays so."""
        chosen = self.selected
        self.trials.show_state(state)
        name = state.name if state else ""
        if name != self._name and state is not None:
            rising = state.plan.rises(state.project)
            order = Qt.SortOrder.DescendingOrder if rising else Qt.SortOrder.AscendingOrder
            self.sortByColumn(self.trials.figure_column, order)
        if name != self._name or len(chosen) == 0:
            self.resizeColumnsToContents()
        self._name = name
        self.select([trial.number for trial in chosen])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.activated_by_key.emit()
        else:
            super().keyPressEvent(event)

    @property
    def selected(self) -> tuple[Trial, ...]:
        """The selected trials, in the order of the rows."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self.trials.trials[self.rows.mapToSource(self.rows.index(row, 0)).row()] for row in rows)

    def select(self, numbers: list[int]) -> None:
        """Select the trials of these numbers."""
        flag = QItemSelectionModel.SelectionFlag
        self.selectionModel().clearSelection()
        for row, trial in enumerate(self.trials.trials):
            if trial.number in numbers:
                index = self.rows.mapFromSource(self.trials.index(row, 0))
                self.selectionModel().select(index, flag.Select | flag.Rows)
                if len(numbers) == 1:
                    self.scrollTo(index)
