"""Activations that are layers of their own, since they have settings or weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from engine.errors import ShapeError
from engine.fields import Axes, ConstraintName, InitializerName, PositiveInt, RegularizerName, repeated, single
from engine.layer import Layer, Weighted
from engine.op import Op
from engine.ops import activation_layers as ops
from engine.ops import activations
from engine.ops.core import identity
from engine.registry import register
from engine.shapes import Shape, axis_of, known_sizes
from engine.weights import Weight

NotNegative = Annotated[float, Field(ge=0)]


class _Pointwise(Layer):
    """What layers share that keep the shape of their input, and its mask."""

    supports_masking: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


@register(category="Activation")
class ReLU(_Pointwise):
    """Sets what is negative to zero, or makes it smaller. https://keras.io/api/layers/activation_layers/relu/"""

    max_value: NotNegative | None = Field(default=None, description="Nothing grows over this number.")
    negative_slope: NotNegative = Field(default=0.0, description="Slope below the threshold.")
    threshold: NotNegative = Field(default=0.0, description="What is below this number counts as negative.")

    keras_class: ClassVar[str | None] = "ReLU"

    def op(self) -> Op:
        return Op(ops.rectified, settings=self.keras_arguments())


@register(category="Activation")
class LeakyReLU(_Pointwise):
    """Makes what is negative smaller. https://keras.io/api/layers/activation_layers/leaky_relu/"""

    negative_slope: NotNegative = Field(default=0.3, description="Slope below zero.")

    keras_class: ClassVar[str | None] = "LeakyReLU"
    caption: ClassVar[tuple[str, ...]] = ("negative_slope",)

    def op(self) -> Op:
        return Op(activations.leaky_relu, settings=self.keras_arguments())

    @classmethod
    def from_keras(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"negative_slope" if key == "alpha" else key: value for key, value in config.items()}


@register(category="Activation")
class PReLU(Weighted):
    """Makes what is negative smaller, by a slope that it learns.

    https://keras.io/api/layers/activation_layers/prelu/
    """

    shared_axes: Annotated[tuple[PositiveInt, ...], repeated(1)] | None = Field(
        default=None, description="Axes along which the slope is one and the same: 1, 2 for pictures."
    )
    alpha_initializer: InitializerName = Field(default="zeros", description="Where the slope starts.")
    alpha_regularizer: RegularizerName | None = Field(
        default=None, description="What the slope adds to the loss, to keep it small."
    )
    alpha_constraint: ConstraintName | None = Field(
        default=None, description="What the slope is brought back to after each step."
    )

    keras_class: ClassVar[str | None] = "PReLU"
    supports_masking: ClassVar[bool] = True

    def _sizes(self, shape: Shape) -> tuple[int, ...]:
        shared = {axis_of("PReLU", axis, shape) for axis in self.shared_axes or ()}
        sizes = tuple(1 if position in shared else size for position, size in enumerate(shape))
        if None in sizes:
            raise ShapeError("PReLU learns a slope for each place: share those of open size.", "shared_axes")
        return known_sizes("PReLU", sizes)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        alpha = Weight(
            "alpha",
            self._sizes(inputs[0]),
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        return (alpha,)

    def output_shape(self, *inputs: Shape) -> Shape:
        self._sizes(inputs[0])
        return inputs[0]

    def op(self) -> Op:
        return Op(ops.prelu, ("alpha",))


@register(category="Activation")
class ELU(_Pointwise):
    """Bends what is negative towards a least value. https://keras.io/api/layers/activation_layers/elu/"""

    alpha: NotNegative = Field(default=1.0, description="What the output stays above, below zero.")

    keras_class: ClassVar[str | None] = "ELU"
    caption: ClassVar[tuple[str, ...]] = ("alpha",)

    def op(self) -> Op:
        return Op(activations.elu, settings=self.keras_arguments())


@register(category="Activation")
class Softmax(_Pointwise):
    """Makes numbers into shares that sum to 1. https://keras.io/api/layers/activation_layers/softmax/"""

    axis: Axes = Field(default=(-1,), description="The axes along which the shares sum to 1; the batch is 0.")

    keras_class: ClassVar[str | None] = "Softmax"

    @property
    def activation_name(self) -> str | None:
        return "softmax" if self.axis == (-1,) else None

    def output_shape(self, *inputs: Shape) -> Shape:
        for axis in self.axis:
            axis_of("Softmax", axis, inputs[0])
        return inputs[0]

    def op(self) -> Op:
        if self.axis == (-1,):
            return Op(identity)
        return Op(activations.softmax, settings={"axis": self.axis})

    def keras_arguments(self) -> dict[str, Any]:
        return {"axis": single(self.axis)}
