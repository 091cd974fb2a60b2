"""A graph as the table that Keras's `summary()` prints."""

from __future__ import annotations

from dataclasses import dataclass

from engine.graph import Graph


@dataclass(frozen=True)
class SummaryRow:
    """A line of the table: "conv2d", "Conv2D", "(None, 8, 8, 32)", 320, ("input",)."""

    name: str
    type: str
    output_shape: str
    parameters: int
    connected_to: tuple[str, ...]


def summary_rows(graph: Graph) -> list[SummaryRow]:
    """A row per layer, in the order in which they are computed; "?" for a shape that is not known."""
    raise NotImplementedError


def summary_text(graph: Graph) -> str:
    """The table with its totals, as text of a fixed width."""
    raise NotImplementedError
