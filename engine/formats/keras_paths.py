"""Where Keras 3 keeps each weight in `model.weights.h5`: `layers/<class>[_n]/<part>/vars/<i>`.

Layers are counted by class, in the order of `model.layers`, whatever their own names are; a part of a layer
stands under its attribute, a model within under its own `layers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.graph import Node, snake_case
from engine.layer import Layer
from engine.layers.nested import Functional
from engine.layers.placeholder import Placeholder
from engine.weights import Weight

Kinds = Mapping[str, tuple[str, "Kinds"]]
"""The Keras classes of the layers of a model by name, with those of the layers within where it is a model."""

_OWN_NAMES = {"GroupQueryAttention": "GroupedQueryAttention"}
"""Classes that Keras names otherwise in its code, and so in the paths, than where it offers them."""


def kinds_of(config: Any) -> Kinds:
    """The classes that the config of a model names. A nested model may be Sequential there and is none here."""
    layers: Any = config.get("layers") if isinstance(config, dict) else config
    found: dict[str, tuple[str, Kinds]] = {}
    for entry in layers if isinstance(layers, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("config"), dict):
            inner: dict[str, Any] = entry["config"]
            name, kind = inner.get("name", entry.get("name")), entry.get("class_name")
            found[str(name)] = str(kind), kinds_of(inner) if "layers" in inner else {}
    return found


def layer_groups(owners: Iterable[Node], kinds: Kinds) -> dict[str, str]:
    """The group of each layer by its name, such as "layers/conv2d_1"."""
    return _groups(
        (node.name, kinds[node.name][0] if node.name in kinds else node.layer.saved_class) for node in owners
    )


def class_groups(kinds: Kinds) -> dict[str, str]:
    """The group of each layer of a config by its name."""
    return _groups((name, kind) for name, (kind, _) in kinds.items())


def _groups(classes: Iterable[tuple[str, str]]) -> dict[str, str]:
    counts: dict[str, int] = {}
    groups: dict[str, str] = {}
    for name, cls in classes:
        kind = snake_case(_OWN_NAMES.get(cls, cls))
        number = counts[kind] = counts.get(kind, -1) + 1
        groups[name] = f"layers/{kind}_{number}" if number else f"layers/{kind}"
    return groups


def weight_paths(layer: Layer | None, weights: Sequence[Weight], kinds: Kinds | None = None) -> dict[str, str]:
    """The name of the weight at each path below the group of a layer; some layers keep one at two paths."""
    if isinstance(layer, Placeholder):
        return {weight.name: weight.name for weight in weights}
    paths: dict[str, str] = {}
    parts: dict[str, list[Weight]] = {}
    own: list[Weight] = []
    for weight in weights:
        part, inside, _ = weight.name.partition("/")
        if inside:
            parts.setdefault(part, []).append(weight)
        else:
            own.append(weight)
    names = [weight.name for weight in sorted(own, key=lambda weight: not weight.trainable)]
    if layer is not None and own:
        names = [*layer.also_own, *names]
    paths |= {f"vars/{number}": name for number, name in enumerate(names)}
    inner = {node.name: node.layer for node in layer.owners} if isinstance(layer, Functional) else {}
    groups = layer_groups(layer.owners, kinds or {}) if isinstance(layer, Functional) else {}
    for part, theirs in parts.items():
        held = inner.get(part, getattr(layer, part, None))
        within = kinds[part][1] if kinds and part in kinds else None
        found = weight_paths(held if isinstance(held, Layer) else None, _without(theirs, part), within)
        paths |= {f"{groups.get(part, part)}/{path}": f"{part}/{name}" for path, name in found.items()}
    return paths


def _without(weights: Sequence[Weight], part: str) -> list[Weight]:
    return [replace(weight, name=weight.name.removeprefix(f"{part}/")) for weight in weights]
