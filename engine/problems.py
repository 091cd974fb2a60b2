"""What can be wrong with a node, or with a graph as a whole, other than its shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.fixes import Fix, Problem, insertion, set_field
from engine.graph import Graph, Node
from engine.layer import parts_of
from engine.layers.core import Input, Output
from engine.layers.text import TextVectorization
from engine.repairs import InsertBefore
from engine.shapes import show_shape

if TYPE_CHECKING:
    from engine.inference import NodeFacts

BATCH_SIZE = 32
"""The size of batches that a network is given which needs one: that of Keras."""


def graph_problems(graph: Graph) -> tuple[Problem, ...]:
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


# Wires


def skipped_input(node: Node, ports: list[int]) -> Problem:
    missing = next(port for port, taken in enumerate(ports) if port != taken)
    names = node.layer.input_names
    name = f", {names[missing]}," if missing < len(names) > 1 else ""
    return Problem(node.id, f"Input {missing + 1}{name} of {node.name} has no wire, but a later one has.")


def missing_input(node: Node, count: int) -> Problem:
    wanted = node.layer.min_inputs
    if wanted == 1:
        return Problem(node.id, f"{node.name} has no input: draw a wire to it.")
    names = node.layer.input_names
    which = f" ({', '.join(names[:wanted])})" if len(names) > 1 else ""
    text = f"{node.name} needs at least {wanted} inputs{which} and has {count}: draw more wires to it."
    return Problem(node.id, text)


def loose_end(node: Node) -> Problem:
    def add_output(graph: Graph) -> Graph:
        new = graph.new_node(Output())
        return graph.add(new).connect(node.id, new.id)

    return Problem(
        node.id,
        f"{node.name} leads nowhere: what it computes is not used.",
        fixes=(Fix("Add an Output after it", add_output),),
        severity="warning",
    )


def sharing_problems(graph: Graph, node: Node, facts: Mapping[str, NodeFacts]) -> list[Problem]:
    owner, mine, theirs = graph.owner(node.id), facts[node.id], facts[graph.owner(node.id).id]
    if mine.shape is None or mine.weights == theirs.weights:
        return []
    if theirs.shape is None:
        return [Problem(node.id, f"{node.name} uses the weights of {owner.name}, which has no input yet.")]
    needs, has = (", ".join(f"{w.name} {show_shape(w.shape)}" for w in f.weights) for f in (mine, theirs))
    return [Problem(node.id, f"{node.name} cannot use the weights of {owner.name}: it needs {needs}, not {has}.")]


# What flows


def text_problems(graph: Graph, node: Node, facts: Mapping[str, NodeFacts]) -> list[Problem]:
    """Texts where numbers are wanted and the reverse; work for the host behind, or inside, what is compiled."""
    layer, edges = node.layer, graph.incoming(node.id)
    for edge in edges:
        giver, content = graph[edge.source], facts[edge.source].content
        if content == "text" not in layer.takes:
            text = f"{node.name} takes numbers, but {giver.name} gives text."
            fixes = (insertion(node, edges, (InsertBefore(TextVectorization(), edge.port),)),)
            return [Problem(node.id, text, fixes=() if isinstance(layer, Output) else fixes)]
        if content == "numbers" not in layer.takes:
            text = f"{node.name} takes text, but {giver.name} gives numbers."
            is_input = isinstance(giver.layer, Input)
            fix = set_field(giver.id, "dtype", "string", f"Let {giver.name} take text")
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


def stateful_problems(node: Node, any_batch: bool) -> list[Problem]:
    """Layers that are to go on from the states of the batch before."""
    layer = node.layer
    if not any(getattr(part, "stateful", False) for part in (layer, *parts_of(layer))):
        return []
    fixes = (set_field(node.id, "stateful", False, "Set stateful to False"),) if hasattr(layer, "stateful") else ()
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
