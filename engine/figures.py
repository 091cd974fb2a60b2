"""What the figures of a run are called: loss, accuracy, ... as in Keras's History."""

from __future__ import annotations

from engine.chosen_metrics import by_figure
from engine.graph import Graph
from engine.layers.core import Output
from engine.metrics import Metric, metric_of


def figure_metrics(graph: Graph) -> dict[str, Metric | None]:
    """The metrics that the figures of the training data are of, None for losses; "loss" first.

    Where several Outputs are trained, their names stand before the figures of each.
    """
    outputs = [(node.name, node.layer) for node in graph.of_type(Output) if isinstance(node.layer, Output)]
    trained = [(name, layer) for name, layer in outputs if layer.loss is not None]
    several = len(trained) > 1
    found: dict[str, Metric | None] = {"loss": None}
    for name, layer in trained:
        prefix = f"{name}_" if several else ""
        found |= {f"{prefix}loss": None} if several else {}
        found |= {prefix + figure: chosen.metric for figure, chosen in by_figure(layer.metrics).items()}
    return found


def figure_names(graph: Graph) -> tuple[str, ...]:
    """The figures of the training data, "loss" first; those of the validation have the same names after "val_"."""
    return tuple(figure_metrics(graph))


def rises(graph: Graph, figure: str) -> bool:
    """Whether more of a figure is better; of a loss, less is."""
    known, plain = figure_metrics(graph), figure.removeprefix("val_")
    metric = known[plain] if plain in known else metric_of(figure)
    return metric is not None and metric.rises and (plain in known or not figure.endswith("loss"))
