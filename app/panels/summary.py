"""The Summary tab: what the network is made of and what it costs, a row for each layer."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QLabel, QPushButton, QTableView, QVBoxLayout, QWidget

from app.panels.summary_cells import SummaryCells
from app.panels.summary_columns import FittedColumns
from app.panels.summary_model import SummaryModel
from engine.costs import Cost, optimizer_size
from engine.formats.summary import aligned
from engine.quantities import flops_text, memory_text
from graph_editor.theme import tabular
from graph_editor.view import GraphView

_BYTES = 4
_AFTER_ROWS_MS = 20
"""Rows are drawn before the totals are counted, so that neither holds the window for long."""
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class SummaryTable(QTableView):
    """The rows; Enter or a double click asks to see a layer on the canvas."""

    wanted = Signal(int)
    copied = Signal()

    def __init__(self, model: SummaryModel) -> None:
        super().__init__()
        self.setObjectName("summary")
        self.setModel(model)
        self.setItemDelegate(SummaryCells(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFont(tabular(self.font()))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        header = self.horizontalHeader()
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        self.columns = FittedColumns(self, model)
        self.setSortingEnabled(True)
        self.doubleClicked.connect(lambda index: self.wanted.emit(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copied.emit()
        elif event.key() in _ENTER and self.currentIndex().isValid():
            self.wanted.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)


class SummaryPanel(QWidget):
    """Shows the layers of the graph on the canvas; what is selected here is selected there, and the other way."""

    node_activated = Signal(str)
    """The person wants to see this layer on the canvas."""

    def __init__(self, view: GraphView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._document = view.document
        self._selecting = False
        self.model = SummaryModel(view.document, view.costs, self)
        self.table = SummaryTable(self.model)
        self.title = QLabel()
        self.title.setProperty("muted", True)
        self.totals = QLabel()
        self.totals.setFont(tabular(self.totals.font()))
        self.totals.setWordWrap(True)
        self.totals.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = QPushButton(self.tr("Copy"))
        self.copy.setToolTip(self.tr("Copy the whole table as text"))
        self._lay_out()
        self._rows_later = QTimer(self, interval=0, singleShot=True)
        self._rows_later.timeout.connect(self._refresh)
        self._later = QTimer(self, interval=_AFTER_ROWS_MS, singleShot=True)
        self._later.timeout.connect(self._show_totals)
        self._connect()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(12, 8, 10, 8)
        row.addWidget(self.title, 1)
        row.addWidget(self.copy)
        self.totals.setContentsMargins(12, 8, 12, 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.totals)

    def _connect(self) -> None:
        self.copy.clicked.connect(self.copy_text)
        self.table.copied.connect(self.copy_text)
        self.table.wanted.connect(lambda row: self.node_activated.emit(self.model.node_at(row)))
        self.table.selectionModel().selectionChanged.connect(self._selected_here)
        self._view.nodes_selected.connect(self._selected_there)
        self._view.costs.changed.connect(self._rows_later.start)

    # Kept in step

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._view.costs.want("summary", True)
        self._rows_later.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._view.costs.want("summary", False)

    def _refresh(self) -> None:
        if not self.isVisible():
            return
        self._selecting = True
        self.model.refresh()
        self.table.columns.measure()
        self._selecting = False
        self._selected_there(self._view.graph_scene.selected_nodes())
        names = self._document.names()
        inside = self.tr("Inside {0}. Press Escape on the canvas to leave it.")
        self.title.setText(inside.format(" › ".join(names)) if names else self.tr("The whole network"))
        if self._view.costs.costs.inference is self._document.inference:
            self._later.start()

    def _selected_there(self, node_ids: tuple[str, ...]) -> None:
        if self._selecting or not self.isVisible():
            return
        wanted = QItemSelection()
        rows = [row for row in map(self.model.row_of, node_ids) if row is not None]
        for row in rows:
            wanted.select(self.model.index(row, 0), self.model.index(row, len(self.model.columns) - 1))
        self._selecting = True
        self.table.selectionModel().select(wanted, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._selecting = False
        if rows:
            self.table.scrollTo(self.model.index(rows[0], 0))

    def _selected_here(self) -> None:
        if self._selecting:
            return
        self._selecting = True
        rows = self.table.selectionModel().selectedRows()
        self._view.graph_scene.select(self.model.node_at(index.row()) for index in rows)
        self._selecting = False

    # Totals

    def _show_totals(self) -> None:
        self.totals.setText("\n".join(self.total_lines()))

    def total_lines(self) -> tuple[str, str]:
        """What the graph costs as a whole."""
        costs, training = self._view.costs.costs, self._document.project.training
        total, optimizer = costs.total, optimizer_size(training.optimizer, costs.trained_weights)
        counts = self.tr("Parameters: {0} · trainable {1} · not trainable {2} · optimizer ({3}) {4}").format(
            f"{total.parameters:,}",
            f"{total.trainable:,}",
            f"{total.parameters - total.trainable:,}",
            training.optimizer.type,
            f"{optimizer:,}",
        )
        return counts, self._memory_line(total, optimizer, training.batch_size)

    def _memory_line(self, total: Cost, optimizer: int, batch: int) -> str:
        outputs = None if total.activation_bytes is None else total.activation_bytes * batch
        text = self.tr(
            "FLOPs of a sample: {0} · memory: {1} weights, {2} optimizer, {3} outputs of a batch of {4}"
        )
        return text.format(
            flops_text(total.flops),
            memory_text(total.weight_bytes),
            memory_text(optimizer * _BYTES),
            memory_text(outputs),
            f"{batch:,}",
        )

    def copy_text(self) -> None:
        """Put the table with its totals on the clipboard, in columns."""
        self._show_totals()
        right = {place for place, column in enumerate(self.model.columns) if column.number}
        head, *rows = aligned(self.model.texts(), right)
        rule = "─" * max(map(len, (head, *rows)))
        QGuiApplication.clipboard().setText("\n".join([head, rule, *rows, rule, self.totals.text()]) + "\n")
