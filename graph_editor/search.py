"""Layers by what is typed: which match, which come first, and the numbers that become their settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from engine.layer import Layer
from graph_editor.captions import sentence_of
from graph_editor.words import noted, said

BLOCKS = noted("My blocks")
"""The category of blocks of one's own."""

_TELLING = 3
"""Letters that a search must have before what is said of the layers is searched, too."""

_NUMBER = re.compile(r"\d+(\.\d+)?|\.\d+")
_SIZES = re.compile(r"\d+(x\d+)+")


@dataclass(frozen=True)
class Query:
    """What was typed: words that a layer is looked for by, and numbers for its settings."""

    words: tuple[str, ...] = ()
    numbers: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        """The words as one."""
        return " ".join(self.words)


def read(text: str) -> Query:
    """Take a text apart: "conv2d 64 3x3" looks for "conv2d" and gives it 64 and (3, 3)."""
    parts = text.lower().split()
    count = len(parts)
    while count > 1 and (_NUMBER.fullmatch(parts[count - 1]) or _SIZES.fullmatch(parts[count - 1])):
        count -= 1
    return Query(tuple(parts[:count]), tuple(_value(part) for part in parts[count:]))


def _value(text: str) -> Any:
    if _SIZES.fullmatch(text):
        return tuple(int(size) for size in text.split("x"))
    return float(text) if "." in text else int(text)


def rank(layer: type[Layer], query: Query) -> int | None:
    """How well a layer matches, 0 is best; None where it does not match.

    Its own name counts for most, then its category, then, for longer words, what is said of it.
    """
    category = f"{layer.category} {said(layer.category)}"
    found = rank_name(layer.type_name(), category, query)
    if found is not None:
        return found
    about = said_of(layer) if len(query.name) >= _TELLING or not query.name.isascii() else ""
    told = f"{layer.type_name()} {category} {about}".lower()
    return 4 if about and all(word in told for word in query.words) else None


def rank_name(name: str, category: str, query: Query) -> int | None:
    """How well a name matches, 0 is best; None where neither it nor its category does."""
    name, category = name.lower(), category.lower()
    if not query.words or name == query.name:
        return 0
    if name.startswith(query.name):
        return 1
    if query.name in name:
        return 2
    if all(word in f"{name} {category}" for word in query.words):
        return 3
    return None


def said_of(layer: type[Layer]) -> str:
    """All that a layer says of itself, and what the window says of it."""
    return re.sub(r"https?://\S+", "", f"{layer.__doc__ or ''} {sentence_of(layer)}").lower()


def made(layer: type[Layer], query: Query, default: Callable[[type[Layer]], Layer] = lambda cls: cls()) -> Layer:
    """The layer with the numbers of a query as its first settings, as far as they are such that it takes them."""
    plain, settings = default(layer), dict[str, Any]()
    for name, value in zip(layer.positional, query.numbers, strict=False):
        try:
            layer.model_validate({**dict(plain), **settings, name: value})
        except ValidationError:
            break
        settings[name] = value
    return layer.model_validate({**dict(plain), **settings}) if settings else plain
