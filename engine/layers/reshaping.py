"""Layers that only change a shape or an order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from engine.errors import ShapeError
from engine.fields import PositiveInt
from engine.layer import Layer
from engine.op import Op
from engine.ops import reshaping as ops
from engine.registry import register
from engine.repairs import InsertBefore
from engine.shapes import Shape, show_shape


@register(category="Reshaping")
class Flatten(Layer):
    """Makes one row of numbers of each sample. https://keras.io/api/layers/reshaping_layers/flatten/"""

    keras_class: ClassVar[str | None] = "Flatten"
    flops_each: ClassVar[int] = 0
    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
    casts: ClassVar[bool] = False

    def output_shape(self, *inputs: Shape) -> Shape:
        return (_product(inputs[0]),)

    def op(self) -> Op:
        return Op(ops.flatten)


def _product(shape: Shape) -> int | None:
    """How many numbers a sample has; None where a size is open."""
    known = [size for size in shape if size is not None]
    return math.prod(known) if len(known) == len(shape) else None


def _check_target(shape: tuple[int, ...]) -> tuple[int, ...]:
    if not shape:
        raise ValueError("needs at least one size")
    if shape.count(-1) > 1:
        raise ValueError("may leave one size open (-1), not two")
    if any(size == 0 or size < -1 for size in shape):
        raise ValueError("has sizes of 1 or more, or -1 for the one that is worked out")
    return shape


@register(category="Reshaping")
class Reshape(Layer):
    """Puts the numbers of a sample in another shape. https://keras.io/api/layers/reshaping_layers/reshape/"""

    target_shape: Annotated[tuple[int, ...], AfterValidator(_check_target)] = Field(
        default=(-1,), description="The new shape, without the batch; -1 is worked out from the rest."
    )

    keras_class: ClassVar[str | None] = "Reshape"
    flops_each: ClassVar[int] = 0
    casts: ClassVar[bool] = False
    positional: ClassVar[tuple[str, ...]] = ("target_shape",)
    caption: ClassVar[tuple[str, ...]] = ("target_shape",)

    def output_shape(self, *inputs: Shape) -> Shape:
        total, fixed = _product(inputs[0]), math.prod(size for size in self.target_shape if size != -1)
        if total is None:
            return tuple(None if size == -1 else size for size in self.target_shape)
        if total % fixed or (-1 not in self.target_shape and total != fixed):
            target = " × ".join("?" if size == -1 else str(size) for size in self.target_shape)
            raise ShapeError(
                f"{show_shape(inputs[0])} holds {total:,} numbers, which do not fit {target}.", "target_shape"
            )
        return tuple(total // fixed if size == -1 else size for size in self.target_shape)

    def op(self) -> Op:
        return Op(ops.reshape, settings={"target_shape": self.target_shape})


def _check_order(dims: tuple[int, ...]) -> tuple[int, ...]:
    if sorted(dims) != list(range(1, len(dims) + 1)):
        raise ValueError(f"must hold each of the numbers from 1 to {max(len(dims), 1)} once")
    return dims


@register(category="Reshaping")
class Permute(Layer):
    """Puts the axes of a sample in another order. https://keras.io/api/layers/reshaping_layers/permute/"""

    dims: Annotated[tuple[PositiveInt, ...], AfterValidator(_check_order)] = Field(
        default=(2, 1), description="The axes in their new order, counted from 1: (2, 1) turns rows into columns."
    )

    keras_class: ClassVar[str | None] = "Permute"
    flops_each: ClassVar[int] = 0
    casts: ClassVar[bool] = False
    positional: ClassVar[tuple[str, ...]] = ("dims",)
    caption: ClassVar[tuple[str, ...]] = ("dims",)

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if len(shape) != len(self.dims):
            raise ShapeError(
                f"Permute is to order {len(self.dims)} axes, but gets {len(shape)}: {show_shape(shape)}.", "dims"
            )
        return tuple(shape[axis - 1] for axis in self.dims)

    def op(self) -> Op:
        return Op(ops.permute, settings={"dims": self.dims})


@register(category="Reshaping")
class RepeatVector(Layer):
    """Makes a sequence of one row of numbers. https://keras.io/api/layers/reshaping_layers/repeat_vector/"""

    n: PositiveInt = Field(default=2, description="How many times the row is repeated.")

    keras_class: ClassVar[str | None] = "RepeatVector"
    flops_each: ClassVar[int] = 0
    casts: ClassVar[bool] = False
    positional: ClassVar[tuple[str, ...]] = ("n",)
    caption: ClassVar[tuple[str, ...]] = ("n",)

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if len(shape) != 1:
            raise ShapeError(
                f"RepeatVector needs a row of numbers, but gets {show_shape(shape)}.",
                repairs=(InsertBefore(Flatten()),),
            )
        return (self.n, shape[0])

    def op(self) -> Op:
        return Op(ops.repeat_vector, settings={"n": self.n})
