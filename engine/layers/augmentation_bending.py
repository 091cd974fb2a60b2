"""Layers that bend pictures at random, in training."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import jax
import jax.numpy as jnp
from pydantic import Field

from engine.layers.augmentation import (
    FILL_VALUE,
    FILLING,
    INTERPOLATION,
    RANGE,
    Factor,
    Interpolation,
    Parameters,
    RandomPictures,
    ValueRange,
    chosen,
    per_picture,
    uniform,
)
from engine.ops import images as ops
from engine.registry import register


@register(category="Augmentation")
class RandomPerspective(RandomPictures):
    """Shows each picture as if seen from the side, in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_perspective/
    """

    factor: Factor = Field(default=(0.0, 1.0), description="Between which shares of the pictures are changed.")
    scale: Annotated[float, Field(ge=0, le=1)] = Field(default=1.0, description="How far the corners may move.")
    interpolation: Interpolation = Field(default="bilinear", description=INTERPOLATION)
    fill_value: float = Field(default=0.0, description="The number beyond the border.")

    keras_class: ClassVar[str | None] = "RandomPerspective"
    caption: ClassVar[tuple[str, ...]] = ("factor", "scale")

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        keys, half = jax.random.split(key), 0.5 * self.scale
        return {
            "apply_perspective": chosen(keys[0], shape[0], self.factor),
            "corners": uniform(keys[1], (shape[0], 4, 2), (-half, half)),
        }

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        right, bottom = images.shape[2] - 1.0, images.shape[1] - 1.0
        start = jnp.asarray([[0.0, 0.0], [right, 0.0], [0.0, bottom], [right, bottom]])
        start = jnp.broadcast_to(start, parameters["corners"].shape)
        end = start * (1 + parameters["corners"])  # the first corner stays, as in Keras
        fill = self.fill_value
        changed = ops.perspective(images, start, end, interpolation=self.interpolation, fill_value=fill)
        return jnp.where(per_picture(parameters["apply_perspective"]), changed, images)


@register(category="Augmentation")
class RandomElasticTransform(RandomPictures):
    """Draws pictures out of shape like a rubber sheet, in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_elastic_transform/
    """

    factor: Factor = Field(default=(0.0, 1.0), description="Between which shares of the pictures are changed.")
    scale: Factor = Field(default=(0.0, 1.0), description="Least and largest strength.")
    interpolation: Interpolation = Field(default="bilinear", description=INTERPOLATION)
    fill_mode: Literal["reflect", "wrap", "constant", "nearest", "mirror"] = Field(
        default="reflect", description=FILLING
    )
    fill_value: float = Field(default=0.0, description=FILL_VALUE)
    value_range: ValueRange = Field(default=(0.0, 255.0), description=RANGE)

    keras_class: ClassVar[str | None] = "RandomElasticTransform"
    caption: ClassVar[tuple[str, ...]] = ("factor", "scale")

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        keys = jax.random.split(key, 3)
        return {
            "apply_transform": chosen(keys[0], shape[0], self.factor),
            "distortion_factor": uniform(keys[1], (), self.scale),
            "noise": jax.random.normal(keys[2], shape[:3]),
        }

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        if self.scale[1] == 0 or self.factor[1] == 0:
            return images
        largest = min(images.shape[1:3]) * 0.05 * self.scale[1]
        changed = ops.elastic(
            images,
            parameters["noise"],
            parameters["distortion_factor"],
            reach=int(6 * largest) // 2,
            interpolation=self.interpolation,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
        )
        kept = jnp.where(per_picture(parameters["apply_transform"]), changed, images)
        return jnp.clip(kept, *self.value_range)
