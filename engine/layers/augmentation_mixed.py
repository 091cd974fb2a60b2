"""Layers that apply several others to pictures, in training, in a random choice and order."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from jax import lax
from pydantic import Field

from engine.fields import PositiveInt
from engine.layer import Layer
from engine.layers.augmentation import (
    INTERPOLATION,
    RANGE,
    Factor,
    Interpolation,
    Parameters,
    RandomPictures,
    SignedFactor,
    ValueRange,
    spread,
)
from engine.layers.augmentation_colours import (
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
    RandomHue,
    RandomPosterization,
    RandomSaturation,
    Solarization,
)
from engine.layers.augmentation_detail import RandomSharpness
from engine.layers.augmentation_geometry import RandomRotation, RandomShear, RandomTranslation
from engine.layers.equalization import AutoContrast, Equalization
from engine.op import Context
from engine.registry import register

Strength = Annotated[tuple[float, float], spread(0, 1, each=True)]


class _Mixed(RandomPictures):
    """What the layers share that hold others, under the names that Keras has for them."""

    value_range: ValueRange = Field(default=(0.0, 255.0), description=RANGE)

    def parts(self) -> dict[str, Layer]:
        raise NotImplementedError

    def seed_generators(self) -> tuple[str, ...]:
        parts = self.parts().items()
        return ("generator", *(f"{name}/{inner}" for name, part in parts for inner in part.seed_generators()))

    def apply_one(self, number: jax.Array, key: jax.Array, images: jax.Array) -> jax.Array:
        """What one of the parts makes of the pictures; none of them, for the number after the last."""

        def applied(part: Layer, key: jax.Array, images: jax.Array) -> jax.Array:
            return part.apply({}, images, ctx=Context(training=True, key=key))

        parts = [jax.tree_util.Partial(applied, part) for part in self.parts().values()]
        return lax.switch(number, [*parts, lambda _, images: images], key, images)


@register(category="Augmentation")
class RandomColorJitter(_Mixed):
    """Changes brightness, contrast, saturation and hue of each picture, one after the other, in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_color_jitter/
    """

    brightness_factor: SignedFactor | None = Field(
        default=None, description="That of RandomBrightness, if wanted."
    )
    contrast_factor: Factor | None = Field(default=None, description="That of RandomContrast, if wanted.")
    saturation_factor: SignedFactor | None = Field(
        default=None, description="That of RandomSaturation, if wanted."
    )
    hue_factor: Factor | None = Field(default=None, description="That of RandomHue, if wanted.")

    keras_class: ClassVar[str | None] = "RandomColorJitter"
    caption: ClassVar[tuple[str, ...]] = ("brightness_factor", "contrast_factor")

    def parts(self) -> dict[str, Layer]:
        found: dict[str, Layer] = {}
        if self.brightness_factor is not None:
            found["random_brightness"] = RandomBrightness(
                factor=self.brightness_factor, value_range=self.value_range
            )
        if self.contrast_factor is not None:
            found["random_contrast"] = RandomContrast(factor=self.contrast_factor, value_range=self.value_range)
        if self.saturation_factor is not None:
            found["random_saturation"] = RandomSaturation(
                factor=self.saturation_factor, value_range=self.value_range
            )
        if self.hue_factor is not None:
            found["random_hue"] = RandomHue(factor=self.hue_factor, value_range=self.value_range)
        return found

    def allowed_channels(self) -> tuple[int, ...]:
        return (3,) if self.parts().keys() & {"random_saturation", "random_hue"} else ()

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        return {name: jax.random.fold_in(key, number) for number, name in enumerate(self.parts())}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        for name, part in self.parts().items():
            images = part.apply({}, images, ctx=Context(training=True, key=parameters[name]))
        return images


class _Chosen(_Mixed):
    """What the layers share that choose among all others, by one strength."""

    factor: Strength = Field(default=(0.0, 0.5), description="Least and largest strength of the changes.")
    interpolation: Interpolation = Field(default="bilinear", description=INTERPOLATION)

    channels: ClassVar[tuple[int, ...]] = (1, 3)

    def parts(self) -> dict[str, Layer]:
        factor = self.factor
        colours: dict[str, Any] = {"value_range": self.value_range}
        moves: dict[str, Any] = {"interpolation": self.interpolation}
        bits = max(1, int(8 * factor[1]))
        return {
            "random_shear": RandomShear(x_factor=factor, y_factor=factor, **moves),
            "random_translation": RandomTranslation(height_factor=factor, width_factor=factor, **moves),
            "random_rotation": RandomRotation(factor=factor, **moves),
            "random_brightness": RandomBrightness(factor=factor, **colours),
            "random_color_degeneration": RandomColorDegeneration(factor=factor, **colours),
            "random_contrast": RandomContrast(factor=factor, **colours),
            "random_sharpness": RandomSharpness(factor=factor, **colours),
            "random_posterization": RandomPosterization(factor=(1, bits), **colours),
            "solarization": Solarization(addition_factor=factor, threshold_factor=factor, **colours),
            "auto_contrast": AutoContrast(**colours),
            "equalization": Equalization(**colours),
        }


@register(category="Augmentation")
class RandAugment(_Chosen):
    """Applies a few random changes to all pictures of a batch, in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/rand_augment/
    (https://arxiv.org/abs/1909.13719)
    """

    num_ops: PositiveInt = Field(default=2, description="How many changes, one after the other.")

    keras_class: ClassVar[str | None] = "RandAugment"
    caption: ClassVar[tuple[str, ...]] = ("num_ops", "factor")

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        first, second = jax.random.split(key)
        count = len(self.parts())
        chosen = jax.random.randint(first, (self.num_ops,), 0, count)
        return {"layer_idxes": chosen, "keys": jax.random.split(second, count)}

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        def change(images: jax.Array, number: jax.Array) -> tuple[jax.Array, None]:
            return self.apply_one(number, parameters["keys"][number], images), None

        return lax.scan(change, images, parameters["layer_idxes"])[0]


@register(category="Augmentation")
class AugMix(_Chosen):
    """Mixes the pictures of a batch with what several chains of random changes make of them, in training.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/aug_mix/
    (https://arxiv.org/abs/1912.02781)
    """

    num_chains: PositiveInt = Field(default=3, description="How many chains of changes are mixed.")
    chain_depth: PositiveInt = Field(default=3, description="How many changes follow each other in a chain.")
    factor: Strength = Field(default=(0.0, 0.3), description="Least and largest strength of the changes.")
    alpha: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="How even the mixture is: high for equal shares, low for one that outweighs."
    )
    all_ops: bool = Field(
        default=True,
        description="Use brightness, contrast, sharpness and colour, too, not only the milder changes.",
    )

    keras_class: ClassVar[str | None] = "AugMix"
    caption: ClassVar[tuple[str, ...]] = ("num_chains", "factor")

    def allowed_channels(self) -> tuple[int, ...]:
        return self.channels if self.all_ops else ()

    def parts(self) -> dict[str, Layer]:
        found = super().parts()
        if not self.all_ops:
            for name in ("brightness", "color_degeneration", "contrast", "sharpness"):
                del found[f"random_{name}"]
        return found

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> Parameters:
        keys, count = jax.random.split(key, 4), (self.num_chains, self.chain_depth)
        return {
            "chain_mixing_weights": jax.random.dirichlet(keys[0], jnp.full(self.num_chains, self.alpha)),
            "weight_sample": jax.random.beta(keys[1], self.alpha, self.alpha),
            "choices": jax.random.randint(keys[2], count, 0, len(self.parts()) + 1),
            "keys": jax.random.split(keys[3], count),
        }

    def transform(self, images: jax.Array, parameters: Parameters) -> jax.Array:
        def change(images: jax.Array, step: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
            return self.apply_one(*step, images), None

        def add_chain(total: jax.Array, chain: Any) -> tuple[jax.Array, None]:
            weight, *steps = chain
            changed, _ = lax.scan(change, images, tuple(steps))
            return total + weight * changed, None

        names = ("chain_mixing_weights", "choices", "keys")
        mixed, _ = lax.scan(add_chain, jnp.zeros_like(images), tuple(parameters[name] for name in names))
        share = parameters["weight_sample"]
        return jnp.clip(share * images + (1 - share) * mixed, *self.value_range)
