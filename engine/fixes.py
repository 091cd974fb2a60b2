"""What is wrong with a graph, and the ways out of it that one click takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from engine.graph import Edge, Graph, Node
from engine.repairs import InsertBefore, Repair, SetField
from engine.shapes import show_shape


@dataclass(frozen=True)
class Fix:
    """A way out of a problem that the user can take with one click."""

    text: str
    edit: Callable[[Graph], Graph] = field(compare=False)


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
    if isinstance(repair, SetField):
        value = repair.value
        return Fix(
            f"Set {repair.field} to {value}",
            lambda graph: graph.set_layer(node.id, graph[node.id].layer.replace(**{repair.field: value})),
        )
    return insertion(node, edges, (repair,))


def insertion(node: Node, edges: tuple[Edge, ...], repairs: tuple[InsertBefore, ...]) -> Fix:
    def insert(graph: Graph) -> Graph:
        for repair in repairs:
            for place, edge in enumerate(edges):
                if repair.port in (None, place):
                    graph = graph.insert(graph.new_node(repair.layer), edge)
        return graph

    layer = repairs[0].layer
    settings = layer.model_dump(exclude_defaults=True)
    detail = " to " + show_shape(settings["target_shape"]) if "target_shape" in settings else ""
    return Fix(f"Insert {layer.type_name()}{detail} before {node.name}", insert)


def combined(fixes: tuple[Fix, ...], repairs: tuple[Repair, ...]) -> tuple[Fix, ...]:
    """Several insertions that belong together (a Flatten on each branch) are one fix."""
    insertions = tuple(repair for repair in repairs if isinstance(repair, InsertBefore))
    if len(insertions) < 2 or any(repair.layer != insertions[0].layer for repair in insertions):
        return fixes

    def apply_all(graph: Graph) -> Graph:
        for fix in fixes:
            graph = fix.edit(graph)
        return graph

    return (Fix(fixes[0].text, apply_all),)


def set_field(node_id: str, name: str, value: object, text: str) -> Fix:
    return Fix(text, lambda graph: graph.set_layer(node_id, graph[node_id].layer.replace(**{name: value})))
