"""What a scene shows: one card per node, one wire per edge, kept in step with the document by its signals only.

Slots note what an edit reached; when the edit is whole, it is drawn. Cards and wires of a large graph are made a
few at a time, and the window answers between; whoever asks for them gets them all.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import QObject, QRectF, QTimer, Signal
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene

from engine.graph import Edge, Graph
from engine.layout import Position
from engine.shapes import show_shape
from graph_editor.canvas_item import CanvasItem
from graph_editor.document import ProjectDocument
from graph_editor.edge_item import EdgeItem
from graph_editor.expansion import expanded_room
from graph_editor.ground import Ground
from graph_editor.interior import fill_card
from graph_editor.items import NodeItem
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH
from graph_editor.marks import Marks
from graph_editor.overview import FAR, Overview
from graph_editor.theme import Theme, current, theme_notifier
from graph_editor.wire_texts import space_texts
from graph_editor.wires import find_lane, is_long
from graph_editor.wiring import wire_ends

_ROOM = 2000.0

_AT_ONCE = 60
"""Cards and wires that are made without a pause: the usual edit is drawn when it is done."""

_BESIDE = 1.5 * CARD_HEIGHT
"""Cards whose middles are nearer than this in height overlap in height, counted to their far edges."""

_STEP_SECONDS = 0.005
"""How long cards are made before the window may answer."""


class GraphMirror(QGraphicsScene):
    """Shows a document. Cards may be shifted here while a drag goes on; only an edit of the document lasts."""

    filled = Signal()
    """All cards and wires of a graph that is shown anew have been made."""

    card_hovered = Signal(object)
    """The node whose card is under the pointer now, None for none."""

    def __init__(
        self, document: ProjectDocument, parent: QObject | None = None, theme: Theme | None = None
    ) -> None:
        super().__init__(parent)
        self.document = document
        self.marks = Marks()
        self._fixed_theme = theme
        self._theme = theme or current()
        self._cards: dict[str, NodeItem] = {}
        self._wires: dict[Edge, EdgeItem] = {}
        self._missing: OrderedDict[str | Edge, None] = OrderedDict()  # nodes before their edges
        self._fresh = True  # nothing of this graph was whole yet
        self._ordered: tuple[tuple[Edge, ...], dict[Edge, int]] = (), {}
        self._ground = Ground()
        self._aside = 0.0
        self._shifted = False
        """Whether cards lie elsewhere than when long wires last looked for their way."""
        self._loose: set[Edge] = set()
        self._shared: frozenset[str] = frozenset()
        self._stale: set[str] = set()
        self._bent: set[Edge] = set()
        self._winding: set[Edge] = set()
        """Long wires that look for their way again, for cards may have come between."""
        self._reworded: set[str] = set()
        """Cards whose wires may carry another shape than is written on them."""
        self.overview = Overview()
        self.others: list[QGraphicsItem] = []
        """What lies in the scene besides cards and wires."""
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._fill)
        self._listen()
        self._start()
        self._settle()

    def _listen(self) -> None:
        document = self.document
        document.node_added.connect(self._add_node)
        document.node_removed.connect(self._remove_node)
        document.node_changed.connect(self._change_node)
        document.node_moved.connect(self._move_node)
        document.edge_added.connect(self._add_edge)
        document.edge_removed.connect(self._remove_edge)
        document.inference_changed.connect(self._change_facts)
        document.graph_replaced.connect(self._start)
        document.project_changed.connect(self._settle)
        if self._fixed_theme is None:
            theme_notifier.changed.connect(self.restyle)

    @property
    def theme(self) -> Theme:
        """The colours that the scene is drawn in."""
        return self._theme

    @property
    def node_items(self) -> dict[str, NodeItem]:
        """All cards, by node."""
        self.complete()
        return self._cards

    @property
    def edge_items(self) -> dict[Edge, EdgeItem]:
        """All wires."""
        self.complete()
        return self._wires

    @property
    def graph(self) -> Graph:
        return self.document.graph

    def restyle(self) -> None:
        """Draw everything in the colours of now."""
        self._theme = self._fixed_theme or current()
        for item in (*self._cards.values(), *self._wires.values()):
            item.set_theme(self._theme)
        for key in self._cards:
            self._refresh(key)
        self.update()

    def content_rect(self) -> QRectF:
        """The rectangle around all cards; empty where there are none."""
        rect = self._ground.bounds()
        if rect is None:
            return QRectF()
        for edge in self._loose:
            rect = rect.united(self._wires[edge].boundingRect())
        return rect.adjusted(-CARD_WIDTH / 2, -CARD_HEIGHT / 2, CARD_WIDTH / 2 + self._aside, CARD_HEIGHT / 2)

    def update(self, *args: Any) -> None:
        self.overview.spoil()
        super().update(*args)

    # Room beside cards

    def leave_aside(self, width: float) -> None:
        """Let cards have so much room at their right, to draw in."""
        if width != self._aside:
            self._aside = width
            for card in self._cards.values():
                card.leave_aside(width)

    def free_aside(self, node_id: str) -> float:
        """How far it is from a card to the next one at its right."""
        x, y = self._ground.places[node_id]
        others = self._ground.between(y - _BESIDE, y + _BESIDE)
        return min((other - x for other, _ in others if other > x), default=math.inf) - CARD_WIDTH

    def update_cards(self) -> None:
        """Draw all cards anew; wires look as before."""
        self.overview.spoil(NodeItem)
        super().update()

    def addItem(self, item: QGraphicsItem) -> None:
        if isinstance(item, CanvasItem):
            self.overview.add(item)
        else:
            self.others.append(item)
            self.overview.tell()
        super().addItem(item)

    def removeItem(self, item: QGraphicsItem) -> None:
        if isinstance(item, CanvasItem):
            self.overview.remove(item)
        elif item in self.others:
            self.others.remove(item)
            self.overview.tell()
        super().removeItem(item)

    # Moving while a drag goes on

    def place(self, positions: Mapping[str, Position]) -> None:
        """Show cards elsewhere; the document does not know of it."""
        for key, place in positions.items():
            self._put(key, place)
        self._draw_changes()
        if self._aside:
            self.update()  # what cards draw beside them depends on where the next one lies

    def replace_cards(self, node_ids: Iterable[str]) -> None:
        """Show cards where the document has them, and long wires on their way around them."""
        self.place({key: self.document.position(key) for key in node_ids if key in self.graph})
        self._reroute()
        self._draw_changes()

    def _put(self, node_id: str, place: Position) -> None:
        self._ground.put(node_id, place, expanded_room(self.graph, self.document.layout, node_id))
        self._shifted = True
        if node_id in self._cards:
            self._cards[node_id].setPos(*place)
            self._bent.update(self.graph.incoming(node_id), self.graph.outgoing(node_id))

    # Told by the document

    def _start(self) -> None:
        """Show the graph of the document in place of what is shown."""
        self.overview.clear()
        self._drop(*self._wires.values(), *self._cards.values())
        noted = self._cards, self._wires, self._loose, self._stale, self._bent, self._winding, self._reworded
        for kind in noted:
            kind.clear()
        self._missing = OrderedDict.fromkeys((*self.graph.nodes, *self.graph.edges))
        self._fresh = True
        self._ground = Ground({key: self.document.position(key) for key in self.graph.nodes})
        self._shifted = True
        for key in self.document.layout.expanded:
            self._put(key, self.document.position(key))
        if not self._missing:
            self._fill()  # an empty graph is whole as it is: its first card is an edit like any other

    def _drop(self, *items: QGraphicsItem) -> None:
        quiet = self.blockSignals(True)  # what is selected then is told once, when all is drawn
        for item in items:
            self.removeItem(item)
        self.blockSignals(quiet)

    def _add_node(self, node_id: str) -> None:
        self._missing[node_id] = None
        self._put(node_id, self.document.position(node_id))

    def _remove_node(self, node_id: str) -> None:
        self._missing.pop(node_id, None)
        self._ground.remove(node_id)
        self._shifted = True
        if (item := self._cards.pop(node_id, None)) is not None:
            self._drop(item)

    def _move_node(self, node_id: str) -> None:
        self._put(node_id, self.document.position(node_id))

    def _change_node(self, node_id: str) -> None:
        incoming, outgoing = self.graph.incoming(node_id), self.graph.outgoing(node_id)
        self._stale.add(node_id)
        if self._ground.has_room(node_id) or node_id in self.document.layout.expanded:
            self._put(node_id, self._ground.places[node_id])
        self._bent.update(incoming, outgoing)
        self._reworded.update((node_id, *(edge.source for edge in incoming)))

    def _add_edge(self, edge: Edge) -> None:
        self._missing[edge] = None
        self._change_ends(edge)

    def _remove_edge(self, edge: Edge) -> None:
        self._missing.pop(edge, None)
        self._loose.discard(edge)
        if (item := self._wires.pop(edge, None)) is not None:
            self._drop(item)
        self._change_ends(edge)

    def _change_ends(self, edge: Edge) -> None:
        """Number and places of ports, and with them the other wires, may be others now."""
        self._stale.update((edge.source, edge.target))
        if edge.source in self.graph:
            self._bent.update(self.graph.outgoing(edge.source))
        if edge.target in self.graph:
            self._bent.update(self.graph.incoming(edge.target))

    def _change_facts(self, node_ids: Iterable[str]) -> None:
        self._stale.update(node_ids)
        self._reworded.update(node_ids)

    def _settle(self) -> None:
        """An edit is whole: draw what it reached."""
        moved = self._shifted
        self._find_shared()
        self._bent |= self._reordered()
        self._reroute()
        if sum(map(len, (self._missing, self._stale, self._bent, self._winding, self._reworded))) <= _AT_ONCE:
            self.complete()
        else:
            self._draw_in_sight()
            self._timer.start()
        if moved:
            self._make_room()

    def _find_shared(self) -> None:
        links = [(node.id, node.shares) for node in self.graph.sharing if node.shares is not None]
        shared = frozenset(key for pair in links for key in pair)
        self._stale |= shared ^ self._shared
        self._shared = shared
        owners = {owner for pair in links for owner in pair[1:] if not self._stale.isdisjoint(pair)}
        self._stale.update(key for pair in links for key in pair if pair[1] in owners)

    def _make_room(self) -> None:
        """Let there be ground around all cards; in large steps, for at each Qt sorts all items anew."""
        content, step = self.content_rect(), _ROOM / 2
        least, most = (content.adjusted(-x, -x, x, x) for x in (_ROOM - step, _ROOM + step))
        if self._fresh or not (self.sceneRect().contains(least) and most.contains(self.sceneRect())):
            self.setSceneRect(content.adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM))

    # Making

    def complete(self) -> None:
        """Make the cards and wires that are still missing, and draw what an edit reached."""
        if self._waiting:
            self._fill(math.inf)

    @property
    def _waiting(self) -> bool:
        return bool(self._missing or self._stale or self._bent or self._winding or self._reworded)

    def _fill(self, seconds: float = _STEP_SECONDS) -> None:
        end = time.perf_counter() + seconds
        self._draw_changes(end)
        while self._missing and time.perf_counter() < end:
            self._make(self._missing.popitem(last=False)[0])
        self._draw_changes(end)
        if self._waiting:
            return
        self._timer.stop()
        self._make_room()
        if self._fresh:
            self._fresh = False
            self.filled.emit()

    def _make(self, what: str | Edge) -> None:
        if isinstance(what, Edge):
            if what in self._order:
                self._make_wire(what)
        elif what in self.graph:
            self._make_card(what)

    def _make_card(self, node_id: str) -> None:
        item = NodeItem(node_id, self._theme)
        item.on_hover = self.card_hovered.emit
        self._cards[node_id] = item
        item.setPos(*self._ground.places[node_id])
        item.leave_aside(self._aside)
        self._refresh(node_id)
        self.addItem(item)

    def _make_wire(self, edge: Edge) -> None:
        item = EdgeItem(edge, self._theme)
        self._wires[edge] = item
        self._write_shape(edge)
        self._bent.add(edge)
        self.addItem(item)

    # Drawing

    def _draw_in_sight(self) -> None:
        """Draw what a person sees of a large edit, as far as there is time; the rest is left to the timer."""
        near = [view for view in self.views() if view.transform().m11() >= FAR]
        rects = [view.mapToScene(view.viewport().rect()).boundingRect() for view in near]
        items = [item for rect in rects for item in self.items(rect)]
        cards = {item.node_id for item in items if isinstance(item, NodeItem)}
        wires = {item.edge for item in items if isinstance(item, EdgeItem)}
        givers = {edge.source for edge in wires}
        later = self._stale - cards, self._bent - wires, self._reworded - givers, self._winding - wires
        self._stale &= cards
        self._bent &= wires
        self._winding &= wires
        self._reworded &= givers
        self._draw_changes(time.perf_counter() + _STEP_SECONDS)
        self._stale |= later[0]
        self._bent |= later[1]
        self._reworded |= later[2]
        self._winding |= later[3]

    def _draw_changes(self, until: float = math.inf) -> None:
        """Draw the cards and wires anew that were noted, as many as there is time for."""
        moved = set[Edge]()
        while self._stale and time.perf_counter() < until:
            key = self._stale.pop()
            if key in self._cards and key in self.graph:
                self._refresh(key)
        while self._reworded and time.perf_counter() < until:
            key = self._reworded.pop()
            wires = self.graph.outgoing(key) if key in self.graph else ()
            moved.update(edge for edge in wires if edge in self._wires and self._write_shape(edge))
        while self._bent and time.perf_counter() < until:
            edge = self._bent.pop()
            if edge in self._wires and edge in self._order:
                self._draw_edge(edge)
                moved.add(edge)
        while self._winding and time.perf_counter() < until:
            edge = self._winding.pop()
            if edge in self._wires and edge in self._order and self._draw_edge(edge):
                moved.add(edge)
        space_texts(self.graph, self._order, self._wires, moved)

    @property
    def _order(self) -> dict[Edge, int]:
        """The place of each edge in the graph."""
        edges = self.graph.edges
        if self._ordered[0] is not edges:
            self._ordered = edges, {edge: place for place, edge in enumerate(edges)}
        return self._ordered[1]

    def _reordered(self) -> set[Edge]:
        """The wires that stayed, but have another place among each other: shapes give way to those before them."""
        (old, places), new = self._ordered, self.graph.edges
        if old is new:
            return set()
        stayed = set(new)
        before = [edge for edge in old if edge in stayed]
        now = [edge for edge in new if edge in places]
        return {edge for edge, other in zip(before, now, strict=True) if edge != other}

    def _refresh(self, node_id: str) -> None:
        known, layout = self.document.inference, self.document.layout
        fill_card(self._cards[node_id], known, layout, self._theme, linked=node_id in self._shared)

    def _write_shape(self, edge: Edge) -> bool:
        """Write the shape on a wire; whether that is another than before."""
        item = self._wires[edge]
        shape = self.document.inference.shape(edge.source, edge.output)
        text = "" if shape is None else show_shape(shape)
        changed = text != item.text
        if changed:
            item.set_text(text)
        giver, taker = self.graph[edge.source].layer, self.graph[edge.target].layer
        several = len(giver.output_names) > 1 or taker.port_name(edge.port)
        item.setToolTip(": ".join(filter(None, (wire_ends(self.graph, edge), text))) if several else "")
        return changed

    def _draw_edge(self, edge: Edge) -> bool:
        """Draw a wire along its way; whether that is another than before."""
        start = self._cards[edge.source].port_place(("out", edge.output))
        end = self._cards[edge.target].port_place(("in", edge.port))
        lane = find_lane(start, end, self._ground)
        if lane is None:
            self._loose.discard(edge)
        else:
            self._loose.add(edge)
        return self._wires[edge].set_ends(start, end, lane)

    def _reroute(self) -> None:
        """Cards may have come between, so long wires look for their way again."""
        if self._shifted:
            self._shifted = False
            self._winding.update(edge for edge in self._wires if self._is_long(edge))

    def _is_long(self, edge: Edge) -> bool:
        places = self._ground.places
        down = places[edge.target][1] - places[edge.source][1] - CARD_HEIGHT
        return is_long(down) or edge in self._loose
