"""Losses, metrics and optimizer as Keras's compiled models keep them (`training_config`), and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.formats.keras_optimizer import optimizer_config, read_optimizer
from engine.formats.loaded import Notes, Report
from engine.graph import Graph, Node, snake_case
from engine.inference import Inference
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

_METRICS = {
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
    "accuracy": "accuracy",
    "acc": "accuracy",
    "binary_accuracy": "accuracy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
}

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


def keras_metrics(inference: Inference, output: Node) -> list[str]:
    """The metrics of an Output by the names that make Keras compute the same.

    Keras takes "accuracy" of more than one number for that of classes, so several yes-or-no answers need the
    name in full.
    """
    assert isinstance(output.layer, Output)
    if output.layer.loss is None:
        return []
    shape = inference.shape(output.id) or ()
    several = LOSSES[output.layer.loss].targets in ("binary", "signs") and shape[-1:] != (1,)
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
    outputs = graph.of_type(Output)
    for index, node in enumerate(outputs):
        giver = graph.owner(graph.incoming(node.id)[0].source).name
        graph = graph.set_layer(node.id, _read_output(found, node, giver, (index, len(outputs)), notes))
    training = _settings(found.get("optimizer_config"), notes)
    return Compiled(graph, training, notes.report)


def _read_output(
    config: Mapping[str, Any], node: Node, giver: str, place: tuple[int, int], notes: Notes
) -> Output:
    output = node.layer
    assert isinstance(output, Output)
    names = (giver, node.name, node.name.removesuffix("_output"))  # by one of them Keras calls it
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
    found = [_metrics_of(config.get(kind), names, place) for kind in ("metrics", "weighted_metrics")]
    given = [metric for metrics in found for metric in metrics or []]
    return _with_metrics(output, given, giver, notes)


def _unusual(entry: Any) -> list[str]:
    """The settings of a loss that are not as they are here."""
    config: Any = entry.get("config") if isinstance(entry, Mapping) else None
    found: Mapping[str, Any] = config if isinstance(config, Mapping) else {}
    return [f"{key}={found[key]}" for key, usual in _USUAL.items() if key in found and found[key] not in usual]


def _metrics_of(value: Any, names: tuple[str, ...], place: tuple[int, int]) -> list[Any] | None:
    """The metrics of one output; a flat list belongs to it if it is the only one."""
    if value is None:
        return None
    nested = isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(v, list) for v in value))  # pyright: ignore
    found: Any = _of_output(value, names, place) if nested or place[1] > 1 else value
    return found if isinstance(found, list) else [found]


def _with_metrics(output: Output, metrics: list[Any], giver: str, notes: Notes) -> Output:
    kept: list[str] = []
    for metric in metrics:
        name = _name(metric)
        known = _METRICS.get(str(name))
        if known is not None:
            kept.append(known)
        elif name is not None:
            notes.not_understood.append(f"The metric {name} of {giver} is not known here and is left out.")
    return output.replace(metrics=tuple(dict.fromkeys(kept)))


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
