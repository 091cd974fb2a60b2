"""The inside of a group, drawn below its card while it is open: to look at, not to take hold of."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from engine.graph import Edge
from engine.grouping import Path, known_inside
from engine.inference import Inference, NodeFacts
from engine.layers.nested import Functional
from engine.layout import Layout
from engine.shapes import show_shape
from graph_editor.edge_item import EdgeItem
from graph_editor.expansion import expanded_room, room_of
from graph_editor.ground import Ground
from graph_editor.items import NodeItem
from graph_editor.layout import CARD_HEIGHT
from graph_editor.overview import Sketch
from graph_editor.ports import Ports
from graph_editor.theme import Theme, category_color, color
from graph_editor.wires import find_lane


class Interior:
    """Cards and wires inside a group, in the coordinates of its card, which draws them: they are in no scene."""

    def __init__(self, layer: Functional, facts: NodeFacts, ports: Ports, theme: Theme) -> None:
        self._made_of = layer, facts.inputs, ports
        self._theme = theme
        self._room = room = room_of(layer)
        self.known = known_inside(layer, facts)
        self.cards: dict[str, NodeItem] = {}
        self.wires: list[EdgeItem] = []
        ground = Ground()
        ends = {node.id for node in (*layer.inputs, *layer.outputs)}
        for key, (x, y) in room.layout.positions.items():
            if key not in ends:
                place = x + room.shift[0], y + room.shift[1]
                self.cards[key] = card = NodeItem(key, theme)
                card.setPos(*place)
                fill_card(card, self.known, room.layout, theme)
                ground.put(key, place, expanded_room(layer.graph, room.layout, key))
        for edge in layer.graph.edges:
            self._draw_wire(layer, edge, ports, ground)

    def _draw_wire(self, layer: Functional, edge: Edge, ports: Ports, ground: Ground) -> None:
        """A wire between two cards, or from or to the edge of the room where it goes on outside."""
        if edge.source in self.cards:
            start = self.cards[edge.source].port_place(("out", edge.output))
        else:
            port = next(port for port, node in enumerate(layer.inputs) if node.id == edge.source)
            start = QPointF(ports.place(("in", port)).x(), CARD_HEIGHT / 2)
        if edge.target in self.cards:
            end = self.cards[edge.target].port_place(("in", edge.port))
        else:
            output = next(output for output, node in enumerate(layer.outputs) if node.id == edge.target)
            end = ports.place(("out", output))
        wire = EdgeItem(edge, self._theme)
        shape = self.known.shape(edge.source, edge.output)
        wire.set_text("" if shape is None else show_shape(shape))
        wire.set_ends(start, end, find_lane(start, end, ground))
        beside = [w for w in self.wires if edge.source == w.edge.source or edge.target == w.edge.target]
        wire.place_text([*(other.pill for other in beside), *self._outside])
        self.wires.append(wire)

    def shows(self, layer: Functional, facts: NodeFacts, ports: Ports, theme: Theme) -> bool:
        """Whether a new one made of this would look the same."""
        old, inputs, places = self._made_of
        return old is layer and (inputs, places, self._theme) == (facts.inputs, ports, theme)

    @property
    def rect(self) -> QRectF:
        """The room that it takes, below the card."""
        return QRectF(-self._room.width / 2, CARD_HEIGHT / 2, self._room.width, self._room.height)

    @property
    def _outside(self) -> tuple[QRectF, QRectF]:
        """The ground at both sides of the room."""
        room = self.rect
        wide = room.width()
        return room.translated(-wide + 4, 0), room.translated(wide - 4, 0)

    @property
    def shift(self) -> QPointF:
        """From places inside to places seen from the middle of the card."""
        return QPointF(*self._room.shift)

    # Looking

    def at(self, spot: QPointF) -> Path:
        """The card at a place, and the groups around it from the outside; empty where there is none."""
        for key, card in self.cards.items():
            if card.covers(spot):
                inner = card.interior
                return (key, *(inner.at(spot - card.pos()) if inner is not None else ()))
        return ()

    def card(self, path: Path) -> NodeItem:
        """The card at the end of a path."""
        card = self.cards[path[0]]
        return card if len(path) == 1 or card.interior is None else card.interior.card(path[1:])

    # Drawing

    def draw(self, painter: QPainter, exposed: QRectF, *, selected: bool, on_screen: bool) -> None:
        """Draw the ground of the room and what lies in it, as far as it is to be seen."""
        shade = category_color(Functional.category, self._theme)
        painter.setPen(QPen(color(self._theme.selection), 2) if selected else QPen(color(shade), 1.2))
        painter.setBrush(color(shade, 16))
        painter.drawRoundedRect(self.rect, 7.0, 7.0)
        for wire in self.wires:
            if wire.rect().intersects(exposed):
                wire.draw(painter, on_screen=on_screen)
        for card in self.cards.values():
            seen = exposed.translated(-card.pos())
            if card.rect().intersects(seen):
                painter.translate(card.pos())
                card.draw(painter, seen, on_screen=on_screen)
                painter.translate(-card.pos())

    def sketch(self, sketch: Sketch, place: QPointF, opacity: float) -> None:
        """What is seen of it from far off, with the card at a place."""
        own = Sketch()
        shade = category_color(Functional.category, self._theme)
        own.blocks[shade, 0.16].append(self.rect)
        for item in (*self.wires, *self.cards.values()):
            item.sketch(own)
        sketch.include(own, place, opacity)


def fill_card(card: NodeItem, known: Inference, layout: Layout, theme: Theme, *, linked: bool = False) -> None:
    """Let a card show its node, and below it the inside of a group that is open."""
    graph, facts, before = known.graph, known[card.node_id], card.interior
    layer = graph[card.node_id].layer
    inner: Interior | None = None
    if isinstance(layer, Functional) and card.node_id in layout.expanded:
        ports = Ports.of(graph, graph[card.node_id], room_of(layer).height)
        kept = before is not None and before.shows(layer, facts, ports, theme)
        inner = before if kept else Interior(layer, facts, ports, theme)
    card.refresh(graph, facts, linked, inner)
