"""In which type the layers of a Keras model compute: written to a config of layers, and read from one.

Keras keeps a policy with each layer, and with each layer inside of another. Here there is one for a whole network,
and layers on the canvas may be kept in float32, with all that is inside of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.formats.keras_layers import MIXED_16, OWN_TYPE, dtype_name, keras_classes, specs_of
from engine.formats.loaded import Notes
from engine.graph import Graph, Node
from engine.layer import Layer
from engine.layers.core import Input
from engine.layers.nested import Functional
from engine.precision import MIXED, Precision
from engine.project import TrainingSettings


def chosen_precision(precision: Precision | None, training: TrainingSettings | None) -> Precision:
    """What a file is to say: what is asked for, or else what the training says."""
    if precision is not None:
        return precision
    return "float32" if training is None else training.precision


# Writing


def with_policy(value: Any, precision: Precision) -> Any:
    """A config, or a part of one, whose layers compute so, but those that have a type of their own."""
    if isinstance(value, list | tuple):
        return [with_policy(item, precision) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(value, Mapping):
        return value
    entry: Mapping[str, Any] = value
    config: Any = entry.get("config")
    if isinstance(config, Mapping) and config.get("dtype") == OWN_TYPE:  # pyright: ignore[reportUnknownMemberType]
        return {**entry, "config": {**config, "dtype": "float32"}}
    found = {key: with_policy(item, precision) for key, item in entry.items() if key != "inbound_nodes"}
    config = found.get("config")
    if _computes(entry) and isinstance(config, dict) and config.get("dtype") == "float32":
        found["config"] = {**config, "dtype": precision}
    return {**entry, **found}


def _computes(entry: Mapping[str, Any]) -> bool:
    """Whether this is a layer that follows a policy."""
    class_name = entry.get("class_name")
    cls = keras_classes().get(class_name) if isinstance(class_name, str) else None
    return cls is not None and cls is not Input and (cls.casts is not False or _can_differ(cls))


def _can_differ(cls: type[Layer]) -> bool:
    """Whether layers of a class may have a type of their own."""
    return specs_of(cls)["dtype"].kind != "hidden"


# Reading


def with_types(graph: Graph, model_config: Any, notes: Notes) -> tuple[Graph, Precision]:
    """In which type most of a model computes, and its graph, whose other layers have a type of their own."""
    policies = {policy for _, policy in _policies(model_config)}
    if MIXED_16 in policies:
        notes.changed.append(
            "The layers compute in float16 there (mixed_float16); here they compute in bfloat16 (mixed_bfloat16)."
        )
    if not policies & {MIXED, MIXED_16}:
        return graph, "float32"
    return _with_types(graph, model_config, notes), MIXED


def _with_types(graph: Graph, model: Any, notes: Notes) -> Graph:
    nodes = {node.name: node for node in graph}
    for entry in _layers(model):
        node = nodes.get(str(entry.get("name") or entry["config"].get("name")))
        if node is None:
            continue
        if isinstance(node.layer, Functional):
            inner = _with_types(node.layer.graph, entry, notes)
            graph = graph.set_layer(node.id, node.layer.replace(graph=inner))
        elif _can_differ(type(node.layer)) and _in_full(entry, node, notes):
            graph = graph.set_layer(node.id, node.layer.replace(dtype="float32"))
    return graph


def _layers(model: Any) -> list[Any]:
    """The entries of the layers of a model; a sequential one of Keras 2.2 is the bare list."""
    found: Any = model["config"]["layers"] if isinstance(model["config"], Mapping) else model["config"]
    return [entry for entry in found if isinstance(entry.get("config"), Mapping)]


def _in_full(entry: Mapping[str, Any], node: Node, notes: Notes) -> bool:
    """Whether a layer computes in float32: if it holds others, these do the computing."""
    (_, own), *parts = [*_policies(entry)] or [("", MIXED)]
    full = [name for name, policy in parts if policy == "float32"]
    if not parts:
        return own == "float32"
    if len(full) == len(parts):
        return True
    for name in full:
        notes.changed.append(f"The layer {name} within {node.name} computes in float32 there; here in bfloat16.")
    return False


def _policies(value: Any) -> Iterator[tuple[str, Any]]:
    """The policies of all layers that follow one, by name, those within others included."""
    if isinstance(value, list | tuple):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _policies(item)
    elif isinstance(value, Mapping):
        entry: Mapping[str, Any] = value
        config: Any = entry.get("config")
        if _computes(entry) and isinstance(config, Mapping) and "dtype" in config:
            yield str(config.get("name")), dtype_name(config["dtype"])  # pyright: ignore
        for key, item in entry.items():
            if key not in ("inbound_nodes", "compile_config"):
                yield from _policies(item)
