"""Dashed lines between the cards that share weights, while one of them is selected or under the pointer."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH
from graph_editor.theme import Theme, color

_TOP = QPointF(CARD_WIDTH / 2 - 24, -CARD_HEIGHT / 2)
_RIGHT = QPointF(CARD_WIDTH / 2, 0)
_BULGE = 44.0


class SharedLines(QGraphicsItem):
    """Is told where those lie that share weights, one list for each family."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.families: tuple[tuple[QPointF, ...], ...] = ()
        self._path = QPainterPath()
        self.setZValue(3)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def show_families(self, families: Iterable[Iterable[QPointF]], theme: Theme) -> None:
        """Draw lines through these places."""
        self.prepareGeometryChange()
        self._theme = theme
        self.families = tuple(tuple(sorted(places, key=lambda p: (p.y(), p.x()))) for places in families)
        self._path = QPainterPath()
        for places in self.families:
            for one, other in pairwise(places):
                _add_arc(self._path, one, other)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._path.boundingRect().adjusted(-3, -3, 3, 3)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        pen = QPen(color(self._theme.accent), 1.8, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)


def _add_arc(path: QPainterPath, one: QPointF, other: QPointF) -> None:
    """A line from card to card that leaves both at one side, so that it is seen between cards in line."""
    across, down = abs(other.x() - one.x()), abs(other.y() - one.y())
    side, bulge = (_TOP, QPointF(0, -_BULGE)) if across > down else (_RIGHT, QPointF(_BULGE, 0))
    path.moveTo(one + side)
    path.cubicTo(one + side + bulge, other + side + bulge, other + side)
