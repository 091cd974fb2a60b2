"""Losses, metrics and optimizer as Keras's compiled models keep them (`training_config`), and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from engine.graph import Graph, Node
from engine.inference import Inference
from engine.layers.core import Output
from engine.losses import LOSSES
from engine.optimizers import OPTIMIZERS
from engine.project import TrainingSettings

_ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "MSE": "mean_squared_error",
    "MAE": "mean_absolute_error",
    "MeanSquaredError": "mean_squared_error",
    "MeanAbsoluteError": "mean_absolute_error",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "BinaryCrossentropy": "binary_crossentropy",
}

_WRAPPERS = ("MeanMetricWrapper", "LossFunctionWrapper")
"""Classes of Keras 2 around a function, which their config names."""

_METRICS = {"mean_squared_error": "mse", "mean_absolute_error": "mae", "acc": "accuracy"}


def keras_metrics(inference: Inference, output: Node) -> list[str]:
    """The metrics of an Output by the names that make Keras compute the same.

    Keras takes "accuracy" of more than one number for that of classes, so several yes-or-no answers need the
    name in full.
    """
    assert isinstance(output.layer, Output)
    if output.layer.loss is None:
        return []
    shape = inference.shape(output.id) or ()
    several = output.layer.loss == "binary_crossentropy" and shape[-1:] != (1,)
    return ["binary_accuracy" if m == "accuracy" and several else m for m in output.layer.metrics]


def training_config(graph: Graph, inference: Inference, training: TrainingSettings) -> dict[str, Any]:
    """What `model.compile` was given, as Keras writes it: in lists where there are several outputs."""
    outputs = graph.of_type(Output)
    layers = [node.layer for node in outputs if isinstance(node.layer, Output)]
    losses = [layer.loss for layer in layers]
    metrics = [keras_metrics(inference, node) for node in outputs]
    several = len(outputs) > 1
    return {
        "loss": losses if several else losses[0],
        "loss_weights": [layer.loss_weight for layer in layers] if several or layers[0].loss_weight != 1 else None,
        "metrics": metrics if several else metrics[0],
        "weighted_metrics": None,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": "auto",
        "optimizer_config": optimizer_config(training),
    }


def optimizer_config(training: TrainingSettings) -> dict[str, Any]:
    """The optimizer as Keras writes it."""
    settings = training.optimizer.model_dump(exclude={"type"})
    name = training.optimizer.type
    return {"class_name": name, "config": {"name": name.lower(), **settings}}


# Reading


@dataclass(frozen=True)
class Compiled:
    """What was read: the graph with the losses of the file, the optimizer, and notes on what could not be kept."""

    graph: Graph
    training: TrainingSettings | None
    notes: tuple[str, ...] = ()


def read_training(graph: Graph, config: Any) -> Compiled:
    """Put the losses, weights and metrics of a `training_config` on the Output nodes of a graph.

    What this program does not have is left as it is and noted; a model can be used without it.
    """
    if not isinstance(config, Mapping):
        return Compiled(graph, None)
    found: Mapping[str, Any] = config
    notes: list[str] = []
    outputs = graph.of_type(Output)
    for index, node in enumerate(outputs):
        giver = graph[graph.incoming(node.id)[0].source].name
        graph = graph.set_layer(node.id, _read_output(found, node, giver, (index, len(outputs)), notes))
    training = _read_optimizer(found.get("optimizer_config"), notes)
    return Compiled(graph, training, tuple(notes))


def _read_output(
    config: Mapping[str, Any], node: Node, giver: str, place: tuple[int, int], notes: list[str]
) -> Output:
    output = node.layer
    assert isinstance(output, Output)
    loss = _name(_of_output(config.get("loss"), giver, place))
    if loss is not None and loss not in LOSSES:
        notes.append(f"The loss {loss} of {giver} is not known here; {output.loss} takes its place.")
    elif loss is not None:
        output = output.replace(loss=loss)
    weight = _of_output(config.get("loss_weights"), giver, place)
    if isinstance(weight, int | float) and not isinstance(weight, bool) and 0 <= weight < 1e9:
        output = output.replace(loss_weight=float(weight))
    return _with_metrics(output, _metrics_of(config.get("metrics"), giver, place), giver, notes)


def _metrics_of(value: Any, giver: str, place: tuple[int, int]) -> list[Any] | None:
    """The metrics of one output; a flat list belongs to it if it is the only one."""
    if value is None:
        return None
    nested = isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(v, list) for v in value))  # pyright: ignore
    found: Any = _of_output(value, giver, place) if nested or place[1] > 1 else value
    return found if isinstance(found, list) else [found]


def _with_metrics(output: Output, metrics: list[Any] | None, giver: str, notes: list[str]) -> Output:
    if metrics is None:
        return output
    kept: list[str] = []
    for metric in metrics:
        name = _name(metric)
        name = "accuracy" if name is not None and name.endswith("_accuracy") else name
        name = _METRICS.get(str(name), name)
        if name in ("accuracy", "mae", "mse"):
            kept.append(name)
        elif name is not None:
            notes.append(f"The metric {name} of {giver} is not known here and is left out.")
    return output.replace(metrics=tuple(kept))


def _of_output(value: Any, giver: str, place: tuple[int, int]) -> Any:
    """The part of a setting that belongs to one output: settings come alone, in a list, or by name."""
    index, count = place
    if isinstance(value, Mapping) and "class_name" not in value:
        by_name: Mapping[str, Any] = value
        return by_name.get(giver)
    if isinstance(value, list):
        listed: list[Any] = value
        return listed[index] if len(listed) == count else None
    return value


def _name(value: Any) -> str | None:
    """The name of a loss or metric, out of the dictionaries that Keras writes for objects."""
    if isinstance(value, Mapping):
        found: Mapping[str, Any] = value
        config = found.get("config")
        inner: Any = config if found.get("class_name") in ("function", None) else found.get("class_name")
        if inner in _WRAPPERS and isinstance(config, Mapping):
            wrapped: Mapping[str, Any] = config
            return _name(wrapped.get("fn"))
        value = inner
    return _ALIASES.get(value, value) if isinstance(value, str) else None


def _read_optimizer(value: Any, notes: list[str]) -> TrainingSettings | None:
    if isinstance(value, str):  # as it was given to `compile`
        value = {"class_name": value, "config": {}}
    config: Any = value.get("config") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(config, Mapping):
        return None
    found: Mapping[str, Any] = config
    name = str(value.get("class_name"))
    names = {key.lower(): cls for key, cls in OPTIMIZERS.items()}
    cls = names.get(name.split(">")[-1].lower())
    if cls is None:
        notes.append(f"The optimizer {name} is not known here; the usual one takes its place.")
        return None
    try:
        settings = {key: _decimal(found[key]) for key in cls.model_fields if key in found and key != "type"}
        return TrainingSettings(optimizer=cls.model_validate({"type": cls.__name__, **settings}))
    except ValidationError:
        notes.append(f"The settings of the optimizer {name} are not ones that this version has.")
        return None


def _decimal(value: Any) -> Any:
    """A number that Keras kept in 32 bits as the decimal that was meant: 0.001, not 0.0010000000474974513."""
    if isinstance(value, float) and float(np.float32(value)) == value:
        return float(str(np.float32(value)))
    return value
