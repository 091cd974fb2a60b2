"""Convolution layers, channels last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import jax
from pydantic import Field

from engine.errors import ShapeError
from engine.fields import ActivationName, Padding, PositiveInt
from engine.layers.kernel import Kernel
from engine.layers.windows import Kernel1D, Kernel2D, Kernel3D, PerAxis, spatial_and_channels, window_output
from engine.op import Context, Op
from engine.ops import conv as ops
from engine.registry import register
from engine.repairs import SetField
from engine.shapes import Shape
from engine.weights import Weight, Weights


class _Convolution(Kernel):
    """What convolutions along one, two or three axes share."""

    filters: PositiveInt = Field(default=32, description="Number of kernels, and so of output channels.")
    kernel_size: PerAxis
    strides: PerAxis
    padding: Padding = Field(default="valid", description="'same' pads the border with zeros, 'valid' does not.")
    activation: ActivationName = Field(default="linear", description="Function applied to each output.")
    dilation_rate: PerAxis
    groups: PositiveInt = Field(default=1, description="Groups of channels that are convolved apart.")
    use_bias: bool = Field(default=True, description="Add a learned number to each channel.")

    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
    positional: ClassVar[tuple[str, ...]] = ("filters", "kernel_size")
    caption: ClassVar[tuple[str, ...]] = ("filters", "kernel_size", "activation")

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = (inputs[0][-1] or 0) // self.groups
        return self.kernel_and_bias((*self.kernel_size, channels, self.filters), self.filters)

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes, channels = spatial_and_channels(self.type_name(), inputs[0], len(self.kernel_size))
        self._check_groups(channels)
        check_dilation(self.strides, self.dilation_rate)
        settings = (self.kernel_size, self.strides, self.padding, "kernel_size", self.dilation_rate)
        return (*window_output(sizes, *settings), self.filters)

    def _check_groups(self, channels: int) -> None:
        counts = {"channels": channels, "filters": self.filters}
        uneven = [f"{count} {name}" for name, count in counts.items() if count % self.groups]
        if uneven:
            raise ShapeError(
                f"{self.groups} groups do not evenly divide {' or '.join(uneven)}.",
                "groups",
                (SetField("groups", 1),),
            )

    def op(self) -> Op:
        settings: dict[str, object] = {"strides": self.strides, "padding": self.padding}
        if max(self.dilation_rate) > 1:
            settings["dilation_rate"] = self.dilation_rate
        return Op(ops.convolution, ("kernel", "bias"), {**settings, "groups": self.groups})

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        return ctx.activate(self.activation, self.op_by(ops.convolution_for_training, ctx)(w, *inputs))


def check_dilation(strides: tuple[int, ...], dilation_rate: tuple[int, ...]) -> None:
    """Raise `ShapeError` for kernels that are to leave out points as well as steps, which Keras does not allow."""
    if max(strides) > 1 and max(dilation_rate) > 1:
        raise ShapeError(
            "Strides and dilation cannot both be larger than 1.",
            "dilation_rate",
            (SetField("dilation_rate", (1,) * len(dilation_rate)),),
        )


@register(category="Convolution")
class Conv2D(Kernel2D, _Convolution):
    """Slides small kernels over a picture: activation(convolution(x, kernel) + bias).

    https://keras.io/api/layers/convolution_layers/convolution2d/
    """

    keras_class: ClassVar[str | None] = "Conv2D"


@register(category="Convolution")
class Conv1D(Kernel1D, _Convolution):
    """Slides small kernels along a sequence: activation(convolution(x, kernel) + bias).

    https://keras.io/api/layers/convolution_layers/convolution1d/
    """

    padding: Literal["valid", "same", "causal"] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default="valid",
        description="'same' pads both ends with zeros, 'causal' the start only, so that no step sees a later one.",
    )

    keras_class: ClassVar[str | None] = "Conv1D"


@register(category="Convolution")
class Conv3D(Kernel3D, _Convolution):
    """Slides small kernels through a volume: activation(convolution(x, kernel) + bias).

    https://keras.io/api/layers/convolution_layers/convolution3d/
    """

    keras_class: ClassVar[str | None] = "Conv3D"
