"""Layers that keep a network from learning its examples by heart."""

from __future__ import annotations

from typing import Annotated, ClassVar

import jax
from pydantic import Field

from engine.layer import Context, Layer, Op, Shape, Weights, register
from engine.ops import core as ops


@register(category="Regularization")
class Dropout(Layer):
    """Sets a random share of the numbers to zero, in training only, and scales the rest up to make good.

    https://keras.io/api/layers/regularization_layers/dropout/
    """

    rate: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.5, description="Share of the numbers set to zero.")

    keras_class: ClassVar[str | None] = "Dropout"
    supports_masking: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("rate",)
    caption: ClassVar[tuple[str, ...]] = ("rate",)

    def seed_generators(self) -> tuple[str, ...]:
        return ("seed_generator",)

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def op(self) -> Op:
        return Op(ops.identity)

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        if not ctx.training or ctx.key is None or self.rate == 0:
            return inputs[0]
        return ops.dropout(inputs[0], ctx.key, self.rate)
