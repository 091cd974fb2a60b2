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
from graph_editor.wiring import Advice, Fit, advise, advise_all, fits_above, fits_below

if TYPE_CHECKING:
    from graph_editor.view import GraphView


_LEAST_WIRE = 24.0
"""A wire shorter than this, in scene units, was a click on a port."""


class DrawWire(Gesture):
    """Draws a wire from a port, or several from the selected cards, or takes the end of a wire elsewhere."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: GraphView, node_id: str, port: Port, old: Edge | None = None) -> None:
        """Begin at a port; `old` is the wire whose other end is taken elsewhere."""
        super().__init__(view)
        self._node, self._port, self._old = node_id, port, old
        self._forward = port[0] == "out"
        self._graph: Graph = self.document.graph if old is None else self.document.graph.disconnect(old)
        self._starts = [(node_id, port[1]), *self._others()]
        self._lines: list[QGraphicsPathItem] = []
        self._asked: tuple[str, int | None] | None = None
        self._over: NodeItem | None = None
        self._fits: dict[str, Fit] = {}
        self.advice: Advice | None = None

    @classmethod
    def at_port(cls, view: GraphView, item: NodeItem, port: Port) -> DrawWire:
        """From a port; where a wire ends at it, that end is taken elsewhere."""
        incoming = view.document.graph.incoming(item.node_id) if port[0] == "in" else ()
        old = next((edge for edge in incoming if edge.port == port[1]), None)
        return cls(view, item.node_id, port) if old is None else cls.at_end(view, old, "in")

    @classmethod
    def at_end(cls, view: GraphView, edge: Edge, side: str) -> DrawWire:
        """From a wire that is there, whose end at one side is taken elsewhere."""
        if side == "in":
            return cls(view, edge.source, ("out", edge.output), edge)
        return cls(view, edge.target, ("in", edge.port), edge)

    def _others(self) -> list[tuple[str, int]]:
        """The other selected cards that a wire is drawn from at the same time."""
        chosen = self.scene.selected_nodes()
        if not self._forward or self._old is not None or self._node not in chosen:
            return []
        return [(key, 0) for key in chosen if key != self._node and self._graph[key].layer.has_output]

    def begin(self, spot: QPointF) -> None:
        if self._forward:
            self._fits = fits_below(self._graph, self.document.inference, self._starts)
            self.scene.show_fits(self._fits, self._node)
        else:
            self._fits = fits_above(self._graph, self.document.inference, self._node)
            self.scene.show_fits(self._fits, self._node, "out")
        for _ in self._starts:
            line = QGraphicsPathItem()
            line.setZValue(5)
            self.scene.addItem(line)
            self._lines.append(line)
        if self._old is not None:
            self.scene.edge_items[self._old].setOpacity(0.25)
        self.move(spot)

    def move(self, spot: QPointF) -> None:
        self._ask(spot)
        self._draw(spot)
        self.view.show_advice(spot, self.advice)

    # What is under the pointer

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
        if not self._forward:
            return advise(self._graph, known, node_id, self._node, self._port[1], port or 0)
        if len(self._starts) > 1:
            return advise_all(self._graph, known, self._starts, node_id)
        return advise(self._graph, known, self._node, node_id, port, self._port[1])

    def _far_end(self, edge: Edge) -> Port:
        """The port of the other card that a wire would be plugged into."""
        return ("in", edge.port) if self._forward else ("out", edge.output)

    def _light(self, item: NodeItem | None) -> None:
        if self._over is not None:
            self._over.set_fit(self._fits.get(self._over.node_id))
            self._over.set_hot_port(None)
        self._over = item
        if item is not None and self.advice is not None and self.advice.edge is not None:
            item.set_fit("fits" if self.advice.verdict == "yes" else "doubtful", target=True)
            item.set_hot_port(self._far_end(self.advice.edge))

    def _draw(self, spot: QPointF) -> None:
        theme = self.scene.theme
        colors = {"yes": theme.good, "doubtful": theme.warning, "no": theme.error}
        shade = colors[self.advice.verdict] if self.advice is not None else theme.accent
        pen = QPen(color(shade), 2.4)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        if self.advice is not None and self.advice.verdict == "no":
            pen.setStyle(Qt.PenStyle.DashLine)
        end = spot
        if self._over is not None and self.advice is not None and self.advice.edge is not None:
            end = self._over.port_place(self._far_end(self.advice.edge))
        for line, (node_id, index) in zip(self._lines, self._starts, strict=True):
            here = self.scene.node_items[node_id].port_place((self._port[0], index))
            path: QPainterPath = wire_path(here, end) if self._forward else wire_path(end, here)
            line.setPen(pen)
            line.setPath(path)

    # The end

    def end(self, spot: QPointF) -> None:
        self._ask(spot)
        advice, in_the_open = self.advice, self._over is None
        self._clear()
        if advice is not None and advice.edge is not None:
            if advice.edge != self._old:
                self.view.commit(lambda: editing.connect(self.document, advice.edges, self._graph))
        elif advice is not None:
            self.view.message.emit(advice.text)
        elif self._old is not None and in_the_open and not self._back_home(spot):
            old = self._old
            self.view.commit(lambda: editing.delete(self.document, (), (old,)))
        elif self._old is None and in_the_open and not self._near_home(spot):
            self.view.quick_add(self._open_end(spot))

    def _back_home(self, spot: QPointF) -> bool:
        """Whether the end of a wire was let go where it had been."""
        if self._old is None:
            return False
        found = self.scene.port_at(spot) or (self.scene.node_at(spot), None)
        return found[0] is not None and found[0].node_id in (self._old.source, self._old.target)

    def _near_home(self, spot: QPointF) -> bool:
        """Whether the wire is let go where it began, or within its own card."""
        item = self.scene.node_at(spot)
        here = self.scene.node_items[self._node].port_place(self._port)
        return (item is not None and item.node_id == self._node) or (spot - here).manhattanLength() < _LEAST_WIRE

    def _open_end(self, spot: QPointF) -> Spot:
        """Where a card at the open end of the wire would lie, its port where the wire ends."""
        if self._forward:
            place = (spot.x(), spot.y() + CARD_HEIGHT / 2)
            return Spot(place, source=self._starts[0], more=tuple(self._starts[1:]))
        return Spot((spot.x(), spot.y() - CARD_HEIGHT / 2), target=self._starts[0])

    def cancel(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._light(None)
        self.view.show_advice(None, None)
        self.scene.show_fits(None)
        for line in self._lines:
            self.scene.removeItem(line)
        self._lines.clear()
        if self._old is not None and self._old in self.scene.edge_items:
            self.scene.edge_items[self._old].setOpacity(1)
