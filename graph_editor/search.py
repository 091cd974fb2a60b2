"""Layers by what is typed: which match, which come first, and the numbers that become their settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from pydantic import ValidationError

from engine.fields import describe
from engine.layer import Layer
from engine.ops.activations import ACTIVATIONS, ALIASES
from graph_editor.captions import sentence_of
from graph_editor.words import noted, said

BLOCKS = noted("My blocks")
"""The category of blocks of one's own."""

_TELLING = 3
"""Letters that a search must have before what is said of the layers is searched, too."""

_SETTING = re.compile(r"(\w+)\s*=\s*(\([^)]*\)?|\S*)")
_NUMBER = re.compile(r"\d+(\.\d+)?|\.\d+")
_SIZES = re.compile(r"\d+(x\d+)+")


@dataclass(frozen=True)
class Query:
    """What was typed: words that a layer is looked for by, numbers for its settings, and settings by name."""

    words: tuple[str, ...] = ()
    numbers: tuple[Any, ...] = ()
    settings: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """The words as one."""
        return " ".join(self.words)


def read(text: str) -> Query:
    """Take a text apart: "conv2d 64 3x3 padding=same" is "conv2d" with 64, (3, 3) and the padding."""
    settings = tuple((found[1].lower(), _value(found[2])) for found in _SETTING.finditer(text) if found[2])
    first, *others = _SETTING.sub(" ", text).lower().split() or [""]
    numbers = [part for part in others if _is_number(part)]
    words = [first, *(part for part in others if not _is_number(part))] if first else []
    return Query(tuple(words), tuple(_value(part) for part in numbers), settings)


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text) or _SIZES.fullmatch(text))


def _value(text: str) -> Any:
    """What a text stands for: 3, 0.5, 3x3, (3, 3), true, none, or a word."""
    plain = text.lower()
    if plain.startswith("("):
        return tuple(_value(part) for part in re.split(r"[,\s]+", plain.strip("()")) if part)
    if _SIZES.fullmatch(plain):
        return tuple(int(size) for size in plain.split("x"))
    if _NUMBER.fullmatch(plain.removeprefix("-")):
        return float(plain) if "." in plain else int(plain)
    return {"true": True, "false": False, "none": None}.get(plain, text)


def rank(layer: type[Layer], query: Query) -> int | None:
    """How well a layer matches, 0 is best; None where it does not match.

    Its own name counts for most, then its category, then, for longer words, what is said of it.
    """
    category = f"{layer.category} {said(layer.category)}"
    for meant in (query, _with_activation(layer, query)):
        found = rank_name(layer.type_name(), category, meant)
        if found is not None:
            return found
    about = said_of(layer) if len(query.name) >= _TELLING or not query.name.isascii() else ""
    told = f"{layer.type_name()} {category} {about}".lower()
    return 4 if about and all(word in told for word in query.words) else None


def _meant(layer: type[Layer], query: Query) -> Query:
    """What a query means for a layer: "relu" is a word of its name, or else its activation."""
    by_name = rank_name(layer.type_name(), layer.category, query) is not None
    return query if by_name else _with_activation(layer, query)


def _with_activation(layer: type[Layer], query: Query) -> Query:
    """A query whose further words that name an activation are a setting, where the layer has that."""
    if "activation" not in layer.model_fields:
        return query
    named = [word for word in query.words[1:] if ALIASES.get(word, word) in ACTIVATIONS]
    words = tuple(word for word in query.words if word not in named)
    settings = tuple(("activation", ALIASES.get(word, word)) for word in named)
    return replace(query, words=words, settings=(*settings, *query.settings))


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


@dataclass(frozen=True)
class Refused:
    """A setting that a layer does not have, or does not take with that value, which `error` says."""

    name: str
    error: ValidationError | None = None


def made(layer: type[Layer], query: Query) -> tuple[Layer, Refused | None]:
    """The layer with the settings of a query, and the first of those by name that it refuses.

    Numbers are its first settings, as far as they are such that it takes them.
    """
    found, meant = layer(), _meant(layer, query)
    for name, value in _by_position(layer, meant.numbers):
        try:
            found = found.replace(**{name: value})
        except ValidationError:
            break
    refused: Refused | None = None
    for name, value in meant.settings:
        if name not in layer.model_fields:
            refused = refused or Refused(name)
            continue
        try:
            found = found.replace(**{name: value})
        except ValidationError as error:
            refused = refused or Refused(name, error)
    return found, refused


def _by_position(layer: type[Layer], numbers: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """The settings that numbers are for; one of any length, such as a shape, takes all that are left."""
    specs = {spec.name: spec for spec in describe(layer)}
    for index, (name, value) in enumerate(zip(layer.positional, numbers, strict=False)):
        if specs[name].kind == "ints" and specs[name].length is None:
            sizes = (part if isinstance(part, tuple) else (part,) for part in numbers[index:])
            yield name, tuple(chain.from_iterable(sizes))
            return
        yield name, value
