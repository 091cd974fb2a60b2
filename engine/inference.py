"""Shapes, parameter counts and problems of a whole graph, in plain Python and only where an edit reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from engine.errors import ShapeError
from engine.fixes import Problem, fix_of
from engine.graph import Graph, Node
from engine.layer import Content, Layer, Weighted, holders
from engine.layers.core import Input, Output
from engine.output_problems import output_problems
from engine.problems import (
    channels_first,
    graph_problems,
    loose_end,
    mask_problems,
    missing_input,
    sharing_problems,
    skipped_input,
    stateful_problems,
    text_problems,
)
from engine.shapes import Shape
from engine.weights import Weight


@dataclass(frozen=True)
class NodeFacts:
    """What is known of a node: the shapes it gives (none where they are unknown), its weights, its problems."""

    inputs: tuple[Shape, ...] = ()
    shapes: tuple[Shape, ...] = ()
    weights: tuple[Weight, ...] = ()
    problems: tuple[Problem, ...] = ()
    waiting: bool = False
    """True where the shape is unknown because something before it is."""
    content: Content = "numbers"
    """What the node gives."""
    early: bool = False
    """Whether the node can be computed before training begins: nothing up to it learns or is random."""
    any_batch: bool = True
    """Whether an Input up to the node leaves open how many samples a batch has."""
    masked: tuple[int, ...] = ()
    """The outputs that come with a mask, of places that are not to count."""

    @property
    def shape(self) -> Shape | None:
        """The shape of the first output."""
        return self.shapes[0] if self.shapes else None

    @cached_property
    def flow(self) -> tuple[object, ...]:
        """All that matters to the nodes behind this one."""
        return self.shapes, self.content, self.early, self.any_batch, self.masked

    @cached_property
    def parameters(self) -> int:
        return sum(weight.size for weight in self.weights)

    @cached_property
    def trainable_parameters(self) -> int:
        return sum(weight.size for weight in self.weights if weight.trainable)


@dataclass(frozen=True)
class Inference:
    """The facts of every node of a graph."""

    graph: Graph
    facts: Mapping[str, NodeFacts] = field(default_factory=dict[str, NodeFacts])

    def __getitem__(self, node_id: str) -> NodeFacts:
        return self.facts[node_id]

    def shape(self, node_id: str, output: int = 0) -> Shape | None:
        """The shape that an output of a node gives, None where it is not known."""
        shapes = self.facts[node_id].shapes
        return shapes[output] if output < len(shapes) else None

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, those of the whole graph first."""
        return (
            *graph_problems(self.graph),
            *(p for key in self.graph.order for p in self.facts[key].problems),
        )

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @cached_property
    def parameters(self) -> int:
        """Parameters of the whole graph; shared weights count once."""
        return sum(self.facts[node.id].parameters for node in self.graph if node.shares is None)

    @cached_property
    def trainable_parameters(self) -> int:
        return sum(self.facts[node.id].trainable_parameters for node in self.graph if node.shares is None)


def infer(graph: Graph, previous: Inference | None = None) -> Inference:
    """Shapes, weights and problems of a graph; from `previous`, what an edit did not reach is kept as it was.

    What it did reach is worked out once for all nodes that are alike: large networks repeat themselves.
    """
    facts: dict[str, NodeFacts] = {}
    kept = previous.facts if previous is not None else {}
    touched = _touched(graph, previous) if previous is not None else set[str]()
    alike: dict[tuple[int, ...], tuple[NodeFacts, int]] = {}
    flows: dict[tuple[object, ...], int] = {}  # a number for each: quicker to compare than what it is made of
    numbers: dict[str, int] = {}
    nodes = graph.nodes
    for node_id, before, behind in graph.steps:
        old = kept.get(node_id)
        if old is not None and node_id not in touched:
            facts[node_id] = old
            continue
        node = nodes[node_id]
        key = [id(node.kind), not behind]
        for source, output, port in before:
            number = numbers.get(source)
            if number is None:
                flow = facts[source].flow
                number = numbers[source] = flows.setdefault(flow, len(flows))
            key += number, id(nodes[source].kind), output, port
        known = alike.get(tuple(key))
        if known is not None:
            new, numbers[node_id] = known
        else:
            new = _facts(graph, node, facts)
            # A problem names its node, and an Output looks far back.
            if not new.problems and not isinstance(node.layer, Output):
                numbers[node_id] = flows.setdefault(new.flow, len(flows))
                alike[tuple(key)] = new, numbers[node_id]
        if old is not None and old.flow == new.flow and old == new:
            facts[node_id] = old
        else:
            facts[node_id] = new
            touched.update(behind)
    for node in graph.sharing:  # an owner of shared weights may come after the nodes that are linked to it
        if found := sharing_problems(graph, node, facts):
            facts[node.id] = replace(facts[node.id], problems=(*facts[node.id].problems, *found))
    return Inference(graph, facts)


