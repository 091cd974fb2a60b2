"""How well each class is told from the others: precision, recall, F1 and support, sorted by any of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from app.texts import count
from engine.scoring import ClassFigures
from graph_editor import theme as themes


class _Cell(QTableWidgetItem):
    """A text that is sorted by a value; the means of all stay last."""

    def __init__(self, text: str, value: float | str, *, last: bool) -> None:
        super().__init__(text)
        self.value, self.last = value, last
        self.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        if not isinstance(value, str):
            self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: object) -> bool:
        assert isinstance(other, _Cell)
        if self.last != other.last:
            table = self.tableWidget()
            downwards = table.horizontalHeader().sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
            return self.last if downwards else other.last
        return self.value < other.value  # type: ignore[operator]


class ClassTable(QTableWidget):
    """A row for each class, and below them their means."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 5, parent)
        for column, (text, tip) in enumerate(
            (
                (self.tr("Class"), ""),
                (
                    self.tr("Precision", "classes"),
                    self.tr("Of the answers that name this class, the share that is right"),
                ),
                (self.tr("Recall"), self.tr("Of the samples of this class, the share that is found")),
                (self.tr("F1"), self.tr("The harmonic mean of precision and recall")),
                (self.tr("Support"), self.tr("How many samples are of this class")),
            )
        ):
            head = QTableWidgetItem(text)
            head.setToolTip(tip)
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            head.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(column, head)
        self.setFont(themes.tabular(self.font()))
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setObjectName("classTable")
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().setDefaultSectionSize(26)
        themes.theme_notifier.changed.connect(self._restyle)

    def show_figures(self, rows: Sequence[ClassFigures], means: Sequence[ClassFigures]) -> None:
        """Show these in place of those before."""
        self.setSortingEnabled(False)
        self.setRowCount(len(rows) + len(means))
        names = {"macro": self.tr("mean of the classes"), "weighted": self.tr("mean by support")}
        for place, row in enumerate((*rows, *means)):
            last = place >= len(rows)
            name = names.get(row.name, row.name) if last else row.name
            figures = [(f"{value:.3f}", value) for value in (row.precision, row.recall, row.f1)]
            cells: list[tuple[str, float | str]] = [(name, name), *figures, (count(row.support), row.support)]
            for column, (text, value) in enumerate(cells):
                self.setItem(place, column, _Cell(text, value, last=last))
        self._restyle()
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def _restyle(self) -> None:
        theme = themes.current()
        for row in range(self.rowCount()):
            for column in range(self.columnCount()):
                cell = self.item(row, column)
                if isinstance(cell, _Cell):
                    color: QColor = themes.color(theme.muted if cell.last else theme.text)
                    cell.setForeground(color)
