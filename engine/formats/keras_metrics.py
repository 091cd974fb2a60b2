"""Metrics as Keras's files and programs have them, and back: by the entries of `engine.metrics`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from engine.chosen_metrics import Chosen, chosen
from engine.formats.loaded import Notes
from engine.formats.python_text import Group, call, literal, quoted
from engine.formats.reading import shown
from engine.graph import Node, snake_case
from engine.inference import Inference
from engine.layers.core import Output
from engine.losses import LOSSES, TargetKind
from engine.metric_settings import THRESHOLD, MetricSettings, Overlapping
from engine.metrics import METRICS, Metric
from engine.metrics_in_keras import InKeras
from engine.shapes import Shape

_OTHERS: Mapping[type[MetricSettings], Mapping[str, Any]] = {Overlapping: {"target_class_ids": (0,)}}
"""Settings with which a metric is of another class."""

_OF_ALL = ("name", "dtype", "fn")
"""Settings of every metric, which do not change what it says."""


def metrics_in_keras(inference: Inference, output: Node) -> list[tuple[str, InKeras]]:
    """The metrics of an Output by the names of their figures, as Keras has them."""
    assert isinstance(output.layer, Output)
    if output.layer.loss is None:
        return []
    kind, shape = LOSSES[output.layer.loss].targets, inference.shape(output.id) or ()
    return [(metric.figure, metric.in_keras(kind, shape)) for metric in map(chosen, output.layer.metrics)]


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
    for name, config in (one for entry in entries for one in _one_by_one(*entry)):
        metric = _metric(str(name), config, kind, shape)
        if metric is not None:
            found = _with_settings(metric, config, kind, shape)
            kept.append(found.text)
            _note_changes(found, config, kind, shape, giver, notes.changed)
        elif name is not None:
            notes.not_understood.append(f"The metric {name} of {giver} is not known here and is left out.")
    return tuple(kept)


def _one_by_one(name: str | None, config: Mapping[str, Any]) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """A metric for each of several thresholds, of which Keras makes one figure of several numbers."""
    thresholds: Any = config.get("thresholds")
    if name in ("precision", "recall") and isinstance(thresholds, list | tuple) and len(thresholds) > 1:
        yield from ((name, {**config, "thresholds": threshold}) for threshold in thresholds)
    else:
        yield name, config


def _with_settings(metric: Metric, config: Mapping[str, Any], kind: TargetKind, shape: Shape) -> Chosen:
    """The metric with those settings of Keras's that it can have here."""
    found = Chosen(metric, metric.settings())
    usual = found.in_keras(kind, shape).usual
    for field in metric.settings.model_fields:
        value = _own_name(metric, config, kind, shape) if field == "name" else config.get(field)
        if not _usual(value, usual.get(field)):
            try:
                found = Chosen(metric, found.settings.replace(**{field: value}))
            except ValidationError:
                continue  # is told, as all that is not kept
    return found


def _own_name(metric: Metric, config: Mapping[str, Any], kind: TargetKind, shape: Shape) -> str | None:
    """What a metric is called, where that is not Keras's name of it."""
    name = config.get("name")
    return name if isinstance(name, str) and _metric(_plain(name), config, kind, shape) is not metric else None


def _metric(name: str, config: Mapping[str, Any], kind: TargetKind, shape: Shape) -> Metric | None:
    """An accuracy of whatever kind that is called "accuracy" is the plain one, where that is the same."""
    metric = _known(kind, shape).get("accuracy" if name == "acc" else name)
    if metric is None or config.get("name") != "accuracy" or kind not in metric.targets:
        return metric
    return (
        METRICS["accuracy"] if metric.counts_right and config.get("threshold", THRESHOLD) == THRESHOLD else metric
    )


@cache
def _known(kind: TargetKind, shape: Shape) -> Mapping[str, Metric]:
    """Every metric by each of its names in Keras, in small letters."""
    classes = {
        snake_case(metric.maker(kind, shape, settings).class_name): metric
        for metric in METRICS.values()
        for settings in (metric.settings(), metric.settings.model_validate(_OTHERS.get(metric.settings, {})))
    }
    losses = {metric.loss: metric for metric in METRICS.values() if metric.loss}
    return {**classes, **losses, **METRICS}


def _note_changes(
    metric: Chosen, config: Mapping[str, Any], kind: TargetKind, shape: Shape, giver: str, told: list[str]
) -> None:
    """Tell what is not here as it was in the file."""
    found, name = metric.in_keras(kind, shape), metric.metric.name
    for key, here in found.settings.items():
        if key != "name" and not _same(config.get(key), here):
            there = shown(config.get(key))
            told.append(f"The metric {name} of {giver} has {key}={there}; here it is {shown(here)}.")
    fields = {*type(metric.settings).model_fields} - found.usual.keys()
    for key, value in config.items():
        if key in (*_OF_ALL, *found.settings):
            continue
        here = getattr(metric.settings, key) if key in fields else 0
        if not _usual(value, found.usual.get(key)) and not _same(value, here):
            told.append(f"The metric {name} of {giver} has {key}={shown(value)}, which is not known here.")
    own = _own_name(metric.metric, config, kind, shape)
    if own and own != metric.settings.name:
        told.append(f"The metric {name} of {giver} is called {shown(own)} there.")


def _same(there: Any, here: Any) -> bool:
    """Whether settings are the same: one number may stand in a list."""
    if isinstance(there, list | tuple):
        return [*there] in ([*here] if isinstance(here, list | tuple) else here, [here])  # pyright: ignore
    return there == here


def _plain(name: str) -> str:
    """A name without the number that Keras puts behind one that is given again."""
    return {"logcosh": "log_cosh"}.get(name, re.sub(r"_\d+$", "", name))


def _usual(value: Any, usual: Any) -> bool:
    return value is None or value is False or (usual is not None and _same(value, usual))
