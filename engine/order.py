"""The order that Keras gives the layers of a functional model: files are read and written in it."""

from __future__ import annotations

from collections.abc import Iterator

from engine.graph import Edge, Graph
from engine.splitting import split


def keras_order(graph: Graph, outputs: list[str]) -> list[str]:
    """Owners by their depth below the outputs, then in the order of a walk up from these, as Keras has them.

    A formula is as deep as it has operations. See `map_graph` in keras/src/ops/function.py.
    """
    found = _order(split(graph), outputs)
    return [key for key in found if key in graph and graph[key].shares is None]


def _order(graph: Graph, outputs: list[str]) -> list[str]:
    finished, first = _walk(graph, outputs)
    depths: dict[str, int] = {}
    layer_depths: dict[str, int] = {}
    for node_id in reversed(finished):
        owner = graph.owner(node_id).id
        depth = max(depths.get(node_id, 0), layer_depths.get(owner, 0))
        depths[node_id] = layer_depths[owner] = depth
        for edge in graph.incoming(node_id):
            depths[edge.source] = max(depth + 1, depths.get(edge.source, 0))
    return sorted(layer_depths, key=lambda owner: (-layer_depths[owner], first[owner]))


def _walk(graph: Graph, outputs: list[str]) -> tuple[list[str], dict[str, int]]:
    """Nodes, each after those it depends on, and for each owner when it was first met."""
    finished: dict[str, None] = {}
    first: dict[str, int] = {}

    def enter(node_id: str) -> tuple[str, Iterator[Edge]]:
        first.setdefault(graph.owner(node_id).id, len(first))
        return node_id, iter(graph.incoming(node_id))

    for output in outputs:
        stack = [] if output in finished else [enter(output)]
        while stack:
            node_id, edges = stack[-1]
            source = next((edge.source for edge in edges if edge.source not in finished), None)
            if source is None:
                finished[node_id] = None
                stack.pop()
            else:
                stack.append(enter(source))
    return list(finished), first
