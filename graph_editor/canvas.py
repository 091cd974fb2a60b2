"""The canvas as a widget that shows: zooming, shifting, the dotted ground."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from graph_editor.document import ProjectDocument
from graph_editor.overlays import Dots
from graph_editor.overview import FAR, paint_item
from graph_editor.scene import GraphScene
from graph_editor.theme import color, theme_notifier

_SMALLEST, _LARGEST = 0.08, 3.0
"""How far the canvas can be zoomed by hand; a large graph as far as the whole of it needs."""

_READABLE = 0.7

_PART = 0.6
"""Less than this part of a graph tells less of it than all of it, too small to read."""


class Canvas(QGraphicsView):
    """Shows the scene of a document and lets it be zoomed and shifted."""

    nodes_selected = Signal(object)
    """Identifiers of the selected nodes (a tuple)."""
    zoom_changed = Signal(float)
    resized = Signal()

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.graph_scene = GraphScene(document, self)
        self._shown: Callable[[], None] | None = self.overview
        self._dots = Dots()
        self._set_up()

    def _set_up(self) -> None:
        self.setScene(self.graph_scene)
        self.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.graph_scene.nodes_selected.connect(self.nodes_selected)
        self.graph_scene.filled.connect(self._show_again)
        theme_notifier.changed.connect(self.viewport().update)
        self.zoom_changed.connect(self._choose_update)
        self.graph_scene.overview.on_change = self.paint_far

    # Zooming

    def scale_now(self) -> float:
        """How large one canvas unit is, in pixels."""
        return self.transform().m11()

    def zoom(self, factor: float, at: QPoint | None = None) -> None:
        """Zoom, keeping what is at a place of the viewport where it is."""
        smallest = min(_SMALLEST, self._scale_of_all())
        factor = max(smallest, min(_LARGEST, self.scale_now() * factor)) / self.scale_now()
        spot = at if at is not None else self.viewport().rect().center()
        before = self.mapToScene(spot)
        self.scale(factor, factor)
        self.pan(self.mapFromScene(before), spot)
        self._shown = None
        self.zoom_changed.emit(self.scale_now())

    def pan(self, start: QPoint, end: QPoint) -> None:
        """Shift the canvas so that what was at one place of the viewport is at another."""
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() - (end.x() - start.x()))
        down.setValue(down.value() - (end.y() - start.y()))

    def look_at(self, place: QPointF) -> None:
        """Shift the canvas so that a place of the scene is in the middle."""
        self.pan(self.mapFromScene(place), self.viewport().rect().center())
        self._shown = None

    def show_rect(self, rect: QRectF) -> None:
        """Show a part of the scene as large as it fits, no larger than its own size."""
        room = self.viewport().size()
        part = rect.adjusted(-40, -40, 40, 40)
        scale = min(room.width() / part.width(), room.height() / part.height(), 1.0)
        self.zoom(scale / self.scale_now())
        self.look_at(rect.center())

    def zoom_in(self) -> None:
        """One step closer."""
        self.zoom(1.2)

    def zoom_out(self) -> None:
        """One step farther."""
        self.zoom(1 / 1.2)

    def reset_zoom(self) -> None:
        """Show the canvas at its own size."""
        self.zoom(1 / self.scale_now())

    def fit(self) -> None:
        """Show the whole graph, no larger than its own size."""
        self._show(self._scale_of_all())
        self._shown = self.fit

    def overview(self) -> None:
        """Show the whole graph where its text can be read so, else as much of its beginning as can.

        Where that is but a small part of it, show the whole nevertheless: its form is what can be seen at once.
        """
        scale = self._scale_of_all()
        self._show(max(scale, _READABLE) if scale >= _PART * _READABLE else scale)
        self._shown = self.overview

    def _scale_of_all(self) -> float:
        """The scale at which the whole graph is seen, no larger than its own size."""
        content, room = self._content(), self.viewport().size()
        return min(room.width() / content.width(), room.height() / content.height(), 1.0)

    def _content(self) -> QRectF:
        """What is to be seen, and some ground around it."""
        content = self.graph_scene.content_rect()
        return content.adjusted(-40, -24, 40, 24) if not content.isEmpty() else QRectF(-200, -100, 400, 200)

    def _show(self, scale: float) -> None:
        rect, room = self._content(), self.viewport().size()
        self.resetTransform()
        self.scale(scale, scale)
        # What does not fit is seen from its beginning: from its top, and around its first card.
        x, half = rect.center().x(), room.width() / scale / 2
        first = next(iter(self.document.graph.order), None)
        if rect.width() > 2 * half and first is not None:
            x = max(rect.left() + half, min(self.document.position(first)[0], rect.right() - half))
        self.centerOn(x, min(rect.center().y(), rect.top() + room.height() / scale / 2))
        self.zoom_changed.emit(self.scale_now())

    def _show_again(self) -> None:
        """The place to show in, or what there is to show, has another size now."""
        if self._shown is not None:
            self._shown()

    def center_on(self, node_id: str) -> None:
        """Bring a card into the middle, near enough to be read, and select it."""
        if node_id in self.document.graph:
            self.graph_scene.select([node_id])
            if self.scale_now() < FAR:
                self.zoom(_READABLE / self.scale_now())
            self.centerOn(self.graph_scene.node_items[node_id])

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan(QPoint(0, 0), QPoint((turned.y() or turned.x()) // 2, 0))
        else:
            self.zoom(1.0015 ** turned.y(), event.position().toPoint())
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_again()
        self.resized.emit()

    def visible_rect(self) -> QRectF:
        """The part of the scene that is seen."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    # Painting

    def _choose_update(self, scale: float) -> None:
        """Qt knows where it has drawn an item, and paints no more than that anew; from far off it draws none."""
        mode = QGraphicsView.ViewportUpdateMode
        self.setViewportUpdateMode(mode.SmartViewportUpdate if scale >= FAR else mode.FullViewportUpdate)

    def paint_far(self) -> None:
        """Paint anew what is seen from far off."""
        if self.scale_now() < FAR:
            self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.scale_now() >= FAR:
            super().paintEvent(event)
            return
        painter = QPainter(self.viewport())
        painter.setRenderHints(self.renderHints())
        painter.setWorldTransform(self.viewportTransform())
        exposed = self.mapToScene(event.rect()).boundingRect()
        self.drawBackground(painter, exposed)
        others = sorted(self.graph_scene.others, key=lambda item: item.zValue())
        for item in others:
            if item.zValue() < 0:
                paint_item(painter, item, self.viewport())
        self.graph_scene.overview.paint(painter, exposed)
        for item in others:
            if item.zValue() >= 0:
                paint_item(painter, item, self.viewport())
        self.drawForeground(painter, exposed)
        painter.end()

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        origin = QPointF(self.viewportTransform().map(QPointF(0, 0)))
        size = self.viewport().size()
        self._dots.paint(painter, origin, self.scale_now(), size, self.graph_scene.theme)

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        if len(self.document.graph):
            return
        painter.save()
        painter.resetTransform()
        painter.setPen(color(self.graph_scene.theme.muted))
        text = self.tr("Drag a layer here from the palette,\nor press Tab, or double-click, to search for one.")
        painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()
