"""What may be wired to what, fast enough to be asked while the pointer moves, and what would come of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QCoreApplication

from engine.errors import GraphError
from engine.graph import Edge, Graph
from engine.inference import Inference, infer, takes
from engine.shapes import Shape, show_shape
from graph_editor.captions import output_name
from graph_editor.words import error_said, said


@dataclass(frozen=True)
class Advice:
    """Whether a wire can be drawn, and why not or what follows from it."""

    verdict: Literal["yes", "doubtful", "no"]
    text: str
    edge: Edge | None = None
    more: tuple[Edge, ...] = ()
    """The wires from other cards that are drawn together with this one."""

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All wires that would be drawn."""
        return () if self.edge is None else (self.edge, *self.more)


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


def merging_targets(graph: Graph, sources: Sequence[str]) -> frozenset[str]:
    """The nodes that take a wire from each of several."""
    fits = frozenset.intersection(*(fitting_targets(graph, source) for source in sources))
    return frozenset(key for key in fits if _room(graph, key) >= len(sources))


def _room(graph: Graph, node_id: str) -> float:
    """How many wires a node still takes."""
    limit = graph[node_id].layer.max_inputs
    return math.inf if limit is None else limit - len(graph.incoming(node_id))


Fit = Literal["fits", "doubtful"]
"""Whether a wire may end at a card: doubtful where the shape does not suit what the card has already."""


def fits_below(graph: Graph, known: Inference, sources: Sequence[tuple[str, int]]) -> dict[str, Fit]:
    """The nodes that wires from all of these may end at."""
    shapes = [known.shape(*source) for source in sources]
    tried: dict[tuple[object, ...], bool] = {}
    found: dict[str, Fit] = {}
    for key in merging_targets(graph, [source for source, _ in sources]):
        found[key] = "fits" if _suits(graph, known, key, shapes, tried) else "doubtful"
    return found


def fits_above(graph: Graph, known: Inference, target: str) -> dict[str, Fit]:
    """The nodes that a wire to this one may start from."""
    tried: dict[tuple[object, ...], bool] = {}
    found: dict[str, Fit] = {}
    for key in fitting_sources(graph, target):
        outputs = range(len(graph[key].layer.output_names))
        suits = any(_suits(graph, known, target, [known.shape(key, output)], tried) for output in outputs)
        found[key] = "fits" if suits else "doubtful"
    return found


def _suits(
    graph: Graph,
    known: Inference,
    target: str,
    given: Sequence[Shape | None],
    tried: dict[tuple[object, ...], bool],
) -> bool:
    """Whether a node can do with more inputs of these shapes; what cannot be said counts as yes."""
    node, edges = graph[target], graph.incoming(target)
    before = [known.shape(edge.source, edge.output) for edge in edges]
    inputs = tuple(shape for shape in (*before, *given) if shape is not None)
    in_order = all(edge.port == port for port, edge in enumerate(edges))
    unknown = len(inputs) < len(before) + len(given) or len(inputs) < node.layer.min_inputs or not in_order
    if unknown or node.layer.trouble is not None:
        return True
    asked = (id(node.kind), inputs)
    if asked not in tried:
        tried[asked] = takes(node.layer, inputs)
    return tried[asked]


def advise_all(graph: Graph, known: Inference, sources: Sequence[tuple[str, int]], target: str) -> Advice:
    """Whether wires from several cards to one would hold, and what would come of them."""
    taker = graph[target]
    if target not in (source for source, _ in sources) and _room(graph, target) < len(sources):
        text = _tr("{0} does not take so many wires: let go in the open to merge them.").format(taker.name)
        return Advice("no", text)
    edges: list[Edge] = []
    try:
        for source, output in sources[:-1]:
            edges.append(graph.check_connect(source, target, None, output))
            graph = graph.connect(source, target, None, output)
    except GraphError as error:
        return Advice("no", error_said(error))
    last = advise(graph, infer(graph, known), sources[-1][0], target, None, sources[-1][1])
    if last.edge is None:
        return last
    shape = infer(graph.connect(last.edge.source, target, last.edge.port, last.edge.output), known)[target].shape
    text = _tr("{0} layers to {1}").format(len(sources), taker.name)
    told = last.text if last.verdict == "doubtful" else text if shape is None else f"{text}: {show_shape(shape)}"
    return Advice(last.verdict, told, edges[0], (*edges[1:], last.edge))


def _tr(text: str, meaning: str = "") -> str:
    return QCoreApplication.translate("Wiring", text, meaning)


def advise(graph: Graph, known: Inference, source: str, target: str, port: int | None, output: int = 0) -> Advice:
    """Whether a wire would hold, and the shape or the problem that it would bring."""
    if graph[target].layer.max_inputs is None and port in {e.port for e in graph.incoming(target)}:
        port = None  # a layer that takes any number of wires takes one more wherever it is dropped
    try:
        edge = graph.check_connect(source, target, port, output)
        after = graph.connect(source, target, port, output)
    except GraphError as error:
        return Advice("no", error_said(error))
    facts = infer(after, known)[target]
    errors = [problem.message for problem in facts.problems if problem.severity == "error"]
    if errors and len(after.incoming(target)) >= graph[target].layer.min_inputs:
        return Advice("doubtful", said(errors[0]), edge)
    given = "" if facts.shape is None else f": {show_shape(facts.shape)}"
    return Advice("yes", f"{wire_ends(graph, edge)}{given}", edge)


def wire_ends(graph: Graph, edge: Edge) -> str:
    """What a wire joins, as far as it is not plain to see: "state_h of lstm to query of attention"."""
    giver, taker = graph[edge.source], graph[edge.target]
    port, output = taker.layer.port_name(edge.port), output_name(giver.layer, edge.output)
    end = _tr("{0} of {1}", "a port of a layer").format(port, taker.name) if port else taker.name
    if not output:
        return end
    return _tr("{0} to {1}").format(_tr("{0} of {1}", "a port of a layer").format(output, giver.name), end)


def can_insert(graph: Graph, node_id: str, edge: Edge) -> bool:
    """Whether a card with a free input or a free output could sit on a wire of other cards."""
    if node_id in (edge.source, edge.target) or (graph.incoming(node_id) and graph.outgoing(node_id)):
        return False
    try:
        graph.insert(graph[node_id], edge)
    except GraphError:
        return False
    return True
