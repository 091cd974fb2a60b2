"""Texts in rows of some lines, with what is to be predicted beside; a click, or Enter, shows all of one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.panels.preview import TableModel

_LINES = 4


class TextTable(QTableView):
    """The last column holds the texts and takes the room that there is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = TableModel(self, left=True)
        self.setModel(self.rows)
        self.setWordWrap(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().setDefaultSectionSize(_LINES * self.fontMetrics().lineSpacing() + 8)
        self.horizontalHeader().setStretchLastSection(True)
        self.clicked.connect(self._toggle)

    def show_rows(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show these rows in place of those before."""
        self.rows.show_rows(header, rows)
        for column in range(len(header) - 1):
            self.resizeColumnToContents(column)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._toggle(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _toggle(self, index: QModelIndex) -> None:
        """Show all of a text, or again its first lines."""
        sizes: QHeaderView = self.verticalHeader()
        usual = sizes.defaultSectionSize()
        if sizes.sectionSize(index.row()) > usual:
            sizes.resizeSection(index.row(), usual)
        else:
            self.resizeRowToContents(index.row())
            sizes.resizeSection(index.row(), max(usual, sizes.sectionSize(index.row())))
