"""Layers that cut off the border of a sample, or add one of zeros; channels last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from engine.errors import ShapeError
from engine.fields import Count
from engine.layer import Layer
from engine.layers.windows import PerAxis, spatial
from engine.op import Op
from engine.ops import reshaping as ops
from engine.registry import register
from engine.shapes import Shape, show_shape


def _in_pairs(axes: int) -> BeforeValidator:
    """A validator that takes Keras's ways of giving a start and an end to each axis, and gives a flat tuple.

    They are one number for all, a number for each axis, or a pair for each axis.
    """

    def read(value: Any) -> Any:
        if isinstance(value, int):
            return (value,) * (2 * axes)
        if not isinstance(value, tuple | list) or len(value) != axes:  # pyright: ignore[reportUnknownArgumentType]
            return value  # pyright: ignore[reportUnknownVariableType]
        if axes == 1 and isinstance(value[0], int):
            return (value[0],) * 2
        pairs = [(item, item) if isinstance(item, int) else tuple(item) for item in value]
        return tuple(number for pair in pairs for number in pair)

    return BeforeValidator(read)


Ends = Annotated[tuple[Count, Count], _in_pairs(1)]
Edges = Annotated[tuple[Count, Count, Count, Count], _in_pairs(2)]
Faces = Annotated[tuple[Count, Count, Count, Count, Count, Count], _in_pairs(3)]

_ENDS = "at the start and at the end."
_EDGES = "at top, bottom, left and right."
_FACES = "at both ends of depth, height and width."


def _pairs(numbers: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _as_keras_has_it(numbers: tuple[int, ...]) -> Any:
    """A pair for each axis; for a single axis, the pair by itself."""
    return numbers if len(numbers) == 2 else _pairs(numbers)


class _Cropping(Layer):
    """What cropping along one, two or three axes shares."""

    cropping: PerAxis

    positional: ClassVar[tuple[str, ...]] = ("cropping",)
    caption: ClassVar[tuple[str, ...]] = ("cropping",)
    casts: ClassVar[bool] = False
    flops_each: ClassVar[int] = 0

    def keras_arguments(self) -> dict[str, Any]:
        return {"cropping": _as_keras_has_it(self.cropping)}

    def output_shape(self, *inputs: Shape) -> Shape:
        pairs = _pairs(self.cropping)
        sizes, channels = spatial(self.type_name(), inputs[0], len(pairs))
        left = [None if size is None else size - sum(pair) for size, pair in zip(sizes, pairs, strict=True)]
        if any(size is not None and size < 1 for size in left):
            raise ShapeError(
                f"Nothing is left of {show_shape(sizes)} when {self.cropping} is cut off.", "cropping"
            )
        return (*left, channels)

    def op(self) -> Op:
        return Op(ops.cropping, settings={"cropping": _pairs(self.cropping)})


class _ZeroPadding(Layer):
    """What zero padding along one, two or three axes shares."""

    padding: PerAxis

    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
    positional: ClassVar[tuple[str, ...]] = ("padding",)
    caption: ClassVar[tuple[str, ...]] = ("padding",)
    casts: ClassVar[bool] = False
    flops_each: ClassVar[int] = 0

    def keras_arguments(self) -> dict[str, Any]:
        return {"padding": _as_keras_has_it(self.padding)}

    def output_shape(self, *inputs: Shape) -> Shape:
        pairs = _pairs(self.padding)
        sizes, channels = spatial(self.type_name(), inputs[0], len(pairs))
        sums = [None if size is None else size + sum(pair) for size, pair in zip(sizes, pairs, strict=True)]
        return (*sums, channels)

    def op(self) -> Op:
        return Op(ops.zero_padding, settings={"padding": _pairs(self.padding)})


@register(category="Reshaping")
class ZeroPadding2D(_ZeroPadding):
    """Puts rows and columns of zeros around a picture.

    https://keras.io/api/layers/reshaping_layers/zero_padding2d/
    """

    padding: Edges = Field(default=(1, 1, 1, 1), description=f"Rows and columns added {_EDGES}")

    keras_class: ClassVar[str | None] = "ZeroPadding2D"


@register(category="Reshaping")
class Cropping2D(_Cropping):
    """Cuts rows and columns off the border of a picture.

    https://keras.io/api/layers/reshaping_layers/cropping2d/
    """

    cropping: Edges = Field(default=(0, 0, 0, 0), description=f"Rows and columns cut off {_EDGES}")

    keras_class: ClassVar[str | None] = "Cropping2D"
    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}


@register(category="Reshaping")
class ZeroPadding1D(_ZeroPadding):
    """Puts steps of zeros before and behind a sequence.

    https://keras.io/api/layers/reshaping_layers/zero_padding1d/
    """

    padding: Ends = Field(default=(1, 1), description=f"Steps added {_ENDS}")

    keras_class: ClassVar[str | None] = "ZeroPadding1D"


@register(category="Reshaping")
class Cropping1D(_Cropping):
    """Cuts steps off both ends of a sequence. https://keras.io/api/layers/reshaping_layers/cropping1d/"""

    cropping: Ends = Field(default=(1, 1), description=f"Steps cut off {_ENDS}")

    keras_class: ClassVar[str | None] = "Cropping1D"


@register(category="Reshaping")
class ZeroPadding3D(_ZeroPadding):
    """Puts zeros around a volume. https://keras.io/api/layers/reshaping_layers/zero_padding3d/"""

    padding: Faces = Field(default=(1, 1, 1, 1, 1, 1), description=f"Points added {_FACES}")

    keras_class: ClassVar[str | None] = "ZeroPadding3D"


@register(category="Reshaping")
class Cropping3D(_Cropping):
    """Cuts off the border of a volume. https://keras.io/api/layers/reshaping_layers/cropping3d/"""

    cropping: Faces = Field(default=(1, 1, 1, 1, 1, 1), description=f"Points cut off {_FACES}")

    keras_class: ClassVar[str | None] = "Cropping3D"
    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
