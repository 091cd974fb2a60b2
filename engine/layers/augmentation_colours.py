"""Layers that change the colours of pictures at random, in training."""

from __future__ import annotations

from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from engine.fields import Fraction
from engine.layers.augmentation import (
    RANGE,
    Factor,
    Parameters,
    RandomPictures,
    SignedFactor,
    ValueRange,
    chosen,
    per_picture,
    signs,
    spread,
    uniform,
)
from engine.ops import colours as ops
from engine.registry import register

Bits = Annotated[tuple[int, int], spread(1, 8)]
Share = Annotated[tuple[float, float], spread(0, 1, each=True, start=0)]

EPSILON = 1e-7
"""What Keras adds to a divisor."""


class _Colours(RandomPictures):
    """What the layers share that know the range of the numbers."""

    value_range: ValueRange = Field(default=(0.0, 255.0), description=RANGE)

    def clip(self, images: jax.Array) -> jax.Array:
        return jnp.clip(images, *self.value_range)


@register(category="Augmentation")
class RandomBrightness(_Colours):
    """Makes each picture brighter or darker, in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_brightness/
    """

    factor: SignedFactor = Field(
        default=(-0.2, 0.2), description="Least and largest change, as a share of the range."
    )

    keras_class: ClassVar[str | None] = "RandomBrightness"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    caption: ClassVar[tuple[str, ...]] = ("factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        whole = self.value_range[1] - self.value_range[0]
        return {"rgb_delta": uniform(key, (shape[0], 1, 1, 1), self.factor) * whole}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        return self.clip(images + parameters["rgb_delta"])


@register(category="Augmentation")
class RandomContrast(_Colours):
    """Moves the numbers of each channel from their mean, in training: times a number from 1 - a to 1 + b.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_contrast/
    """

    factor: Factor = Field(default=(0.0, 0.2), description="a and b: how far the factor may be below and above 1.")

    keras_class: ClassVar[str | None] = "RandomContrast"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    caption: ClassVar[tuple[str, ...]] = ("factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        limits = 1 - self.factor[0], 1 + self.factor[1]
        return {"contrast_factor": uniform(key, (shape[0], 1, 1, 1), limits)}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        return self.clip(ops.contrast(images, parameters["contrast_factor"]))


@register(category="Augmentation")
class RandomSaturation(_Colours):
    """Makes colours duller or stronger, in training; a factor of 0.5 leaves them as they are.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_saturation/
    """

    factor: SignedFactor = Field(
        default=(0.4, 0.6), description="Least and largest strength: 0 is grey, 0.5 unchanged, 1 full colour."
    )

    channels: ClassVar[tuple[int, ...]] = (3,)
    keras_class: ClassVar[str | None] = "RandomSaturation"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    caption: ClassVar[tuple[str, ...]] = ("factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        strength = uniform(key, (shape[0],), self.factor)
        return {"factor": strength / (1 - strength + EPSILON)}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        return ops.saturate(images, parameters["factor"][:, None, None], self.value_range)


@register(category="Augmentation")
class RandomHue(_Colours):
    """Moves the colours of each picture around the circle of hues, in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_hue/
    """

    factor: Factor = Field(default=(0.0, 0.1), description="Least and largest move; 1 is half around the circle.")

    channels: ClassVar[tuple[int, ...]] = (3,)
    keras_class: ClassVar[str | None] = "RandomHue"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    caption: ClassVar[tuple[str, ...]] = ("factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        first, second = jax.random.split(key)
        return {"factor": signs(first, shape[:1]) * uniform(second, shape[:1], self.factor) * 0.5}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        return ops.shift_hue(images, parameters["factor"][:, None, None], self.value_range)


@register(category="Augmentation")
class RandomColorDegeneration(_Colours):
    """Takes colour out of each picture, in training: 0 leaves it as it is, 1 makes it grey.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_color_degeneration/
    """

    factor: SignedFactor = Field(default=(0.0, 0.5), description="Least and largest share of colour taken out.")

    channels: ClassVar[tuple[int, ...]] = (3,)
    keras_class: ClassVar[str | None] = "RandomColorDegeneration"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    caption: ClassVar[tuple[str, ...]] = ("factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        return {"factor": uniform(key, (shape[0], 1, 1, 1), self.factor)}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        return self.clip(ops.degenerate(images, parameters["factor"]))


@register(category="Augmentation")
class RandomGrayscale(RandomPictures):
    """Makes a share of the pictures grey, in training; they keep their three channels.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_grayscale/
    """

    factor: Fraction = Field(default=0.5, description="Share of the pictures that become grey.")

    channels: ClassVar[tuple[int, ...]] = (1, 3)
    keras_class: ClassVar[str | None] = "RandomGrayscale"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    caption: ClassVar[tuple[str, ...]] = ("factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        return {"should_apply": uniform(key, (shape[0], 1, 1, 1), (0, 1)) < self.factor}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        return jnp.where(parameters["should_apply"], ops.grayscale(images), images)


@register(category="Augmentation")
class RandomInvert(_Colours):
    """Turns pictures into their negatives, in training: each number is taken from the largest.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_invert/
    """

    factor: Factor = Field(default=(0.0, 1.0), description="Between which shares of the pictures are changed.")

    keras_class: ClassVar[str | None] = "RandomInvert"
    caption: ClassVar[tuple[str, ...]] = ("factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        return {"apply_inversion": chosen(key, shape[0], self.factor)}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        return jnp.where(per_picture(parameters["apply_inversion"]), self.value_range[1] - images, images)


@register(category="Augmentation")
class RandomPosterization(_Colours):
    """Keeps only a few levels of brightness, in training: the first bits of eight, from a up to b - 1.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_posterization/
    """

    factor: Bits = Field(default=(4, 8), description="a and b; if they are equal, that many bits are kept.")

    keras_class: ClassVar[str | None] = "RandomPosterization"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    caption: ClassVar[tuple[str, ...]] = ("factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        least, most = self.factor
        bits = jax.random.randint(key, shape[:1], least, max(most, least + 1))
        return {"shift_factor": (8 - bits).astype(jnp.uint8)}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        return ops.posterize(images, per_picture(parameters["shift_factor"]), self.value_range)


@register(category="Augmentation")
class Solarization(_Colours):
    """Inverts the bright parts of each picture, in training, as light does to a film.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/solarization/
    """

    addition_factor: Share = Field(default=(0.0, 0.0), description="Least and largest brightening before.")
    threshold_factor: Share = Field(default=(0.0, 0.0), description="Least and largest start of the bright parts.")

    keras_class: ClassVar[str | None] = "Solarization"
    positional: ClassVar[tuple[str, ...]] = ("addition_factor", "threshold_factor")
    caption: ClassVar[tuple[str, ...]] = ("threshold_factor",)

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        keys, count = jax.random.split(key), (shape[0], 1, 1, 1)
        # Keras scales the upper limits to 255, not the lower ones.
        (a, b), (c, d) = self.addition_factor, self.threshold_factor
        return {
            "additions": uniform(keys[0], count, (a, b * 255)),
            "thresholds": uniform(keys[1], count, (c, d * 255)),
        }

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        return ops.solarize(images, parameters["additions"], parameters["thresholds"], self.value_range)
