"""Cards dragged over the canvas: moved, put on a wire, or taken out of their wires."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsPathItem

from engine.graph import Edge, Graph
from engine.layout import Position
from engine.rewiring import taken_out
from graph_editor import editing
from graph_editor.edge_item import EdgeItem
from graph_editor.gestures import Gesture
from graph_editor.ground import Ground
from graph_editor.guides import REACH, Guides, catch
from graph_editor.shake import Shake
from graph_editor.theme import color
from graph_editor.wires import wire_path
from graph_editor.wiring import can_insert

if TYPE_CHECKING:
    from graph_editor.view import GraphView

_REACH = 14.0
"""How near to a wire a card is dropped on it."""


class DragNodes(Gesture):
    """Moves cards. One whose input or output is free can be put on a wire; those that are shaken leave theirs."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, view: GraphView, grabbed: str, node_ids: tuple[str, ...], take_out: bool = False) -> None:
        super().__init__(view)
        self._grabbed = grabbed
        self._graph: Graph = self.document.graph
        self._origin = {key: self.document.position(key) for key in node_ids}
        self._places: dict[str, Position] = dict(self._origin)
        others = (key for key in self._graph.nodes if key not in self._origin)
        self._resting = Ground({key: self.document.position(key) for key in others})
        self._onto: EdgeItem | None = None
        self._guides = Guides(self.scene.theme)
        self._hidden: frozenset[Edge] = frozenset()
        self._closed: list[QGraphicsPathItem] = []
        self._shake = Shake()
        self._take_out_at_once = take_out

    def begin(self, spot: QPointF) -> None:
        self._start = spot
        self.scene.addItem(self._guides)
        for key in self._origin:
            self.scene.node_items[key].setZValue(1)
        if self._take_out_at_once:
            self._take_out()

    def move(self, spot: QPointF) -> None:
        x, y = self._origin[self._grabbed]
        wanted = x + spot.x() - self._start.x(), y + spot.y() - self._start.y()
        caught = catch(wanted, self._resting.between(wanted[1] - REACH, wanted[1] + REACH))
        dx, dy = caught.place[0] - x, caught.place[1] - y
        places = {key: (px + dx, py + dy) for key, (px, py) in self._origin.items()}
        if places != self._places:
            self._places = places
            self.scene.place(places)
            self._guides.show_caught(caught)
        if self._shake.add(spot * self.view.scale_now(), time.monotonic()):
            self._take_out()
        self._look_for_wire()

    # Out of the wires

    def _take_out(self) -> None:
        """Show the cards without the wires to others, and the gap that they leave closed."""
        before = self.document.graph
        if self._graph is not before:
            return
        after = taken_out(before, self._origin)
        gone, new = set(before.edges) - set(after.edges), set(after.edges) - set(before.edges)
        if not gone:
            return
        self._graph = after
        self._hidden = frozenset(gone)
        for edge in gone:
            self.scene.edge_items[edge].setVisible(False)
        for edge in new:
            self._close(edge)
        self.view.message.emit(editing.tr("Taken out of its wires"))

    def _close(self, edge: Edge) -> None:
        """Show a wire that there will be."""
        if edge.source in self._origin or edge.target in self._origin:
            return  # wires among the cards that are dragged, under other numbers
        line = QGraphicsPathItem()
        start = self.scene.node_items[edge.source].port_place(("out", edge.output))
        end = self.scene.node_items[edge.target].port_place(("in", edge.port))
        line.setPath(wire_path(start, end))
        line.setPen(QPen(color(self.scene.theme.accent), 2.4, Qt.PenStyle.DashLine))
        line.setZValue(-1)
        self.scene.addItem(line)
        self._closed.append(line)

    # Onto a wire

    def _look_for_wire(self) -> None:
        if len(self._origin) > 1:
            return
        x, y = self._places[self._grabbed]
        spot = QRectF(x - _REACH, y - _REACH, 2 * _REACH, 2 * _REACH)
        wires = (item for item in self.scene.items(spot) if isinstance(item, EdgeItem) and item.isVisible())
        self._onto = next((item for item in wires if can_insert(self._graph, self._grabbed, item.edge)), None)
        self.scene.light_edge(self._onto)

    def end(self, spot: QPointF) -> None:
        self.move(spot)
        onto, graph, places = self._onto, self._graph, self._places
        was_taken_out = graph is not self.document.graph
        self._lay_down()
        if onto is not None:
            self.view.commit(lambda: editing.insert_card(self.document, self._grabbed, onto.edge, graph))
            self.scene.replace_cards(self._origin)
        elif was_taken_out:
            self.view.commit(lambda: editing.take_out(self.document, tuple(self._origin), places, graph))
        elif places != self._origin:
            self.view.commit(lambda: editing.move(self.document, places))

    def cancel(self) -> None:
        self._lay_down()
        self.scene.replace_cards(self._origin)

    def _lay_down(self) -> None:
        self._onto = None
        self.scene.light_edge(None)
        self.scene.removeItem(self._guides)
        for line in self._closed:
            self.scene.removeItem(line)
        self._closed.clear()
        for edge in self._hidden:
            if edge in self.scene.edge_items:
                self.scene.edge_items[edge].setVisible(True)
        self._hidden = frozenset()
        for key in self._origin:
            if key in self.scene.node_items:
                self.scene.node_items[key].setZValue(0)
