"""Cards dragged over the canvas: moved, or put on a wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from engine.project import Position
from graph_editor import editing
from graph_editor.edge_item import EdgeItem
from graph_editor.gestures import Gesture
from graph_editor.layout import snap
from graph_editor.wiring import can_insert

if TYPE_CHECKING:
    from graph_editor.view import GraphView


class DragNodes(Gesture):
    """Moves cards; one that has no wires can be put on a wire."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, view: GraphView, grabbed: str, node_ids: tuple[str, ...]) -> None:
        super().__init__(view)
        self._grabbed = grabbed
        self._origin = {key: self.document.position(key) for key in node_ids}
        self._places: dict[str, Position] = dict(self._origin)
        self._onto: EdgeItem | None = None

    def begin(self, spot: QPointF) -> None:
        self._start = spot
        for key in self._origin:
            self.scene.node_items[key].setZValue(1)

    def move(self, spot: QPointF) -> None:
        x, y = self._origin[self._grabbed]
        dx = snap(x + spot.x() - self._start.x()) - x
        dy = snap(y + spot.y() - self._start.y()) - y
        places = {key: (px + dx, py + dy) for key, (px, py) in self._origin.items()}
        if places != self._places:
            self._places = places
            self.scene.place(places)
        self._look_for_wire()

    def _look_for_wire(self) -> None:
        if len(self._origin) > 1:
            return
        graph, middle = self.document.graph, QPointF(*self._places[self._grabbed])
        item = self.scene.edge_at(middle, 14)
        fits = item is not None and can_insert(graph, self._grabbed, item.edge)
        self._onto = item if fits else None
        self.scene.light_edge(self._onto)

    def end(self, spot: QPointF) -> None:
        self.move(spot)
        onto = self._onto
        self._lay_down()
        if onto is not None:
            self.view.commit(lambda: editing.insert_card(self.document, self._grabbed, onto.edge))
            self.scene.replace_cards(self._origin)
        elif self._places != self._origin:
            count = len(self._places)
            name = self.document.graph[self._grabbed].name
            text = editing.tr("Move {0}").format(name if count == 1 else editing.tr("{0} layers").format(count))
            self.view.commit(lambda: self.document.move(text, self._places))

    def cancel(self) -> None:
        self._lay_down()
        self.scene.replace_cards(self._origin)

    def _lay_down(self) -> None:
        self._onto = None
        self.scene.light_edge(None)
        for key in self._origin:
            if key in self.scene.node_items:
                self.scene.node_items[key].setZValue(0)
