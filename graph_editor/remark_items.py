"""Notes and frames on the canvas: how they look, and where they are taken hold of."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.layout import Remark
from graph_editor.fonts import card_fonts
from graph_editor.theme import Theme, color

TITLE = 26.0
"""The height of a frame's title, by which it is dragged."""
_CORNER = 16.0
RADIUS = 8.0
ROOM = 10.0
"""Between the edge of a note and its text."""
_SHADES = {"yellow": "#d9a514", "green": "#2f9e5b", "blue": "#3b7de0", "red": "#d9534f", "grey": "#7a8494"}

Part = Literal["body", "corner"]


class RemarkItem(QGraphicsItem):
    """Draws a note, or a frame, from what it was last told."""

    def __init__(self, key: str, remark: Remark, theme: Theme) -> None:
        super().__init__()
        self.key, self.remark, self._theme = key, remark, theme
        self.setZValue(-5 if remark.kind == "note" else -10)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)

    def show_remark(self, remark: Remark, theme: Theme) -> None:
        """Show the remark as it is now."""
        self.prepareGeometryChange()
        self.remark, self._theme = remark, theme
        self.update()

    @property
    def rect(self) -> QRectF:
        """Where it lies, in scene coordinates."""
        return QRectF(*self.remark.rect)

    @property
    def text_rect(self) -> QRectF:
        """Where its text is, in scene coordinates: the whole of a note, the title of a frame."""
        rect = self.rect
        return rect if self.remark.kind == "note" else QRectF(rect.left(), rect.top(), rect.width(), TITLE)

    @property
    def shade(self) -> QColor:
        """The colour that was chosen for it."""
        return QColor(_SHADES[self.remark.color])

    @property
    def fill(self) -> QColor:
        """That colour, laid thinly over the ground."""
        return _mixed(self.shade, color(self._theme.canvas), 0.22 if self.remark.kind == "note" else 0.09)

    @property
    def theme(self) -> Theme:
        """The colours of what it lies on."""
        return self._theme

    def part_at(self, spot: QPointF) -> Part | None:
        """What a press at a place of the scene takes hold of; cards in a frame are pressed through it."""
        corner = QRectF(self.rect.bottomRight() - QPointF(_CORNER, _CORNER), self.rect.bottomRight())
        if corner.contains(spot):
            return "corner"
        return "body" if self.text_rect.contains(spot) else None

    def boundingRect(self) -> QRectF:
        return self.rect.adjusted(-3, -3, 3, 3)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self.text_rect)
        return path

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        shade, rect, note = self.shade, self.rect, self.remark.kind == "note"
        pen = QPen(color(self._theme.selection), 2) if self.isSelected() else QPen(shade, 1.2)
        painter.setPen(pen)
        painter.setBrush(self.fill)
        painter.drawRoundedRect(rect, RADIUS, RADIUS)
        if widget is not None:  # in a picture there is nothing to take hold of
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shade)
            corner = rect.bottomRight() - QPointF(3, 3)
            painter.drawPolygon(QPolygonF([corner, corner - QPointF(9, 0), corner - QPointF(0, 9)]))
        painter.setPen(color(self._theme.text))
        painter.setFont(card_fonts().detail if note else _title_font())
        self._write(painter, note)

    def _write(self, painter: QPainter, note: bool) -> None:
        room = self.text_rect.adjusted(ROOM, 0 if not note else ROOM - 2, -ROOM, 0 if not note else -4)
        if note:
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            painter.drawText(room, int(flags), self.remark.text)
            return
        title = QFontMetricsF(painter.font()).elidedText(
            self.remark.text, Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)


def _title_font() -> QFont:
    return card_fonts().title


def _mixed(shade: QColor, ground: QColor, part: float) -> QColor:
    """A colour laid thinly over the ground."""
    red, green, blue = (
        round(part * a + (1 - part) * b)
        for a, b in (
            (shade.red(), ground.red()),
            (shade.green(), ground.green()),
            (shade.blue(), ground.blue()),
        )
    )
    return QColor(red, green, blue)
