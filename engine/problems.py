"""What can be wrong with a node, or with a graph as a whole, other than its shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.fixes import Fix, Problem, fix_of, set_field
from engine.graph import Graph, Node
from engine.layer import parts_of
from engine.layers.core import Input, Output
from engine.layers.reshaping import Permute
from engine.layers.text import TextVectorization
from engine.repairs import InsertBefore
from engine.shapes import Shape, show_shape

if TYPE_CHECKING:
    from engine.inference import NodeFacts

BATCH_SIZE = 32
"""The size of batches that a network is given which needs one: that of Keras."""


def graph_problems(graph: Graph) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    if not graph.of_type(Input):
        text = "There is no Input: drag one onto the canvas for the data to enter by."
        problems.append(Problem(None, text, fixes=_first_input(graph)))
    for node in graph.of_type(Output):
        if node.name == "val" or node.name.startswith("val_"):
            text = f"An Output cannot be named {node.name!r}: figures of validation begin with val_. Rename it."
            problems.append(Problem(node.id, text))
    if not graph.of_type(Output):
        text = "There is no Output: drag one onto the canvas and wire the last layer to it."
        problems.append(Problem(None, text, fixes=_last_output(graph)))
    return tuple(problems)


def _first_input(graph: Graph) -> tuple[Fix, ...]:
    """An Input before the first layer that has none; where there is no layer, one by itself."""
    first = next(
        (graph[key] for key in graph.order if graph[key].layer.min_inputs and not graph.incoming(key)), None
    )
    if first is None:
        return () if len(graph) else (Fix("Add an Input", lambda graph: graph.add(graph.new_node(Input()))),)
    return () if first.layer.min_inputs > 1 else (_input_before(first),)


def _last_output(graph: Graph) -> tuple[Fix, ...]:
    """An Output after the last layer that leads nowhere."""
    last = next((graph[key] for key in reversed(graph.order) if not graph.outgoing(key)), None)
    return () if last is None or isinstance(last.layer, Input) else (_output_after(last),)


def _input_before(node: Node) -> Fix:
    def add_input(graph: Graph) -> Graph:
        new = graph.new_node(Input())
        return graph.add(new).connect(new.id, node.id)

    return Fix(f"Add an Input before {node.name}", add_input)


def _output_after(node: Node) -> Fix:
    def add_output(graph: Graph) -> Graph:
        new = graph.new_node(Output())
        return graph.add(new).connect(node.id, new.id)

    return Fix(f"Add an Output after {node.name}", add_output)


# Wires


def skipped_input(node: Node, ports: list[int]) -> Problem:
    missing = next(port for port, taken in enumerate(ports) if port != taken)
    names = node.layer.input_names
    name = f", {names[missing]}," if missing < len(names) > 1 else ""
    return Problem(node.id, f"Input {missing + 1}{name} of {node.name} has no wire, but a later one has.")


def missing_input(node: Node, count: int) -> Problem:
    wanted = node.layer.min_inputs
    if wanted == 1:
        fixes = () if isinstance(node.layer, Output) else (_input_before(node),)
        return Problem(node.id, f"{node.name} has no input: draw a wire to it.", fixes=fixes)
    names = node.layer.input_names
    which = f" ({', '.join(names[:wanted])})" if len(names) > 1 else ""
    text = f"{node.name} needs at least {wanted} inputs{which} and has {count}: draw more wires to it."
    return Problem(node.id, text)


def loose_end(node: Node) -> Problem:
    text = f"{node.name} leads nowhere: what it computes is not used."
    if isinstance(node.layer, Input):
        fixes = (Fix(f"Remove {node.name}", lambda graph: graph.remove(node.id)),)
    else:
        branch = Fix(
            f"Remove {node.name} and what leads only to it", lambda graph: graph.remove(*_branch(graph, node))
        )
        fixes = (_output_after(node), branch)
    return Problem(node.id, text, fixes=fixes, severity="warning")


def _branch(graph: Graph, end: Node) -> list[str]:
    """A node and the layers before it that nothing else needs; Inputs stay."""
    gone = [end.id]
    for key in reversed(graph.order):
        after = graph.outgoing(key)
        if after and all(edge.target in gone for edge in after) and not isinstance(graph[key].layer, Input):
            gone.append(key)
    return gone


def channels_first(graph: Graph, node: Node, shape: Shape) -> list[Problem]:
    """Pictures at an Input whose channels come before height and width, which no layer here takes so."""
    edges = graph.incoming(node.id)
    giver = graph[edges[0].source] if edges else node
    window = getattr(node.layer, "kernel_size", getattr(node.layer, "pool_size", ()))
    if not isinstance(giver.layer, Input) or len(window) != 2 or len(shape) != 3:
        return []
    channels, height, width = shape
    if channels not in (1, 3) or width in (1, 3, 4) or height != width:
        return []
    text = f"{giver.name} looks like pictures with channels first ({show_shape(shape)}); here they come last."
    last = (height, width, channels)
    return [
        Problem(
            node.id,
            text,
            fixes=(
                set_field(giver.id, "shape", last, f"Set shape of {giver.name} to {show_shape(last)}"),
                fix_of(node, edges, InsertBefore(Permute(dims=(2, 3, 1)), to=last)),
            ),
            severity="warning",
        )
    ]


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
            fixes = (fix_of(node, edges, InsertBefore(TextVectorization(), edge.port)),)
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


def mask_problems(node: Node, masked: bool) -> list[Problem]:
    """A mask that a layer does not heed and does not hand on."""
    if not masked or not node.layer.ends_masks:
        return []
    text = (
        f"{node.name} does not heed the mask of what it gets, and ends it: from here on, places that were left "
        "out count as all others do."
    )
    return [Problem(node.id, text, severity="warning")]


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
