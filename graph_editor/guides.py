"""Cards that are dragged catch on the lines of their neighbours, and show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.layout import Position
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH, snap
from graph_editor.theme import Theme, color

_CATCH = 8.0
"""How near to the line of a neighbour a card is drawn onto it."""
REACH = 1200.0
"""How far off a neighbour may be."""


@dataclass(frozen=True)
class Caught:
    """Where a card comes to lie, and the neighbours that it is then in line with."""

    place: Position
    above: Position | None = None
    """A card in the same column."""
    beside: Position | None = None
    """A card in the same row."""


def catch(wanted: Position, others: Iterable[Position]) -> Caught:
    """The place nearest to the wanted one that is in line with a neighbour; else the nearest on the grid.

    Cards are of one size, so that their left, right and middle lines fall together.
    """
    x, y = wanted
    near = [(ox, oy) for ox, oy in others if abs(ox - x) < REACH and abs(oy - y) < REACH]
    above = min(near, key=lambda p: (abs(p[0] - x), abs(p[1] - y)), default=None)
    beside = min(near, key=lambda p: (abs(p[1] - y), abs(p[0] - x)), default=None)
    above = above if above is not None and abs(above[0] - x) < _CATCH else None
    beside = beside if beside is not None and abs(beside[1] - y) < _CATCH else None
    return Caught((above[0] if above else snap(x), beside[1] if beside else snap(y)), above, beside)


class Guides(QGraphicsItem):
    """The lines that a dragged card is in line with."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.lines: list[QLineF] = []
        self.setZValue(4)

    def show_caught(self, caught: Caught) -> None:
        """Draw a line along the edges and the middle of both cards."""
        self.prepareGeometryChange()
        (x, y), self.lines = caught.place, []
        if caught.above is not None:
            top, bottom = sorted((y, caught.above[1]))
            for aside in (-CARD_WIDTH / 2, CARD_WIDTH / 2):
                self.lines.append(QLineF(x + aside, top - CARD_HEIGHT, x + aside, bottom + CARD_HEIGHT))
        if caught.beside is not None:
            left, right = sorted((x, caught.beside[0]))
            for aside in (-CARD_HEIGHT / 2, CARD_HEIGHT / 2):
                self.lines.append(QLineF(left - CARD_WIDTH * 0.6, y + aside, right + CARD_WIDTH * 0.6, y + aside))
        self.update()

    def boundingRect(self) -> QRectF:
        rect = QRectF()
        for line in self.lines:
            rect = rect.united(QRectF(line.p1(), line.p2()).normalized().adjusted(-2, -2, 2, 2))
        return rect

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        pen = QPen(color(self._theme.accent), 1, Qt.PenStyle.DashLine)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawLines(self.lines)
