"""Layers that spread the brightnesses of pictures over their whole range."""

from __future__ import annotations

from typing import Annotated, ClassVar

import jax
from pydantic import Field

from engine.fields import Pair
from engine.layers.augmentation import RANGE, Pictures, ValueRange
from engine.op import Context, Op
from engine.ops import colours, core, histograms
from engine.registry import register
from engine.weights import Weights


class _Spreading(Pictures):
    """What these layers share: they know the range of the numbers."""

    value_range: ValueRange = Field(default=(0.0, 255.0), description=RANGE)


@register(category="Augmentation")
class AutoContrast(_Spreading):
    """Stretches each channel of each picture over the whole range.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/auto_contrast/
    """

    keras_class: ClassVar[str | None] = "AutoContrast"
    caption: ClassVar[tuple[str, ...]] = ("value_range",)

    def op(self) -> Op:
        return Op(colours.auto_contrast, settings={"value_range": self.value_range})


class Equalization(_Spreading):
    """Makes all brightnesses equally frequent in each channel of a batch, in training; a part of other layers.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/equalization/
    """

    bins: Annotated[int, Field(ge=2, le=65536)] = Field(default=256, description="How many levels are told apart.")

    def op(self) -> Op:
        return Op(core.identity)

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        if not ctx.training:
            return inputs[0]
        return histograms.equalize(inputs[0], value_range=self.value_range, bins=self.bins)


@register(category="Augmentation")
class ContrastLimitedAdaptiveHistogramEqualization(_Spreading):
    """Brings out the detail of each part of a picture, by a histogram for each tile of a grid (CLAHE).

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/clahe/
    """

    clip_limit: Annotated[float, Field(ge=0)] = Field(
        default=4.0, description="How much more frequent than the mean a level may count; 0 sets no limit."
    )
    tile_grid_size: Pair = Field(default=(8, 8), description="Tiles down and across.")

    keras_class: ClassVar[str | None] = "ContrastLimitedAdaptiveHistogramEqualization"
    caption: ClassVar[tuple[str, ...]] = ("clip_limit", "tile_grid_size")
    casts: ClassVar[bool] = False

    def op(self) -> Op:
        settings = {
            "value_range": self.value_range,
            "clip_limit": self.clip_limit,
            "tile_grid_size": self.tile_grid_size,
        }
        return Op(histograms.clahe, settings=settings)
