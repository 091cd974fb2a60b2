"""Where cards go: automatic layout of a whole graph, and a place for a card that has none."""

from __future__ import annotations

from engine.graph import Graph
from engine.project import Layout, Position


def arrange(graph: Graph) -> dict[str, Position]:
    """A place for every node of a graph, flowing from top to bottom."""
    return {key: (0.0, 110.0 * index) for index, key in enumerate(graph.order)}


def place_missing(graph: Graph, layout: Layout) -> Layout:
    """The layout with a place for each node that has none; the very same layout where all have one."""
    missing = [key for key in graph.order if key not in layout.positions]
    if not missing:
        return layout
    found = arrange(graph)
    return layout.moved({key: found[key] for key in missing})
