"""Losses, metrics and optimizer as Keras's compiled models keep them (`training_config`), and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.formats.keras_metrics import metric_entry, metrics_in_keras, read_metrics
from engine.formats.keras_optimizer import optimizer_config, read_optimizer
from engine.formats.loaded import Notes, Report
from engine.graph import Graph, Node, snake_case
from engine.inference import Inference, infer
from engine.layers.core import Output
from engine.losses import LOSSES
from engine.project import TrainingSettings

_ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "bce": "binary_crossentropy",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
}
"""Other names of losses and metrics, in small letters."""

_WRAPPERS = ("MeanMetricWrapper", "LossFunctionWrapper")
"""Classes of Keras 2 around a function, which their config names."""

_USUAL: dict[str, tuple[Any, ...]] = {
    "from_logits": (False,),
    "label_smoothing": (0,),
    "axis": (-1,),
    "ignore_class": (None,),
    "delta": (1,),
    "alpha": (0.25,),
    "gamma": (2,),
    "apply_class_balancing": (False,),
    "reduction": ("sum_over_batch_size", "auto", None),
}
"""Settings of losses with the values that they have here."""


def training_config(graph: Graph, inference: Inference, training: TrainingSettings) -> dict[str, Any]:
    """What `model.compile` was given, as Keras writes it: in lists where there are several outputs."""
    outputs = graph.of_type(Output)
    layers = [node.layer for node in outputs if isinstance(node.layer, Output)]
    losses = [layer.loss for layer in layers]
    metrics = [[metric_entry(*found) for found in metrics_in_keras(inference, node)] for node in outputs]
    several = len(outputs) > 1
    return {
        "loss": losses if several else losses[0],
        "loss_weights": [layer.loss_weight for layer in layers] if several or layers[0].loss_weight != 1 else None,
        "metrics": (metrics if several else metrics[0]) if any(metrics) else None,
        "weighted_metrics": None,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": "auto",
        "optimizer_config": optimizer_config(training.optimizer),
    }


# Reading


@dataclass(frozen=True)
class Compiled:
    """What was read: the graph with the losses of the file, the optimizer, and what could not be kept."""

    graph: Graph
    training: TrainingSettings | None
    report: Report = field(default_factory=Report)


def read_training(graph: Graph, config: Any) -> Compiled:
    """Put the losses, weights and metrics of a `training_config` on the Output nodes of a graph.

    What this program does not have is left as it is and noted; a model can be used without it.
    """
    if not isinstance(config, Mapping):
        return Compiled(graph, None)
    found: Mapping[str, Any] = config
    notes = Notes()
    outputs, inference = graph.of_type(Output), infer(graph)
    for index, node in enumerate(outputs):
        giver = graph.owner(graph.incoming(node.id)[0].source).name
        output = _read_output(found, node, giver, (index, len(outputs)), notes)
        kind = LOSSES[output.loss].targets if output.loss is not None else "numbers"
        given = _metrics_given(found, node, giver, (index, len(outputs)))
        metrics = read_metrics(given, kind, inference.shape(node.id) or (), giver, notes)
        graph = graph.set_layer(node.id, output.replace(metrics=metrics))
    training = _settings(found.get("optimizer_config"), notes)
    return Compiled(graph, training, notes.report)


def _read_output(
    config: Mapping[str, Any], node: Node, giver: str, place: tuple[int, int], notes: Notes
) -> Output:
    output = node.layer
    assert isinstance(output, Output)
    names = _names(node, giver)
    entry = _of_output(config.get("loss"), names, place)
    loss = _name(entry)
    if loss is None:
        output = output.replace(loss=None)
    elif loss not in LOSSES:
        notes.changed.append(f"The loss {loss} of {giver} is not known here; {output.loss} takes its place.")
    else:
        output = output.replace(loss=loss)
        notes.changed += [
            f"The loss of {giver} has {setting}, which is not known here." for setting in _unusual(entry)
        ]
    weight = _of_output(config.get("loss_weights"), names, place)
    if isinstance(weight, int | float) and not isinstance(weight, bool) and 0 <= weight < 1e9:
        output = output.replace(loss_weight=float(weight))
    return output


def _names(node: Node, giver: str) -> tuple[str, ...]:
    """By one of them Keras calls an output."""
    return giver, node.name, node.name.removesuffix("_output")


def _unusual(entry: Any) -> list[str]:
    """The settings of a loss that are not as they are here."""
    found = _config(entry)
    return [f"{key}={found[key]}" for key, usual in _USUAL.items() if key in found and found[key] not in usual]


def _config(entry: Any) -> Mapping[str, Any]:
    """The settings of a loss or metric that is written as an object."""
    config: Any = entry.get("config") if isinstance(entry, Mapping) else None
    return config if isinstance(config, Mapping) else {}


def _metrics_given(
    config: Mapping[str, Any], node: Node, giver: str, place: tuple[int, int]
) -> list[tuple[str | None, Mapping[str, Any]]]:
    """The metrics of one output: names and settings."""
    found = [_metrics_of(config.get(kind), _names(node, giver), place) for kind in ("metrics", "weighted_metrics")]
    return [(_name(metric), _config(metric)) for metrics in found for metric in metrics or []]


def _metrics_of(value: Any, names: tuple[str, ...], place: tuple[int, int]) -> list[Any] | None:
    """The metrics of one output; a flat list belongs to it if it is the only one."""
    if value is None:
        return None
    nested = isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(v, list) for v in value))  # pyright: ignore
    found: Any = _of_output(value, names, place) if nested or place[1] > 1 else value
    return found if isinstance(found, list) else [found]


def _of_output(value: Any, names: tuple[str, ...], place: tuple[int, int]) -> Any:
    """The part of a setting that belongs to one output: settings come alone, in a list, or by name."""
    index, count = place
    if isinstance(value, Mapping) and "class_name" not in value:
        by_name: Mapping[str, Any] = value
        return next((by_name[name] for name in names if name in by_name), None)
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
    if value == "Accuracy":  # of equal numbers: another one than "accuracy"
        return value
    return _ALIASES.get(snake_case(value), snake_case(value)) if isinstance(value, str) else None


def _settings(value: Any, notes: Notes) -> TrainingSettings | None:
    optimizer = read_optimizer(value, notes)
    return None if optimizer is None else TrainingSettings(optimizer=optimizer)
