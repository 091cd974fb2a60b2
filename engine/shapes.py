"""Shapes of samples: what they are, how they are written, and what layers ask of them."""

from __future__ import annotations

import math

from engine.errors import ShapeError

Shape = tuple[int | None, ...]
"""Shape of one sample, without the batch axis; None is a length known only at run time."""


def axis_of(what: str, axis: int, shape: Shape) -> int:
    """The position of an axis, counted by Keras with the batch as 0, among the axes of a sample."""
    rank = len(shape) + 1
    found = axis if axis >= 0 else axis + rank
    if not 1 <= found < rank:
        raise ShapeError(f"{what}: axis {axis} is not one of the {rank - 1} axes of a sample.", "axis")
    return found - 1


def known_sizes(what: str, shape: Shape) -> tuple[int, ...]:
    """The shape if all its sizes are known; raises `ShapeError` where one is not."""
    if any(size is None for size in shape):
        raise ShapeError(f"{what} needs sizes that are known, but gets {show_shape(shape)}.")
    return tuple(size for size in shape if size is not None)


def count(*shapes: Shape) -> int:
    """How many numbers there are in arrays of these shapes, whose sizes are known."""
    return sum(math.prod(size or 0 for size in shape) for shape in shapes)


def show_shape(shape: Shape) -> str:
    """A shape as a person reads it: "28 × 28 × 1", "?" for a length not known yet."""
    if not shape:
        return "1"
    return " × ".join("?" if size is None else f"{size:,}" for size in shape)
