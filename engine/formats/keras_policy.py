"""In which type the layers of a Keras model compute: written to a config of layers, and read from one.

Keras keeps a policy with each layer; here there is one for all of a network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.formats.keras_layers import dtype_name, keras_classes
from engine.formats.loaded import Notes
from engine.layers.core import Input
from engine.layers.embedding import Embedding
from engine.precision import MIXED, Precision
from engine.project import TrainingSettings


def chosen_precision(precision: Precision | None, training: TrainingSettings | None) -> Precision:
    """What a file is to say: what is asked for, or else what the training says."""
    if precision is not None:
        return precision
    return "float32" if training is None else training.precision


def with_policy(value: Any, precision: Precision) -> Any:
    """A config, or a part of one, whose layers compute so; layers that only move numbers stay as they are."""
    if precision == "float32":
        return value
    if isinstance(value, list | tuple):
        return [with_policy(item, precision) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(value, Mapping):
        return value
    entry: Mapping[str, Any] = value
    found = {key: with_policy(item, precision) for key, item in entry.items() if key != "inbound_nodes"}
    config: Any = found.get("config")
    if _computes(entry) and isinstance(config, dict) and config.get("dtype") == "float32":
        found["config"] = {**config, "dtype": precision}
    return {**entry, **found}


def _computes(entry: Mapping[str, Any]) -> bool:
    """Whether this is a layer that follows a policy."""
    class_name = entry.get("class_name")
    cls = keras_classes().get(class_name) if isinstance(class_name, str) else None
    return cls is not None and cls is not Input and (cls.casts is not False or cls is Embedding)


def policy_of(model_config: Any, notes: Notes) -> Precision:
    """In which type most of a model computes; layers that keep to float32 in a mixed one are noted."""
    found = dict(_policies(model_config))
    if MIXED not in found.values():
        return "float32"
    notes.changed += [
        f"The layer {name} computes in float32 there; here it computes in bfloat16, as the others do."
        for name, policy in found.items()
        if policy == "float32"
    ]
    return MIXED


def _policies(value: Any) -> Iterator[tuple[str, Any]]:
    """The policies of all layers that follow one, by name, those within others included."""
    if isinstance(value, list | tuple):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _policies(item)
    elif isinstance(value, Mapping):
        entry: Mapping[str, Any] = value
        config: Any = entry.get("config")
        if _computes(entry) and isinstance(config, Mapping):
            yield str(config.get("name")), dtype_name(config.get("dtype"))  # pyright: ignore
        for key, item in entry.items():
            if key not in ("inbound_nodes", "compile_config"):
                yield from _policies(item)
