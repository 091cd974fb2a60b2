"""The scene: one card per node, one wire per edge, kept in step with the document by its signals only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QObject, QPointF, QRectF, Signal
from PySide6.QtWidgets import QGraphicsScene

from engine.graph import Edge, Graph
from engine.layer import show_shape
from engine.project import Position
from graph_editor.document import ProjectDocument
from graph_editor.edge_item import EdgeItem
from graph_editor.items import NodeItem
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH
from graph_editor.ports import Port
from graph_editor.theme import Theme, current, theme_notifier
from graph_editor.wires import find_lane
from graph_editor.wiring import wire_ends

_ROOM = 2000.0


class GraphScene(QGraphicsScene):
    """Shows a document. Cards may be shifted here while a drag goes on; only an edit of the document lasts."""

    nodes_selected = Signal(object)
    """Identifiers of the selected nodes (a tuple)."""

    def __init__(
        self, document: ProjectDocument, parent: QObject | None = None, theme: Theme | None = None
    ) -> None:
        super().__init__(parent)
        self.document = document
        self.node_items: dict[str, NodeItem] = {}
        self.edge_items: dict[Edge, EdgeItem] = {}
        self._fixed_theme = theme
        self._loose: set[Edge] = set()
        self._last_selected: tuple[str, ...] = ()
        self._quiet = False
        self._listen()
        self._shared: frozenset[str] = frozenset()
        self._building = self._fresh = False
        self._build(True)
        for key in document.graph.nodes:
            self._add_node(key)
        for edge in document.graph.edges:
            self._add_edge(edge)
        self._build(False)
        self._settle()

    def _listen(self) -> None:
        document = self.document
        document.node_added.connect(self._add_node)
        document.node_removed.connect(self._remove_node)
        document.node_changed.connect(self._refresh_linked)
        document.node_moved.connect(self._move_node)
        document.edge_added.connect(self._add_edge)
        document.edge_removed.connect(self._remove_edge)
        document.inference_changed.connect(self._refresh_facts)
        document.graph_replaced.connect(self._build)
        document.project_changed.connect(self._settle)
        self.selectionChanged.connect(self._tell_selection)
        if self._fixed_theme is None:
            theme_notifier.changed.connect(self.restyle)

    @property
    def theme(self) -> Theme:
        """The colours that the scene is drawn in."""
        return self._fixed_theme or current()

    @property
    def graph(self) -> Graph:
        return self.document.graph

    def restyle(self) -> None:
        """Draw everything in the colours of now."""
        for item in (*self.node_items.values(), *self.edge_items.values()):
            item.set_theme(self.theme)
        for key in self.node_items:
            self._refresh(key)
        self.update()

    # Selection

    def selected_nodes(self) -> tuple[str, ...]:
        """Identifiers of the selected nodes, in the order of the graph."""
        chosen = [item.node_id for item in self.selectedItems() if isinstance(item, NodeItem)]
        if len(chosen) < 2:
            return tuple(chosen)
        wanted = set(chosen)
        return tuple(key for key in self.graph.nodes if key in wanted)

    def selected_edges(self) -> tuple[Edge, ...]:
        """The selected wires."""
        return tuple(item.edge for item in self.selectedItems() if isinstance(item, EdgeItem))

    def select(self, node_ids: Iterable[str], edges: Iterable[Edge] = ()) -> None:
        """Select these and nothing else."""
        nodes, wires = set(node_ids), set(edges)
        self._quiet = True
        for key, item in self.node_items.items():
            item.setSelected(key in nodes)
        for edge, item in self.edge_items.items():
            item.setSelected(edge in wires)
        self._quiet = False
        self._tell_selection()

    def _tell_selection(self) -> None:
        if self._quiet:
            return
        chosen = self.selected_nodes()
        if chosen != self._last_selected:
            self._last_selected = chosen
            self.nodes_selected.emit(chosen)

    # Finding

    def node_at(self, pos: QPointF) -> NodeItem | None:
        """The card at a place of the scene."""
        found = (item for item in self.items(pos) if isinstance(item, NodeItem))
        return next((item for item in found if item.card_rect().contains(pos)), None)

    def port_at(self, pos: QPointF) -> tuple[NodeItem, Port] | None:
        """The port at a place of the scene, with its card."""
        for item in self.items(QRectF(pos.x() - 11, pos.y() - 11, 22, 22)):
            if isinstance(item, NodeItem) and (port := item.port_at(pos)) is not None:
                return item, port
        return None

    def edge_at(self, pos: QPointF, reach: float = 0.0) -> EdgeItem | None:
        """The wire at a place of the scene, or no farther off than `reach`."""
        spot = QRectF(pos.x() - reach, pos.y() - reach, 2 * reach, 2 * reach) if reach else pos
        return next((item for item in self.items(spot) if isinstance(item, EdgeItem)), None)

    def nodes_in(self, rect: QRectF) -> set[str]:
        """The cards that touch a rectangle."""
        return {key for key, item in self.node_items.items() if item.card_rect().intersects(rect)}

    def content_rect(self) -> QRectF:
        """The rectangle around all cards; empty where there are none."""
        places = [item.pos() for item in self.node_items.values()]
        if not places:
            return QRectF()
        xs, ys = [p.x() for p in places], [p.y() for p in places]
        rect = QRectF(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
        for edge in self._loose:
            rect = rect.united(self.edge_items[edge].boundingRect())
        return rect.adjusted(-CARD_WIDTH / 2, -CARD_HEIGHT / 2, CARD_WIDTH / 2, CARD_HEIGHT / 2)

    # Moving while a drag goes on

    def place(self, positions: Mapping[str, Position]) -> None:
        """Show cards elsewhere; the document does not know of it."""
        for key, (x, y) in positions.items():
            self.node_items[key].setPos(x, y)
        graph = self.graph
        wires = {e for key in positions for e in (*graph.incoming(key), *graph.outgoing(key))}
        for edge in wires:
            self._draw_edge(edge)
        self._space_texts(wires)

    def replace_cards(self, node_ids: Iterable[str]) -> None:
        """Show cards where the document has them."""
        self.place({key: self.document.position(key) for key in node_ids if key in self.node_items})

    # Told by the document

    def _build(self, begins: bool) -> None:
        """While all cards come and go, wires are not drawn; they are once all cards lie in their places."""
        self._building, self._fresh = begins, not begins
        if not begins:
            for edge in self.graph.edges:
                self._draw_edge(edge)

    def _add_node(self, node_id: str) -> None:
        item = NodeItem(node_id, self.theme)
        self.node_items[node_id] = item
        item.setPos(*self.document.position(node_id))
        self.addItem(item)
        self._refresh(node_id)

    def _remove_node(self, node_id: str) -> None:
        item = self.node_items.pop(node_id)
        self.removeItem(item)

    def _move_node(self, node_id: str) -> None:
        self.replace_cards([node_id])

    def _add_edge(self, edge: Edge) -> None:
        item = EdgeItem(edge, self.theme)
        self.edge_items[edge] = item
        self.addItem(item)
        if not self._building:
            self._refresh_ends(edge)
        self._write_shape(edge)

    def _remove_edge(self, edge: Edge) -> None:
        self._loose.discard(edge)
        self.removeItem(self.edge_items.pop(edge))
        if not self._building:
            self._refresh_ends(edge)

    def _refresh_ends(self, edge: Edge) -> None:
        """Number and places of ports, and with them the other wires, may be others now."""
        for key in (edge.source, edge.target):
            if key in self.node_items and key in self.graph:
                self._refresh(key)
        if edge.target in self.graph:
            for other in self.graph.incoming(edge.target):
                self._draw_edge(other)

    def _refresh(self, node_id: str) -> None:
        facts = self.document.inference[node_id]
        self.node_items[node_id].refresh(self.graph, facts, node_id in self._shared)

    def _refresh_linked(self, node_id: str) -> None:
        for key in self.graph.linked(node_id):
            if key in self.node_items:
                self._refresh(key)
        for edge in self.graph.incoming(node_id):
            self._draw_edge(edge)

    def _refresh_facts(self, node_ids: Iterable[str]) -> None:
        if self._fresh:
            return  # all cards and wires have just been made, and know it
        for key in node_ids:
            if key in self.node_items:
                self._refresh(key)
                for edge in self.graph.outgoing(key):
                    self._write_shape(edge)

    def _write_shape(self, edge: Edge) -> None:
        if (item := self.edge_items.get(edge)) is not None:
            shape = self.document.inference.shape(edge.source, edge.output)
            item.set_text("" if shape is None else show_shape(shape))
            giver, taker = self.graph[edge.source].layer, self.graph[edge.target].layer
            if len(giver.output_names) > 1 or taker.port_name(edge.port):
                text = wire_ends(self.graph, edge)
                item.setToolTip(text if shape is None else f"{text}: {show_shape(shape)}")

    def _draw_edge(self, edge: Edge, cards: list[Position] | None = None) -> None:
        item = self.edge_items.get(edge)
        if item is None or edge.source not in self.node_items or edge.target not in self.node_items:
            return
        start = self.node_items[edge.source].port_place(("out", edge.output))
        end = self.node_items[edge.target].port_place(("in", edge.port))
        lane = find_lane(start, end, cards if cards is not None else self._cards(edge))
        if lane is None:
            self._loose.discard(edge)
        else:
            self._loose.add(edge)
        item.set_ends(start, end, lane)

    def _cards(self, edge: Edge) -> list[Position]:
        start, end = self.node_items[edge.source].y(), self.node_items[edge.target].y()
        if end - start < 150:
            return []
        return [(i.x(), i.y()) for i in self.node_items.values() if start < i.y() < end]

    def _settle(self) -> None:
        """After an edit: cards may have come between, so long wires look for their way again."""
        links = [(node.id, node.shares) for node in self.graph if node.shares is not None]
        shared = frozenset(key for pair in links for key in pair)
        changed, self._shared = shared ^ self._shared, shared
        for key in changed & self.node_items.keys():
            self._refresh(key)
        if not self._fresh:
            for edge in self.graph.edges:
                self._redraw_if_long(edge)
        self._fresh = False
        self._space_texts(self.graph.edges)
        self.setSceneRect(self.content_rect().adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM))

    def _redraw_if_long(self, edge: Edge) -> None:
        source, target = self.node_items[edge.source], self.node_items[edge.target]
        if edge in self._loose or target.y() - source.y() > 190:
            self._draw_edge(edge)

    def _space_texts(self, edges: Iterable[Edge]) -> None:
        """Let no shape lie on that of another wire which begins or ends at the same card."""
        graph, done = self.graph, set[Edge]()
        for edge in edges:
            beside = (*graph.outgoing(edge.source), *graph.incoming(edge.target))
            done.add(edge)
            if len(beside) > 2:
                items = (self.edge_items[other] for other in beside if other in done and other != edge)
                self.edge_items[edge].place_text([item.pill for item in items])

    # While a wire or a card is dragged

    def show_fits(self, fits: Iterable[str] | None, origin: str | None = None) -> None:
        """Let the cards that a wire may end at stand out; None ends that."""
        allowed = set(fits) if fits is not None else None
        for key, item in self.node_items.items():
            fitting = allowed is not None and key in allowed
            item.set_fit("fits" if fitting else None, allowed is not None and not fitting and key != origin)

    def light_edge(self, item: EdgeItem | None) -> None:
        """Let one wire stand out as the place to drop on."""
        for other in self.edge_items.values():
            if other.lit != (other is item):
                other.set_lit(other is item)
