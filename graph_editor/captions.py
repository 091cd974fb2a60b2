"""What a card says: the settings that matter, and numbers as a person reads them."""

from __future__ import annotations

import re
from typing import Any

from engine.graph import Node, snake_case
from engine.layer import Layer

_NAMED = ("axis", "rate", "scale", "stddev", "factor", "n", "dropout", "seed")


def caption(layer: Layer) -> str:
    """The one or two settings that matter: "32 · 3 × 3 · relu"."""
    parts = [_shown(name, getattr(layer, name)) for name in type(layer).caption]
    return " · ".join(part for part in parts if part)


def _shown(name: str, value: Any) -> str:
    if value is None or value == "linear":
        return ""
    if isinstance(value, bool):
        return name.replace("_", " ") if value else ""
    if isinstance(value, tuple):
        return show_numbers(value)
    if isinstance(value, Layer):
        return value.type_name()
    text = f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"{name.replace('_', ' ')} {text}" if name in _NAMED or isinstance(value, float) else text


def show_numbers(values: tuple[Any, ...]) -> str:
    """Numbers of a setting: "3 × 3"; texts are set apart by commas."""
    if all(isinstance(value, int) for value in values):
        return " × ".join(f"{value:,}" for value in values)
    return ", ".join(str(value) for value in values)


def type_is_evident(node: Node) -> bool:
    """Whether the name tells the type, as `conv2d_3` tells Conv2D."""
    stem = re.sub(r"_\d+$", "", node.name).lower().replace("_", "")
    return stem in (snake_case(node.layer.type_name()).replace("_", ""), node.layer.type_name().lower())


def first_sentence(layer_type: type[Layer]) -> str:
    """The sentence that says what a layer does, without its address on the web."""
    text = " ".join((layer_type.__doc__ or "").split("\n\n")[0].split())
    return re.sub(r"\s*\(?https?://\S+\)?", "", text).strip()


def unbroken(text: str) -> str:
    """A sentence whose shapes are not torn apart at the end of a line."""
    return text.replace(" × ", "\u00a0×\u00a0")
