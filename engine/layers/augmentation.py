"""What layers that change pictures at random share: nothing at inference; in training, draw and transform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import jax
from pydantic import AfterValidator, BeforeValidator

from engine.errors import ShapeError
from engine.layer import Layer
from engine.layers.windows import picture
from engine.op import Context, Op
from engine.ops import core as ops
from engine.shapes import Shape, show_shape
from engine.weights import Weights

Parameters = Mapping[str, Any]
"""What was drawn for a batch of pictures: arrays by name."""


def spread(low: float, high: float, *, each: bool = False, start: float | None = None) -> BeforeValidator:
    """A validator of ranges that takes a number f for the range from -f (or `start`, or `low` if higher) to f.

    As in Keras, a pair must overlap the range from `low` to `high`, or with `each` lie within it.
    """

    def read(value: Any) -> Any:
        pair = value if isinstance(value, tuple | list) else (value,)
        numbers = [item for item in pair if isinstance(item, int | float) and not isinstance(item, bool)]  # pyright: ignore
        if len(numbers) != len(pair) or len(pair) not in (1, 2):  # pyright: ignore[reportUnknownArgumentType]
            return value
        least, most = min(numbers), max(numbers)
        inside = low <= least and most <= high if each or len(numbers) == 1 else least <= high and most >= low
        if not inside:
            raise ValueError(f"must be a number or two from {low:g} to {high:g}")
        if len(numbers) == 2:
            return least, most
        return max(low, -abs(most) if start is None else start), abs(most)

    return BeforeValidator(read)


def _in_order(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] == value[1]:
        raise ValueError("must be two different numbers")
    return (min(value), max(value))


Factor = Annotated[tuple[float, float], spread(0, 1)]
SignedFactor = Annotated[tuple[float, float], spread(-1, 1)]
ValueRange = Annotated[tuple[float, float], AfterValidator(_in_order)]
Interpolation = Literal["nearest", "bilinear"]
FillMode = Literal["reflect", "wrap", "constant", "nearest"]

RANGE = "The least and the largest number of the pictures."
FILLING = "What lies beyond the border: the picture mirrored, repeated, one number, or its edge."
FILL_VALUE = "The number beyond the border, for fill mode 'constant'."
_CHANNELS: dict[tuple[int, ...], str] = {
    (1,): "1 channel",
    (3,): "3 channels (red, green, blue)",
    (1, 3): "1 channel or 3 channels (red, green, blue)",
}
INTERPOLATION = "Points between others: their weighted mean, or the nearest one."


class Pictures(Layer):
    """Base of the layers that take pictures (height × width × channels)."""

    channels: ClassVar[tuple[int, ...]] = ()
    """How many channels a picture may have; any number where it is empty."""
    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
    keras_ignored: ClassVar[tuple[str, ...]] = ("bounding_box_format",)

    def allowed_channels(self) -> tuple[int, ...]:
        """`channels`, for layers where that depends on their settings."""
        return self.channels

    def output_shape(self, *inputs: Shape) -> Shape:
        name, allowed = self.type_name(), (*self.allowed_channels(), None)
        channels = inputs[0][2] if len(inputs[0]) == 3 else picture(name, inputs[0])[2]  # raises, with a way out
        if len(allowed) > 1 and channels not in allowed:
            raise ShapeError(
                f"{name} needs pictures of {_CHANNELS[allowed[:-1]]}, but gets {show_shape(inputs[0])}."
            )
        return inputs[0]


class RandomPictures(Pictures):
    """Base of the layers that change each picture of a batch at random, in training only."""

    flops_each: ClassVar[int] = 0

    def seed_generators(self) -> tuple[str, ...]:
        return ("generator",)

    def op(self) -> Op:
        return Op(ops.identity)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        """Random numbers for pictures of this shape (batch, height, width, channels)."""
        raise NotImplementedError

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        """The pictures, changed as was drawn."""
        raise NotImplementedError

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        if not ctx.training or ctx.key is None:
            return self.op()(w, *inputs)
        return self.transform(inputs[0], self.draw(ctx.key, inputs[0].shape))


def uniform(key: jax.Array, shape: tuple[int, ...], limits: tuple[float, float]) -> jax.Array:
    """Numbers that lie anywhere between two limits."""
    return jax.random.uniform(key, shape, minval=limits[0], maxval=limits[1])


def chosen(key: jax.Array, count: int, factor: tuple[float, float]) -> jax.Array:
    """Which of the pictures are changed: each with a probability that lies anywhere in `factor`, as in Keras."""
    first, second = jax.random.split(key)
    return uniform(second, (count,), (0, 1)) < uniform(first, (count,), factor)


def signs(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """1 or -1, both equally likely."""
    return jax.random.rademacher(key, shape, "float32")


def per_picture(values: jax.Array) -> jax.Array:
    """One value for each picture, to compute with pictures."""
    return values[:, None, None, None]
