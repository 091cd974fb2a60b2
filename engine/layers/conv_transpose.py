"""Transposed convolution layers, which make pictures larger; channels last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from engine.errors import ShapeError
from engine.fields import ActivationName, Count, Padding, PositiveInt, repeated
from engine.layers.conv import check_dilation
from engine.layers.kernel import Kernel
from engine.layers.windows import Kernel1D, Kernel2D, Kernel3D, PerAxis, spatial_and_channels
from engine.op import Op
from engine.ops import conv as ops
from engine.registry import register
from engine.repairs import SetField
from engine.shapes import Shape, count, show_shape
from engine.weights import Weight, kernel_size

_MORE = "What is added to the size of the output, less than the strides; by default what the padding asks for."


class _TransposedConvolution(Kernel):
    """What transposed convolutions along one, two or three axes share."""

    filters: PositiveInt = Field(default=32, description="Number of kernels, and so of output channels.")
    kernel_size: PerAxis
    strides: PerAxis
    padding: Padding = Field(
        default="valid",
        description="'same' multiplies the size by the strides, 'valid' keeps all that kernels reach.",
    )
    output_padding: PerAxis
    activation: ActivationName = Field(default="linear", description="Function applied to each output.")
    dilation_rate: PerAxis
    use_bias: bool = Field(default=True, description="Add a learned number to each channel.")

    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
    positional: ClassVar[tuple[str, ...]] = ("filters", "kernel_size")
    caption: ClassVar[tuple[str, ...]] = ("filters", "kernel_size", "activation")

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return self.kernel_and_bias((*self.kernel_size, self.filters, inputs[0][-1] or 0), self.filters)

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes, _ = spatial_and_channels(self.type_name(), inputs[0], len(self.kernel_size))
        check_dilation(self.strides, self.dilation_rate)
        self._check_output_padding()
        found = tuple(map(self._size, sizes, self.kernel_size, self.strides, self.dilation_rate, self._borders()))
        if any(size is not None and size < 1 for size in found):
            raise ShapeError(f"Nothing is left of {show_shape(sizes)}.", "output_padding", (_WITHOUT,))
        return (*found, self.filters)

    def flops(self, *inputs: Shape) -> int:
        """Each place of the input, not of the output, is multiplied by the kernel."""
        products = kernel_size(self.weights(*inputs))
        return 2 * products * count(inputs[0][:-1]) + self.flops_each * count(self.output_shape(*inputs))

    @staticmethod
    def _size(size: int | None, window: int, stride: int, rate: int, border: tuple[int, int]) -> int | None:
        return None if size is None else (size - 1) * stride + 2 + sum(border) - ((window - 1) * rate + 1)

    def _borders(self) -> list[tuple[int, int]]:
        return ops.transposed_borders(
            self.kernel_size, self.strides, self.padding, self.output_padding, self.dilation_rate
        )

    def _check_output_padding(self) -> None:
        for more, stride in zip(self.output_padding or (), self.strides, strict=False):
            if more >= stride:
                raise ShapeError(
                    f"The output padding must be less than the strides, but {more} is not less than {stride}.",
                    "output_padding",
                    (_WITHOUT,),
                )

    def op(self) -> Op:
        settings: dict[str, object] = {"strides": self.strides, "padding": self.padding}
        if max(self.dilation_rate) > 1:
            settings["dilation_rate"] = self.dilation_rate
        settings["output_padding"] = self.output_padding
        return Op(ops.transposed_convolution, ("kernel", "bias"), settings)


_WITHOUT = SetField("output_padding", None)


@register(category="Convolution")
class Conv2DTranspose(Kernel2D, _TransposedConvolution):
    """Makes a larger picture, each point of the input spread out by a kernel.

    https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
    """

    output_padding: Annotated[tuple[Count, Count], repeated(2)] | None = Field(default=None, description=_MORE)

    keras_class: ClassVar[str | None] = "Conv2DTranspose"


@register(category="Convolution")
class Conv1DTranspose(Kernel1D, _TransposedConvolution):
    """Makes a longer sequence, each step of the input spread out by a kernel.

    https://keras.io/api/layers/convolution_layers/convolution1d_transpose/
    """

    output_padding: Annotated[tuple[Count], repeated(1)] | None = Field(default=None, description=_MORE)

    keras_class: ClassVar[str | None] = "Conv1DTranspose"


@register(category="Convolution")
class Conv3DTranspose(Kernel3D, _TransposedConvolution):
    """Makes a larger volume, each point of the input spread out by a kernel.

    https://keras.io/api/layers/convolution_layers/convolution3d_transpose/
    """

    output_padding: Annotated[tuple[Count, Count, Count], repeated(3)] | None = Field(
        default=None, description=_MORE
    )

    keras_class: ClassVar[str | None] = "Conv3DTranspose"
