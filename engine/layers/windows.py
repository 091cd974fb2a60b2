"""What layers share whose windows slide along the axes between the batch and the channels."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.errors import ShapeError
from engine.fields import Pair, Settings, Single, Triple
from engine.layers.reshaping import Reshape
from engine.repairs import InsertBefore, Repair, SetField
from engine.shapes import Shape, show_shape

PerAxis = Any
"""Type of a setting with a number for each axis: a subclass says Single, Pair or Triple instead."""

_SAMPLES = {
    1: "sequences (steps × channels)",
    2: "pictures (height × width × channels)",
    3: "volumes (depth × height × width × channels)",
}
"""What a sample with this many axes beside its channels is called."""


class Kernel1D(Settings):
    """Settings of kernels that slide along sequences."""

    kernel_size: Single = Field(default=(3,), description="Length of a kernel.")
    strides: Single = Field(default=(1,), description="Steps of the kernel.")
    dilation_rate: Single = Field(default=(1,), description="Spacing between the points of a kernel.")


class Kernel2D(Settings):
    """Settings of kernels that slide over pictures."""

    kernel_size: Pair = Field(default=(3, 3), description="Height and width of a kernel.")
    strides: Pair = Field(default=(1, 1), description="Steps of the kernel down and across.")
    dilation_rate: Pair = Field(default=(1, 1), description="Spacing between the points of a kernel.")


class Kernel3D(Settings):
    """Settings of kernels that slide through volumes."""

    kernel_size: Triple = Field(default=(3, 3, 3), description="Depth, height and width of a kernel.")
    strides: Triple = Field(default=(1, 1, 1), description="Steps of the kernel along depth, height and width.")
    dilation_rate: Triple = Field(default=(1, 1, 1), description="Spacing between the points of a kernel.")


def spatial(what: str, shape: Shape, axes: int) -> tuple[Shape, int | None]:
    """The sizes beside the channels, and the number of channels.

    Raises `ShapeError` with a repair where a shape has another number of axes.
    """
    if len(shape) == axes + 1:
        return shape[:-1], shape[-1]
    raise ShapeError(
        f"{what} needs {_SAMPLES[axes]}, but gets {show_shape(shape)}.", repairs=_with_channels(shape, axes)
    )


def spatial_and_channels(what: str, shape: Shape, axes: int) -> tuple[Shape, int]:
    """The same for a layer whose weights depend on the number of channels, which must be known."""
    sizes, channels = spatial(what, shape, axes)
    if channels is None:
        raise ShapeError(f"{what} needs a known number of channels, but gets {show_shape(shape)}.")
    return sizes, channels


def picture(what: str, shape: Shape) -> tuple[int | None, int | None, int]:
    """Height, width and channels; raises `ShapeError` with a repair where a shape is no picture."""
    (height, width), channels = spatial_and_channels(what, shape, 2)
    return height, width, channels


def _with_channels(shape: Shape, axes: int) -> tuple[Repair, ...]:
    """A Reshape that adds an axis of one channel, or makes a square (cube) of a row of numbers."""
    if None in shape:
        return ()
    if len(shape) == axes:
        return (_reshape((*(size or 1 for size in shape), 1)),)
    if len(shape) == 1 and shape[0]:
        for channels in (1, 3):
            side = round((shape[0] / channels) ** (1 / axes))
            if side > 1 and side**axes * channels == shape[0]:
                return (_reshape((*[side] * axes, channels)),)
    return ()


def _reshape(shape: tuple[int, ...]) -> Repair:
    return InsertBefore(Reshape(target_shape=shape), to=shape)


def window_output(
    sizes: Shape,
    window: tuple[int, ...],
    strides: tuple[int, ...],
    padding: str,
    field: str,
    dilation: tuple[int, ...] | None = None,
) -> Shape:
    """The sizes after a sliding window; raises `ShapeError` where it is larger than what it slides over."""
    rates = dilation or (1,) * len(window)
    if padding != "valid":
        return tuple(None if n is None else -(-n // s) for n, s in zip(sizes, strides, strict=True))
    reach = tuple((size - 1) * rate + 1 for size, rate in zip(window, rates, strict=True))
    if any(n is not None and n < r for n, r in zip(sizes, reach, strict=True)):
        raise ShapeError(
            f"A window of {show_shape(reach)} does not fit into {show_shape(sizes)}.",
            field,
            (SetField("padding", "same"), *_smaller(sizes, window, rates, field)),
        )
    return tuple(None if n is None else (n - r) // s + 1 for n, r, s in zip(sizes, reach, strides, strict=True))


def _smaller(sizes: Shape, window: tuple[int, ...], rates: tuple[int, ...], field: str) -> tuple[Repair, ...]:
    """A window that just fits."""
    if set(rates) != {1} or 0 in sizes:
        return ()
    return (SetField(field, tuple(min(w, w if n is None else n) for w, n in zip(window, sizes, strict=True))),)
