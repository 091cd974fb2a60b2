"""Layers that hold numbers in a range that trains well."""

from __future__ import annotations

from typing import Annotated, ClassVar

import jax
from pydantic import Field

from engine.errors import ShapeError
from engine.fields import ConstraintName, Fraction, InitializerName, RegularizerName
from engine.layer import Context, Op, Shape, Weight, Weighted, Weights, axis_of, register, show_shape
from engine.ops import normalization as ops


@register(category="Normalization")
class BatchNormalization(Weighted):
    """Scales each channel to mean 0 and variance 1 over the batch; at inference, over the training so far.

    https://keras.io/api/layers/normalization_layers/batch_normalization/
    """

    axis: int = Field(
        default=-1, description="The axis of the channels, counted with the batch as 0; -1 is the last."
    )
    momentum: Fraction = Field(
        default=0.99, description="How slowly the kept mean and variance follow the batches."
    )
    epsilon: Annotated[float, Field(gt=0)] = Field(default=0.001, description="Keeps the division away from zero.")
    center: bool = Field(default=True, description="Learn an offset, beta.")
    scale: bool = Field(default=True, description="Learn a factor, gamma.")
    gamma_initializer: InitializerName = Field(default="ones", description="Where gamma starts.")
    beta_initializer: InitializerName = Field(default="zeros", description="Where beta starts.")
    moving_mean_initializer: InitializerName = Field(default="zeros", description="Where the kept mean starts.")
    moving_variance_initializer: InitializerName = Field(
        default="ones", description="Where the kept variance starts."
    )
    gamma_regularizer: RegularizerName | None = Field(default=None, description="What gamma adds to the loss.")
    beta_regularizer: RegularizerName | None = Field(default=None, description="What beta adds to the loss.")
    gamma_constraint: ConstraintName | None = Field(
        default=None, description="What gamma is brought back to after each step."
    )
    beta_constraint: ConstraintName | None = Field(
        default=None, description="What beta is brought back to after each step."
    )

    keras_class: ClassVar[str | None] = "BatchNormalization"
    supports_masking: ClassVar[bool] = True

    def _axis(self, shape: Shape) -> int:
        """Position of the channels among the axes of a sample."""
        return axis_of("BatchNormalization", self.axis, shape)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shape = (inputs[0][self._axis(inputs[0])] or 0,)
        gamma = ("gamma", self.gamma_initializer, self.gamma_regularizer, self.gamma_constraint)
        beta = ("beta", self.beta_initializer, self.beta_regularizer, self.beta_constraint)
        learned = [part for part, wanted in ((gamma, self.scale), (beta, self.center)) if wanted]
        return (
            *(Weight(name, shape, start, regularizer=r, constraint=c) for name, start, r, c in learned),
            Weight("moving_mean", shape, self.moving_mean_initializer, trainable=False),
            Weight("moving_variance", shape, self.moving_variance_initializer, trainable=False),
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if shape[self._axis(shape)] is None:
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
        axes = tuple(axis for axis in range(x.ndim) if axis != self.axis % x.ndim)
        mean, variance = x.mean(axes), x.var(axes)
        for name, now in (("moving_mean", mean), ("moving_variance", variance)):
            ctx.updates[name] = w[name] * self.momentum + now * (1.0 - self.momentum)
        return self.op()({**w, "moving_mean": mean, "moving_variance": variance}, x)
