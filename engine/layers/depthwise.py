"""Convolutions that treat each channel by itself, channels last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import jax
from pydantic import Field

from engine.fields import ActivationName, ConstraintName, InitializerName, Padding, PositiveInt, RegularizerName
from engine.layer import Weighted
from engine.layers.kernel import bias_and_activation
from engine.layers.windows import Kernel1D, Kernel2D, PerAxis, spatial_and_channels, window_output
from engine.op import Context, Op
from engine.ops import conv as ops
from engine.registry import register
from engine.shapes import Shape
from engine.weights import Weight, Weights


class _Depthwise(Weighted):
    """What depthwise and separable convolutions share: kernels for each channel."""

    kernel_size: PerAxis
    strides: PerAxis
    padding: Padding = Field(default="valid", description="'same' pads the border with zeros, 'valid' does not.")
    depth_multiplier: PositiveInt = Field(default=1, description="Number of kernels for each input channel.")
    dilation_rate: PerAxis
    activation: ActivationName = Field(default="linear", description="Function applied to each output.")
    use_bias: bool = Field(default=True, description="Add a learned number to each channel.")
    depthwise_initializer: InitializerName = Field(
        default="glorot_uniform", description="Where the kernels of the channels start."
    )
    bias_initializer: InitializerName = Field(default="zeros", description="Where the bias starts.")
    depthwise_regularizer: RegularizerName | None = Field(
        default=None, description="What the kernels of the channels add to the loss, to keep them small."
    )
    bias_regularizer: RegularizerName | None = Field(
        default=None, description="What the bias adds to the loss, to keep it small."
    )
    activity_regularizer: RegularizerName | None = Field(
        default=None, description="What the output adds to the loss, to keep it small."
    )
    depthwise_constraint: ConstraintName | None = Field(
        default=None, description="What the kernels of the channels are brought back to after each step."
    )
    bias_constraint: ConstraintName | None = Field(
        default=None, description="What the bias is brought back to after each step."
    )

    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}

    @property
    def flops_each(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return bias_and_activation(self)

    def _weight(self, name: str, family: str, *shape: int) -> Weight:
        """A weight with the initializer, regularizer and constraint of its family ("bias", "depthwise")."""
        start, regularizer, constraint = (
            getattr(self, f"{family}_{what}") for what in ("initializer", "regularizer", "constraint")
        )
        return Weight(name, shape, start, regularizer=regularizer, constraint=constraint)

    def _depthwise_weight(self, name: str, inputs: tuple[Shape, ...]) -> Weight:
        return self._weight(name, "depthwise", *self.kernel_size, inputs[0][-1] or 0, self.depth_multiplier)

    def _bias(self, size: int) -> tuple[Weight, ...]:
        return (self._weight("bias", "bias", size),) if self.use_bias else ()

    def _sizes_and_channels(self, inputs: tuple[Shape, ...]) -> tuple[Shape, int]:
        """The sizes after the kernels, and the channels that they give."""
        sizes, channels = spatial_and_channels(self.type_name(), inputs[0], len(self.kernel_size))
        settings = (self.kernel_size, self.strides, self.padding, "kernel_size", self.dilation_rate)
        return window_output(sizes, *settings), channels * self.depth_multiplier

    @property
    def _settings(self) -> dict[str, object]:
        settings: dict[str, object] = {"strides": self.strides, "padding": self.padding}
        if max(self.dilation_rate) > 1:
            settings["dilation_rate"] = self.dilation_rate
        return settings

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        op = self.op()
        if jax.default_backend() == "cpu":
            op = replace(op, function=_BY_SHIFTS[op.function])
        return ctx.activate(self.activation, op(w, *inputs))


_BY_SHIFTS = {
    ops.depthwise_convolution: ops.depthwise_convolution_by_shifts,
    ops.separable_convolution: ops.separable_convolution_by_shifts,
}
"""What computes the same, faster on a CPU."""


class _DepthwiseConvolution(_Depthwise):
    """What depthwise convolutions along one or two axes share."""

    positional: ClassVar[tuple[str, ...]] = ("kernel_size",)
    caption: ClassVar[tuple[str, ...]] = ("kernel_size", "activation")

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        kernel = self._depthwise_weight("kernel", inputs)
        return (kernel, *self._bias((inputs[0][-1] or 0) * self.depth_multiplier))

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes, channels = self._sizes_and_channels(inputs)
        return (*sizes, channels)

    def op(self) -> Op:
        return Op(ops.depthwise_convolution, ("kernel", "bias"), self._settings)


class _SeparableConvolution(_Depthwise):
    """What separable convolutions along one or two axes share: a depthwise one, then a mix of the channels."""

    filters: PositiveInt = Field(default=32, description="Number of output channels.")
    pointwise_initializer: InitializerName = Field(
        default="glorot_uniform", description="Where the mix of channels starts."
    )
    pointwise_regularizer: RegularizerName | None = Field(
        default=None, description="What the mix of channels adds to the loss, to keep it small."
    )
    pointwise_constraint: ConstraintName | None = Field(
        default=None, description="What the mix of channels is brought back to after each step."
    )

    positional: ClassVar[tuple[str, ...]] = ("filters", "kernel_size")
    caption: ClassVar[tuple[str, ...]] = ("filters", "kernel_size", "activation")

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = (inputs[0][-1] or 0) * self.depth_multiplier
        ones = (1,) * len(self.kernel_size)
        return (
            self._depthwise_weight("depthwise_kernel", inputs),
            self._weight("pointwise_kernel", "pointwise", *ones, channels, self.filters),
            *self._bias(self.filters),
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes, _ = self._sizes_and_channels(inputs)
        return (*sizes, self.filters)

    def op(self) -> Op:
        weights = ("depthwise_kernel", "pointwise_kernel", "bias")
        return Op(ops.separable_convolution, weights, self._settings)


@register(category="Convolution")
class DepthwiseConv2D(Kernel2D, _DepthwiseConvolution):
    """Slides over each channel of a picture kernels of its own.

    https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
    """

    keras_class: ClassVar[str | None] = "DepthwiseConv2D"


@register(category="Convolution")
class DepthwiseConv1D(Kernel1D, _DepthwiseConvolution):
    """Slides along each channel of a sequence kernels of its own.

    https://keras.io/api/layers/convolution_layers/depthwise_convolution1d/
    """

    keras_class: ClassVar[str | None] = "DepthwiseConv1D"


@register(category="Convolution")
class SeparableConv2D(Kernel2D, _SeparableConvolution):
    """Slides over each channel of a picture kernels of its own, then mixes the channels.

    https://keras.io/api/layers/convolution_layers/separable_convolution2d/
    """

    keras_class: ClassVar[str | None] = "SeparableConv2D"


@register(category="Convolution")
class SeparableConv1D(Kernel1D, _SeparableConvolution):
    """Slides along each channel of a sequence kernels of its own, then mixes the channels.

    https://keras.io/api/layers/convolution_layers/separable_convolution1d/
    """

    keras_class: ClassVar[str | None] = "SeparableConv1D"
