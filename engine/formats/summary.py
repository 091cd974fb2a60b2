"""A graph as the table that Keras's `summary()` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.graph import Graph, Node
from engine.inference import Inference, infer
from engine.layer import Shape
from engine.layers.core import Output


@dataclass(frozen=True)
class SummaryRow:
    """A line of the table: "conv2d", "Conv2D", "(None, 8, 8, 32)", 320, ("input",)."""

    name: str
    type: str
    output_shape: str
    parameters: int
    connected_to: tuple[str, ...]


def summary_rows(graph: Graph) -> list[SummaryRow]:
    """A row per layer, in the order in which they are computed; "?" for a shape that is not known.

    Nodes that share weights are one layer, and one row; Output nodes are no layers.
    """
    inference = infer(graph)
    rows: dict[str, SummaryRow] = {}
    for node_id in graph.order:
        owner = graph.owner(node_id)
        if owner.id not in rows and not isinstance(owner.layer, Output):
            rows[owner.id] = _row(graph, inference, owner)
    return list(rows.values())


def _row(graph: Graph, inference: Inference, owner: Node) -> SummaryRow:
    sources = [graph[edge.source].name for key in graph.linked(owner.id) for edge in graph.incoming(key)]
    shape, facts = inference.shape(owner.id), inference[owner.id]
    return SummaryRow(owner.name, owner.layer.type_name(), _shape(shape), facts.parameters, tuple(sources))


def _shape(shape: Shape | None) -> str:
    if shape is None:
        return "?"
    return f"(None, {', '.join(map(str, shape))})" if shape else "(None,)"


def summary_text(graph: Graph) -> str:
    """The table with its totals, as text; columns are as wide as they need to be."""
    inference = infer(graph)
    head = ("Layer (type)", "Output Shape", "Param #", "Connected to")
    body = [
        (f"{row.name} ({row.type})", row.output_shape, f"{row.parameters:,}", ", ".join(row.connected_to) or "-")
        for row in summary_rows(graph)
    ]
    total, trained = inference.parameters, inference.trainable_parameters
    totals = [("Total", total), ("Trainable", trained), ("Non-trainable", total - trained)]
    lines = _aligned([head, *body])
    rule = "─" * max(map(len, lines))
    figures = [f"{name} params: {count:,}" for name, count in totals]
    return "\n".join([lines[0], rule, *lines[1:], rule, *figures]) + "\n"


def _aligned(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip() for row in rows
    ]
