"""Pooling layers, channels last."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from engine.fields import Padding, Pair
from engine.layer import Layer, Op, Shape, register
from engine.layers.conv import picture, window_output
from engine.ops import pooling as ops


class _Pooling2D(Layer):
    """What the pooling layers share: a window that slides over each channel."""

    pool_size: Pair = Field(default=(2, 2), description="Height and width of the window.")
    strides: Pair | None = Field(default=None, description="Steps of the window; by default its size.")
    padding: Padding = Field(
        default="valid", description="'same' lets windows reach over the border, 'valid' does not."
    )

    positional: ClassVar[tuple[str, ...]] = ("pool_size",)
    caption: ClassVar[tuple[str, ...]] = ("pool_size",)

    def output_shape(self, *inputs: Shape) -> Shape:
        height, width, channels = picture(type(self).__name__, inputs[0])
        strides = self.strides or self.pool_size
        sizes = window_output("a picture", (height, width), self.pool_size, strides, self.padding, "pool_size")
        return (*sizes, channels)

    @property
    def _settings(self) -> dict[str, object]:
        return {
            "pool_size": self.pool_size,
            "strides": self.strides or self.pool_size,
            "padding": self.padding,
        }


@register(category="Pooling")
class MaxPooling2D(_Pooling2D):
    """Keeps the largest number of each window. https://keras.io/api/layers/pooling_layers/max_pooling2d/"""

    keras_class: ClassVar[str | None] = "MaxPooling2D"

    def op(self) -> Op:
        return Op(ops.max_pooling2d, settings=self._settings)


@register(category="Pooling")
class AveragePooling2D(_Pooling2D):
    """Keeps the mean of each window. https://keras.io/api/layers/pooling_layers/average_pooling2d/"""

    keras_class: ClassVar[str | None] = "AveragePooling2D"

    def op(self) -> Op:
        return Op(ops.average_pooling2d, settings=self._settings)


class _GlobalPooling2D(Layer):
    """What the global pooling layers share: the window is the whole picture."""

    keepdims: bool = Field(default=False, description="Keep height and width as sizes of 1.")

    def output_shape(self, *inputs: Shape) -> Shape:
        *_, channels = picture(type(self).__name__, inputs[0])
        return (1, 1, channels) if self.keepdims else (channels,)


@register(category="Pooling")
class GlobalAveragePooling2D(_GlobalPooling2D):
    """Mean of each channel. https://keras.io/api/layers/pooling_layers/global_average_pooling2d/"""

    keras_class: ClassVar[str | None] = "GlobalAveragePooling2D"

    def op(self) -> Op:
        return Op(ops.global_average_pooling2d, settings={"keepdims": self.keepdims})


@register(category="Pooling")
class GlobalMaxPooling2D(_GlobalPooling2D):
    """Largest number of each channel. https://keras.io/api/layers/pooling_layers/global_max_pooling2d/"""

    keras_class: ClassVar[str | None] = "GlobalMaxPooling2D"

    def op(self) -> Op:
        return Op(ops.global_max_pooling2d, settings={"keepdims": self.keepdims})
