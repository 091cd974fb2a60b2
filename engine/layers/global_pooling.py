"""Pooling layers that look at all of a sample: to one number a channel, or to a size that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from engine.fields import Pair, Single, Triple
from engine.layer import Layer
from engine.layers.windows import PerAxis, spatial
from engine.op import Op
from engine.ops import pooling as ops
from engine.registry import register
from engine.shapes import Shape, count


class _GlobalPooling(Layer):
    """What the global pooling layers share: the window is the whole sample."""

    keepdims: bool = Field(default=False, description="Keep all axes, the pooled ones with a size of 1.")

    axes: ClassVar[int]
    """Number of axes that are pooled."""
    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}

    def output_shape(self, *inputs: Shape) -> Shape:
        _, channels = spatial(self.type_name(), inputs[0], self.axes)
        return (*(1,) * self.axes, channels) if self.keepdims else (channels,)

    def flops(self, *inputs: Shape) -> int:
        """An operation for each number that goes in."""
        return count(*inputs)


class _GlobalAveragePooling(_GlobalPooling):
    def op(self) -> Op:
        return Op(ops.global_average_pooling, settings={"keepdims": self.keepdims}, masked=self.axes == 1)


class _GlobalMaxPooling(_GlobalPooling):
    def op(self) -> Op:
        return Op(ops.global_max_pooling, settings={"keepdims": self.keepdims})


@register(category="Pooling")
class GlobalAveragePooling2D(_GlobalAveragePooling):
    """Mean of each channel. https://keras.io/api/layers/pooling_layers/global_average_pooling2d/"""

    axes: ClassVar[int] = 2
    keras_class: ClassVar[str | None] = "GlobalAveragePooling2D"


@register(category="Pooling")
class GlobalMaxPooling2D(_GlobalMaxPooling):
    """Largest number of each channel. https://keras.io/api/layers/pooling_layers/global_max_pooling2d/"""

    axes: ClassVar[int] = 2
    keras_class: ClassVar[str | None] = "GlobalMaxPooling2D"


@register(category="Pooling")
class GlobalAveragePooling1D(_GlobalAveragePooling):
    """Mean of each channel over the steps that no mask leaves out.

    https://keras.io/api/layers/pooling_layers/global_average_pooling1d/
    """

    axes: ClassVar[int] = 1
    spends_masks: ClassVar[bool] = True
    keras_class: ClassVar[str | None] = "GlobalAveragePooling1D"


@register(category="Pooling")
class GlobalMaxPooling1D(_GlobalMaxPooling):
    """Largest number of each channel over all steps; a mask makes no difference, as in Keras.

    https://keras.io/api/layers/pooling_layers/global_max_pooling1d/
    """

    axes: ClassVar[int] = 1
    keras_class: ClassVar[str | None] = "GlobalMaxPooling1D"


@register(category="Pooling")
class GlobalAveragePooling3D(_GlobalAveragePooling):
    """Mean of each channel. https://keras.io/api/layers/pooling_layers/global_average_pooling3d/"""

    axes: ClassVar[int] = 3
    keras_class: ClassVar[str | None] = "GlobalAveragePooling3D"


@register(category="Pooling")
class GlobalMaxPooling3D(_GlobalMaxPooling):
    """Largest number of each channel. https://keras.io/api/layers/pooling_layers/global_max_pooling3d/"""

    axes: ClassVar[int] = 3
    keras_class: ClassVar[str | None] = "GlobalMaxPooling3D"


class _AdaptivePooling(Layer):
    """What the adaptive pooling layers share: windows that cut each axis into as many parts as are asked for."""

    output_size: PerAxis

    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
    positional: ClassVar[tuple[str, ...]] = ("output_size",)
    caption: ClassVar[tuple[str, ...]] = ("output_size",)

    def output_shape(self, *inputs: Shape) -> Shape:
        _, channels = spatial(self.type_name(), inputs[0], len(self.output_size))
        return (*self.output_size, channels)

    def flops(self, *inputs: Shape) -> int:
        """An operation for each number that goes in."""
        return count(*inputs)


class _AdaptiveAveragePooling(_AdaptivePooling):
    def op(self) -> Op:
        return Op(ops.adaptive_average_pooling, settings={"output_size": self.output_size})


class _AdaptiveMaxPooling(_AdaptivePooling):
    def op(self) -> Op:
        return Op(ops.adaptive_max_pooling, settings={"output_size": self.output_size})


@register(category="Pooling")
class AdaptiveAveragePooling2D(_AdaptiveAveragePooling):
    """Means over parts of a picture, as many as are asked for.

    https://keras.io/api/layers/pooling_layers/adaptive_average_pooling2d/
    """

    output_size: Pair = Field(default=(1, 1), description="Height and width of the output.")

    keras_class: ClassVar[str | None] = "AdaptiveAveragePooling2D"


@register(category="Pooling")
class AdaptiveMaxPooling2D(_AdaptiveMaxPooling):
    """Largest numbers of parts of a picture, as many as are asked for.

    https://keras.io/api/layers/pooling_layers/adaptive_max_pooling2d/
    """

    output_size: Pair = Field(default=(1, 1), description="Height and width of the output.")

    keras_class: ClassVar[str | None] = "AdaptiveMaxPooling2D"


@register(category="Pooling")
class AdaptiveAveragePooling1D(_AdaptiveAveragePooling):
    """Means over parts of a sequence, as many as are asked for.

    https://keras.io/api/layers/pooling_layers/adaptive_average_pooling1d/
    """

    output_size: Single = Field(default=(1,), description="Length of the output.")

    keras_class: ClassVar[str | None] = "AdaptiveAveragePooling1D"


@register(category="Pooling")
class AdaptiveMaxPooling1D(_AdaptiveMaxPooling):
    """Largest numbers of parts of a sequence, as many as are asked for.

    https://keras.io/api/layers/pooling_layers/adaptive_max_pooling1d/
    """

    output_size: Single = Field(default=(1,), description="Length of the output.")

    keras_class: ClassVar[str | None] = "AdaptiveMaxPooling1D"


@register(category="Pooling")
class AdaptiveAveragePooling3D(_AdaptiveAveragePooling):
    """Means over parts of a volume, as many as are asked for.

    https://keras.io/api/layers/pooling_layers/adaptive_average_pooling3d/
    """

    output_size: Triple = Field(default=(1, 1, 1), description="Depth, height and width of the output.")

    keras_class: ClassVar[str | None] = "AdaptiveAveragePooling3D"


@register(category="Pooling")
class AdaptiveMaxPooling3D(_AdaptiveMaxPooling):
    """Largest numbers of parts of a volume, as many as are asked for.

    https://keras.io/api/layers/pooling_layers/adaptive_max_pooling3d/
    """

    output_size: Triple = Field(default=(1, 1, 1), description="Depth, height and width of the output.")

    keras_class: ClassVar[str | None] = "AdaptiveMaxPooling3D"
