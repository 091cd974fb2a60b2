"""What may be wired to what, fast enough to be asked while the pointer moves, and what would come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.errors import GraphError
from engine.graph import Edge, Graph
from engine.inference import Inference, infer
from engine.shapes import show_shape
from graph_editor.captions import output_name


@dataclass(frozen=True)
class Advice:
    """Whether a wire can be drawn, and why not or what follows from it."""

    verdict: Literal["yes", "doubtful", "no"]
    text: str
    edge: Edge | None = None


def fitting_targets(graph: Graph, source: str) -> frozenset[str]:
    """The nodes that a wire from this one may end at; says of each what `Graph.can_connect` says."""
    if not graph[source].layer.has_output:
        return frozenset()
    barred = graph.ancestors([source])
    return frozenset(key for key in graph.nodes if key not in barred and graph.free_port(key) is not None)


def fitting_sources(graph: Graph, target: str) -> frozenset[str]:
    """The nodes that a wire to this one may start from."""
    if graph.free_port(target) is None:
        return frozenset()
    barred = graph.descendants([target])
    return frozenset(key for key, node in graph.nodes.items() if key not in barred and node.layer.has_output)


def advise(graph: Graph, known: Inference, source: str, target: str, port: int | None, output: int = 0) -> Advice:
    """Whether a wire would hold, and the shape or the problem that it would bring."""
    if graph[target].layer.max_inputs is None and port in {e.port for e in graph.incoming(target)}:
        port = None  # a layer that takes any number of wires takes one more wherever it is dropped
    try:
        edge = graph.check_connect(source, target, port, output)
        after = graph.connect(source, target, port, output)
    except GraphError as error:
        return Advice("no", str(error))
    facts = infer(after, known)[target]
    errors = [problem.message for problem in facts.problems if problem.severity == "error"]
    if errors and len(after.incoming(target)) >= graph[target].layer.min_inputs:
        return Advice("doubtful", errors[0], edge)
    given = "" if facts.shape is None else f": {show_shape(facts.shape)}"
    return Advice("yes", f"{wire_ends(graph, edge)}{given}", edge)


def wire_ends(graph: Graph, edge: Edge) -> str:
    """What a wire joins, as far as it is not plain to see: "state_h of lstm to query of attention"."""
    giver, taker = graph[edge.source], graph[edge.target]
    port, output = taker.layer.port_name(edge.port), output_name(giver.layer, edge.output)
    end = f"{port} of {taker.name}" if port else taker.name
    return f"{output} of {giver.name} to {end}" if output else end


def can_insert(graph: Graph, node_id: str, edge: Edge) -> bool:
    """Whether a card without wires could sit on a wire."""
    if graph.incoming(node_id) or graph.outgoing(node_id):
        return False
    try:
        graph.insert(graph[node_id], edge)
    except GraphError:
        return False
    return True
