"""Layers that keep a network from learning its examples by heart."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import jax
from pydantic import Field

from engine.errors import ShapeError
from engine.fields import Fraction, PositiveInt
from engine.layer import Layer
from engine.op import Context, Op
from engine.ops import core
from engine.ops import noise as ops
from engine.registry import register
from engine.shapes import Shape, show_shape
from engine.weights import Weights

Rate = Annotated[float, Field(ge=0, lt=1)]
NoiseShape = tuple[PositiveInt | None, ...] | None


class _Noise(Layer):
    """What layers share that change nothing at inference, and in training something at random."""

    flops_each: ClassVar[int] = 0
    supports_masking: ClassVar[bool] = True

    @property
    def strength(self) -> float:
        """0 where the layer changes nothing in training either."""
        raise NotImplementedError

    def seed_generators(self) -> tuple[str, ...]:
        return ("seed_generator",) if self.strength > 0 else ()

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def op(self) -> Op:
        return Op(core.identity)

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        if not ctx.training or ctx.key is None or self.strength == 0:
            return inputs[0]
        return self.disturb(inputs[0], ctx.key)

    def disturb(self, x: jax.Array, key: jax.Array) -> jax.Array:
        """What the layer does in training."""
        raise NotImplementedError


class _Dropout(_Noise):
    """A layer that sets a share of the numbers to zero."""

    rate: Rate = Field(default=0.5, description="Share of the numbers set to zero.")

    positional: ClassVar[tuple[str, ...]] = ("rate",)
    caption: ClassVar[tuple[str, ...]] = ("rate",)

    @property
    def strength(self) -> float:
        return self.rate


def _check_noise(shape: Shape, noise_shape: NoiseShape) -> None:
    if noise_shape is None:
        return
    sizes = (None, *shape)
    if len(noise_shape) != len(sizes):
        text = f"The shape of the noise needs {len(sizes)} sizes, the batch first, but has {len(noise_shape)}."
        raise ShapeError(text, "noise_shape")
    pairs = zip(noise_shape[1:], shape, strict=True)
    if any(given is not None and size not in (None, 1, given) for size, given in pairs):
        raise ShapeError(f"The shape of the noise does not fit {show_shape(shape)}.", "noise_shape")


@register(category="Regularization")
class Dropout(_Dropout):
    """Sets a random share of the numbers to zero, in training only, and scales the rest up to make good.

    https://keras.io/api/layers/regularization_layers/dropout/
    """

    noise_shape: NoiseShape = Field(
        default=None,
        description="Shape of the random numbers, batch first: 1 where all along an axis fall together, ? else.",
    )

    keras_class: ClassVar[str | None] = "Dropout"

    def output_shape(self, *inputs: Shape) -> Shape:
        _check_noise(inputs[0], self.noise_shape)
        return inputs[0]

    def disturb(self, x: jax.Array, key: jax.Array) -> jax.Array:
        return ops.dropout(x, key, self.rate, self.noise_shape)


class _SpatialDropout(_Dropout):
    """Dropout of whole channels: `axes` is the number of axes that each covers."""

    axes: ClassVar[int]
    keras_lacks: ClassVar[tuple[str, ...]] = ("trainable",)

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if len(shape) != self.axes + 1:
            text = (
                f"{self.type_name()} needs {self.axes + 1} axes with the channels, but gets {show_shape(shape)}."
            )
            raise ShapeError(text)
        return shape

    def disturb(self, x: jax.Array, key: jax.Array) -> jax.Array:
        return ops.dropout(x, key, self.rate, (None, *(1,) * self.axes, None))


@register(category="Regularization")
class SpatialDropout1D(_SpatialDropout):
    """Sets a random share of the channels of a sequence to zero, in training only.

    https://keras.io/api/layers/regularization_layers/spatial_dropout1d/
    """

    axes: ClassVar[int] = 1
    keras_class: ClassVar[str | None] = "SpatialDropout1D"


@register(category="Regularization")
class SpatialDropout2D(_SpatialDropout):
    """Sets a random share of the channels of a picture to zero, in training only.

    https://keras.io/api/layers/regularization_layers/spatial_dropout2d/
    """

    axes: ClassVar[int] = 2
    keras_class: ClassVar[str | None] = "SpatialDropout2D"


@register(category="Regularization")
class SpatialDropout3D(_SpatialDropout):
    """Sets a random share of the channels of a volume to zero, in training only.

    https://keras.io/api/layers/regularization_layers/spatial_dropout3d/
    """

    axes: ClassVar[int] = 3
    keras_class: ClassVar[str | None] = "SpatialDropout3D"


@register(category="Regularization")
class GaussianNoise(_Noise):
    """Adds random numbers around zero, in training only.

    https://keras.io/api/layers/regularization_layers/gaussian_noise/
    """

    stddev: Fraction = Field(default=0.1, description="How far the random numbers spread around zero.")

    keras_class: ClassVar[str | None] = "GaussianNoise"
    positional: ClassVar[tuple[str, ...]] = ("stddev",)
    caption: ClassVar[tuple[str, ...]] = ("stddev",)

    @property
    def strength(self) -> float:
        return self.stddev

    def disturb(self, x: jax.Array, key: jax.Array) -> jax.Array:
        return ops.gaussian_noise(x, key, self.stddev)


@register(category="Regularization")
class GaussianDropout(_Dropout):
    """Multiplies by random numbers around one, in training only; they spread as those of Dropout do.

    https://keras.io/api/layers/regularization_layers/gaussian_dropout/
    """

    rate: Rate = Field(default=0.5, description="Share that Dropout of the same strength would set to zero.")

    keras_class: ClassVar[str | None] = "GaussianDropout"

    def disturb(self, x: jax.Array, key: jax.Array) -> jax.Array:
        return ops.gaussian_dropout(x, key, self.rate)


@register(category="Regularization")
class AlphaDropout(_Dropout):
    """Dropout for networks of SELU: mean and variance stay as they were.

    https://keras.io/api/layers/regularization_layers/alpha_dropout/
    """

    rate: Rate = Field(default=0.5, description="Share of the numbers that are dropped.")
    noise_shape: NoiseShape = Field(
        default=None,
        description="Shape of the random numbers, batch first: 1 where all along an axis fall together, ? else.",
    )

    keras_class: ClassVar[str | None] = "AlphaDropout"

    def output_shape(self, *inputs: Shape) -> Shape:
        _check_noise(inputs[0], self.noise_shape)
        return inputs[0]

    def disturb(self, x: jax.Array, key: jax.Array) -> jax.Array:
        return ops.alpha_dropout(x, key, self.rate, self.noise_shape)

    def keras_arguments(self) -> dict[str, Any]:
        shape = self.noise_shape
        return {**super().keras_arguments(), "noise_shape": None if shape is None else list(shape)}


@register(category="Regularization")
class ActivityRegularization(Layer):
    """Passes its input on, and adds its size to the loss.

    https://keras.io/api/layers/regularization_layers/activity_regularization/
    """

    l1: Annotated[float, Field(ge=0)] = Field(default=0.0, description="Share of the absolute values in the loss.")
    l2: Annotated[float, Field(ge=0)] = Field(default=0.0, description="Share of the squares in the loss.")

    keras_class: ClassVar[str | None] = "ActivityRegularization"
    flops_each: ClassVar[int] = 0
    caption: ClassVar[tuple[str, ...]] = ("l1", "l2")
    supports_masking: ClassVar[bool] = True

    @property
    def activity_regularizer(self) -> str:
        return f"l1_l2(l1={self.l1!r}, l2={self.l2!r})"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def op(self) -> Op:
        return Op(core.identity)
