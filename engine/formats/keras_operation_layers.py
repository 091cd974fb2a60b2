"""The operations of a Keras model as the layers that compute the same, where no mask sets them apart.

In Keras, what comes out of an operation has no mask, while most layers pass one on: `x + y` is not `Add()([x, y])`
where x comes from an Embedding that masks. An operation is read as a formula, therefore, which passes no mask on,
and becomes a layer only where no mask can arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.expression import Call, Variable
from engine.graph import Edge, Graph
from engine.inference import infer
from engine.layer import Layer
from engine.layers.core import Activation
from engine.layers.expression import Lambda
from engine.layers.merging import Add, Concatenate, Maximum, Minimum, Multiply, Subtract
from engine.layers.nested import Functional
from engine.ops.activations import ACTIVATIONS

_MERGING: dict[str, type[Layer]] = {
    "add": Add, "subtract": Subtract, "multiply": Multiply, "maximum": Maximum, "minimum": Minimum,
}  # fmt: skip
"""Functions of two tensors that are layers, too."""


def with_layers(graph: Graph, masked_inputs: Iterable[str] = ()) -> Graph:
    """The graph with layers in place of formulas, if only these Inputs are given masks; models within, too."""
    masked = _masked(graph, masked_inputs)
    found: dict[str, Layer] = {}
    for node in graph:
        edges = [edge for key in graph.linked(node.id) for edge in graph.incoming(key)]
        arriving = [edge for edge in edges if edge in masked]
        layer: Layer | None = None
        if isinstance(node.layer, Functional):
            layer = _inside(node.layer, arriving)
        elif isinstance(node.layer, Lambda) and not arriving:
            layer = _layer(node.layer.formula)
        if layer is not None and node.shares is None:
            found[node.id] = layer
    return _where_ranks_agree(graph, found)


def _inside(layer: Functional, arriving: Iterable[Edge]) -> Functional | None:
    """A model within with layers in place of its formulas, None where nothing changes."""
    graph = with_layers(layer.graph, [layer.inputs[edge.port].id for edge in arriving])
    return None if graph is layer.graph else layer.replace(graph=graph)


def _layer(formula: Call) -> Layer | None:
    """The layer that computes a formula, None where there is none."""
    if formula.inputs != tuple(map(Variable, range(len(formula.inputs)))):
        return None  # of numbers, or of one tensor twice
    if formula.name == "concatenate" and len(formula.inputs) > 1:
        axis = dict(formula.settings)["axis"]
        return Concatenate(axis=axis) if isinstance(axis, int) else None
    if formula.settings or formula.name == "gelu":
        return None
    if formula.name in ACTIVATIONS:
        return Activation(activation=formula.name)
    return _MERGING[formula.name]() if formula.name in _MERGING else None


def _where_ranks_agree(graph: Graph, layers: Mapping[str, Layer]) -> Graph:
    """The graph with these layers, save those whose inputs differ in rank: there layers do something else."""
    changed = graph
    for key, layer in layers.items():
        changed = changed.set_layer(key, layer)
    known = infer(changed) if layers else None
    for key in layers:
        edges = [edge for part in graph.linked(key) for edge in graph.incoming(part)]
        shapes = [known.shape(edge.source, edge.output) for edge in edges] if known else []
        if isinstance(graph[key].layer, Lambda) and len({len(shape) for shape in shapes if shape is not None}) > 1:
            changed = changed.set_layer(key, graph[key].layer)
    return changed


# Where masks can arrive


def _masked(graph: Graph, inputs: Iterable[str]) -> frozenset[Edge]:
    """The wires whose values can have a mask."""
    found: set[Edge] = set()
    given = frozenset(inputs)
    for key in graph.order:
        layer = graph[key].layer
        if key in given or _gives_mask(layer, [edge in found for edge in graph.incoming(key)]):
            found |= {edge for edge in graph.outgoing(key) if edge.output in layer.masked_outputs}
    return frozenset(found)


def _gives_mask(layer: Layer, arriving: list[bool]) -> bool:
    if isinstance(layer, Functional):
        entered = [node.id for node, masked in zip(layer.inputs, arriving, strict=False) if masked]
        inner = _masked(layer.graph, entered)
        return any(edge in inner for node in layer.outputs for edge in layer.graph.incoming(node.id))
    made = layer.mask_op()
    if made is not None:
        return not made.all_masks or any(arriving)
    masks: list[Any] = [masked or None for masked in arriving]
    return layer.compute_mask([], masks) is not None
