"""Layers that move the points of pictures at random, in training: mirror, cut, turn, zoom, shift, slant."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jax import lax
from pydantic import AfterValidator, Field

from engine.fields import PositiveInt
from engine.layers.augmentation import (
    FILL_VALUE,
    FILLING,
    INTERPOLATION,
    FillMode,
    Interpolation,
    Parameters,
    RandomPictures,
    SignedFactor,
    signs,
    spread,
    uniform,
)
from engine.op import Op
from engine.ops import images as ops
from engine.registry import register
from engine.shapes import Shape


def _both_ways(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] < 0 and value[0] != -value[1]:
        raise ValueError("must be two numbers of 0 or more, or a number and its negative")
    return value


ZoomFactor = Annotated[tuple[float, float], spread(math.nextafter(-1, 0), 1, each=True)]
ShiftFactor = Annotated[tuple[float, float], spread(-1, 1, each=True)]
ShearFactor = Annotated[tuple[float, float], spread(-1, 1, each=True), AfterValidator(_both_ways)]


@register(category="Augmentation")
class RandomFlip(RandomPictures):
    """Mirrors about half of the pictures, in training; with both modes at once, half a turn.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_flip/
    """

    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = Field(
        default="horizontal_and_vertical", description="Left and right, top and bottom, or both at once."
    )

    keras_class: ClassVar[str | None] = "RandomFlip"
    positional: ClassVar[tuple[str, ...]] = ("mode",)
    caption: ClassVar[tuple[str, ...]] = ("mode",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        return {"flips": uniform(key, (shape[0], 1, 1, 1), (0, 1)) <= 0.5}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        axes = {"horizontal": 2, "vertical": 1, "horizontal_and_vertical": (1, 2)}[self.mode]
        return jnp.where(parameters["flips"], jnp.flip(images, axes), images)


@register(category="Augmentation")
class RandomCrop(RandomPictures):
    """Cuts a window out of the pictures, in training at random, the same for a whole batch.

    At inference, and for pictures that are too small, the largest window in the middle, resized. That is what
    Keras documents; its version 3.15 passes pictures on as they are at inference
    (https://github.com/keras-team/keras/issues/21868).
    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_crop/
    """

    height: PositiveInt = Field(default=24, description="Height of the window.")
    width: PositiveInt = Field(default=24, description="Width of the window.")

    keras_class: ClassVar[str | None] = "RandomCrop"
    positional: ClassVar[tuple[str, ...]] = ("height", "width")
    caption: ClassVar[tuple[str, ...]] = ("height", "width")

    def output_shape(self, *inputs: Shape) -> Shape:
        *_, channels = super().output_shape(*inputs)
        return (self.height, self.width, channels)

    def op(self) -> Op:
        return Op(ops.ratio_crop, settings={"height": self.height, "width": self.width})

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        size = shape[1], shape[2]
        if size[0] <= self.height or size[1] <= self.width:
            top, left, *_ = ops.window_of_ratio(size, self.height, self.width)
            return {"top": top, "left": left}
        keys = jax.random.split(key)
        return {
            "top": jax.random.randint(keys[0], (), 0, size[0] - self.height + 1),
            "left": jax.random.randint(keys[1], (), 0, size[1] - self.width + 1),
        }

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        top, left = parameters["top"], parameters["left"]
        if images.shape[1] > self.height and images.shape[2] > self.width:
            cut = lax.dynamic_slice_in_dim(images, top, self.height, 1)
            return lax.dynamic_slice_in_dim(cut, left, self.width, 2)
        cut = images[:, top : top + self.height, left : left + self.width]
        return ops.resizing(cut, height=self.height, width=self.width)


class _Moving(RandomPictures):
    """What the layers share that take each point from another place."""

    fill_mode: FillMode = Field(default="reflect", description=FILLING)
    interpolation: Interpolation = Field(default="bilinear", description=INTERPOLATION)
    fill_value: float = Field(default=0.0, description=FILL_VALUE)

    def move(self, images: jax.Array, matrix: jax.Array) -> jax.Array:
        return ops.affine(
            images,
            matrix,
            interpolation=self.interpolation,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
        )


@register(category="Augmentation")
class RandomRotation(_Moving):
    """Turns each picture about its middle, in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_rotation/
    """

    factor: SignedFactor = Field(default=(-0.1, 0.1), description="Least and largest turn; 1 is a full turn.")

    keras_class: ClassVar[str | None] = "RandomRotation"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    caption: ClassVar[tuple[str, ...]] = ("factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        return {"angle": uniform(key, (shape[0],), self.factor) * (2 * jnp.pi)}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        return self.move(images, ops.rotation(parameters["angle"], *images.shape[1:3]))


@register(category="Augmentation")
class RandomZoom(_Moving):
    """Zooms into each picture or out of it, in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_zoom/
    """

    height_factor: ZoomFactor = Field(
        default=(-0.1, 0.1), description="Least and largest zoom down the picture; below 0 it grows."
    )
    width_factor: ZoomFactor | None = Field(
        default=None, description="The same across the picture; by default as down, which keeps the ratio."
    )

    keras_class: ClassVar[str | None] = "RandomZoom"
    positional: ClassVar[tuple[str, ...]] = ("height_factor",)
    caption: ClassVar[tuple[str, ...]] = ("height_factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        keys, count = jax.random.split(key), (shape[0], 1)
        down = 1 + uniform(keys[0], count, self.height_factor)
        across = down if self.width_factor is None else 1 + uniform(keys[1], count, self.width_factor)
        return {"height_zoom": down, "width_zoom": across}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        down, across = parameters["height_zoom"][:, 0], parameters["width_zoom"][:, 0]
        return self.move(images, ops.zooming(down, across, *images.shape[1:3]))


@register(category="Augmentation")
class RandomTranslation(_Moving):
    """Moves each picture up or down and to a side, in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_translation/
    """

    height_factor: ShiftFactor = Field(
        default=(-0.1, 0.1), description="Least and largest way down, as a share of the height."
    )
    width_factor: ShiftFactor = Field(
        default=(-0.1, 0.1), description="Least and largest way to the right, as a share of the width."
    )

    keras_class: ClassVar[str | None] = "RandomTranslation"
    positional: ClassVar[tuple[str, ...]] = ("height_factor", "width_factor")
    caption: ClassVar[tuple[str, ...]] = ("height_factor", "width_factor")

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        keys, count = jax.random.split(key), (shape[0], 1)
        down = uniform(keys[0], count, self.height_factor) * shape[1]
        across = uniform(keys[1], count, self.width_factor) * shape[2]
        return {"translations": jnp.concatenate([across, down], 1)}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        across, down = jnp.moveaxis(parameters["translations"], 1, 0)
        return self.move(images, ops.shifting(across, down))


@register(category="Augmentation")
class RandomShear(_Moving):
    """Slants each picture, in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_shear/
    """

    x_factor: ShearFactor = Field(default=(0.0, 0.0), description="Least and largest slant of the columns.")
    y_factor: ShearFactor = Field(default=(0.0, 0.0), description="Least and largest slant of the rows.")

    keras_class: ClassVar[str | None] = "RandomShear"
    positional: ClassVar[tuple[str, ...]] = ("x_factor", "y_factor")
    caption: ClassVar[tuple[str, ...]] = ("x_factor", "y_factor")

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        keys, count = jax.random.split(key, 3), (shape[0], 1)
        slants = [uniform(k, count, f) for k, f in zip(keys, (self.x_factor, self.y_factor), strict=False)]
        return {"shear_factor": jnp.concatenate(slants, 1) * signs(keys[2], count)}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        across, down = jnp.moveaxis(parameters["shear_factor"], 1, 0)
        return self.move(images, ops.shearing(across, down))

    def keras_arguments(self) -> dict[str, Any]:
        """Keras turns a number f into (-f, f), and then refuses numbers below 0 when it reads its own file."""
        found = super().keras_arguments()
        for name in ("x_factor", "y_factor"):
            least, most = found[name]
            found[name] = most if least < 0 else (least, most)
        return found
