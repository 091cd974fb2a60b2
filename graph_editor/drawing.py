"""Wires drawn with the mouse, and ends of wires taken elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem

from engine.graph import Edge, Graph
from graph_editor import editing
from graph_editor.gestures import Gesture
from graph_editor.items import NodeItem
from graph_editor.layout import CARD_HEIGHT
from graph_editor.ports import Port
from graph_editor.suggestions import Spot
from graph_editor.theme import color
from graph_editor.wires import wire_path
from graph_editor.wiring import Advice, advise, fitting_sources, fitting_targets

if TYPE_CHECKING:
    from graph_editor.view import GraphView


_LEAST_WIRE = 24.0
"""A wire shorter than this, in scene units, was a click on a port."""


class DrawWire(Gesture):
    """Draws a wire from a port, or takes the end of a wire elsewhere."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: GraphView, item: NodeItem, port: Port) -> None:
        super().__init__(view)
        self._graph: Graph = self.document.graph
        self._old = self._wire_at(item.node_id, port)
        self._forward = port[0] == "out" or self._old is not None
        self._node = self._old.source if self._old is not None else item.node_id
        self._port: Port = ("out", self._old.output) if self._old is not None else port
        if self._old is not None:
            self._graph = self._graph.disconnect(self._old)
        self._line: QGraphicsPathItem | None = None
        self._asked: tuple[str, int | None] | None = None
        self._over: NodeItem | None = None
        self.advice: Advice | None = None

    def _wire_at(self, node_id: str, port: Port) -> Edge | None:
        """The wire that ends at an input port."""
        if port[0] == "out":
            return None
        return next((edge for edge in self._graph.incoming(node_id) if edge.port == port[1]), None)

    def begin(self, spot: QPointF) -> None:
        graph = self._graph
        finder = fitting_targets if self._forward else fitting_sources
        self.scene.show_fits(finder(graph, self._node), self._node)
        self._line = QGraphicsPathItem()
        self._line.setZValue(5)
        self.scene.addItem(self._line)
        if self._old is not None:
            self.scene.edge_items[self._old].setOpacity(0.25)
        self.move(spot)

    def move(self, spot: QPointF) -> None:
        self._ask(spot)
        end = spot
        if self._over is not None and self.advice is not None and self.advice.edge is not None:
            end = self._over.port_place(self._far_end(self.advice.edge))
        self._draw(end)
        self.view.show_advice(spot, self.advice)

    def _ask(self, spot: QPointF) -> None:
        """Find what is under the pointer; the question is put once per port, not once per pixel."""
        found = self.scene.port_at(spot)
        item = found[0] if found else self.scene.node_at(spot)
        wanted = "in" if self._forward else "out"
        port = found[1][1] if found and found[1][0] == wanted else None
        if item is None or item.node_id == self._node:
            self._light(None)
            self._asked = self.advice = None
        elif (item.node_id, port) != self._asked:
            self._asked = (item.node_id, port)
            self.advice = self._advise(item.node_id, port)
            self._light(item)

    def _advise(self, node_id: str, port: int | None) -> Advice:
        known = self.document.inference
        if self._forward:
            return advise(self._graph, known, self._node, node_id, port, self._port[1])
        return advise(self._graph, known, node_id, self._node, self._port[1], port or 0)

    def _far_end(self, edge: Edge) -> Port:
        """The port of the other card that a wire would be plugged into."""
        return ("in", edge.port) if self._forward else ("out", edge.output)

    def _light(self, item: NodeItem | None) -> None:
        if self._over is not None:
            self._over.set_fit("fits" if self._over.lights.fit == "target" else self._over.lights.fit)
            self._over.set_hot_port(None)
        self._over = item
        if item is not None and self.advice is not None and self.advice.edge is not None:
            item.set_fit("target")
            item.set_hot_port(self._far_end(self.advice.edge))

    def _draw(self, end: QPointF) -> None:
        if self._line is None:
            return
        theme = self.scene.theme
        colors = {"yes": theme.good, "doubtful": theme.warning, "no": theme.error}
        shade = colors[self.advice.verdict] if self.advice is not None else theme.accent
        pen = QPen(color(shade), 2.4)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        if self.advice is not None and self.advice.verdict == "no":
            pen.setStyle(Qt.PenStyle.DashLine)
        self._line.setPen(pen)
        here = self.scene.node_items[self._node].port_place(self._port)
        path: QPainterPath = wire_path(here, end) if self._forward else wire_path(end, here)
        self._line.setPath(path)

    def end(self, spot: QPointF) -> None:
        self._ask(spot)
        advice, in_the_open = self.advice, self._over is None
        self._clear()
        if advice is not None and advice.edge is not None:
            edge = advice.edge
            if edge != self._old:
                self.view.commit(lambda: editing.connect(self.document, edge, self._graph))
        elif advice is not None:
            self.view.message.emit(advice.text)
        elif self._old is not None and in_the_open and not self._back_home(spot):
            old = self._old
            self.view.commit(lambda: editing.delete(self.document, (), (old,)))
        elif in_the_open and not self._near_home(spot):
            self.view.quick_add(self._open_end(spot))

    def _back_home(self, spot: QPointF) -> bool:
        """Whether the end of a wire was let go where it had been."""
        found = self.scene.port_at(spot) or (self.scene.node_at(spot), None)
        return self._old is not None and found[0] is not None and found[0].node_id == self._old.target

    def _near_home(self, spot: QPointF) -> bool:
        """Whether the wire is let go where it began, or within its own card."""
        item = self.scene.node_at(spot)
        here = self.scene.node_items[self._node].port_place(self._port)
        return (item is not None and item.node_id == self._node) or (spot - here).manhattanLength() < _LEAST_WIRE

    def _open_end(self, spot: QPointF) -> Spot:
        """Where a card at the open end of the wire would lie, its port where the wire ends."""
        end = (self._node, self._port[1])
        if self._forward:
            return Spot((spot.x(), spot.y() + CARD_HEIGHT / 2), source=end)
        return Spot((spot.x(), spot.y() - CARD_HEIGHT / 2), target=end)

    def cancel(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._light(None)
        self.view.show_advice(None, None)
        self.scene.show_fits(None)
        if self._line is not None:
            self.scene.removeItem(self._line)
            self._line = None
        if self._old is not None and self._old in self.scene.edge_items:
            self.scene.edge_items[self._old].setOpacity(1)
