"""A wire on the canvas, with the shape that flows through it."""

from __future__ import annotations

import logging
from typing import Literal

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPainterPathStroker, QPen
from PySide6.QtWidgets import QGraphicsSceneHoverEvent, QStyleOptionGraphicsItem, QWidget

from engine.graph import Edge
from graph_editor.canvas_item import CanvasItem
from graph_editor.fonts import card_fonts, shape_width
from graph_editor.marks import marks_of
from graph_editor.overview import Sketch
from graph_editor.sprites import paint_sprite
from graph_editor.theme import Theme, color
from graph_editor.wires import Lane, label_place, wire_path

_PILL_ROOM = 30.0
"""Between nearer ports the shape has no place: it would be written across the dots."""

_LANE_ROOM = 18.0
"""Between a lane and the cards beside it."""

_SHORT, _STRAIGHT = 100.0, 8.0
"""From far off, a wire no longer than this, and no more aslant, is a line."""

_PLACES = (0.5, 0.38, 0.62, 0.28, 0.72)
"""Where else along a wire its shape can be written, if another lies in the way."""


class EdgeItem(CanvasItem):
    """Draws a wire from an output port to an input port; knows nothing of what it means."""

    def __init__(self, edge: Edge, theme: Theme) -> None:
        super().__init__(theme)
        self.edge = edge
        self._ends: tuple[QPointF, QPointF, Lane | None] | None = None
        self._path = QPainterPath()
        self._room = QRectF()
        self._shape: QPainterPath | None = None
        self._text = ""
        self._pill = QRectF()
        self._width = 0.0
        self._side = 0
        self._cramped = self._crowded = False
        self._middle = QPointF()
        self.hovered = False
        self.lit = False
        self.setZValue(-1)

    @property
    def text(self) -> str:
        """The shape that flows through the wire."""
        return self._text

    def set_text(self, text: str) -> None:
        """Write another shape on the wire."""
        self._text = text
        self._width = shape_width(text) + 14 if text else 0.0
        self._put_pill(self._beside_lane())
        self._take_room()

    def set_lit(self, lit: bool) -> None:
        """Show that a card dropped now goes onto this wire."""
        self.lit = lit
        self.update()

    def set_ends(self, start: QPointF, end: QPointF, lane: Lane | None) -> bool:
        """Draw between two points, along a lane beside the cards in the way if one is given.

        False where the wire lies there already.
        """
        if self._ends == (start, end, lane):
            return False
        self._ends = start, end, lane
        self.spoil()
        self._path = wire_path(start, end, lane)
        self._room = self._path.boundingRect()
        self._middle = label_place(start, end, lane)
        # Beside a lane there are cards on one side: the shape is written on the other.
        self._side = 0 if lane is None else 1 if lane[0] > (start.x() + end.x()) / 2 else -1
        self._cramped = abs(end.y() - start.y()) < _PILL_ROOM and abs(end.x() - start.x()) < _PILL_ROOM
        self._shape = None
        self._put_pill(self._beside_lane())
        self._take_room()
        return True

    def _take_room(self) -> None:
        self.setRect(self._room.united(self._pill).adjusted(-8, -8, 8, 8))
        self.redraw()

    def _beside_lane(self) -> QPointF:
        return self._middle + QPointF(self._side * max(0.0, self._width / 2 - _LANE_ROOM), 0)

    def _put_pill(self, place: QPointF) -> None:
        self._pill = QRectF(place.x() - self._width / 2, place.y() - 9, self._width, 18)
        self._crowded = False

    def place_text(self, taken: list[QRectF]) -> None:
        """Write the shape where it lies on none of these; nowhere if there is no such place."""
        if not self._text:
            return
        for part in (None, *_PLACES):
            self._put_pill(self._beside_lane() if part is None else self._path.pointAtPercent(part))
            self._crowded = any(self._pill.intersects(other) for other in taken)
            if not self._crowded:
                break
        self._take_room()

    def nearer_end(self, spot: QPointF) -> Literal["out", "in"]:
        """The end that a place is nearer to: where the wire comes out of a card, or goes into one."""
        start, end = self._path.pointAtPercent(0), self._path.pointAtPercent(1)
        return "out" if (spot - start).manhattanLength() < (spot - end).manhattanLength() else "in"

    @property
    def pill(self) -> QRectF:
        """The room that the shape is written in; empty where it is not."""
        return QRectF() if self._crowded or self._cramped else self._pill

    @property
    def middle(self) -> QPointF:
        """Where the shape is written."""
        return self._middle

    def shape(self) -> QPainterPath:
        if self._shape is None:
            stroker = QPainterPathStroker()
            stroker.setWidth(14)
            self._shape = stroker.createStroke(self._path)
        return self._shape

    def hoverEnterEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.hovered = True
        self.update()
        super().hoverEnterEvent(event)

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.hovered = False
        self.update()
        super().hoverLeaveEvent(event)

    def sketch(self, sketch: Sketch) -> None:
        if self._ends is None:
            return
        (start, end, lane) = self._ends
        shade = self._shade, self.opacity() * marks_of(self).opacity(self.edge)
        if lane is None and 0 < end.y() - start.y() < _SHORT and abs(end.x() - start.x()) < _STRAIGHT:
            sketch.lines[shade].append(QLineF(start, end))
        else:
            sketch.curves[shade].addPath(self._path)

    @property
    def _shade(self) -> str:
        strong = self.isSelected() or self.lit or self.hovered or marks_of(self).on_path(self.edge)
        return self._theme.accent if strong else self._theme.wire

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        try:
            self.draw(painter, on_screen=widget is not None)
        except Exception:
            logging.exception("A wire could not be drawn.")

    def draw(self, painter: QPainter, *, on_screen: bool) -> None:
        """Draw the wire; on a screen, with the help of pictures that are kept."""
        before = painter.opacity()
        painter.setOpacity(before * marks_of(self).opacity(self.edge))
        self._paint_wire(painter, on_screen)
        painter.setOpacity(before)

    def _paint_wire(self, painter: QPainter, on_screen: bool) -> None:
        strong = self.isSelected() or self.lit or marks_of(self).on_path(self.edge)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(color(self._shade), 3.0 if strong else 2.4 if self.hovered else 1.8)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPath(self._path)
        if self._text and not self._cramped and not self._crowded:
            strong = strong or self.hovered
            if on_screen:
                seen = self._text, strong, self._theme.name
                room = self._pill.adjusted(-1, -1, 1, 1)
                paint_sprite(painter, seen, room, lambda sprite: self._paint_pill(sprite, strong))
            else:
                self._paint_pill(painter, strong)

    def _paint_pill(self, painter: QPainter, strong: bool) -> None:
        theme = self._theme
        painter.setPen(QPen(color(theme.accent if strong else theme.card_border), 1))
        painter.setBrush(color(theme.canvas))
        painter.drawRoundedRect(self._pill, 9, 9)
        painter.setFont(card_fonts().shape)
        painter.setPen(color(theme.text if strong else theme.muted))
        painter.drawText(self._pill, Qt.AlignmentFlag.AlignCenter, self._text)
