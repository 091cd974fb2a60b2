"""A graph as the configuration of a Keras functional model. `keras_reading` has the way back.

Input nodes are layers in Keras, Output nodes are not: they become the model's outputs. Linked nodes are one layer
that is called several times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import NotReadyError, StyleError
from engine.formats.keras_layers import layer_entry
from engine.formats.keras_policy import with_policy
from engine.graph import Edge, Graph, Node
from engine.inference import Inference, infer
from engine.layer import parts_of
from engine.layers.core import Input, Output
from engine.layers.nested import Functional
from engine.order import keras_order
from engine.precision import Precision
from engine.project import NAME
from engine.splitting import split

MODEL_CLASS = "Functional"
"""Keras's class of models. Among the outputs of a model around it, its calls are counted from 1, since the first
is the one that it is made by; in Keras 2 also among the inputs of layers, in Keras 3 not there."""


@dataclass(frozen=True)
class Calls:
    """Which calls of which layers a Keras model of the graph consists of."""

    graph: Graph
    inference: Inference
    nodes: tuple[Node, ...]
    """The nodes that outputs need, without the outputs, each after those it depends on: one call each."""
    inputs: tuple[Node, ...]
    outputs: tuple[Edge, ...]
    """The wires into the Output nodes, in their order: what the model gives."""
    layers: tuple[Node, ...]
    """The owners, in the order of Keras's `model.layers`, which weights are saved and loaded in."""

    def sources(self, node_id: str) -> tuple[Edge, ...]:
        """The wires into a node, by port."""
        return self.graph.incoming(node_id)

    def calls_of(self, owner_id: str) -> list[Node]:
        return [node for node in self.nodes if self.graph.owner(node.id).id == owner_id]


def calls(graph: Graph, *, unknown: bool = False) -> Calls:
    """The calls of a graph; raises `NotReadyError` where it has errors.

    With `unknown`, layers that are not known here are no error: a file can be written of them, but no program.
    """
    inference = infer(graph)
    ends = graph.of_type(Output)
    needed = graph.ancestors(node.id for node in ends)
    kept = {key for key in needed if unknown and graph[key].layer.trouble is not None}
    errors = [p for p in inference.errors if p.node is None or p.node in needed - kept]
    if errors:
        raise NotReadyError(errors)
    nodes = tuple(graph[key] for key in graph.order if key in needed)
    nodes = tuple(node for node in nodes if not isinstance(node.layer, Output))
    outputs = tuple(graph.incoming(node.id)[0] for node in ends)
    layers = tuple(graph[key] for key in keras_order(graph, [edge.source for edge in outputs]))
    inputs = tuple(node for node in nodes if isinstance(node.layer, Input))
    return Calls(graph, inference, nodes, inputs, outputs, layers)


def calls_within(found: Calls, node: Node) -> Calls:
    """The calls of the model that a node holds, for the shapes that reach it."""
    assert isinstance(node.layer, Functional)
    return calls(node.layer.shaped(*found.inference[node.id].inputs))


def all_calls(found: Calls) -> Iterator[Calls]:
    """The calls of a graph, and of the models within it at any depth."""
    yield found
    for node in found.nodes:
        if isinstance(node.layer, Functional):
            yield from all_calls(calls_within(found, node))


def check_shapes(graph: Graph) -> None:
    """Raise `StyleError` where Keras 3 could not open the model: it wants the shape of all that layers take."""
    found = calls(split(graph), unknown=True)
    for node in found.nodes:
        for edge in found.sources(node.id):
            if found.inference.shape(edge.source, edge.output) is None:
                name = found.graph[edge.source].name
                raise StyleError(f"The shape that {name} gives is not known; Keras 3 opens no model without.")


def check_figures(graph: Graph) -> None:
    """Raise `StyleError` where Keras 3 would open a .h5 file without figures that are in it.

    It tells the layers of the model to use the figures that they took from data, not the layers within these:
    `_set_weights` in keras/src/legacy/saving/legacy_h5_format.py.
    """
    for node in graph:
        if any(part.adapts for part in parts_of(node.layer)):
            raise StyleError(
                f"{node.name} holds a layer that takes figures from data, such as a Normalization; "
                "Keras 3 does not use these when it opens a .h5 file: write a .keras file."
            )


def to_config(graph: Graph, name: str = NAME, precision: Precision = "float32") -> dict[str, Any]:
    """What Keras calls `model_config`; raises `NotReadyError` where the graph has errors."""
    found = calls(split(graph), unknown=True)
    place: dict[str, tuple[str, int]] = {}
    for owner in found.layers:
        for index, node in enumerate(found.calls_of(owner.id)):
            place[node.id] = (owner.name, index)
    layers = [_layer_entry(found, owner, place) for owner in found.layers]
    models = {entry["name"] for entry in layers if entry["class_name"] == MODEL_CLASS}
    ends = [(*place[edge.source], edge.output) for edge in found.outputs]
    config = {
        "name": name,
        "trainable": True,
        "layers": with_policy(layers, precision),
        "input_layers": _ends([[*place[node.id], 0] for node in found.inputs]),
        "output_layers": _ends([[name, number + (name in models), output] for name, number, output in ends]),
    }
    return {"class_name": MODEL_CLASS, "config": config}


def _ends(tensors: list[Any]) -> Any:
    """One input or output stands alone, as in `keras.Model(inputs, outputs)`; several are a list."""
    return tensors[0] if len(tensors) == 1 else tensors


def _layer_entry(found: Calls, owner: Node, place: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    called = [] if isinstance(owner.layer, Input) else found.calls_of(owner.id)
    return {
        **layer_entry(owner.layer, owner.name),
        "name": owner.name,
        "inbound_nodes": [_call_entry(found, node, place) for node in called],
    }


def _call_entry(found: Calls, node: Node, place: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    args, kwargs = node.layer.keras_call([_tensor(found, edge, place) for edge in found.sources(node.id)])
    return {"args": args, "kwargs": kwargs}


def _tensor(found: Calls, edge: Edge, place: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    layer = found.graph[edge.source].layer
    dtype = layer.dtype if isinstance(layer, Input) else "float32"
    shape = found.inference.shape(edge.source, edge.output)
    config = {
        "shape": None if shape is None else [None, *shape],
        "dtype": dtype,
        "keras_history": [*place[edge.source], edge.output],
    }
    return {"class_name": "__keras_tensor__", "config": config}
