"""What is wrong with a graph, and the ways out of it that one click takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from engine.graph import Edge, Graph, Node
from engine.repairs import InsertBefore, InsertEach, Repair, SetField
from engine.shapes import show_shape

if TYPE_CHECKING:
    from engine.project import DataSettings


@dataclass(frozen=True)
class Fix:
    """A way out of a problem that the user can take with one click."""

    text: str
    edit: Callable[[Graph], Graph] = field(default=lambda graph: graph, compare=False)
    data: Callable[[DataSettings], DataSettings] | None = field(default=None, compare=False)
    """Where the data is changed rather than the graph: how."""


@dataclass(frozen=True)
class Problem:
    """What is wrong, where, and what can be done. Warnings leave the graph able to train.

    `node` is None for a problem of the whole graph, `field` names the setting at fault if one is.
    """

    node: str | None
    message: str
    field: str | None = None
    fixes: tuple[Fix, ...] = ()
    severity: Literal["error", "warning"] = "error"


def fix_of(node: Node, edges: tuple[Edge, ...], repair: Repair) -> Fix:
    """The way out that a layer knows, as an edit of the graph it stands in."""
    if isinstance(repair, SetField):
        value = repair.value
        shown = show_shape(value) if isinstance(value, tuple) else value
        return set_field(node.id, repair.field, value, f"Set {repair.field} to {shown}")
    if isinstance(repair, InsertBefore):
        ports = range(len(edges)) if repair.port is None else (repair.port,)
        repair = InsertEach(tuple((port, repair.layer) for port in ports), repair.to)
    return insertion(node, edges, repair)


def insertion(node: Node, edges: tuple[Edge, ...], repair: InsertEach) -> Fix:
    """Layers in front of a node, on the wires that lead to it."""

    def insert(graph: Graph) -> Graph:
        for port, layer in repair.layers:
            graph = graph.insert(graph.new_node(layer), edges[port])
        return graph

    names = " and ".join(dict.fromkeys(layer.type_name() for _, layer in repair.layers))
    if repair.to:
        return Fix(f"Insert {names} to {show_shape(repair.to)} before {node.name}", insert)
    return Fix(f"Insert {names} before {node.name}", insert)


def set_field(node_id: str, name: str, value: object, text: str) -> Fix:
    return Fix(text, lambda graph: graph.set_layer(node_id, graph[node_id].layer.replace(**{name: value})))
