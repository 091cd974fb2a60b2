"""What a card says: the settings that matter, and numbers as a person reads them."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import QCoreApplication

from engine.graph import Graph, Node, snake_case
from engine.layer import Layer
from graph_editor.words import counted, said

_NAMED = ("axis", "rate", "scale", "stddev", "factor", "n", "dropout", "seed")
_MOST = 6
"""How many values of a list a caption begins to write."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Captions", text)


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
        return show_values(value)
    if isinstance(value, Layer):
        return value.type_name()
    if isinstance(value, Graph):
        return layer_count(value)
    text = f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"{name.replace('_', ' ')} {text}" if name in _NAMED or isinstance(value, float) else text


def show_value(value: Any) -> str:
    """The value of any setting, by itself."""
    if value is None:
        return _tr("none")
    if isinstance(value, bool):
        return _tr("yes") if value else _tr("no")
    if isinstance(value, tuple):
        return show_values(value) or _tr("none")
    if isinstance(value, Layer):
        return value.type_name()
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}" if isinstance(value, float) else str(value)


def layer_count(graph: Graph) -> str:
    """How many layers there are, ends aside."""
    count = sum(node.layer.has_output and node.layer.max_inputs != 0 for node in graph)
    return counted(count, _tr("{0} layer"), _tr("{0} layers"))


def show_values(values: tuple[Any, ...]) -> str:
    """What a setting of several values holds: "3 × 3"; other things than sizes are set apart by commas."""
    if all(value is None or isinstance(value, int) for value in values):
        return " × ".join("?" if value is None else f"{value:,}" for value in values)
    shown = [value.type_name() if isinstance(value, Layer) else str(value) for value in values[:_MOST]]
    return ", ".join([*shown, "…"] if len(values) > _MOST else shown)


def output_name(layer: Layer, output: int) -> str:
    """What an output is called; nothing where there is but one."""
    names = layer.output_names
    return names[output] or _tr("output {0}").format(output + 1) if output < len(names) > 1 else ""


def type_is_evident(node: Node) -> bool:
    """Whether the name tells the type, as `conv2d_3` tells Conv2D."""
    stem = re.sub(r"_\d+$", "", node.name).lower().replace("_", "")
    return stem in (snake_case(node.layer.type_name()).replace("_", ""), node.layer.type_name().lower())


def sentence_of(layer_type: type[Any]) -> str:
    """What a layer does, in the language of the window."""
    return said(first_sentence(layer_type))


def first_sentence(layer_type: type[Any]) -> str:
    """The sentence that says what a layer does, in English, without its address on the web."""
    text = " ".join((layer_type.__doc__ or "").split("\n\n")[0].split())
    return re.sub(r"\s*\(?https?://\S+\)?", "", text).strip()


def unbroken(text: str) -> str:
    """A sentence whose shapes are not torn apart at the end of a line."""
    return text.replace(" × ", "\u00a0×\u00a0")
