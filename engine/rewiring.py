"""Edits of what joins nodes: taking them out of a chain and closing the gap, sharing weights and ending that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from engine.graph import Graph
from engine.layer import Layer, Weighted


def healed(graph: Graph, node_ids: Iterable[str]) -> Graph:
    """Without some nodes; what a chain of them had joined stays joined, unless that would double a wire."""
    gone = tuple(node_ids)
    joined = graph.remove(*gone, heal=True)
    doubled = len({(edge.source, edge.target) for edge in joined.edges}) < len(joined.edges)
    return graph.remove(*gone) if doubled else joined


def taken_out(graph: Graph, node_ids: Iterable[str]) -> Graph:
    """With some nodes beside the others, wired only among themselves; the gap is closed where it can be."""
    chosen = set(node_ids)
    left = healed(graph, (key for key in graph.nodes if key in chosen))
    return Graph(graph.nodes, (*left.edges, *graph.part(chosen).edges))


# Shared weights


def can_share(layer: Layer) -> bool:
    """Whether there are weights that another node could use."""
    return isinstance(layer, Weighted) and layer.max_inputs != 0 and layer.has_output


def with_linked_copy(graph: Graph, node_ids: Iterable[str]) -> tuple[Graph, dict[str, str]]:
    """With a copy of some nodes that uses their weights; also which node each of them was copied to."""
    merged, ids = graph.merge(graph.part(node_ids))
    nodes = dict(merged.nodes)
    for old, new in ids.items():
        owner = graph.owner(old)
        shares = owner.id if can_share(owner.layer) else None
        nodes[new] = replace(nodes[new], shares=shares)
    return Graph(MappingProxyType(nodes), merged.edges), ids


def independent(graph: Graph, node_ids: Iterable[str]) -> Graph:
    """With weights of their own for some nodes; the others of those that shared them go on doing so."""
    nodes = dict(graph.nodes)
    for key in node_ids:
        followers = [node for node in nodes.values() if node.shares == key]
        for node in followers:
            nodes[node.id] = replace(node, shares=None if node is followers[0] else followers[0].id)
        nodes[key] = replace(nodes[key], shares=None)
    return graph if nodes == dict(graph.nodes) else Graph(MappingProxyType(nodes), graph.edges)
