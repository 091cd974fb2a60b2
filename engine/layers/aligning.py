"""Ways to give the inputs of a merging layer shapes that fit one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.layer import Layer
from engine.layers.borders import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from engine.layers.conv import Conv1D, Conv2D, Conv3D
from engine.layers.core import Dense
from engine.layers.reshaping import Flatten
from engine.repairs import InsertEach, Repair
from engine.shapes import Shape

Sizes = tuple[int, ...]

_PADDINGS = (ZeroPadding1D, ZeroPadding2D, ZeroPadding3D)
_CROPPINGS = (Cropping1D, Cropping2D, Cropping3D)
_CONVOLUTIONS = (Conv1D, Conv2D, Conv3D)

Fits = Callable[[tuple[Shape, ...]], bool]


def alignments(inputs: tuple[Shape, ...], fits: Fits, free: int | None = None) -> tuple[Repair, ...]:
    """The repairs after which shapes fit one another: projected, padded, cropped or flattened.

    `free` is the axis on which they may differ. Each is tried on the shapes, so that none is offered that does not
    help.
    """
    if any(None in shape for shape in inputs):
        return ()
    sizes = tuple(tuple(size or 0 for size in shape) for shape in inputs)
    ways = [_flattened(sizes)]
    if len({len(shape) for shape in sizes}) == 1 and len(sizes[0]) <= 4:
        ways = [_projected(sizes, free), _padded(sizes, free), _cropped(sizes, free), *ways]
    return tuple(_each(layers, after) for layers in ways if any(layers) and fits(after := _after(layers, sizes)))


Layers = tuple[Layer | None, ...]
"""For each input the layer that is put in front of it, or none."""


def _each(layers: Layers, after: tuple[Shape, ...]) -> InsertEach:
    put = [(port, layer) for port, layer in enumerate(layers) if layer is not None]
    shapes = {after[port] for port, _ in put}
    return InsertEach(tuple(put), shapes.pop() if len(shapes) == 1 else None)


def _after(layers: Layers, inputs: tuple[Sizes, ...]) -> tuple[Shape, ...]:
    pairs = zip(layers, inputs, strict=True)
    return tuple(shape if layer is None else layer.output_shape(shape) for layer, shape in pairs)


def _projected(inputs: tuple[Sizes, ...], free: int | None) -> Layers:
    """Kernels of one point bring all to the most channels, with strides to the fewest places."""
    most = tuple(map(max, zip(*inputs, strict=True)))
    fewest = tuple(map(min, zip(*inputs, strict=True)))
    found: list[Layer | None] = []
    for shape in inputs:
        steps = [round(size / least) for size, least in zip(shape, fewest, strict=True)]
        strides = tuple(1 if axis == free else max(1, step) for axis, step in enumerate(steps[:-1]))
        found.append(_projection(shape, shape[-1] if free == len(shape) - 1 else most[-1], strides))
    return tuple(found)


def _projection(shape: Sizes, channels: int, strides: Sizes) -> Layer | None:
    if shape[-1] == channels and set(strides) <= {1}:
        return None
    if not strides:
        return Dense(units=channels)
    settings = {"filters": channels, "kernel_size": (1,) * len(strides), "strides": strides, "padding": "same"}
    return _CONVOLUTIONS[len(strides) - 1].model_validate(settings)


def _padded(inputs: tuple[Sizes, ...], free: int | None) -> Layers:
    """Zeros around the smaller ones."""
    return _bordered(inputs, max, free, _PADDINGS, "padding")


def _cropped(inputs: tuple[Sizes, ...], free: int | None) -> Layers:
    """The border of the larger ones is cut off."""
    return _bordered(inputs, min, free, _CROPPINGS, "cropping")


def _bordered(
    inputs: tuple[Sizes, ...],
    choose: Callable[[Sizes], int],
    free: int | None,
    classes: tuple[type[Layer], ...],
    setting: str,
) -> Layers:
    chosen = tuple(map(choose, zip(*inputs, strict=True)))[:-1]
    if not chosen:
        return (None,) * len(inputs)
    found: list[Layer | None] = []
    for shape in inputs:
        surplus = (0 if axis == free else abs(size - shape[axis]) for axis, size in enumerate(chosen))
        borders = _borders(surplus)
        found.append(classes[len(chosen) - 1].model_validate({setting: borders}) if any(borders) else None)
    return tuple(found)


def _borders(surplus: Iterable[int]) -> Sizes:
    """What goes to the two ends of each axis; the far end has one more where it is odd."""
    return tuple(part for size in surplus for part in (size // 2, size - size // 2))


def _flattened(inputs: tuple[Sizes, ...]) -> Layers:
    return tuple(Flatten() if len(shape) > 1 else None for shape in inputs)
