"""A part of a graph several times in a row: copies wired one after another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.errors import GraphError
from engine.graph import Edge, Graph
from engine.inference import infer
from engine.layers.core import Input, Output


@dataclass(frozen=True)
class _Ends:
    """Where the one wire into a part is plugged in, and the one output that leads out of it."""

    entries: tuple[tuple[str, int], ...]
    exit: tuple[str, int]


def repeated(graph: Graph, node_ids: Iterable[str], count: int) -> tuple[Graph, tuple[dict[str, str], ...]]:
    """With a part `count` times in a row, itself included; also where its nodes went, for each copy.

    What followed the part follows the last copy. Raises `GraphError` where the copies cannot follow one another.
    """
    wanted = set(node_ids)
    chosen = [node.id for node in graph if node.id in wanted and not isinstance(node.layer, Input | Output)]
    if not chosen:
        raise GraphError("Select the layers to be repeated: Inputs and Outputs are there once.")
    ends, part = _ends(graph, set(chosen)), graph.part(chosen, close_gaps=False)
    after = [edge for edge in graph.edges if edge.source in chosen and edge.target not in chosen]
    made = Graph(graph.nodes, tuple(edge for edge in graph.edges if edge not in after))
    copies: list[dict[str, str]] = []
    last = ends.exit
    for _ in range(count - 1):
        made, ids = made.merge(part)
        wires = (Edge(last[0], ids[target], port, last[1]) for target, port in ends.entries)
        made = Graph(made.nodes, (*made.edges, *wires))
        last = (ids[ends.exit[0]], ends.exit[1])
        copies.append(ids)
    made = Graph(made.nodes, (*made.edges, *(replace(e, source=last[0], output=last[1]) for e in after)))
    _check(made, copies)
    return made, tuple(copies)


def _ends(graph: Graph, chosen: set[str]) -> _Ends:
    inward = [edge for key in graph.order if key in chosen for edge in graph.incoming(key)]
    inward = [edge for edge in inward if edge.source not in chosen]
    if len({(edge.source, edge.output) for edge in inward}) > 1:
        raise GraphError("More than one wire leads into these layers, so that copies cannot follow one another.")
    entries = [(edge.target, edge.port) for edge in inward]
    if not inward:
        heads = [key for key in graph.order if key in chosen and not graph.incoming(key)]
        entries = [(key, 0) for key in heads if graph[key].layer.max_inputs != 0]
    outward = {(e.source, e.output) for e in graph.edges if e.source in chosen and e.target not in chosen}
    if not outward:
        tails = (key for key in graph.order if key in chosen and not graph.outgoing(key))
        outward = {(key, 0) for key in tails if graph[key].layer.has_output}
    if len(outward) != 1 or not entries:
        raise GraphError("Copies follow one another only where one output leads out of these layers.")
    return _Ends(tuple(entries), outward.pop())


def _check(graph: Graph, copies: Iterable[dict[str, str]]) -> None:
    known = infer(graph)
    for ids in copies:
        for key in ids.values():
            for problem in known[key].problems:
                if problem.severity == "error":
                    raise GraphError(f"The copies do not fit one after another: {problem.message}")
