"""The mouse on the canvas: which gesture a press begins, and what a click selects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from graph_editor.dragging import DragNodes
from graph_editor.drawing import DrawWire
from graph_editor.edge_item import EdgeItem
from graph_editor.gestures import Gesture, Pan, RubberBand
from graph_editor.remark_gestures import DragRemark, ResizeRemark
from graph_editor.remark_items import Part

if TYPE_CHECKING:
    from graph_editor.view import GraphView

_TAKING_OUT = Qt.KeyboardModifier.AltModifier
_ADDING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


class Pointer:
    """Turns presses, moves and releases into one gesture at a time."""

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self.scene = view.graph_scene
        self.gesture: Gesture | None = None
        self.panning = False
        """Whether the space bar is held, so that any drag shifts the canvas."""
        self._shifted = False
        self._pressed: tuple[QPoint, Callable[[], Gesture], Callable[[], None] | None] | None = None

    def hold_space(self, held: bool) -> bool:
        """The space bar went down or up; whether the canvas has been shifted in between."""
        shifted, self._shifted = self._shifted, False
        self.panning = held
        self.reset_cursor()
        return shifted

    def stop(self) -> None:
        """Give up the gesture that is going on."""
        self._pressed = None
        if self.gesture is not None:
            gesture, self.gesture = self.gesture, None
            gesture.cancel()
            self.reset_cursor()

    def press(self, event: QMouseEvent) -> None:
        """A button went down."""
        spot = self.view.mapToScene(event.position().toPoint())
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and self.panning):
            self._shifted = self.panning
            self._begin(Pan(self.view), spot)
        elif left:
            self._press(spot, event)

    def _press(self, spot: QPointF, event: QMouseEvent) -> None:
        scene, adding = self.scene, bool(event.modifiers() & _ADDING)
        where = event.position().toPoint()
        found, item = scene.port_at(spot), scene.node_at(spot)
        if found is not None:
            self._begin(DrawWire.at_port(self.view, *found), spot)
        elif item is not None and item.chevron_at(spot) and not adding:
            self.view.toggle_groups([item.node_id])
        elif item is not None:
            self._press_card(item.node_id, event)
            if item.is_inside(spot):
                self.view.tell_inside(item.node_id)
        elif (wire := scene.edge_at(spot)) is not None:
            self._press_wire(wire, spot, event)
        elif (remark := scene.remarks.at(spot)) is not None:
            self._press_remark(*remark, adding, where)
        else:
            keep = scene.selected_nodes() if adding else ()
            if not adding:
                scene.select([])
            self._pressed = (where, lambda: RubberBand(self.view, keep), None)

    def _press_card(self, node_id: str, event: QMouseEvent) -> None:
        scene, where = self.scene, event.position().toPoint()
        adding, alone = bool(event.modifiers() & _ADDING), bool(event.modifiers() & _TAKING_OUT)
        chosen = scene.selected_nodes()
        released: Callable[[], None] | None = None
        if adding:
            scene.select(key for key in (*chosen, node_id) if key != node_id or node_id not in chosen)
        elif node_id not in chosen:
            scene.select([node_id])
        else:
            released = lambda: scene.select([node_id])  # noqa: E731
        if node_id in scene.selected_nodes():
            self._pressed = (where, lambda: DragNodes(self.view, node_id, scene.selected_nodes(), alone), released)

    def _press_remark(self, key: str, part: Part, adding: bool, where: QPoint) -> None:
        """Select a note or frame; a drag moves it, or draws its corner elsewhere."""
        scene = self.scene
        if adding:
            scene.select(scene.selected_nodes(), scene.selected_edges(), (*scene.remarks.selected(), key))
        elif key not in scene.remarks.selected():
            scene.select((), (), (key,))
        make = ResizeRemark if part == "corner" else DragRemark
        self._pressed = (where, lambda: make(self.view, key), None)

    def _press_wire(self, wire: EdgeItem, spot: QPointF, event: QMouseEvent) -> None:
        """Select a wire; a drag takes its nearer end elsewhere."""
        scene, adding = self.scene, bool(event.modifiers() & _ADDING)
        others = (scene.selected_nodes(), scene.selected_edges()) if adding else ((), ())
        scene.select(others[0], (*others[1], wire.edge))
        side = wire.nearer_end(spot)
        where = event.position().toPoint()
        self._pressed = (where, lambda: DrawWire.at_end(self.view, wire.edge, side), None)

    def move(self, event: QMouseEvent) -> bool:
        """The pointer moved; False where no gesture is going on."""
        where = event.position().toPoint()
        if self._pressed is not None:
            start, make, _ = self._pressed
            if (where - start).manhattanLength() >= QApplication.startDragDistance():
                self._pressed = None
                self._begin(make(), self.view.mapToScene(start))
        if self.gesture is not None:
            self.gesture.move(self.view.mapToScene(where))
            return True
        cursor = self._cursor_at(self.view.mapToScene(where))
        if not self.panning and self.view.viewport().cursor().shape() != cursor:
            self.view.viewport().setCursor(cursor)
        return False

    def _cursor_at(self, spot: QPointF) -> Qt.CursorShape:
        """What shows that a press here draws a wire, or opens a group."""
        if self.scene.port_at(spot) is not None:
            return Qt.CursorShape.CrossCursor
        item = self.scene.node_at(spot)
        hand = item is not None and item.chevron_at(spot)
        return Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor

    def release(self, event: QMouseEvent) -> None:
        """The button went up."""
        pressed, self._pressed = self._pressed, None
        if self.gesture is not None:
            gesture, self.gesture = self.gesture, None
            gesture.end(self.view.mapToScene(event.position().toPoint()))
            self.reset_cursor()
        elif pressed is not None and pressed[2] is not None:
            pressed[2]()

    def _begin(self, gesture: Gesture, spot: QPointF) -> None:
        self.view.stop()
        self.gesture = gesture
        if gesture.cursor is not None:
            self.view.viewport().setCursor(gesture.cursor)
        gesture.begin(spot)

    def reset_cursor(self) -> None:
        """Show what a press would do now."""
        shape = Qt.CursorShape.OpenHandCursor if self.panning else Qt.CursorShape.ArrowCursor
        self.view.viewport().setCursor(shape)
