"""Layers that bring raw data into a range that trains well, so that the exported model takes raw data too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from engine.layer import Layer, Op, Shape, Weight, known_sizes, register
from engine.ops import core
from engine.ops import normalization as ops


@register(category="Preprocessing")
class Rescaling(Layer):
    """Multiplies by a number and adds another: 1/255 for pixels of 0 to 255.

    https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
    """

    scale: float = Field(default=1 / 255, description="Factor.")
    offset: float = Field(default=0.0, description="Added after the factor.")

    keras_class: ClassVar[str | None] = "Rescaling"
    supports_masking: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("scale",)
    caption: ClassVar[tuple[str, ...]] = ("scale",)

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def op(self) -> Op:
        return Op(core.rescaling, settings={"scale": self.scale, "offset": self.offset})


@register(category="Preprocessing")
class Normalization(Layer):
    """Subtracts the mean and divides by the deviation of each feature, both taken from the training data.

    https://keras.io/api/layers/preprocessing_layers/numerical/normalization/
    """

    keras_class: ClassVar[str | None] = "Normalization"
    keras_constants: ClassVar[Mapping[str, Any]] = {"axis": -1, "mean": None, "variance": None}
    adapts: ClassVar[bool] = True
    supports_masking: ClassVar[bool] = True

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        features = (known_sizes("Normalization", inputs[0][-1:])[0],)
        return (
            Weight("mean", features, "zeros", trainable=False),
            Weight("variance", features, "ones", trainable=False),
            Weight("count", (), "zeros", trainable=False, dtype="int32"),
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        known_sizes("Normalization", inputs[0][-1:])
        return inputs[0]

    def op(self) -> Op:
        return Op(ops.normalization, ("mean", "variance"))

    def adapt(self, samples: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
        rows = samples.reshape(-1, samples.shape[-1]).astype(np.float64)
        return {
            "mean": rows.mean(0).astype(np.float32),
            "variance": rows.var(0).astype(np.float32),
            "count": np.asarray(0, np.int32),  # what Keras keeps after adapting to an array
        }
