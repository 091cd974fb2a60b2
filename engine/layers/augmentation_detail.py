"""Layers that blur, sharpen and blot out parts of pictures at random, in training."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import AfterValidator, BeforeValidator, Field

from engine.fields import PositiveInt, repeated
from engine.layers.augmentation import (
    RANGE,
    Factor,
    Parameters,
    RandomPictures,
    ValueRange,
    chosen,
    per_picture,
    uniform,
)
from engine.ops import colours
from engine.ops import images as ops
from engine.registry import register


def _odd(value: tuple[int, int]) -> tuple[int, int]:
    if any(size % 2 == 0 for size in value):
        raise ValueError("must be odd, so that a point has as many neighbours on either side")
    return value


def _colour(value: Any) -> Any:
    return (value,) if isinstance(value, int | float) else value


def _one_or_three(value: tuple[float, ...]) -> tuple[float, ...]:
    if len(value) not in (1, 3):
        raise ValueError("must be one number, or three: red, green, blue")
    return value


OddPair = Annotated[tuple[PositiveInt, PositiveInt], repeated(2), AfterValidator(_odd)]
Colour = Annotated[tuple[float, ...], BeforeValidator(_colour), AfterValidator(_one_or_three)]


@register(category="Augmentation")
class RandomGaussianBlur(RandomPictures):
    """Blurs pictures, in training; by how much is drawn once for a batch.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_gaussian_blur/
    """

    factor: Factor = Field(default=(0.0, 1.0), description="Between which shares of the pictures are changed.")
    kernel_size: OddPair = Field(default=(3, 3), description="Width and height of what a point is made of; odd.")
    sigma: Factor = Field(default=(0.0, 1.0), description="Least and largest deviation, in points.")
    value_range: ValueRange = Field(default=(0.0, 255.0), description=RANGE)

    keras_class: ClassVar[str | None] = "RandomGaussianBlur"
    caption: ClassVar[tuple[str, ...]] = ("kernel_size", "sigma")

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        keys = jax.random.split(key)
        return {
            "should_apply_blur": chosen(keys[0], shape[0], self.factor),
            "blur_factor": uniform(keys[1], (2,), self.sigma) + 1e-6,
        }

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        across, down = (
            ops.gaussian(size, sigma)
            for size, sigma in zip(self.kernel_size, parameters["blur_factor"], strict=True)
        )
        blurred = ops.blur(images, down, across)
        kept = jnp.where(per_picture(parameters["should_apply_blur"]), blurred, images)
        return jnp.clip(kept, *self.value_range)


@register(category="Augmentation")
class RandomSharpness(RandomPictures):
    """Makes each picture smoother (below 0.5) or sharper (above), in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_sharpness/
    """

    factor: Factor = Field(default=(0.0, 1.0), description="Least and largest sharpness; 0.5 changes nothing.")
    value_range: ValueRange = Field(default=(0.0, 255.0), description=RANGE)

    keras_class: ClassVar[str | None] = "RandomSharpness"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    caption: ClassVar[tuple[str, ...]] = ("factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        return {"factor": uniform(key, shape[:1], self.factor)}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        sharper = colours.sharpen(images, per_picture(parameters["factor"]) * 2)
        return jnp.clip(sharper, *self.value_range)


@register(category="Augmentation")
class RandomErasing(RandomPictures):
    """Blots a rectangle out of pictures, in training, so that a network does not rely on one part.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_erasing/
    (https://arxiv.org/abs/1708.04896)
    """

    factor: Factor = Field(default=(0.0, 1.0), description="Between which shares of the pictures are changed.")
    scale: Factor = Field(default=(0.02, 0.33), description="Least and largest share of a picture's area.")
    fill_value: Colour | None = Field(
        default=None, description="What the rectangle is filled with: a number, three of them, or noise."
    )
    value_range: ValueRange = Field(default=(0.0, 255.0), description=RANGE)

    keras_class: ClassVar[str | None] = "RandomErasing"
    caption: ClassVar[tuple[str, ...]] = ("scale",)

    def allowed_channels(self) -> tuple[int, ...]:
        return (3,) if self.fill_value is not None and len(self.fill_value) == 3 else ()

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        keys = jax.random.split(key, 4)
        share = jnp.sqrt(uniform(keys[0], (shape[0], 2), self.scale))
        start = uniform(keys[1], (shape[0], 2), (0, 1))
        across = _inside(shape[2], share[:, :1], start[:, :1])[:, None, :, None]
        down = _inside(shape[1], share[:, 1:], start[:, 1:])[:, :, None, None]
        if self.fill_value is None:
            filling = jax.random.normal(keys[2], shape) * self.value_range[1]
        else:
            filling = jnp.broadcast_to(jnp.asarray(self.fill_value, "float32"), shape)
        return {
            "apply_erasing": chosen(keys[3], shape[0], self.factor),
            "batch_masks": across & down,
            "fill_value": jnp.clip(filling, *self.value_range),
        }

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        erased = parameters["batch_masks"] & per_picture(parameters["apply_erasing"])
        return jnp.where(erased, parameters["fill_value"], images)

    def keras_arguments(self) -> dict[str, Any]:
        found = super().keras_arguments()
        if self.fill_value is not None and len(self.fill_value) == 1:
            found["fill_value"] = self.fill_value[0]
        return found


def _inside(size: int, share: jax.Array, start: jax.Array) -> jax.Array:
    """Which places of an axis lie in a stretch of it, by picture."""
    length = share * size
    first = start * (size - length)
    places = jnp.arange(size)
    return (places >= first) & (places < first + length)
