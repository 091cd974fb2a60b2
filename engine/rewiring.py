"""Edits of the wires around nodes: taking nodes out of a chain, and closing the gap that they leave."""

from __future__ import annotations

from collections.abc import Iterable

from engine.graph import Graph


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
