"""Small layers of the networks in keras.applications, which have classes of their own there."""

from __future__ import annotations

from typing import Annotated, ClassVar

import jax
from pydantic import Field

from engine.errors import ShapeError
from engine.fields import PositiveInt
from engine.layer import Layer, Weighted
from engine.op import Context, Op
from engine.ops import applications as ops
from engine.ops.core import identity
from engine.ops.noise import stochastic_depth
from engine.registry import register
from engine.shapes import Shape, show_shape
from engine.weights import Weight, Weights


@register(category="Core")
class LayerScale(Weighted):
    """Multiplies each channel by a number that it learns, small at first (ConvNeXt).

    https://arxiv.org/abs/2103.17239
    """

    init_values: Annotated[float, Field(ge=0)] = Field(default=1e-6, description="Where the factors start.")
    projection_dim: PositiveInt = Field(default=64, description="Number of channels.")

    keras_class: ClassVar[str | None] = "LayerScale"
    positional: ClassVar[tuple[str, ...]] = ("init_values", "projection_dim")
    keras_module: ClassVar[str] = "keras.src.applications.convnext"
    caption: ClassVar[tuple[str, ...]] = ("init_values",)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("gamma", (self.projection_dim,), f"constant(value={self.init_values!r})"),)

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if not shape or shape[-1] != self.projection_dim:
            text = f"LayerScale has {self.projection_dim:,} factors, but gets {show_shape(shape)}."
            raise ShapeError(text, "projection_dim")
        return shape

    def op(self) -> Op:
        return Op(ops.layer_scale, ("gamma",))


@register(category="Regularization")
class StochasticDepth(Layer):
    """Sets whole samples to zero, in training only, so that a way around a block is taken (ConvNeXt).

    https://arxiv.org/abs/1603.09382
    """

    drop_path_rate: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.1, description="Share of the samples set to zero."
    )

    keras_class: ClassVar[str | None] = "StochasticDepth"
    flops_each: ClassVar[int] = 0
    positional: ClassVar[tuple[str, ...]] = ("drop_path_rate",)
    keras_module: ClassVar[str] = "keras.src.applications.convnext"
    caption: ClassVar[tuple[str, ...]] = ("drop_path_rate",)

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def op(self) -> Op:
        return Op(identity)

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        if not ctx.training or ctx.key is None:
            return inputs[0]
        return stochastic_depth(inputs[0], ctx.key, self.drop_path_rate)


@register(category="Merging")
class CustomScaleLayer(Layer):
    """Adds its second input, made smaller, to its first (InceptionResNetV2). https://arxiv.org/abs/1602.07261"""

    scale: float = Field(default=0.17, description="Factor of the second input.")

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2
    keras_class: ClassVar[str | None] = "CustomScaleLayer"
    flops_each: ClassVar[int] = 2
    positional: ClassVar[tuple[str, ...]] = ("scale",)
    keras_module: ClassVar[str] = "keras.src.applications.inception_resnet_v2"
    caption: ClassVar[tuple[str, ...]] = ("scale",)

    def output_shape(self, *inputs: Shape) -> Shape:
        first, second = inputs
        if len(first) != len(second) or any(
            a != b and None not in (a, b) for a, b in zip(first, second, strict=True)
        ):
            shown = f"{show_shape(first)} and {show_shape(second)}"
            raise ShapeError(f"CustomScaleLayer needs inputs of one shape, but gets {shown}.")
        return first

    def op(self) -> Op:
        return Op(ops.scaled_sum, settings={"scale": self.scale})
