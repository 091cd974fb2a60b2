"""What the data holds: a name and a figure in each line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.texts import count
from graph_editor import theme as themes


class DataSummary(QWidget):
    """Lines about the data, and how many samples go to each part of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setSpacing(8)

    def show_lines(self, lines: Sequence[tuple[str, str]], sizes: Sequence[int]) -> None:
        """Show these lines, then how many samples train, validate and test, as far as that is known."""
        while (item := self.grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        names = (self.tr("to train on"), self.tr("to validate"), self.tr("to test"))
        parts = [(name, count(size)) for name, size in zip(names, sizes, strict=False)]
        for row, (name, value) in enumerate((*lines, *parts)):
            key, text = QLabel(name), QLabel(value)
            key.setProperty("muted", True)
            text.setAlignment(Qt.AlignmentFlag.AlignRight)
            text.setFont(themes.tabular(text.font()))
            self.grid.addWidget(key, row, 0)
            self.grid.addWidget(text, row, 1)
        self.setVisible(self.grid.count() > 0)
