"""The functions of a JAX program: which of `engine.ops` its layers need, and those that are written for graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from engine.formats.python_text import Names
from engine.formats.sources import Library
from engine.layer import Layer
from engine.ops.activations import ACTIVATIONS
from engine.ops.core import identity

WIDTH = 115
"""That of the functions that are copied."""

Function = Callable[..., Any]


def functions_of(layer: Layer, masks: bool = True) -> Iterator[Function]:
    """All functions that the lines of a layer name; `masks` says whether any layer of the graph starts a mask."""
    if layer.formula is not None:
        return
    mask_op = layer.mask_op()
    made = mask_op if mask_op is not None and (masks or not mask_op.all_masks) else None
    for op in filter(None, (layer.op(), made)):
        yield from (function for function in functions_in(op.function) if function is not identity)
        for value in op.settings.values():
            yield from functions_in(value)
    if activates(layer):
        yield ACTIVATIONS[layer.activation_name or "linear"]


def functions_in(value: Any) -> Iterator[Function]:
    """The functions in a setting: by itself, in a row, or with arguments bound."""
    if isinstance(value, partial):
        yield from functions_in(value.func)  # pyright: ignore[reportUnknownMemberType]
        for inner in (*value.args, *value.keywords.values()):
            yield from functions_in(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            yield from functions_in(inner)
    elif callable(value):
        yield value


def activates(layer: Layer) -> bool:
    """Whether the lines of a layer end in an activation."""
    return layer.activation_name not in (None, "linear")


@dataclass
class Functions:
    """The functions of a program: those of the library, and those that are written for graphs."""

    library: Library
    reserved: tuple[str, ...]
    """What no variable and no function may be called."""
    written: list[str] = field(default_factory=list[str])
    """The text of each, after those that it calls."""

    def __post_init__(self) -> None:
        self.names = self.scope()

    def scope(self, *called: str) -> Names:
        """Names for the variables of a function that calls these others."""
        return Names({*self.reserved, *self.library.names.values(), *called})
