"""Taking many nodes out of a graph, one after the other, at the price of the wires that they have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import UnknownNodeError

if TYPE_CHECKING:
    from engine.graph import Edge, Node


class Removal:
    """What is left of nodes and edges; edges keep their places, in order, while others go."""

    def __init__(self, nodes: Mapping[str, Node], edges: Sequence[Edge]) -> None:
        self.nodes = dict(nodes)
        self._edges = dict(enumerate(edges))
        self._into: defaultdict[str, list[int]] = defaultdict(list)
        self._out: defaultdict[str, list[int]] = defaultdict(list)
        self._linked: defaultdict[str, list[str]] = defaultdict(list)
        for place, edge in self._edges.items():
            self._into[edge.target].append(place)
            self._out[edge.source].append(place)
        for node in nodes.values():
            if node.shares is not None:
                self._linked[node.shares].append(node.id)

    @property
    def edges(self) -> tuple[Edge, ...]:
        return tuple(self._edges.values())

    def take(self, node_id: str, heal: bool) -> None:
        """Without a node and its wires; `heal` joins what a chain had joined there."""
        if node_id not in self.nodes:
            raise UnknownNodeError(f"There is no node {node_id!r}.")
        self._bequeath(self.nodes.pop(node_id))
        before, after = self._into.pop(node_id, []), self._out.pop(node_id, [])
        targets = {self._edges[place].target for place in after}
        if heal and len(before) == 1:
            self._join(self._edges[before[0]], after)
        else:
            self._cut(after)
        for place in before:
            self._out[self._edges.pop(place).source].remove(place)
        for target in targets:
            self._close_gaps(target)

    def _bequeath(self, node: Node) -> None:
        """The first node that is linked to an owner takes over its weights."""
        if node.shares is not None:
            self._linked[node.shares].remove(node.id)
            return
        heirs = self._linked.pop(node.id, [])
        for key in heirs:
            self.nodes[key] = replace(self.nodes[key], shares=None if key == heirs[0] else heirs[0])
        if heirs:
            self._linked[heirs[0]] = heirs[1:]

    def _join(self, giver: Edge, places: Iterable[int]) -> None:
        joined = {self._edges[place].target for place in self._out[giver.source]}
        for place in places:
            edge = self._edges[place]
            if edge.target in joined:
                self._cut([place])
            else:
                self._edges[place] = replace(edge, source=giver.source, output=giver.output)
                self._out[giver.source].append(place)

    def _cut(self, places: Iterable[int]) -> None:
        for place in places:
            self._into[self._edges.pop(place).target].remove(place)

    def _close_gaps(self, node_id: str) -> None:
        """Renumber the ports of a layer that takes any number of inputs, so that none is skipped."""
        if node_id in self.nodes and self.nodes[node_id].layer.max_inputs is None:
            places = sorted(self._into[node_id], key=lambda place: self._edges[place].port)
            for port, place in enumerate(places):
                self._edges[place] = replace(self._edges[place], port=port)
