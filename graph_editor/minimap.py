"""The whole graph, small, at a corner of the canvas: where one is, and the way elsewhere."""

from __future__ import annotations

from functools import reduce

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QWheelEvent

from engine.layers.nested import Functional
from graph_editor.canvas import Canvas
from graph_editor.corner import CornerPanel
from graph_editor.expansion import open_rooms
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH
from graph_editor.theme import category_color, color, current, theme_notifier

_LARGEST = QSize(190, 150)
_LEAST = 60
_EDGE = 6.0
_ENOUGH = 0.6
"""Where this part of a graph is seen, the map would hide more than it shows."""
_BLOCK = (2.0, 1.5)
"""No card is smaller than this."""
_SOON = 40
"""Milliseconds within which several edits are drawn as one."""


class Minimap(CornerPanel):
    """Shows all cards as blocks of their category and a frame around those that are seen; a press goes there.

    Blocks are painted when the document changes, not while cards are dragged; the frame follows the view. All is
    there only where not much of the graph is in sight.
    """

    corner = Qt.Corner.BottomRightCorner

    def __init__(self, view: Canvas) -> None:
        super().__init__(view)
        self._canvas = view
        self._wanted = False
        self._bounds = QRectF()
        self._blocks = QPixmap()
        self._grip = QPointF()
        self.hide()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(self.tr("The whole graph: press or drag to go to a place"))
        self.setAccessibleName(self.tr("Minimap"))
        self._soon = QTimer(self, interval=_SOON, singleShot=True)
        self._soon.timeout.connect(self._paint_blocks)
        view.document.project_changed.connect(self._change)
        theme_notifier.changed.connect(self._change)
        for moved in (view.horizontalScrollBar().valueChanged, view.verticalScrollBar().valueChanged):
            moved.connect(self._follow)
        view.zoom_changed.connect(self._follow)
        view.resized.connect(self._follow)

    def want(self, wanted: bool) -> None:
        """Show it where it is of use, or not at all."""
        self._wanted = wanted
        self._change()
        self._follow()

    # Kept in step

    def _change(self) -> None:
        if self._wanted:
            self._soon.start()

    def _paint_blocks(self) -> None:
        document, theme = self._canvas.document, current()
        places = {key: document.position(key) for key in document.graph.nodes}
        rooms = open_rooms(document.graph, document.layout)
        self._bounds = _around(list(places.values()), rooms)
        if self._bounds.isEmpty():
            self.hide()
            return
        self._set_size()
        ratio = self.devicePixelRatioF()
        self._blocks = QPixmap(self.size() * ratio)
        self._blocks.setDevicePixelRatio(ratio)
        self._blocks.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._blocks)
        scale, middle = self._scale, self._to_map(QPointF(0, 0))
        wide, high = max(_BLOCK[0], CARD_WIDTH * scale), max(_BLOCK[1], CARD_HEIGHT * scale)
        left, top = middle.x() - wide / 2, middle.y() - high / 2
        for room in rooms:
            ground = QRectF(self._to_map(room.topLeft()), self._to_map(room.bottomRight()))
            painter.fillRect(ground, color(category_color(Functional.category, theme), 50))
        for key, (x, y) in places.items():
            block = QRectF(left + x * scale, top + y * scale, wide, high)
            painter.fillRect(block, color(category_color(document.graph[key].layer.category, theme)))
        painter.end()
        self._follow()
        self.update()

    def _set_size(self) -> None:
        """As large as the graph needs in its proportions, up to a limit."""
        room = self._bounds.size().scaled(_LARGEST, Qt.AspectRatioMode.KeepAspectRatio)
        wide, high = max(_LEAST, round(room.width())), max(_LEAST, round(room.height()))
        self.setFixedSize(wide + 2 * int(_EDGE), high + 2 * int(_EDGE))
        self.place()

    def _part_seen(self) -> float:
        """How much of the graph is in sight, as a part of its area."""
        seen = self._canvas.visible_rect().intersected(self._bounds)
        return seen.width() * seen.height() / (self._bounds.width() * self._bounds.height())

    def _follow(self) -> None:
        """The view shows another part now."""
        useful = self._wanted and not self._bounds.isEmpty() and self._part_seen() < _ENOUGH
        if useful != self.isVisible():
            self.setVisible(useful)
        if useful:
            self.update()

    # Places

    @property
    def _scale(self) -> float:
        room = self.width() - 2 * _EDGE, self.height() - 2 * _EDGE
        return min(room[0] / self._bounds.width(), room[1] / self._bounds.height())

    def _to_map(self, place: QPointF) -> QPointF:
        return QPointF(self.rect().center()) + (place - self._bounds.center()) * self._scale

    def to_scene(self, spot: QPointF) -> QPointF:
        """The place of the graph at a place of the map."""
        return self._bounds.center() + (spot - QPointF(self.rect().center())) / self._scale

    def frame(self) -> QRectF:
        """What is seen of the graph, on the map."""
        seen = self._canvas.visible_rect()
        return QRectF(self._to_map(seen.topLeft()), self._to_map(seen.bottomRight()))

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            frame, spot = self.frame(), event.position()
            self._grip = spot - frame.center() if frame.contains(spot) else QPointF()
            self._go(spot)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._canvas.zoom(1.0015 ** event.angleDelta().y())
        event.accept()

    def _go(self, spot: QPointF) -> None:
        self._canvas.look_at(self.to_scene(spot - self._grip))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        theme, painter = current(), QPainter(self)
        painter.drawPixmap(0, 0, self._blocks)
        inner = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color(theme.accent), 1.5))
        painter.setBrush(color(theme.accent, 40))
        painter.drawRect(self.frame().intersected(inner))
        painter.end()


def _around(places: list[tuple[float, float]], rooms: list[QRectF]) -> QRectF:
    """The rectangle around cards at these places; empty where there are none."""
    if not places:
        return QRectF()
    xs, ys = zip(*places, strict=True)
    rect = QRectF(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    rect = rect.adjusted(-CARD_WIDTH / 2, -CARD_HEIGHT / 2, CARD_WIDTH / 2, CARD_HEIGHT / 2)
    return reduce(QRectF.united, rooms, rect)
