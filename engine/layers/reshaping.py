"""Layers that only change a shape."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from engine.errors import ShapeError
from engine.layer import Layer, Op, Shape, known_sizes, register, show_shape
from engine.ops import core as ops


@register(category="Reshaping")
class Flatten(Layer):
    """Makes one row of numbers of each sample. https://keras.io/api/layers/reshaping_layers/flatten/"""

    keras_class: ClassVar[str | None] = "Flatten"
    casts: ClassVar[bool] = False

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        return (None if any(size is None for size in shape) else math.prod(known_sizes("Flatten", shape)),)

    def op(self) -> Op:
        return Op(ops.flatten)


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
    casts: ClassVar[bool] = False
    positional: ClassVar[tuple[str, ...]] = ("target_shape",)
    caption: ClassVar[tuple[str, ...]] = ("target_shape",)

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = known_sizes("Reshape", inputs[0])
        total, fixed = math.prod(shape), math.prod(size for size in self.target_shape if size != -1)
        if total % fixed or (-1 not in self.target_shape and total != fixed):
            target = " × ".join("?" if size == -1 else str(size) for size in self.target_shape)
            raise ShapeError(
                f"{show_shape(shape)} holds {total:,} numbers, which do not fit {target}.", "target_shape"
            )
        return tuple(total // fixed if size == -1 else size for size in self.target_shape)

    def op(self) -> Op:
        return Op(ops.reshape, settings={"target_shape": self.target_shape})
