"""The list of the Runs tab, in the order of any column, and narrowed to what is typed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QSize, QSortFilterProxyModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QTableView

from app.panels.runs_model import SORT_ROLE, RunsModel
from engine.past_runs import RunRecord
from graph_editor.theme import tabular


class RunsTable(QTableView):
    """The rows of a model; it has no state but what is selected."""

    def __init__(self, model: RunsModel) -> None:
        super().__init__()
        self.runs = model
        self.rows = QSortFilterProxyModel(self)
        self.rows.setSortRole(SORT_ROLE)
        self.rows.setFilterKeyColumn(-1)
        self.rows.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.rows.setSourceModel(model)
        self.setObjectName("runs")
        self.setModel(self.rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        trigger = QAbstractItemView.EditTrigger
        self.setEditTriggers(trigger.DoubleClicked | trigger.EditKeyPressed | trigger.SelectedClicked)
        self.setShowGrid(False)
        self.setIconSize(QSize(10, 10))
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFont(tabular(self.font()))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setHighlightSections(False)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.DescendingOrder)

    @property
    def selected(self) -> tuple[RunRecord, ...]:
        """The selected runs, the oldest first."""
        rows = {self.rows.mapToSource(index).row() for index in self.selectionModel().selectedRows()}
        return tuple(sorted((self.runs.runs[row] for row in rows), key=lambda run: run.name))

    def select(self, folders: Sequence[Path]) -> None:
        """Select the runs of these folders."""
        wanted = QItemSelection()
        for number, run in enumerate(self.runs.runs):
            index = self.rows.mapFromSource(self.runs.index(number, 0))
            if run.folder in folders and index.isValid():
                wanted.select(index, index)
        flag = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(wanted, flag.ClearAndSelect | flag.Rows)

    def texts(self) -> list[list[str]]:
        """What is seen, with the headings."""
        columns = range(self.rows.columnCount())
        rows = range(self.rows.rowCount())
        return [
            [column.title for column in self.runs.columns],
            *([str(self.rows.index(row, column).data()) for column in columns] for row in rows),
        ]
