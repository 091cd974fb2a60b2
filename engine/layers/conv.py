"""Convolution layers, channels last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import jax
from pydantic import Field

from engine.errors import ShapeError
from engine.fields import ActivationName, Padding, Pair, PositiveInt
from engine.layer import (
    Context,
    InsertBefore,
    Op,
    Repair,
    SetField,
    Shape,
    Weight,
    Weights,
    register,
    show_shape,
)
from engine.layers.kernel import Kernel
from engine.layers.reshaping import Reshape
from engine.ops import conv as ops


def picture(what: str, shape: Shape) -> tuple[int | None, int | None, int]:
    """Height, width and channels; raises `ShapeError` with a repair where a shape is no picture."""
    if len(shape) == 3 and shape[2] is not None:
        return shape[0], shape[1], shape[2]
    raise ShapeError(
        f"{what} needs pictures (height × width × channels), but gets {show_shape(shape)}.",
        repairs=_as_picture(shape),
    )


def _as_picture(shape: Shape) -> tuple[Repair, ...]:
    if len(shape) == 2 and None not in shape:
        return (InsertBefore(Reshape(target_shape=(*(size or 1 for size in shape), 1))),)
    if len(shape) == 1 and shape[0]:
        for channels in (1, 3):
            side = round((shape[0] / channels) ** 0.5)
            if side > 1 and side * side * channels == shape[0]:
                return (InsertBefore(Reshape(target_shape=(side, side, channels))),)
    return ()


def window_output(
    what: str,
    sizes: tuple[int | None, int | None],
    window: Pair,
    strides: Pair,
    padding: str,
    field: str,
    dilation: Pair = (1, 1),
) -> tuple[int | None, int | None]:
    """Height and width after a sliding window; raises `ShapeError` where the window is larger than the picture."""
    reach = tuple((size - 1) * rate + 1 for size, rate in zip(window, dilation, strict=True))
    if padding == "same":
        return tuple(None if n is None else -(-n // s) for n, s in zip(sizes, strides, strict=True))  # pyright: ignore
    if any(n is not None and n < r for n, r in zip(sizes, reach, strict=True)):
        raise ShapeError(
            f"A window of {reach[0]} × {reach[1]} does not fit into {what} of {show_shape(sizes)}.",
            field,
            (SetField("padding", "same"),),
        )
    return tuple(None if n is None else (n - r) // s + 1 for n, r, s in zip(sizes, reach, strides, strict=True))  # pyright: ignore


@register(category="Convolution")
class Conv2D(Kernel):
    """Slides small kernels over a picture: activation(convolution(x, kernel) + bias).

    https://keras.io/api/layers/convolution_layers/convolution2d/
    """

    filters: PositiveInt = Field(default=32, description="Number of kernels, and so of output channels.")
    kernel_size: Pair = Field(default=(3, 3), description="Height and width of a kernel.")
    strides: Pair = Field(default=(1, 1), description="Steps of the kernel down and across.")
    padding: Padding = Field(default="valid", description="'same' pads the border with zeros, 'valid' does not.")
    activation: ActivationName = Field(default="linear", description="Function applied to each output.")
    dilation_rate: Pair = Field(default=(1, 1), description="Spacing between the points of a kernel.")
    groups: PositiveInt = Field(default=1, description="Groups of channels that are convolved apart.")
    use_bias: bool = Field(default=True, description="Add a learned number to each channel.")

    keras_class: ClassVar[str | None] = "Conv2D"
    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
    positional: ClassVar[tuple[str, ...]] = ("filters", "kernel_size")
    caption: ClassVar[tuple[str, ...]] = ("filters", "kernel_size", "activation")

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = (inputs[0][2] or 0) // self.groups
        return self.kernel_and_bias((*self.kernel_size, channels, self.filters), self.filters)

    def output_shape(self, *inputs: Shape) -> Shape:
        height, width, channels = picture("Conv2D", inputs[0])
        if channels % self.groups or self.filters % self.groups:
            raise ShapeError(
                f"{self.groups} groups divide neither {channels} channels nor {self.filters} filters evenly."
                if channels % self.groups and self.filters % self.groups
                else f"{self.groups} groups do not divide "
                + (f"{channels} channels" if channels % self.groups else f"{self.filters} filters")
                + " evenly.",
                "groups",
                (SetField("groups", 1),),
            )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ShapeError(
                "Strides and dilation cannot both be larger than 1.",
                "dilation_rate",
                (SetField("dilation_rate", (1, 1)),),
            )
        sizes = window_output(
            "a picture",
            (height, width),
            self.kernel_size,
            self.strides,
            self.padding,
            "kernel_size",
            self.dilation_rate,
        )
        return (*sizes, self.filters)

    def op(self) -> Op:
        settings: dict[str, object] = {"strides": self.strides, "padding": self.padding}
        if self.dilation_rate != (1, 1):
            settings["dilation_rate"] = self.dilation_rate
        if self.groups != 1:
            settings["groups"] = self.groups
        return Op(ops.conv2d, ("kernel", "bias"), settings)

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        op = self.op()
        if ctx.training and jax.default_backend() == "cpu":
            op = replace(op, function=ops.conv2d_for_training)
        return ctx.activate(self.activation, op(w, *inputs))
