"""Layers that hold numbers in a range that trains well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from engine.errors import ShapeError
from engine.fields import Axes, ConstraintName, Fraction, InitializerName, PositiveInt, RegularizerName, single
from engine.layer import InnerLayer, Layer, Weighted, apply_part
from engine.layers.core import Dense
from engine.op import Context, Op
from engine.ops import normalization as ops
from engine.registry import register
from engine.shapes import Shape, axis_of, known_sizes, show_shape
from engine.weights import Weight, Weights, prefixed, within


class _Scaled(Weighted):
    """What layers share that may learn a factor, gamma, and an offset, beta, for what they have normalized."""

    in_full: ClassVar[bool] = True

    epsilon: Annotated[float, Field(gt=0)] = Field(default=0.001, description="Keeps the division away from zero.")
    center: bool = Field(default=True, description="Learn an offset, beta.")
    scale: bool = Field(default=True, description="Learn a factor, gamma.")
    gamma_initializer: InitializerName = Field(default="ones", description="Where gamma starts.")
    beta_initializer: InitializerName = Field(default="zeros", description="Where beta starts.")
    gamma_regularizer: RegularizerName | None = Field(default=None, description="What gamma adds to the loss.")
    beta_regularizer: RegularizerName | None = Field(default=None, description="What beta adds to the loss.")
    gamma_constraint: ConstraintName | None = Field(
        default=None, description="What gamma is brought back to after each step."
    )
    beta_constraint: ConstraintName | None = Field(
        default=None, description="What beta is brought back to after each step."
    )

    supports_masking: ClassVar[bool] = True

    def gamma(self, *shape: int) -> Weight:
        start, penalty, bounds = self.gamma_initializer, self.gamma_regularizer, self.gamma_constraint
        return Weight("gamma", shape, start, regularizer=penalty, constraint=bounds)

    def beta(self, *shape: int) -> Weight:
        start, penalty, bounds = self.beta_initializer, self.beta_regularizer, self.beta_constraint
        return Weight("beta", shape, start, regularizer=penalty, constraint=bounds)

    def gamma_and_beta(self, *shape: int) -> tuple[Weight, ...]:
        """Those of the two that the layer has."""
        return (*((self.gamma(*shape),) if self.scale else ()), *((self.beta(*shape),) if self.center else ()))


def _along(layer: Layer, axis: Axes, shape: Shape) -> tuple[int, ...]:
    """The sizes of some axes, in the order of the numbers that stand for them; raises `ShapeError`."""
    name = layer.type_name()
    positions = [axis_of(name, position, shape) for position in sorted(axis)]
    return known_sizes(name, tuple(shape[position] for position in positions))


@register(category="Normalization")
class BatchNormalization(_Scaled):
    """Scales each channel to mean 0 and variance 1 over the batch; at inference, over the training so far.

    https://keras.io/api/layers/normalization_layers/batch_normalization/
    """

    axis: int = Field(
        default=-1, description="The axis of the channels, counted with the batch as 0; -1 is the last."
    )
    momentum: Fraction = Field(
        default=0.99, description="How slowly the kept mean and variance follow the batches."
    )
    moving_mean_initializer: InitializerName = Field(default="zeros", description="Where the kept mean starts.")
    moving_variance_initializer: InitializerName = Field(
        default="ones", description="Where the kept variance starts."
    )

    keras_class: ClassVar[str | None] = "BatchNormalization"
    flops_each: ClassVar[int] = 3
    keras_ignored: ClassVar[tuple[str, ...]] = ("synchronized",)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        (shape,) = inputs
        channels = shape[axis_of("BatchNormalization", self.axis, shape)] or 0
        return (
            *self.gamma_and_beta(channels),
            Weight("moving_mean", (channels,), self.moving_mean_initializer, trainable=False),
            Weight("moving_variance", (channels,), self.moving_variance_initializer, trainable=False),
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if shape[axis_of("BatchNormalization", self.axis, shape)] is None:
            raise ShapeError(f"BatchNormalization needs a known number of channels, but gets {show_shape(shape)}.")
        return shape

    def op(self) -> Op:
        return Op(
            ops.batch_normalization,
            ("gamma", "beta", "moving_mean", "moving_variance"),
            {"axis": self.axis, "epsilon": self.epsilon},
        )

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        if not (ctx.training and self.trainable):  # frozen, it keeps to what it has learned
            return self.op()(w, *inputs)
        (x,) = inputs
        last = self.axis % x.ndim == x.ndim - 1
        if ctx.mask is None and last and x.dtype == jnp.float32 and jax.default_backend() == "cpu":
            y, mean, variance = ops.batch_normalization_for_training(
                x, w.get("gamma"), w.get("beta"), epsilon=self.epsilon
            )
        else:
            mean, variance = ops.batch_moments(x, self.axis, ctx.mask)
            y = self.op()({**w, "moving_mean": mean, "moving_variance": variance}, x)
        for name, now in (("moving_mean", mean), ("moving_variance", variance)):
            ctx.updates[name] = w[name] * self.momentum + now * (1.0 - self.momentum)
        return y


@register(category="Normalization")
class LayerNormalization(_Scaled):
    """Scales each sample to mean 0 and variance 1, along its last axis or others.

    https://keras.io/api/layers/normalization_layers/layer_normalization/
    """

    axis: Axes = Field(
        default=(-1,), description="The axes that are normalized together, counted with the batch as 0."
    )
    rms_scaling: bool = Field(
        default=False, description="Divide by the deviation only; kept for old files, see RMSNormalization."
    )

    keras_class: ClassVar[str | None] = "LayerNormalization"
    flops_each: ClassVar[int] = 8

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        if not (self.scale or self.center or self.rms_scaling):
            return ()
        sizes = _along(self, self.axis, inputs[0])
        return (self.gamma(*sizes),) if self.rms_scaling else self.gamma_and_beta(*sizes)

    def output_shape(self, *inputs: Shape) -> Shape:
        for position in self.axis:
            axis_of("LayerNormalization", position, inputs[0])
        self.weights(*inputs)  # they need known sizes
        return inputs[0]

    def op(self) -> Op:
        settings = {"axis": self.axis, "epsilon": self.epsilon}
        if self.rms_scaling:
            return Op(ops.variance_scaling_normalization, ("gamma",), settings)
        return Op(ops.layer_normalization, ("gamma", "beta"), settings)

    def keras_arguments(self) -> dict[str, Any]:
        return {**super().keras_arguments(), "axis": single(self.axis)}


@register(category="Normalization")
class GroupNormalization(_Scaled):
    """Scales groups of channels to mean 0 and variance 1, each sample for itself.

    https://keras.io/api/layers/normalization_layers/group_normalization/
    """

    groups: Annotated[int, Field(ge=-1, le=1_000_000)] = Field(
        default=32, description="Number of groups; -1 makes a group of each channel."
    )
    axis: int = Field(
        default=-1, description="The axis of the channels, counted with the batch as 0; -1 is the last."
    )

    keras_class: ClassVar[str | None] = "GroupNormalization"
    flops_each: ClassVar[int] = 8
    caption: ClassVar[tuple[str, ...]] = ("groups",)

    def _channels(self, shape: Shape) -> int:
        channels = _along(self, (self.axis,), shape)[0]
        if self.groups == 0 or channels % abs(self.groups):
            raise ShapeError(f"{channels:,} channels cannot be taken in {self.groups:,} equal groups.", "groups")
        return channels

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return self.gamma_and_beta(self._channels(inputs[0]))

    def output_shape(self, *inputs: Shape) -> Shape:
        self._channels(inputs[0])
        return inputs[0]

    def op(self) -> Op:
        settings = {"groups": self.groups, "axis": self.axis, "epsilon": self.epsilon}
        return Op(ops.group_normalization, ("gamma", "beta"), settings)


@register(category="Normalization")
class RMSNormalization(Weighted):
    """Divides each sample by the root of the mean of its squares, along its last axis or others.

    https://keras.io/api/layers/normalization_layers/rms_normalization/
    """

    axis: Axes = Field(
        default=(-1,), description="The axes that are normalized together, counted with the batch as 0."
    )
    epsilon: Annotated[float, Field(gt=0)] = Field(default=1e-6, description="Keeps the division away from zero.")

    keras_class: ClassVar[str | None] = "RMSNormalization"
    in_full: ClassVar[bool] = True
    flops_each: ClassVar[int] = 4

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("scale", _along(self, self.axis, inputs[0]), "ones"),)

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        sizes = _along(self, self.axis, shape)
        pairs = zip(sizes[::-1], shape[::-1], strict=False)
        if any(known is not None and size not in (1, known) for size, known in pairs):
            text = "The scale of RMSNormalization fits the last axes only: as in Keras, others cannot be chosen."
            raise ShapeError(text, "axis")
        return shape

    def op(self) -> Op:
        return Op(ops.rms_normalization, ("scale",), {"axis": self.axis, "epsilon": self.epsilon})

    def keras_arguments(self) -> dict[str, Any]:
        return {**super().keras_arguments(), "axis": single(self.axis)}


@register(category="Normalization")
class UnitNormalization(Layer):
    """Divides each sample by its length, so that its squares sum to 1.

    https://keras.io/api/layers/normalization_layers/unit_normalization/
    """

    axis: Axes = Field(
        default=(-1,), description="The axes that are normalized together, counted with the batch as 0."
    )

    keras_class: ClassVar[str | None] = "UnitNormalization"
    flops_each: ClassVar[int] = 3
    supports_masking: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        for position in self.axis:
            axis_of("UnitNormalization", position, inputs[0])
        return inputs[0]

    def op(self) -> Op:
        return Op(ops.unit_normalization, settings={"axis": self.axis})

    def keras_arguments(self) -> dict[str, Any]:
        return {"axis": single(self.axis)}


@register(category="Normalization")
class SpectralNormalization(Weighted):
    """Divides the kernel of a layer by its largest singular value, in training.

    The value is found step by step, one step or some for each batch.
    https://keras.io/api/layers/normalization_layers/spectral_normalization/
    """

    layer: InnerLayer = Field(default=Dense(), description="The layer whose kernel is divided.")
    power_iterations: PositiveInt = Field(default=1, description="Steps towards the value in each batch.")

    keras_class: ClassVar[str | None] = "SpectralNormalization"
    positional: ClassVar[tuple[str, ...]] = ("layer",)
    caption: ClassVar[tuple[str, ...]] = ("layer",)
    in_full: ClassVar[bool] = True

    @property
    def casts(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.layer.casts

    def _kernel(self, weights: Mapping[str, Any]) -> str:
        return next(name for name in ("kernel", "embeddings") if name in weights)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        own = {weight.name: weight for weight in self.layer.weights(*inputs)}
        kernel = own.pop(self._kernel(own))
        vector = Weight("vector_u", (1, kernel.shape[-1]), "truncated_normal(stddev=0.02)", trainable=False)
        first, *others = prefixed("layer", (kernel, *own.values()), _trains(self.layer))
        return (first, vector, *others)

    @property
    def also_own(self) -> tuple[str, ...]:
        return ("layer/embeddings" if self.layer.keras_class == "Embedding" else "layer/kernel",)

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = self.layer.output_shape(*inputs)
        if not {"kernel", "embeddings"} & {weight.name for weight in self.layer.weights(*inputs)}:
            name = self.layer.type_name()
            raise ShapeError(f"SpectralNormalization needs a layer with a kernel, which {name} has not.", "layer")
        return shape

    def flops(self, *inputs: Shape) -> int:
        return self.layer.flops(*inputs)

    @property
    def activation_name(self) -> str | None:
        return self.layer.activation_name

    def op(self) -> Op:
        inner = self.layer.op()
        return Op(inner.function, tuple(f"layer/{name}" for name in inner.weights), inner.settings)

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        if not ctx.training:
            return super().apply(w, *inputs, ctx=ctx)
        name = f"layer/{self._kernel(within(w, 'layer'))}"
        kernel, ctx.updates["vector_u"] = ops.spectral_step(w[name], w["vector_u"], self.power_iterations)
        return apply_part(self.layer, "layer", {**w, name: kernel}, *inputs, ctx=ctx)


def _trains(layer: Layer) -> bool:
    return not isinstance(layer, Weighted) or layer.trainable
