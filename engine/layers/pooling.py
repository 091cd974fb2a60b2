"""Pooling layers whose windows slide, channels last."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
from pydantic import Field

from engine.fields import Padding, Pair, Settings, Single, Triple
from engine.layer import Layer
from engine.layers.windows import PerAxis, spatial, window_output
from engine.op import Context, Op
from engine.ops import pooling as ops
from engine.registry import register
from engine.shapes import Shape, count
from engine.weights import Weights

_STRIDES = "Steps of the window; by default its size."


class _Pool1D(Settings):
    pool_size: Single = Field(default=(2,), description="Length of the window.")
    strides: Single | None = Field(default=None, description=_STRIDES)


class _Pool2D(Settings):
    pool_size: Pair = Field(default=(2, 2), description="Height and width of the window.")
    strides: Pair | None = Field(default=None, description=_STRIDES)


class _Pool3D(Settings):
    pool_size: Triple = Field(default=(2, 2, 2), description="Depth, height and width of the window.")
    strides: Triple | None = Field(default=None, description=_STRIDES)


class _Pooling(Layer):
    """What the pooling layers share: a window that slides over each channel."""

    pool_size: PerAxis
    strides: PerAxis
    padding: Padding = Field(
        default="valid", description="'same' lets windows reach over the border, 'valid' does not."
    )

    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
    positional: ClassVar[tuple[str, ...]] = ("pool_size",)
    caption: ClassVar[tuple[str, ...]] = ("pool_size",)

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes, channels = spatial(self.type_name(), inputs[0], len(self.pool_size))
        strides = self.strides or self.pool_size
        return (*window_output(sizes, self.pool_size, strides, self.padding, "pool_size"), channels)

    def flops(self, *inputs: Shape) -> int:
        """An operation for each place of a window."""
        return math.prod(self.pool_size) * count(self.output_shape(*inputs))

    @property
    def _settings(self) -> dict[str, object]:
        return {
            "pool_size": self.pool_size,
            "strides": self.strides or self.pool_size,
            "padding": self.padding,
        }


class _MaxPooling(_Pooling):
    def op(self) -> Op:
        return Op(ops.max_pooling, settings=self._settings)

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        return self.op_by(ops.max_pooling_by_places, ctx)(w, *inputs)


class _AveragePooling(_Pooling):
    def op(self) -> Op:
        return Op(ops.average_pooling, settings=self._settings)


@register(category="Pooling")
class MaxPooling2D(_Pool2D, _MaxPooling):
    """Keeps the largest number of each window. https://keras.io/api/layers/pooling_layers/max_pooling2d/"""

    keras_class: ClassVar[str | None] = "MaxPooling2D"


@register(category="Pooling")
class AveragePooling2D(_Pool2D, _AveragePooling):
    """Keeps the mean of each window. https://keras.io/api/layers/pooling_layers/average_pooling2d/"""

    keras_class: ClassVar[str | None] = "AveragePooling2D"


@register(category="Pooling")
class MaxPooling1D(_Pool1D, _MaxPooling):
    """Keeps the largest number of some steps. https://keras.io/api/layers/pooling_layers/max_pooling1d/"""

    keras_class: ClassVar[str | None] = "MaxPooling1D"


@register(category="Pooling")
class AveragePooling1D(_Pool1D, _AveragePooling):
    """Keeps the mean of some steps. https://keras.io/api/layers/pooling_layers/average_pooling1d/"""

    keras_class: ClassVar[str | None] = "AveragePooling1D"


@register(category="Pooling")
class MaxPooling3D(_Pool3D, _MaxPooling):
    """Keeps the largest number of each window. https://keras.io/api/layers/pooling_layers/max_pooling3d/"""

    keras_class: ClassVar[str | None] = "MaxPooling3D"


@register(category="Pooling")
class AveragePooling3D(_Pool3D, _AveragePooling):
    """Keeps the mean of each window. https://keras.io/api/layers/pooling_layers/average_pooling3d/"""

    keras_class: ClassVar[str | None] = "AveragePooling3D"
