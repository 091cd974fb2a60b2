"""Layers of a network by what is typed: name, type, settings, shapes; those inside groups, too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.graph import Graph, Node
from engine.grouping import Path, known_inside
from engine.inference import Inference, NodeFacts
from engine.layer import Layer
from engine.layers.nested import Functional
from engine.shapes import Shape

_SIZE = r"(?:\d+|none|\?)"
_SHAPE = re.compile(rf"\(\s*{_SIZE}\s*,?\s*\)|\(?\s*{_SIZE}(?:\s*[,x×]\s*{_SIZE})+\s*\)?")


@dataclass(frozen=True)
class Place:
    """A node, and the groups that it lies in, from the outside."""

    path: Path
    node_id: str


@dataclass(frozen=True)
class Wanted:
    """What is looked for: a layer must have all of it."""

    words: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    shapes: tuple[Shape, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words or self.settings or self.shapes)


def read(text: str) -> Wanted:
    """Take a text apart: "conv2d strides=2 (None, 14, 14, 64)"; sizes may be written 14x14 as well."""
    rest = " ".join(re.sub(r"\s*=\s*", "=", text.lower()).split())
    settings: list[tuple[str, str]] = []
    for found in re.finditer(rf"(\w+)=({_SHAPE.pattern}|\S+)", rest):
        settings.append((found[1], found[2].strip()))
    rest = re.sub(rf"\w+=(?:{_SHAPE.pattern}|\S+)", " ", rest)
    shapes = tuple(_sizes(found) for found in _SHAPE.findall(rest))
    return Wanted(tuple(_SHAPE.sub(" ", rest).split()), tuple(settings), shapes)


def _sizes(text: str) -> Shape:
    return tuple(int(size) if size.isdigit() else None for size in re.findall(_SIZE, text))


def find(inference: Inference, text: str) -> list[Place]:
    """The layers that a text means, in the order of computation, those inside a group behind it."""
    wanted = read(text)
    return list(_find(inference, wanted, ())) if wanted else []


def _find(inference: Inference, wanted: Wanted, path: Path) -> Iterator[Place]:
    graph = inference.graph
    for key in graph.order:
        node, facts = graph[key], inference[key]
        if _matches(node, facts, wanted):
            yield Place(path, key)
        if isinstance(node.layer, Functional):
            inner = known_inside(node.layer, facts)
            yield from _find(inner, wanted, (*path, key))


def _matches(node: Node, facts: NodeFacts, wanted: Wanted) -> bool:
    name = node.name.lower()
    return (
        all(word in name or _says(node.layer, facts, word) for word in wanted.words)
        and all(_is_set(node.layer, *setting) for setting in wanted.settings)
        and all(any(_holds(shape, sizes) for shape in facts.shapes) for sizes in wanted.shapes)
    )


def _says(layer: Layer, facts: NodeFacts, word: str) -> bool:
    """Whether type or settings hold a word; a number is one of the settings' or of the shapes' as a whole."""
    kind, values = _said(layer)  # pyright: ignore[reportArgumentType]  # settings have a hash
    if word.isdigit():
        return word in values or any(int(word) in shape for shape in facts.shapes)
    return word in kind or any(word in value for value in values)


@lru_cache(maxsize=4096)
def _said(layer: Layer) -> tuple[str, frozenset[str]]:
    """The type of a layer, and the values of its settings."""
    values = (getattr(layer, name) for name in type(layer).model_fields)
    return layer.shown_class.lower(), frozenset(text for value in values for text in _texts(value))


def _texts(value: Any) -> tuple[str, ...]:
    """The ways to write a value: (3, 3) is "(3, 3)", "3, 3", "3x3" and, as its parts are alike, "3"."""
    if isinstance(value, Graph | Mapping):
        return ()
    if isinstance(value, Layer):
        return (value.shown_class.lower(),)
    if isinstance(value, tuple):
        parts: list[str] = [str(part).lower() for part in value]  # pyright: ignore[reportUnknownVariableType]
        alike = parts[:1] if len(set(parts)) == 1 else []
        return (f"({', '.join(parts)})", ", ".join(parts), "x".join(parts), *alike)
    return (str(value).lower(),)


def _is_set(layer: Layer, name: str, value: str) -> bool:
    """Whether a setting, by the beginning of its name, has a value."""
    fields = type(layer).model_fields
    names = [name] if name in fields else [field for field in fields if field.startswith(name)]
    wanted = {value, value.strip("()").replace(" x ", "x").replace(" × ", "x")}
    return any(not wanted.isdisjoint(_texts(getattr(layer, field))) for field in names)


def _holds(shape: Shape, sizes: Shape) -> bool:
    """Whether sizes stand in a shape one behind the other; None in front stands for the batch or an open size."""
    if sizes[0] is None and sizes[1:] == shape:
        return True
    count = len(sizes)
    return any(shape[start : start + count] == sizes for start in range(len(shape) - count + 1))
