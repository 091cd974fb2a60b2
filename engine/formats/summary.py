"""A graph as the table that Keras's `summary()` prints, with what each layer costs."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from engine.costs import Cost, cost_of, costs
from engine.graph import Graph, Node
from engine.inference import Inference, infer
from engine.layers.core import Output
from engine.layers.nested import Functional
from engine.quantities import flops_text, memory_text
from engine.shapes import Shape


@dataclass(frozen=True)
class SummaryRow:
    """A line of the table: "conv2d", "Conv2D", "(None, 8, 8, 32)", 320, ("input",).

    `depth` counts the models within models that the layer lies in, `trainable` those of its parameters that
    training changes. `flops` are those of a sample, `memory` the bytes of the weights and of what comes out for a
    batch; None where they are not known.
    """

    name: str
    type: str
    output_shape: str
    parameters: int
    connected_to: tuple[str, ...]
    trainable: int = 0
    depth: int = 0
    flops: int | None = None
    memory: int | None = None


def summary_rows(graph: Graph, *, expand_nested: bool = False, batch_size: int = 1) -> list[SummaryRow]:
    """A row per layer, in the order in which they are computed; "?" for a shape that is not known.

    Nodes that share weights are one layer, and one row; Output nodes are no layers. The layers of models within
    the model follow these where they are to be expanded.
    """
    return list(_rows(infer(graph), expand_nested, batch_size, 0))


def _rows(inference: Inference, expand_nested: bool, batch_size: int, depth: int) -> Iterator[SummaryRow]:
    graph = inference.graph
    owners = dict.fromkeys(graph.owner(node_id).id for node_id in graph.order)
    for owner in (graph[key] for key in owners):
        layer, facts = owner.layer, inference[owner.id]
        if isinstance(layer, Output):
            continue
        yield _row(inference, owner, batch_size, depth)
        if expand_nested and isinstance(layer, Functional) and facts.shapes:
            yield from _rows(layer.inference(*facts.inputs), expand_nested, batch_size, depth + 1)


def _row(inference: Inference, owner: Node, batch_size: int, depth: int) -> SummaryRow:
    graph, facts, cost = inference.graph, inference[owner.id], _cost(inference, owner)
    sources = [graph[edge.source].name for key in graph.linked(owner.id) for edge in graph.incoming(key)]
    return SummaryRow(
        owner.name,
        owner.layer.keras_class or owner.layer.type_name(),
        _shapes(facts.shapes),
        facts.parameters,
        tuple(sources),
        facts.trainable_parameters,
        depth,
        cost.flops,
        cost.memory(batch_size),
    )


def _cost(inference: Inference, owner: Node) -> Cost:
    """What all calls of a layer cost together; its weights are there once."""
    graph = inference.graph
    own, *others = (cost_of(graph[key], inference[key]) for key in graph.linked(owner.id))
    return sum((other.without_weights() for other in others), own)


def _shapes(shapes: Sequence[Shape]) -> str:
    """The shape that comes out; a list of those of several outputs, as Keras shows them."""
    if not shapes:
        return "?"
    shown = [f"(None, {', '.join(map(str, shape))})" if shape else "(None,)" for shape in shapes]
    return shown[0] if len(shown) == 1 else f"[{', '.join(shown)}]"


def summary_text(graph: Graph, *, expand_nested: bool = False, batch_size: int = 1) -> str:
    """The table with its totals, as text; columns are as wide as they need to be."""
    inference = infer(graph)
    head = ("Layer (type)", "Output Shape", "Param #", "FLOPs", "Memory", "Connected to")
    rows = summary_rows(graph, expand_nested=expand_nested, batch_size=batch_size)
    body = [
        (
            f"{'  ' * row.depth}{row.name} ({row.type})",
            row.output_shape,
            f"{row.parameters:,}",
            flops_text(row.flops),
            memory_text(row.memory),
            ", ".join(row.connected_to) or "-",
        )
        for row in rows
    ]
    total, trained = inference.parameters, inference.trainable_parameters
    totals = [("Total", total), ("Trainable", trained), ("Non-trainable", total - trained)]
    lines = aligned([head, *body], right=(2, 3, 4))
    rule = "─" * max(map(len, lines))
    cost = costs(inference).total
    figures = [
        *(f"{name} params: {count:,}" for name, count in totals),
        f"FLOPs of a sample: {flops_text(cost.flops)}",
        f"Memory, weights and a batch of {batch_size:,}: {memory_text(cost.memory(batch_size))}",
    ]
    return "\n".join([lines[0], rule, *lines[1:], rule, *figures]) + "\n"


def aligned(rows: Sequence[Sequence[str]], right: Container[int] = ()) -> list[str]:
    """Lines of columns that are as wide as they need to be; the texts of those in `right` end alike."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            f"{text:>{width}}" if place in right else f"{text:<{width}}"
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
