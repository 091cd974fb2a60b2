"""The canvas as a widget: what one sees of the scene, and where mouse, keys and drops arrive."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsView, QMenu, QWidget

from engine.graph import Edge
from graph_editor import clipboard, editing, menus
from graph_editor.document import ProjectDocument
from graph_editor.edge_item import EdgeItem
from graph_editor.gestures import DragNodes, DrawWire, Gesture, Pan, RubberBand
from graph_editor.keyboard import ConnectMode
from graph_editor.keys import handle_key
from graph_editor.layout import CARD_WIDTH, snap
from graph_editor.overlays import AdviceLabel, Dots, RenameField
from graph_editor.palette import layer_of_mime
from graph_editor.scene import GraphScene
from graph_editor.theme import color, theme_notifier
from graph_editor.wiring import Advice

_SMALLEST, _LARGEST = 0.08, 3.0
_ADDING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


class GraphView(QGraphicsView):
    """Shows the graph and turns what the user does into edits of the document."""

    message = Signal(str)
    """A sentence for the status bar."""
    nodes_selected = Signal(object)
    """Identifiers of the selected nodes (a tuple)."""
    zoom_changed = Signal(float)

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.graph_scene = GraphScene(document, self)
        self.gesture: Gesture | None = None
        self.connecting: ConnectMode | None = None
        self._pressed: tuple[QPoint, Callable[[], Gesture], Callable[[], None] | None] | None = None
        self._space = False
        self._pastes = 0
        self._committing = False
        self._fit_wanted = True
        self._dots = Dots()
        self._advice = AdviceLabel(self.viewport())
        self._rename: RenameField | None = None
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
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Canvas"))
        self.graph_scene.nodes_selected.connect(self.nodes_selected)
        self.document.project_changed.connect(self._document_changed)
        theme_notifier.changed.connect(self.viewport().update)

    def commit(self, edit: Callable[[], object]) -> None:
        """Run an edit that a gesture ends in."""
        self._committing = True
        try:
            edit()
        finally:
            self._committing = False

    def _document_changed(self) -> None:
        if not self._committing:
            self.stop()
        self.viewport().update()

    def stop(self) -> None:
        """Give up what is going on: a gesture, connecting, renaming."""
        self._pressed = None
        if self.gesture is not None:
            gesture, self.gesture = self.gesture, None
            gesture.cancel()
            self._reset_cursor()
        self.finish_connecting(False)

    # Zooming

    def scale_now(self) -> float:
        """How large one canvas unit is, in pixels."""
        return self.transform().m11()

    def zoom(self, factor: float, at: QPoint | None = None) -> None:
        """Zoom, keeping what is at a place of the viewport where it is."""
        factor = max(_SMALLEST, min(_LARGEST, self.scale_now() * factor)) / self.scale_now()
        spot = at if at is not None else self.viewport().rect().center()
        before = self.mapToScene(spot)
        self.scale(factor, factor)
        self.pan(self.mapFromScene(before), spot)
        self._fit_wanted = False
        self.zoom_changed.emit(self.scale_now())

    def pan(self, start: QPoint, end: QPoint) -> None:
        """Shift the canvas so that what was at one place of the viewport is at another."""
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() - (end.x() - start.x()))
        down.setValue(down.value() - (end.y() - start.y()))

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
        content = self.graph_scene.content_rect()
        room = self.viewport().size()
        if content.isEmpty():
            scale, middle = 1.0, QPointF(0, 0)
        else:
            rect = content.adjusted(-40, -30, 40, 30)
            scale, middle = min(room.width() / rect.width(), room.height() / rect.height(), 1.0), rect.center()
        self.resetTransform()
        self.scale(max(scale, _SMALLEST), max(scale, _SMALLEST))
        self.centerOn(middle)
        self._fit_wanted = True
        self.zoom_changed.emit(self.scale_now())

    def center_on(self, node_id: str) -> None:
        """Bring a card into the middle and select it."""
        if node_id in self.graph_scene.node_items:
            self.graph_scene.select([node_id])
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
        if self._fit_wanted and not self.gesture:
            self.fit()

    # What can be done; the window makes its actions of these

    def selected_node(self) -> str | None:
        """The selected card, if it is just one."""
        chosen = self.graph_scene.selected_nodes()
        return chosen[0] if len(chosen) == 1 else None

    def select_all(self) -> None:
        """Select every card."""
        self.graph_scene.select(self.document.graph.nodes)

    def delete_selected(self) -> None:
        """Delete what is selected."""
        scene = self.graph_scene
        editing.delete(self.document, scene.selected_nodes(), scene.selected_edges())

    def copy(self) -> None:
        """Copy the selected cards, as text."""
        chosen = self.graph_scene.selected_nodes()
        if chosen:
            part = self.document.graph.part(chosen)
            QGuiApplication.clipboard().setText(clipboard.to_text(part, self.document.project.layout))
            self._pastes = 0

    def cut(self) -> None:
        """Copy the selected cards, then delete them."""
        if self.graph_scene.selected_nodes():
            self.copy()
            self.delete_selected()

    def paste(self) -> None:
        """Put in the cards that were copied, in this window or another."""
        found = clipboard.from_text(QGuiApplication.clipboard().text())
        if found is None:
            return
        part, places = found
        self._pastes += 1
        shift = 30.0 * self._pastes
        offset = (shift, shift)
        seen = self.visible_rect()
        if not any(seen.contains(x + shift, y + shift) for x, y in places.values()):
            x, y = next(iter(places.values()))
            offset = (snap(seen.center().x() - x), snap(seen.center().y() - y))
        self.graph_scene.select(editing.paste(self.document, part, places, offset, self.tr("Paste")))

    def duplicate(self) -> None:
        """Copy the selected cards beside themselves."""
        chosen = self.graph_scene.selected_nodes()
        if chosen:
            self.graph_scene.select(editing.duplicate(self.document, chosen))

    def arrange(self) -> None:
        """Lay the graph out anew."""
        editing.tidy(self.document)
        self.fit()

    def add_layer(self, type_name: str) -> None:
        """Add a layer behind the selected card or on the selected wire, else in the middle."""
        layer = editing.new_layer(type_name)
        if layer is None:
            return
        wires, selected = self.graph_scene.selected_edges(), self.selected_node()
        added: str | None = None
        if len(wires) == 1 and selected is None:
            added = editing.insert_new(self.document, layer, wires[0])
        elif selected is not None:
            added = editing.add_after(self.document, layer, selected)
        if added is None:
            middle = self.visible_rect().center()
            added = editing.add_at(self.document, layer, (middle.x(), middle.y()))
        self._show_added(added)

    def insert_layer(self, type_name: str, edge: Edge) -> None:
        """Put a new layer on a wire."""
        layer = editing.new_layer(type_name)
        if layer is not None:
            added = editing.insert_new(self.document, layer, edge)
            if added is None:
                self.message.emit(self.tr("{0} cannot sit on this wire.").format(type_name))
            else:
                self._show_added(added)

    def drop_layer(self, type_name: str, spot: QPointF) -> None:
        """Put a new layer at a place of the scene."""
        layer = editing.new_layer(type_name)
        if layer is not None:
            self._show_added(editing.add_at(self.document, layer, (spot.x(), spot.y())))

    def _show_added(self, node_id: str) -> None:
        self.graph_scene.select([node_id])
        self.ensureVisible(self.graph_scene.node_items[node_id], 20, 20)

    def visible_rect(self) -> QRectF:
        """The part of the scene that is seen."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    # Renaming and connecting

    def rename(self, node_id: str) -> None:
        """Edit the name of a card in its place."""
        if node_id not in self.graph_scene.node_items:
            return
        if self._rename is not None:
            self._rename.close_field()
        card = self.graph_scene.node_items[node_id].card_rect()
        corner = self.mapFromScene(card.topLeft())
        width = max(120, int(CARD_WIDTH * self.scale_now()))
        place = QRect(corner.x(), corner.y(), width, 28)
        name = self.document.graph[node_id].name
        self._rename = RenameField(self.viewport(), name, place, lambda text: self._renamed(node_id, text))
        self._rename.destroyed.connect(self._rename_gone)

    def _rename_gone(self) -> None:
        self._rename = None

    def _renamed(self, node_id: str, name: str) -> str | None:
        if node_id not in self.document.graph:
            return None
        refused = editing.rename(self.document, node_id, name)
        if refused:
            self.message.emit(refused)
        return refused

    def start_connecting(self, node_id: str) -> None:
        """Let the keys choose where a wire from this card ends."""
        self.stop()
        mode = ConnectMode(self, node_id)
        if mode.target is None:
            mode.finish(False)
            name = self.document.graph[node_id].name
            self.message.emit(self.tr("There is nothing that {0} could be wired to.").format(name))
            return
        self.connecting = mode
        self.message.emit(self.tr("Arrows choose, Enter wires, Escape ends."))

    def finish_connecting(self, accept: bool) -> None:
        """End the choosing."""
        if self.connecting is not None:
            mode, self.connecting = self.connecting, None
            mode.finish(accept)

    def show_advice(self, spot: QPointF | None, advice: Advice | None) -> None:
        """Show yes or no and the reason at a place of the scene."""
        if spot is None or advice is None:
            self._advice.hide()
        else:
            self._advice.show_advice(self.mapFromScene(spot), advice, self.graph_scene.theme)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.finish_connecting(False)
        spot = self.mapToScene(event.position().toPoint())
        if event.button() == Qt.MouseButton.MiddleButton or (
            event.button() == Qt.MouseButton.LeftButton and self._space
        ):
            self._begin(Pan(self), spot)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._press(spot, event)
        event.accept()

    def _press(self, spot: QPointF, event: QMouseEvent) -> None:
        scene, adding = self.graph_scene, bool(event.modifiers() & _ADDING)
        where = event.position().toPoint()
        found, item = scene.port_at(spot), scene.node_at(spot)
        if found is not None:
            self._begin(DrawWire(self, *found), spot)
        elif item is not None:
            self._press_card(item.node_id, adding, where)
        elif (wire := scene.edge_at(spot)) is not None:
            self._press_wire(wire, adding)
        else:
            keep = scene.selected_nodes() if adding else ()
            if not adding:
                scene.select([])
            self._pressed = (where, lambda: RubberBand(self, keep), None)

    def _press_card(self, node_id: str, adding: bool, where: QPoint) -> None:
        scene = self.graph_scene
        chosen = scene.selected_nodes()
        released: Callable[[], None] | None = None
        if adding:
            scene.select(key for key in (*chosen, node_id) if key != node_id or node_id not in chosen)
        elif node_id not in chosen:
            scene.select([node_id])
        else:
            released = lambda: scene.select([node_id])  # noqa: E731
        if node_id in scene.selected_nodes():
            self._pressed = (where, lambda: DragNodes(self, node_id, scene.selected_nodes()), released)

    def _press_wire(self, wire: EdgeItem, adding: bool) -> None:
        scene = self.graph_scene
        others = (scene.selected_nodes(), scene.selected_edges()) if adding else ((), ())
        scene.select(others[0], (*others[1], wire.edge))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        where = event.position().toPoint()
        if self._pressed is not None:
            start, make, _ = self._pressed
            if (where - start).manhattanLength() >= QApplication.startDragDistance():
                self._pressed = None
                self._begin(make(), self.mapToScene(start))
        if self.gesture is not None:
            self.gesture.move(self.mapToScene(where))
            event.accept()
            return
        super().mouseMoveEvent(event)
        port = self.graph_scene.port_at(self.mapToScene(where))
        cursor = Qt.CursorShape.CrossCursor if port else Qt.CursorShape.ArrowCursor
        if not self._space and self.viewport().cursor().shape() != cursor:
            self.viewport().setCursor(cursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        if self.gesture is not None:
            gesture, self.gesture = self.gesture, None
            gesture.end(self.mapToScene(event.position().toPoint()))
            self._reset_cursor()
        elif pressed is not None and pressed[2] is not None:
            pressed[2]()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        spot = self.mapToScene(event.position().toPoint())
        item = self.graph_scene.node_at(spot)
        if event.button() == Qt.MouseButton.LeftButton and item is not None:
            self.rename(item.node_id)
        event.accept()

    def _begin(self, gesture: Gesture, spot: QPointF) -> None:
        self.stop()
        self.gesture = gesture
        if gesture.cursor is not None:
            self.viewport().setCursor(gesture.cursor)
        gesture.begin(spot)

    def _reset_cursor(self) -> None:
        shape = Qt.CursorShape.OpenHandCursor if self._space else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = True
                self._reset_cursor()
            event.accept()
        elif handle_key(self, event):
            event.accept()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._reset_cursor()
            event.accept()
            return
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space = False
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.finish_connecting(False)
        super().focusOutEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.gesture is not None:
            return
        menu, where = self._menu(event)
        menu.setToolTipsVisible(True)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)
        event.accept()

    def _menu(self, event: QContextMenuEvent) -> tuple[QMenu, QPoint]:
        scene, spot = self.graph_scene, self.mapToScene(event.pos())
        item, wire = scene.node_at(spot), scene.edge_at(spot)
        where = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            selected = self.selected_node()
            item = scene.node_items[selected] if selected is not None else None
            wires = scene.selected_edges()
            wire = scene.edge_items[wires[0]] if wires else None
            at = item.pos() if item is not None else wire.middle if wire is not None else spot
            where = self.viewport().mapToGlobal(self.mapFromScene(at))
        if item is not None:
            if item.node_id not in scene.selected_nodes():
                scene.select([item.node_id])
            return menus.card_menu(self, item.node_id), where
        if wire is not None:
            scene.select([], [wire.edge])
            return menus.wire_menu(self, wire.edge), where
        return menus.canvas_menu(self, spot), where

    # Drops from the palette

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if layer_of_mime(event.mimeData()) is not None:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        layer = layer_of_mime(event.mimeData())
        if layer is None:
            event.ignore()
            return
        self.graph_scene.light_edge(self._wire_for(event))
        event.acceptProposedAction()

    def _wire_for(self, event: QDropEvent) -> EdgeItem | None:
        """The wire that the dragged layer would be put on."""
        layer = layer_of_mime(event.mimeData())
        spot = self.mapToScene(event.position().toPoint())
        if layer is None or layer.max_inputs == 0 or not layer.has_output:
            return None
        return None if self.graph_scene.node_at(spot) else self.graph_scene.edge_at(spot, 14)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.graph_scene.light_edge(None)

    def dropEvent(self, event: QDropEvent) -> None:
        layer, wire = layer_of_mime(event.mimeData()), self._wire_for(event)
        self.graph_scene.light_edge(None)
        if layer is None:
            event.ignore()
            return
        if wire is not None:
            self.insert_layer(layer.type_name(), wire.edge)
        else:
            self.drop_layer(layer.type_name(), self.mapToScene(event.position().toPoint()))
        event.acceptProposedAction()
        self.setFocus()

    # Painting

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        origin = QPointF(self.viewportTransform().map(QPointF(0, 0)))
        size = self.viewport().size()
        self._dots.paint(painter, origin, self.scale_now(), size, self.graph_scene.theme)

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        if self.graph_scene.node_items:
            return
        painter.save()
        painter.resetTransform()
        painter.setPen(color(self.graph_scene.theme.muted))
        text = self.tr("Drag a layer here from the palette,\nor choose one there and press Enter.")
        painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()
