"""Layers that bring pictures to one size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from engine.fields import PositiveInt
from engine.layers.augmentation import Pictures
from engine.op import Op
from engine.ops import images as ops
from engine.registry import register
from engine.shapes import Shape


class _Sized(Pictures):
    """What these layers share: the size that comes out."""

    height: PositiveInt = Field(default=32, description="Height of the pictures that come out.")
    width: PositiveInt = Field(default=32, description="Width of the pictures that come out.")

    positional: ClassVar[tuple[str, ...]] = ("height", "width")
    caption: ClassVar[tuple[str, ...]] = ("height", "width")

    def output_shape(self, *inputs: Shape) -> Shape:
        *_, channels = super().output_shape(*inputs)
        return (self.height, self.width, channels)


@register(category="Preprocessing")
class Resizing(_Sized):
    """Makes pictures larger or smaller. Whole numbers stay whole numbers.

    https://keras.io/api/layers/preprocessing_layers/image_preprocessing/resizing/
    """

    interpolation: Literal["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"] = Field(
        default="bilinear",
        description="What a point is made of: its neighbours, by several weightings, or one of them.",
    )
    crop_to_aspect_ratio: bool = Field(
        default=False, description="Cut off what does not fit the new ratio, rather than distort the picture."
    )
    pad_to_aspect_ratio: bool = Field(
        default=False, description="Fill what is missing to the new ratio, rather than distort the picture."
    )
    fill_value: float = Field(default=0.0, description="The number that fills what is missing.")
    antialias: bool = Field(default=False, description="Smooth pictures that get smaller.")

    keras_class: ClassVar[str | None] = "Resizing"
    keras_constants: ClassVar[Mapping[str, Any]] = {**Pictures.keras_constants, "fill_mode": "constant"}
    casts: ClassVar[bool] = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ValueError("pictures can be cut to the ratio or filled up to it, not both")
        return self

    def op(self) -> Op:
        return Op(ops.resizing, settings=self.keras_arguments())


@register(category="Preprocessing")
class CenterCrop(_Sized):
    """Cuts out the middle of pictures; where one is too small, its largest window of the ratio, resized.

    https://keras.io/api/layers/preprocessing_layers/image_preprocessing/center_crop/
    """

    keras_class: ClassVar[str | None] = "CenterCrop"
    flops_each: ClassVar[int] = 0

    def op(self) -> Op:
        return Op(ops.center_crop, settings={"height": self.height, "width": self.width})
