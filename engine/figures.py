"""What the figures of a run are called: loss, accuracy, ... as in Keras's History."""

from __future__ import annotations

from engine.graph import Graph
from engine.layers.core import Output


def figure_names(graph: Graph) -> tuple[str, ...]:
    """The figures of the training data, "loss" first; those of the validation have the same names after "val_".

    Where several Outputs are trained, their names stand before the figures of each.
    """
    outputs = [(node.name, node.layer) for node in graph.of_type(Output) if isinstance(node.layer, Output)]
    trained = [(name, layer) for name, layer in outputs if layer.loss is not None]
    several = len(trained) > 1
    names = ["loss"]
    for name, layer in trained:
        prefix = f"{name}_" if several else ""
        names += [f"{prefix}loss"] if several else []
        names += [prefix + metric for metric in layer.metrics]
    return tuple(names)
