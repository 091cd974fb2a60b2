"""What the settings of several layers have in common, so that they can be edited together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from pydantic import ValidationError

from engine.errors import GraphError
from engine.fields import FieldSpec, describe
from engine.graph import Graph
from engine.layer import Layer
from graph_editor.forms.form import reason
from graph_editor.words import error_said

_MOST = 9
"""Values that are told apart; more are only "several"."""


@dataclass(frozen=True)
class Common:
    """The settings that all of some layers have, and the values of those in which they differ."""

    names: frozenset[str] = frozenset()
    mixed: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


def common(layers: Iterable[Layer]) -> Common:
    """What layers have in common: settings of one name, one kind and one range of values."""
    found = list(layers)
    shared = frozenset.intersection(*(_kinds(type(layer)) for layer in found))
    names = frozenset(spec.name for spec in shared)
    values = {name: _distinct(getattr(layer, name) for layer in found) for name in names}
    return Common(names, {name: several for name, several in values.items() if len(several) > 1})


@cache
def _kinds(layer: type[Layer]) -> frozenset[FieldSpec]:
    """The settings of a class, without what may be said of the same setting in different words."""
    specs = (spec for spec in describe(layer) if spec.kind not in ("graph", "hidden"))
    return frozenset(replace(spec, default=None, description="", rare=False) for spec in specs)


def _distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
            if len(found) == _MOST:
                break
    return tuple(found)


def with_setting(graph: Graph, node_ids: Collection[str], name: str, value: Any) -> Graph:
    """With one setting of some nodes changed; raises `ValidationError` or `GraphError`."""
    for key in node_ids:
        graph = graph.set_layer(key, graph[key].layer.replace(**{name: value}))
    return graph


def refusal(graph: Graph, node_ids: Collection[str], name: str, value: Any) -> str:
    """Why some nodes cannot have this setting; nothing where they can."""
    for key in node_ids:
        try:
            graph.set_layer(key, graph[key].layer.replace(**{name: value}))
        except ValidationError as error:
            return f"{reason(error)} ({graph[key].name})"
        except GraphError as error:
            return error_said(error)
    return ""
