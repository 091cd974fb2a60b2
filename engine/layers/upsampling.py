"""Layers that make a sample larger by whole factors, without weights; channels last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from engine.fields import Pair, PositiveInt, Triple
from engine.layer import Layer
from engine.layers.windows import PerAxis, spatial
from engine.op import Op
from engine.ops import reshaping as ops
from engine.registry import register
from engine.shapes import Shape


class _UpSampling(Layer):
    """What upsampling along one, two or three axes shares."""

    size: PerAxis

    positional: ClassVar[tuple[str, ...]] = ("size",)
    caption: ClassVar[tuple[str, ...]] = ("size",)
    casts: ClassVar[bool] = False

    @property
    def flops_each(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return int(getattr(self, "interpolation", "nearest") != "nearest")

    @property
    def _factors(self) -> tuple[int, ...]:
        return self.size

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes, channels = spatial(self.type_name(), inputs[0], len(self._factors))
        grown = [None if n is None else n * times for n, times in zip(sizes, self._factors, strict=True)]
        return (*grown, channels)

    def op(self) -> Op:
        return Op(ops.upsampling, settings={"size": self._factors})


@register(category="Reshaping")
class UpSampling2D(_UpSampling):
    """Makes a picture larger. https://keras.io/api/layers/reshaping_layers/up_sampling2d/"""

    size: Pair = Field(default=(2, 2), description="Factors for height and width.")
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"] = Field(
        default="nearest", description="How new points come about: repeated, or computed from their neighbours."
    )

    keras_class: ClassVar[str | None] = "UpSampling2D"
    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
    caption: ClassVar[tuple[str, ...]] = ("size", "interpolation")

    def op(self) -> Op:
        if self.interpolation == "nearest":
            return super().op()
        settings = {"size": self.size, "interpolation": self.interpolation}
        return Op(ops.upsampling_between, settings=settings)


@register(category="Reshaping")
class UpSampling1D(_UpSampling):
    """Repeats each step of a sequence. https://keras.io/api/layers/reshaping_layers/up_sampling1d/"""

    size: PositiveInt = Field(default=2, description="How many times each step is repeated.")

    keras_class: ClassVar[str | None] = "UpSampling1D"

    @property
    def _factors(self) -> tuple[int, ...]:
        return (self.size,)


@register(category="Reshaping")
class UpSampling3D(_UpSampling):
    """Repeats the points of a volume. https://keras.io/api/layers/reshaping_layers/up_sampling3d/"""

    size: Triple = Field(default=(2, 2, 2), description="Factors for depth, height and width.")

    keras_class: ClassVar[str | None] = "UpSampling3D"
    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
