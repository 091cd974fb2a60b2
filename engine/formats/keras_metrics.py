"""Metrics as Keras's files and programs have them, and back: by the entries of `engine.metrics`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from engine.formats.loaded import Notes
from engine.formats.python_text import Group, call, literal, quoted
from engine.formats.reading import shown
from engine.graph import Node, snake_case
from engine.inference import Inference
from engine.layers.core import Output
from engine.losses import LOSSES, TargetKind
from engine.metrics import METRICS, InKeras, Metric
from engine.shapes import Shape

_OF_ALL = ("name", "dtype", "fn")
"""Settings of every metric, which do not change what it says."""


def metrics_in_keras(inference: Inference, output: Node) -> list[tuple[str, InKeras]]:
    """The metrics of an Output by name, as Keras has them."""
    assert isinstance(output.layer, Output)
    if output.layer.loss is None:
        return []
    kind, shape = LOSSES[output.layer.loss].targets, inference.shape(output.id) or ()
    return [(name, METRICS[name].in_keras(kind, shape)) for name in output.layer.metrics]


def metric_entry(name: str, found: InKeras) -> str | dict[str, Any]:
    """A metric as `get_compile_config` gives it: an object has its name, which Keras otherwise makes up."""
    if not found.class_name:
        return name
    return {
        "module": "keras.metrics",
        "class_name": found.class_name,
        "config": {"name": name, **found.settings},
        "registered_name": None,
    }


def metric_code(name: str, found: InKeras) -> str | Group:
    """A metric as it is given to `compile`: its name, unless it needs settings."""
    if not found.settings:
        return quoted(name)
    arguments = (f"{key}={literal(value)}" for key, value in found.settings.items())
    return call(f"keras.metrics.{found.class_name}", arguments)


# Reading


def read_metrics(
    entries: Iterable[tuple[str | None, Mapping[str, Any]]],
    kind: TargetKind,
    shape: Shape,
    giver: str,
    notes: Notes,
) -> tuple[str, ...]:
    """The metrics here for names of Keras and the settings they have; what is not as it was there is noted."""
    kept: list[str] = []
    for name, config in entries:
        metric = _metric(str(name), config, kind, shape)
        if metric is not None:
            kept.append(metric.name)
            _note_changes(metric, config, kind, shape, giver, notes.changed)
        elif name is not None:
            notes.not_understood.append(f"The metric {name} of {giver} is not known here and is left out.")
    return tuple(kept)


def _metric(name: str, config: Mapping[str, Any], kind: TargetKind, shape: Shape) -> Metric | None:
    """An accuracy of whatever kind that is called "accuracy" is the plain one, where that is the same."""
    metric = _known(kind, shape).get("accuracy" if name == "acc" else name)
    if metric is None or config.get("name") != "accuracy" or kind not in metric.targets:
        return metric
    return METRICS["accuracy"] if metric.counts_right else metric


@cache
def _known(kind: TargetKind, shape: Shape) -> Mapping[str, Metric]:
    """Every metric by each of its names in Keras, in small letters."""
    classes = {snake_case(metric.in_keras(kind, shape).class_name): metric for metric in METRICS.values()}
    losses = {metric.loss: metric for metric in METRICS.values() if metric.loss}
    return {**classes, **losses, **METRICS}


def _note_changes(
    metric: Metric, config: Mapping[str, Any], kind: TargetKind, shape: Shape, giver: str, told: list[str]
) -> None:
    """Tell what is not here as it was in the file."""
    found, own, name = metric.in_keras(kind, shape), config.get("name"), metric.name
    for key, here in found.settings.items():
        if key != "name" and config.get(key) != here:
            there = shown(config.get(key))
            told.append(f"The metric {name} of {giver} has {key}={there}; here it is {shown(here)}.")
    for key, value in config.items():
        if key not in (*_OF_ALL, *found.settings) and not _usual(value, found.usual.get(key)):
            told.append(f"The metric {name} of {giver} has {key}={shown(value)}, which is not known here.")
    if isinstance(own, str) and _metric(_plain(own), config, kind, shape) is not metric:
        told.append(f"The metric {name} of {giver} is called {shown(own)} there.")


def _plain(name: str) -> str:
    """A name without the number that Keras puts behind one that is given again."""
    return {"logcosh": "log_cosh"}.get(name, re.sub(r"_\d+$", "", name))


def _usual(value: Any, usual: Any) -> bool:
    return value in (None, False, usual, [usual])