def _touched(graph: Graph, previous: Inference) -> set[str]:
    """The nodes that an edit reached by itself, whatever follows for those behind them."""
    before = previous.graph
    touched = {key for key, node in graph.nodes.items() if before.nodes.get(key) is not node}
    for key in tuple(touched):  # a message may name the node before
        touched.update([edge.target for edge in graph.outgoing(key)])
    if graph.edges is not before.edges:
        for key in graph.nodes:
            if key in before and (
                graph.incoming(key) != before.incoming(key)
                or bool(graph.outgoing(key)) != bool(before.outgoing(key))
            ):
                touched.add(key)
    if touched:  # the fixes of an Output may name nodes far back
        touched.update(node.id for node in graph.of_type(Output) if _has_problems(previous, node.id))
    touched.update(node.id for node in graph.sharing if _has_problems(previous, node.id))
    return touched


def _has_problems(known: Inference, node_id: str) -> bool:
    return node_id in known.facts and bool(known.facts[node_id].problems)


def _facts(graph: Graph, node: Node, facts: Mapping[str, NodeFacts]) -> NodeFacts:
    edges = graph.incoming(node.id)
    layer = node.layer
    if len(edges) < layer.min_inputs:
        return NodeFacts(problems=(missing_input(node, len(edges)),))
    if any(edge.port != port for port, edge in enumerate(edges)):
        return NodeFacts(problems=(skipped_input(node, [edge.port for edge in edges]),))
    given = [facts[edge.source].shapes[edge.output : edge.output + 1] for edge in edges]
    inputs = tuple(shape for shapes in given for shape in shapes)
    if layer.trouble is not None:
        return _unknown(node, inputs)
    if len(inputs) < len(edges):
        return NodeFacts(waiting=True)
    try:
        shapes, weights = _computed(layer, inputs)
    except ShapeError as error:
        fixes = tuple(fix_of(node, edges, repair) for repair in error.repairs)
        return NodeFacts(inputs, problems=(Problem(node.id, str(error), error.field, fixes),))
    problems = text_problems(graph, node, facts)
    problems += channels_first(graph, node, inputs[0]) if inputs else []
    if isinstance(layer, Output):
        problems += output_problems(graph, node, shapes[0])
    elif not graph.outgoing(node.id):
        problems.append(loose_end(node))
    any_batch = (
        layer.batch_size is None if isinstance(layer, Input) else any(facts[e.source].any_batch for e in edges)
    )
    problems += stateful_problems(node, any_batch)
    masks = [edge.output in facts[edge.source].masked for edge in edges]
    problems += mask_problems(node, any(masks))
    early = not weights and not layer.seed_generators() and all(facts[edge.source].early for edge in edges)
    return NodeFacts(
        inputs, shapes, weights, tuple(problems),
        content=layer.gives, early=early, any_batch=any_batch, masked=layer.masked(masks),
    )  # fmt: skip


def _computed(layer: Layer, inputs: tuple[Shape, ...]) -> tuple[tuple[Shape, ...], tuple[Weight, ...]]:
    """The shapes that a layer gives and the weights it owns; raises `ShapeError`.

    Large networks repeat few layers on few shapes, so answers are kept; not those about layers that hold others,
    which may be large themselves.
    """
    if holders(type(layer)):
        return _shapes_and_weights(layer, inputs)
    return _kept_answers(layer, inputs)  # pyright: ignore[reportArgumentType]  # settings are frozen, and have a hash


def takes(layer: Layer, inputs: tuple[Shape, ...]) -> bool:
    """Whether a layer can do with inputs of these shapes."""
    try:
        _computed(layer, inputs)
    except ShapeError:
        return False
    return True


def _shapes_and_weights(layer: Layer, inputs: tuple[Shape, ...]) -> tuple[tuple[Shape, ...], tuple[Weight, ...]]:
    return layer.output_shapes(*inputs), _frozen(layer, layer.weights(*inputs))


_kept_answers = lru_cache(maxsize=4096)(_shapes_and_weights)


def _unknown(node: Node, inputs: tuple[Shape, ...]) -> NodeFacts:
    """A layer that can be kept, but not computed."""
    problem = Problem(node.id, f"{node.name} {node.layer.trouble}")
    return NodeFacts(inputs, node.layer.output_shapes(*inputs), node.layer.weights(*inputs), (problem,))


def _frozen(layer: Layer, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
    """The weights as training may treat them: those of a frozen layer stay as they are."""
    if not isinstance(layer, Weighted) or layer.trainable:
        return weights
    return tuple(replace(weight, trainable=False) for weight in weights)
