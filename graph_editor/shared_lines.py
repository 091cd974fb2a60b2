"""Dashed lines between the cards that share weights, while one of them is selected or under the pointer."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from graph_editor.theme import Theme, color

_DOT = 4.0


class SharedLines(QGraphicsItem):
    """Lies under the cards; is told where those lie that share weights, one list for each family."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.families: tuple[tuple[QPointF, ...], ...] = ()
        self.setZValue(-2)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def show_families(self, families: Iterable[Iterable[QPointF]], theme: Theme) -> None:
        """Draw lines through these places."""
        self.prepareGeometryChange()
        self._theme = theme
        self.families = tuple(tuple(sorted(places, key=lambda p: (p.y(), p.x()))) for places in families)
        self.setVisible(bool(self.families))
        self.update()

    def boundingRect(self) -> QRectF:
        rect = QRectF()
        for places in self.families:
            for one, other in pairwise(places):
                rect = rect.united(QRectF(one, other).normalized().adjusted(-_DOT, -_DOT, _DOT, _DOT))
        return rect

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        pen = QPen(color(self._theme.accent), 2, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([5, 4])
        pen.setCosmetic(True)
        painter.setPen(pen)
        for places in self.families:
            painter.drawPolyline(list(places))
