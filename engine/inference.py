"""Shapes, parameter counts and problems of a whole graph, in plain Python and only where an edit reaches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from engine.errors import ShapeError
from engine.graph import Edge, Graph, Node
from engine.layer import (
    Content,
    InsertBefore,
    Layer,
    Repair,
    SetField,
    Shape,
    Weight,
    Weighted,
    parts_of,
    show_shape,
)
from engine.layers.core import Activation, Dense, Input, Output
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten
from engine.layers.text import TextVectorization
from engine.losses import LOSSES

BATCH_SIZE = 32
"""The size of batches that a network is given which needs one: that of Keras."""


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

    @property
    def shape(self) -> Shape | None:
        """The shape of the first output."""
        return self.shapes[0] if self.shapes else None

    @property
    def parameters(self) -> int:
        return sum(weight.size for weight in self.weights)

    @property
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
            *_graph_problems(self.graph),
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
    """Shapes, weights and problems of a graph; from `previous`, what an edit did not reach is kept as it was."""
    facts: dict[str, NodeFacts] = {}
    kept = previous.facts if previous is not None else {}
    for node_id in graph.order:
        old = kept.get(node_id)
        if previous is not None and old is not None and _untouched(graph, previous, node_id, facts):
            facts[node_id] = old
        else:
            new = _facts(graph, graph[node_id], facts)
            facts[node_id] = old if new == old and old is not None else new
    for node in graph:  # an owner of shared weights may come after the nodes that are linked to it
        if node.shares is not None and (found := _sharing_problems(graph, node, facts)):
            facts[node.id] = replace(facts[node.id], problems=(*facts[node.id].problems, *found))
    return Inference(graph, facts)


def _untouched(graph: Graph, previous: Inference, node_id: str, facts: Mapping[str, NodeFacts]) -> bool:
    before = previous.graph
    node, edges = graph[node_id], graph.incoming(node_id)
    if before.nodes[node_id] is not node or before.incoming(node_id) != edges:
        return False
    if any(facts[edge.source] is not previous.facts[edge.source] for edge in edges):
        return False
    # A message may name the node before this one.
    if any(graph[edge.source] is not before.nodes[edge.source] for edge in edges):
        return False
    if node.shares is not None and previous.facts[node_id].problems:
        return False
    if bool(graph.outgoing(node_id)) != bool(before.outgoing(node_id)):
        return False
    return not isinstance(node.layer, Output) or _giver(graph, node_id) == _giver(before, node_id)


def _facts(graph: Graph, node: Node, facts: Mapping[str, NodeFacts]) -> NodeFacts:
    edges = graph.incoming(node.id)
    layer = node.layer
    if len(edges) < layer.min_inputs:
        return NodeFacts(problems=(_missing_input(node, len(edges)),))
    if any(edge.port != port for port, edge in enumerate(edges)):
        return NodeFacts(problems=(_skipped_input(node, [edge.port for edge in edges]),))
    given = [facts[edge.source].shapes[edge.output : edge.output + 1] for edge in edges]
    inputs = tuple(shape for shapes in given for shape in shapes)
    if layer.trouble is not None:
        return _unknown(node, inputs)
    if len(inputs) < len(edges):
        return NodeFacts(waiting=True)
    try:
        shapes = layer.output_shapes(*inputs)
        weights = _frozen(layer, layer.weights(*inputs))
    except ShapeError as error:
        fixes = _combined(tuple(_fix(node, edges, repair) for repair in error.repairs), error.repairs)
        return NodeFacts(inputs, problems=(Problem(node.id, str(error), error.field, fixes),))
    problems = _text_problems(graph, node, facts)
    if isinstance(layer, Output):
        problems += _output_problems(graph, node, shapes[0])
    elif not graph.outgoing(node.id):
        problems.append(_loose_end(node))
    any_batch = (
        layer.batch_size is None if isinstance(layer, Input) else any(facts[e.source].any_batch for e in edges)
    )
    problems += _stateful_problems(node, any_batch)
    early = not weights and not layer.seed_generators() and all(facts[edge.source].early for edge in edges)
    return NodeFacts(
        inputs, shapes, weights, tuple(problems), content=layer.gives, early=early, any_batch=any_batch
    )


def _text_problems(graph: Graph, node: Node, facts: Mapping[str, NodeFacts]) -> list[Problem]:
    """Texts where numbers are wanted and the reverse; work for the host behind, or inside, what is compiled."""
    layer, edges = node.layer, graph.incoming(node.id)
    for edge in edges:
        giver, content = graph[edge.source], facts[edge.source].content
        if content == "text" not in layer.takes:
            text = f"{node.name} takes numbers, but {giver.name} gives text."
            fixes = (_insertion(node, edges, (InsertBefore(TextVectorization(), edge.port),)),)
            return [Problem(node.id, text, fixes=() if isinstance(layer, Output) else fixes)]
        if content == "numbers" not in layer.takes:
            text = f"{node.name} takes text, but {giver.name} gives numbers."
            is_input = isinstance(giver.layer, Input)
            fix = _set_field(giver.id, "dtype", "string", f"Let {giver.name} take text")
            return [Problem(node.id, text, fixes=(fix,) if is_input else ())]
    if layer.host_op() is not None or layer.learns:
        late = next((graph[edge.source] for edge in edges if not facts[edge.source].early), None)
        if late is not None:
            text = (
                f"{node.name} is computed before training begins, but {late.name} gives it something that is "
                "learned, or random: it must come before the layers that learn."
            )
            return [Problem(node.id, text)]
    inner = next((part for part in parts_of(layer) if part.host_op() is not None or part.learns), None)
    if inner is not None:
        text = f"{inner.type_name()} is computed before training begins, so it cannot be inside of {node.name}."
        return [Problem(node.id, text)]
    return []


def _stateful_problems(node: Node, any_batch: bool) -> list[Problem]:
    """Layers that are to go on from the states of the batch before."""
    layer = node.layer
    if not any(getattr(part, "stateful", False) for part in (layer, *parts_of(layer))):
        return []
    fixes = (
        (_set_field(node.id, "stateful", False, "Set stateful to False"),) if hasattr(layer, "stateful") else ()
    )
    afresh = Problem(
        node.id,
        f"{node.name} is stateful, but training and prediction here begin each batch afresh, as those of Keras "
        "do with JAX; with TensorFlow, Keras goes on from the batch before.",
        "stateful" if fixes else None,
        fixes,
        "warning",
    )
    if not any_batch:
        return [afresh]
    text = f"{node.name} is stateful, for which Keras must know the size of the batches."
    sizing = Fix(f"Set the size of batches to {BATCH_SIZE}", lambda graph: _sized(graph, node.id))
    return [Problem(node.id, text, "stateful" if fixes else None, (sizing, *fixes)), afresh]


def _sized(graph: Graph, node_id: str) -> Graph:
    """The graph with a batch size at all Inputs that lead to a node."""
    for key in graph.ancestors([node_id]):
        layer = graph[key].layer
        if isinstance(layer, Input) and layer.batch_size is None:
            graph = graph.set_layer(key, layer.replace(batch_size=BATCH_SIZE))
    return graph


def _unknown(node: Node, inputs: tuple[Shape, ...]) -> NodeFacts:
    """A layer that can be kept, but not computed."""
    problem = Problem(node.id, f"{node.name} {node.layer.trouble}")
    return NodeFacts(inputs, node.layer.output_shapes(*inputs), node.layer.weights(*inputs), (problem,))


def _frozen(layer: Layer, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
    """The weights as training may treat them: those of a frozen layer stay as they are."""
    if not isinstance(layer, Weighted) or layer.trainable:
        return weights
    return tuple(replace(weight, trainable=False) for weight in weights)


def _skipped_input(node: Node, ports: list[int]) -> Problem:
    missing = next(port for port, taken in enumerate(ports) if port != taken)
    names = node.layer.input_names
    name = f", {names[missing]}," if missing < len(names) > 1 else ""
    return Problem(node.id, f"Input {missing + 1}{name} of {node.name} has no wire, but a later one has.")


def _missing_input(node: Node, count: int) -> Problem:
    wanted = node.layer.min_inputs
    if wanted == 1:
        return Problem(node.id, f"{node.name} has no input: draw a wire to it.")
    names = node.layer.input_names
    which = f" ({', '.join(names[:wanted])})" if len(names) > 1 else ""
    text = f"{node.name} needs at least {wanted} inputs{which} and has {count}: draw more wires to it."
    return Problem(node.id, text)


def _loose_end(node: Node) -> Problem:
    def add_output(graph: Graph) -> Graph:
        new = graph.new_node(Output())
        return graph.add(new).connect(node.id, new.id)

    return Problem(
        node.id,
        f"{node.name} leads nowhere: what it computes is not used.",
        fixes=(Fix("Add an Output after it", add_output),),
        severity="warning",
    )


def _sharing_problems(graph: Graph, node: Node, facts: Mapping[str, NodeFacts]) -> list[Problem]:
    owner, mine, theirs = graph.owner(node.id), facts[node.id], facts[graph.owner(node.id).id]
    if mine.shape is None or mine.weights == theirs.weights:
        return []
    if theirs.shape is None:
        return [Problem(node.id, f"{node.name} uses the weights of {owner.name}, which has no input yet.")]
    needs, has = (", ".join(f"{w.name} {show_shape(w.shape)}" for w in f.weights) for f in (mine, theirs))
    return [Problem(node.id, f"{node.name} cannot use the weights of {owner.name}: it needs {needs}, not {has}.")]


def _fix(node: Node, edges: tuple[Edge, ...], repair: Repair) -> Fix:
    if isinstance(repair, SetField):
        value = repair.value
        return Fix(
            f"Set {repair.field} to {value}",
            lambda graph: graph.set_layer(node.id, graph[node.id].layer.replace(**{repair.field: value})),
        )
    return _insertion(node, edges, (repair,))


def _insertion(node: Node, edges: tuple[Edge, ...], repairs: tuple[InsertBefore, ...]) -> Fix:
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


def _combined(fixes: tuple[Fix, ...], repairs: tuple[Repair, ...]) -> tuple[Fix, ...]:
    """Several insertions that belong together (a Flatten on each branch) are one fix."""
    insertions = tuple(repair for repair in repairs if isinstance(repair, InsertBefore))
    if len(insertions) < 2 or any(repair.layer != insertions[0].layer for repair in insertions):
        return fixes

    def apply_all(graph: Graph) -> Graph:
        for fix in fixes:
            graph = fix.edit(graph)
        return graph

    return (Fix(fixes[0].text, apply_all),)


# The whole graph


def _graph_problems(graph: Graph) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    if not graph.of_type(Input):
        problems.append(Problem(None, "There is no Input: drag one onto the canvas for the data to enter by."))
    for node in graph.of_type(Output):
        if node.name == "val" or node.name.startswith("val_"):
            text = f"An Output cannot be named {node.name!r}: figures of validation begin with val_. Rename it."
            problems.append(Problem(node.id, text))
    if not graph.of_type(Output):
        problems.append(
            Problem(None, "There is no Output: drag one onto the canvas and wire the last layer to it.")
        )
    return tuple(problems)


# Outputs and their losses


def _giver(graph: Graph, node_id: str) -> Node | None:
    edges = graph.incoming(node_id)
    return graph[edges[0].source] if edges else None


def _output_problems(graph: Graph, node: Node, shape: Shape) -> list[Problem]:
    layer, giver = node.layer, _giver(graph, node.id)
    assert isinstance(layer, Output)
    assert giver is not None
    if layer.loss is None:
        return []
    loss = LOSSES[layer.loss]
    problems: list[Problem] = []
    if loss.targets in ("labels", "one-hot"):
        if not shape or shape[-1] is None or shape[-1] < 2:
            problems.append(
                Problem(
                    node.id,
                    f"{layer.loss} needs one number per class, but {giver.name} gives {show_shape(shape)}.",
                    "loss",
                    (_set_loss(node, "binary_crossentropy"), _set_loss(node, "mean_squared_error")),
                )
            )
            return problems
        if len(shape) > 1:
            problems.append(
                Problem(
                    node.id,
                    f"{giver.name} gives {show_shape(shape)}: that is a class for each place. "
                    "For one class a sample, flatten before the last layer.",
                    fixes=_flatten_before(graph, giver),
                    severity="warning",
                )
            )
    problems += _activation_problems(node, giver, layer.loss)
    if "accuracy" in layer.metrics and loss.targets == "numbers":
        kept = tuple(name for name in layer.metrics if name != "accuracy")
        metrics = kept if "mae" in kept else (*kept, "mae")
        problems.append(
            Problem(
                node.id,
                f"Accuracy says little with {layer.loss}: predicted numbers are hardly ever met exactly.",
                "metrics",
                (_set_field(node.id, "metrics", metrics, "Show the mean absolute error instead"),),
                severity="warning",
            )
        )
    return problems


def _activation_problems(node: Node, giver: Node, loss_name: str) -> list[Problem]:
    wanted = LOSSES[loss_name].activation
    actual = giver.layer.final_activation
    if actual is None:
        actual = "linear" if not isinstance(giver.layer, Activation) else actual
    if wanted is None:
        if actual in ("softmax", "relu") and isinstance(giver.layer, Dense):
            text = f"{giver.name} ends in {actual}, which cannot give every number that {loss_name} asks for."
            fix = _set_field(giver.id, "activation", "linear", f"Set activation of {giver.name} to linear")
            return [Problem(node.id, text, "loss", (fix,), severity="warning")]
        return []
    if actual == wanted or (wanted == "softmax" and actual == "sigmoid"):
        return []
    text = f"{loss_name} takes probabilities, but {giver.name} does not end in {wanted}."
    fixes: tuple[Fix, ...]
    if "activation" in type(giver.layer).model_fields and giver.layer.final_activation is not None:
        fixes = (_set_field(giver.id, "activation", wanted, f"Set activation of {giver.name} to {wanted}"),)
    else:
        repair = (InsertBefore(Activation(activation=wanted)),)
        fixes = (_insertion(node, (Edge(giver.id, node.id, 0),), repair),)
    return [Problem(node.id, text, "loss", fixes, severity="warning")]


def _set_field(node_id: str, name: str, value: object, text: str) -> Fix:
    return Fix(text, lambda graph: graph.set_layer(node_id, graph[node_id].layer.replace(**{name: value})))


def _set_loss(node: Node, loss: str) -> Fix:
    return _set_field(node.id, "loss", loss, f"Set the loss to {loss}")


def _flatten_before(graph: Graph, giver: Node) -> tuple[Fix, ...]:
    """Flatten before the first of the dense layers that the giver is the last of."""
    if not isinstance(giver.layer, Dense):
        return ()
    first = node = giver
    while (before := _giver(graph, node.id)) is not None and isinstance(
        before.layer, (Dense, Activation, Dropout)
    ):
        node = before
        first = node if isinstance(node.layer, Dense) else first
    return (_insertion(first, graph.incoming(first.id), (InsertBefore(Flatten()),)),)
