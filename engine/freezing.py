"""Layers whose weights training leaves as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from engine.graph import Graph
from engine.layer import Weighted


def freezable(graph: Graph, node_ids: Iterable[str]) -> tuple[str, ...]:
    """The owners of the weights of some nodes, those without any left out."""
    owners = dict.fromkeys(graph.owner(key).id for key in node_ids)
    return tuple(key for key in owners if isinstance(graph[key].layer, Weighted))


def is_frozen(graph: Graph, node_id: str) -> bool:
    """Whether training leaves the weights of a node as they are."""
    layer = graph.owner(node_id).layer
    return isinstance(layer, Weighted) and not layer.trainable


def any_frozen(graph: Graph) -> bool:
    """Whether training leaves the weights of some node as they are."""
    return any(is_frozen(graph, node.id) for node in graph)


def with_trainable(graph: Graph, node_ids: Iterable[str], trainable: bool) -> Graph:
    """The graph with some layers frozen, or trained again."""
    for key in freezable(graph, node_ids):
        layer = graph[key].layer
        assert isinstance(layer, Weighted)
        if layer.trainable != trainable:
            graph = graph.set_layer(key, layer.replace(trainable=trainable))
    return graph


def before(graph: Graph, node_ids: Collection[str]) -> tuple[str, ...]:
    """The layers that can be frozen of all that some nodes depend on, themselves left out."""
    chosen, found = set(freezable(graph, node_ids)), graph.ancestors(node_ids) - set(node_ids)
    earlier = freezable(graph, [key for key in graph.order if key in found])
    return tuple(key for key in earlier if key not in chosen)
