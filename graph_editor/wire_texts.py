"""Shapes on wires that give way to each other."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from engine.graph import Edge, Graph
from graph_editor.edge_item import EdgeItem


def space_texts(graph: Graph, order: Mapping[Edge, int], wires: Mapping[Edge, EdgeItem], moved: set[Edge]) -> None:
    """Let no shape lie on that of a wire before it, in this order, that begins or ends at the same card.

    `moved` are the wires that lie elsewhere or say something else than before; others are looked at only as far as
    these push them aside.
    """
    waiting = [(order[edge], edge) for edge in moved if edge in wires]
    heapq.heapify(waiting)
    last = -1
    while waiting:
        place, edge = heapq.heappop(waiting)
        if place == last:
            continue
        last, wire = place, wires[edge]
        beside = {*graph.outgoing(edge.source), *graph.incoming(edge.target)}
        others = [(order[other], other) for other in beside if other in wires]
        before = wire.pill
        wire.place_text([wires[other].pill for number, other in others if number < place])
        if wire.pill != before or edge in moved:
            for other in others:
                if other[0] > place:
                    heapq.heappush(waiting, other)
