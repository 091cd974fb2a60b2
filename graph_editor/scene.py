"""The scene: the graph as cards and wires, which of them are selected, and what lies where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from PySide6.QtCore import QObject, QPointF, QRectF, Signal

from engine.graph import Edge
from engine.layout import Position
from graph_editor.canvas_item import CanvasItem
from graph_editor.document import ProjectDocument
from graph_editor.edge_item import EdgeItem
from graph_editor.items import NodeItem
from graph_editor.mirror import GraphMirror
from graph_editor.ports import Port
from graph_editor.remarks import Remarks
from graph_editor.shared_lines import SharedLines
from graph_editor.theme import Theme
from graph_editor.wiring import Fit


class GraphScene(GraphMirror):
    """Shows a document, and knows what of it is selected."""

    nodes_selected = Signal(object)
    """Identifiers of the selected nodes (a tuple)."""

    def __init__(
        self, document: ProjectDocument, parent: QObject | None = None, theme: Theme | None = None
    ) -> None:
        super().__init__(document, parent, theme)
        self._last_selected: tuple[str, ...] = ()
        self._quiet = False
        self._hovered: str | None = None
        self.remarks = Remarks(self)
        self._shared_lines = SharedLines(self.theme)
        self._lit: EdgeItem | None = None
        self.selectionChanged.connect(self._tell_selection)
        document.project_changed.connect(self._tell_selection)  # some of it may be gone
        self.nodes_selected.connect(self._show_shared)
        document.project_changed.connect(self._show_shared)
        self.card_hovered.connect(self._hover)

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

    def select(self, node_ids: Iterable[str], edges: Iterable[Edge] = (), remarks: Iterable[str] = ()) -> None:
        """Select these and nothing else."""
        nodes, wires = set(node_ids), set(edges)
        self._quiet = True
        cards, lines = self.node_items, self.edge_items
        wanted = {cards[key] for key in nodes if key in cards} | {lines[edge] for edge in wires if edge in lines}
        chosen = {item for item in self.selectedItems() if isinstance(item, CanvasItem)}
        for item in chosen - wanted:
            item.setSelected(False)
        for item in wanted - chosen:
            item.setSelected(True)
        self.remarks.select(remarks)
        self._quiet = False
        self._tell_selection()

    def _tell_selection(self) -> None:
        if self._quiet:
            return
        chosen = self.selected_nodes()
        if chosen != self._last_selected:
            self._last_selected = chosen
            self.nodes_selected.emit(chosen)

    # Shared weights

    def _hover(self, node_id: str | None) -> None:
        self._hovered = node_id
        self._show_shared()

    def _show_shared(self) -> None:
        """Draw lines between the cards that share weights with a selected one, or with that under the pointer."""
        looked_at = self._shared.intersection((*self._last_selected, self._hovered or ""))
        shown = bool(self._shared_lines.families)
        if not looked_at and not shown:
            return
        families = {self.graph.linked(key) for key in looked_at if key in self.graph}
        lying = self._ground.places  # of all cards, also of those that are still to be made
        places = [[QPointF(*lying[key]) for key in family if key in lying] for family in families]
        self._shared_lines.show_families(places, self.theme)
        if places and not shown:
            self.addItem(self._shared_lines)
        elif shown and not places:
            self.removeItem(self._shared_lines)

    def restyle(self) -> None:
        super().restyle()
        self.remarks.refresh()

    def content_rect(self) -> QRectF:
        """The rectangle around all cards, notes and frames; empty where there are none."""
        known: Remarks | None = self.__dict__.get("remarks")  # the base asks before there are any
        return super().content_rect() if known is None else super().content_rect().united(known.rect())

    def place(self, positions: Mapping[str, Position]) -> None:
        super().place(positions)
        self._show_shared()

    # Finding

    def node_at(self, pos: QPointF) -> NodeItem | None:
        """The card at a place of the scene."""
        found = (item for item in self.items(pos) if isinstance(item, NodeItem))
        return next((item for item in found if item.covers(pos)), None)

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

    # While a wire or a card is dragged

    def show_fits(
        self, fits: Mapping[str, Fit] | None, origin: str | None = None, side: Literal["in", "out"] = "in"
    ) -> None:
        """Let the cards that a wire may end at stand out; None ends that."""
        for key, item in self.node_items.items():
            fit = None if fits is None else fits.get(key)
            item.set_fit(fit, fits is not None and fit is None and key != origin, side)

    def light_edge(self, item: EdgeItem | None) -> None:
        """Let one wire stand out as the place to drop on."""
        if item is not self._lit:
            for wire, lit in (self._lit, False), (item, True):
                if wire is not None:
                    wire.set_lit(lit)
            self._lit = item
