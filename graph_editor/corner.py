"""Small panels that keep to a corner of the canvas."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame

from graph_editor.canvas import Canvas

_MARGIN = 10


class CornerPanel(QFrame):
    """Lies over a corner of a view, whatever the size of that becomes."""

    corner = Qt.Corner.TopLeftCorner

    def __init__(self, view: Canvas) -> None:
        super().__init__(view)
        self._view = view
        self.setProperty("overlay", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        view.resized.connect(self.place)

    def place(self) -> None:
        """Take the corner."""
        right = self.corner in (Qt.Corner.TopRightCorner, Qt.Corner.BottomRightCorner)
        bottom = self.corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner)
        x = self._view.width() - self.width() - _MARGIN if right else _MARGIN
        y = self._view.height() - self.height() - _MARGIN if bottom else _MARGIN
        self.move(QPoint(x, y))
