"""The settings that a sweep can vary: those of training, of the optimizer, and of the layers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from textwrap import shorten
from typing import Any

from pydantic import ValidationError

from engine.errors import DataError
from engine.fields import FieldSpec, Settings, describe
from engine.graph import Graph, Node
from engine.layer import Layer
from engine.optimizers import OPTIMIZERS
from engine.project import Project, TrainingSettings

RATE = "learning_rate"
BY_POWERS = (RATE, "weight_decay", "epsilon")
"""Settings whose values are compared by their ratios unless something else is said."""

_SHORT = {"lr": RATE, "rate": RATE, "batch": "batch_size"}
"""Other names that people write."""

_KINDS = ("int", "float", "bool", "choice", "call", "ints", "floats", "rate")
_OPTIMIZER = FieldSpec("optimizer", "choice", "Adam", "How the weights are changed at each step.")


@dataclass(frozen=True)
class Variable:
    """A setting by the name it has in a sweep: `seed`, `learning_rate`, `optimizer.beta_1`, `dense_1.units`."""

    name: str
    spec: FieldSpec
    value: str
    """What the project says, as text."""
    title: str = ""
    """The type of the layer, or of the optimizer."""

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return self.spec.kind == "int"

    @property
    def number(self) -> bool:
        """Whether it is a number, of which a range can be given."""
        return self.spec.kind in ("int", "float", "rate")

    @property
    def log(self) -> bool:
        """Whether such numbers are compared by their ratios."""
        return self.spec.name in BY_POWERS

    def read(self, text: str) -> Any:
        """The value that a text stands for; raises `DataError`."""
        try:
            return _read(self.spec, text.strip())
        except ValueError:
            raise DataError(f"{self.name} cannot be {shorten(repr(text), 60)}: {_wanted(self.spec)}.") from None


def _read(spec: FieldSpec, text: str) -> Any:
    if spec.optional and text.lower() == "none":
        return None
    if spec.kind == "bool":
        return _truth(text.lower())
    if spec.kind == "int":
        return int(text)
    if spec.kind in ("float", "rate"):
        return float(text)
    if spec.kind in ("ints", "floats"):
        number = int if spec.kind == "ints" else float
        parts = tuple(map(number, re.split(r"\s*[x×]\s*", text)))
        return parts[0] if len(parts) == 1 else parts
    if spec.kind == "choice" and text not in (spec.choices or (text,)):
        raise ValueError(text)
    return text


def _truth(text: str) -> bool:
    if text not in ("yes", "no", "true", "false"):
        raise ValueError(text)
    return text in ("yes", "true")


def _wanted(spec: FieldSpec) -> str:
    kinds = {
        "int": "a whole number is wanted",
        "float": "a number is wanted",
        "rate": "a number is wanted",
        "bool": "yes or no is wanted",
        "ints": "whole numbers are wanted, such as 3 or 3x3",
        "floats": "numbers are wanted, such as 0.1 or 0.1x0.2",
    }
    return kinds.get(spec.kind) or f"one of {', '.join(spec.choices)} is wanted"


def shown(value: Any) -> str:
    """A value as it is written in a sweep."""
    if isinstance(value, list | tuple):
        return "x".join(shown(part) for part in value)  # pyright: ignore[reportUnknownVariableType]
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:.6g}" if isinstance(value, float) else str(value)


# All there are


def variables(project: Project) -> tuple[Variable, ...]:
    """The settings of a project that a sweep can vary."""
    training, optimizer = project.training, project.training.optimizer
    found = [Variable(spec.name, spec, shown(getattr(training, spec.name))) for spec in _specs(TrainingSettings)]
    kind = replace(_OPTIMIZER, choices=tuple(OPTIMIZERS))
    found.append(Variable("optimizer", kind, optimizer.type))
    for spec in _specs(type(optimizer)):
        name = RATE if spec.name == RATE else f"optimizer.{spec.name}"
        value = getattr(optimizer, spec.name)
        plain = not isinstance(value, Settings)
        found.append(Variable(name, spec, shown(value) if plain else type(value).__name__, optimizer.type))
    for place, node in _nodes(project.graph, ""):
        for spec in _specs(type(node.layer)):
            value = shown(getattr(node.layer, spec.name))
            found.append(Variable(f"{place}.{spec.name}", spec, value, node.layer.type_name()))
    return tuple(found)


@cache
def _specs(settings: type[Settings]) -> tuple[FieldSpec, ...]:
    return tuple(spec for spec in describe(settings) if spec.kind in _KINDS)


def _nodes(graph: Graph, holder: str) -> Iterator[tuple[str, Node]]:
    for node in graph:
        if node.shares is None:
            yield holder + node.name, node
            for spec in describe(type(node.layer)):
                if spec.kind == "graph":
                    yield from _nodes(getattr(node.layer, spec.name), f"{holder}{node.name}/")


def variable(project: Project, name: str) -> Variable:
    """The setting of this name; raises `DataError` where there is none."""
    wanted = _SHORT.get(name, name)
    known = variables(project)
    for found in known:
        if found.name == wanted:
            return found
    ends = [found.name for found in known if found.name.rpartition(".")[2] == wanted.rpartition(".")[2]]
    hint = f" Is it {' or '.join(ends[:4])}?" if ends else ""
    raise DataError(f"There is no setting {shorten(repr(name), 60)} that could be varied.{hint}")


# Changing them


def varied(project: Project, values: Mapping[str, Any]) -> Project:
    """The project with other settings; raises `DataError` where one cannot have such a value."""
    for name in sorted(values, key=lambda name: name != "optimizer"):  # its own settings come after it
        try:
            project = _with(project, name, values[name])
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            message = first["msg"].removeprefix("Value error, ")
            message = message[:1].lower() + message[1:]
            raise DataError(f"{name} cannot be {shorten(shown(values[name]), 60)}: {message}.") from None
    return project


def _with(project: Project, name: str, value: Any) -> Project:
    training = project.training
    if name in TrainingSettings.model_fields and name != "optimizer":
        return project.with_training(**{name: value})
    if name == "optimizer":
        rate = training.optimizer.learning_rate
        same = value == training.optimizer.type
        changed = training.optimizer if same else OPTIMIZERS[value](learning_rate=rate)
        return project.with_training(optimizer=changed)
    holder, _, field = name.rpartition(".")
    if name == RATE or holder == "optimizer":
        if field not in type(training.optimizer).model_fields:
            raise DataError(f"{training.optimizer.type} has no setting {field!r}.")
        return project.with_training(optimizer=training.optimizer.replace(**{field: value}))
    return replace(project, graph=_with_layer(project.graph, holder, field, value))


def _with_layer(graph: Graph, place: str, field: str, value: Any) -> Graph:
    for node in graph:
        if node.name == place:
            return graph.set_layer(node.id, node.layer.replace(**{field: value}))
        for spec in describe(type(node.layer)):
            if spec.kind == "graph" and place.startswith(f"{node.name}/"):
                inner = _with_layer(
                    getattr(node.layer, spec.name), place.removeprefix(f"{node.name}/"), field, value
                )
                layer: Layer = node.layer.replace(**{spec.name: inner})
                return graph.set_layer(node.id, layer)
    raise DataError(f"There is no layer {place!r}.")
