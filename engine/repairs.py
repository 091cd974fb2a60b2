"""What would let a layer take its inputs: the ways out that a `ShapeError` names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.layer import Layer
    from engine.shapes import Shape


@dataclass(frozen=True)
class SetField:
    """A repair: give a setting of the layer another value."""

    field: str
    value: Any


@dataclass(frozen=True)
class InsertBefore:
    """A repair: put a layer in front of an input port (of every connected one if `port` is None)."""

    layer: Layer
    port: int | None = 0
    to: Shape | None = None
    """The shape that it gives, where that says what it is for."""


@dataclass(frozen=True)
class InsertEach:
    """A repair: put layers in front of several input ports, which only together let the layer take its inputs."""

    layers: tuple[tuple[int, Layer], ...]
    to: Shape | None = None
    """The shape that they all give, where it says what they are for."""


Repair = SetField | InsertBefore | InsertEach
