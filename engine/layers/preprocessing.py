"""Layers that bring raw data into a range that trains well, so that the exported model takes raw data too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from engine.errors import ShapeError
from engine.fields import Axes, Numbers, single
from engine.layer import Layer
from engine.op import Op
from engine.ops import core
from engine.ops import normalization as ops
from engine.registry import register
from engine.shapes import Shape, axis_of, known_sizes, show_shape
from engine.weights import Weight


@register(category="Preprocessing")
class Rescaling(Layer):
    """Multiplies by a number and adds another: 1/255 for pixels of 0 to 255.

    Several numbers belong to the places along the last axis.
    https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
    """

    scale: Numbers = Field(default=(1 / 255,), description="Factor: one, or one for each channel.")
    offset: Numbers = Field(default=(0.0,), description="Added after the factor: one, or one for each channel.")

    keras_class: ClassVar[str | None] = "Rescaling"
    flops_each: ClassVar[int] = 2
    supports_masking: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("scale",)
    caption: ClassVar[tuple[str, ...]] = ("scale",)

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        for name, numbers in (("scale", self.scale), ("offset", self.offset)):
            if len(numbers) > 1 and (not shape or shape[-1] not in (None, len(numbers))):
                text = f"Rescaling has {len(numbers)} numbers as {name}, but gets {show_shape(shape)}."
                raise ShapeError(text, name)
        return shape

    def op(self) -> Op:
        return Op(core.rescaling, settings={"scale": self.scale, "offset": self.offset})

    def keras_arguments(self) -> dict[str, Any]:
        return {"scale": single(self.scale), "offset": single(self.offset)}


@register(category="Preprocessing")
class Normalization(Layer):
    """Subtracts the mean and divides by the deviation of each feature, both taken from the training data.

    https://keras.io/api/layers/preprocessing_layers/numerical/normalization/
    """

    axis: Axes | None = Field(
        default=(-1,),
        description="The axes whose places have figures of their own, counted with the batch as 0; "
        "none for one mean of all numbers.",
    )
    mean: Numbers | None = Field(
        default=None, description="The mean where it is known: one, or one for each place along the last axis."
    )
    variance: Numbers | None = Field(default=None, description="The variance where it is known, as the mean is.")
    invert: bool = Field(default=False, description="The way back: multiply by the deviation and add the mean.")

    keras_class: ClassVar[str | None] = "Normalization"
    flops_each: ClassVar[int] = 2
    supports_masking: ClassVar[bool] = True

    @property
    def adapts(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.mean is None and self.variance is None

    def _sizes(self, shape: Shape) -> tuple[int, ...]:
        """The sizes of the axes that have figures, in their order; raises `ShapeError`."""
        positions = sorted({axis_of("Normalization", position, shape) for position in self.axis or ()})
        return known_sizes("Normalization", tuple(shape[position] for position in positions))

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        if not self.adapts:
            return ()
        sizes = self._sizes(inputs[0])
        return (
            Weight("mean", sizes, "zeros", trainable=False),
            Weight("variance", sizes, "ones", trainable=False),
            Weight("count", (), "zeros", trainable=False, dtype="int32"),
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes = self._sizes(inputs[0])
        if self.adapts:
            return inputs[0]
        if self.mean is None or self.variance is None or len(self.mean) != len(self.variance):
            missing = "variance" if self.variance is None else "mean"
            raise ShapeError("Normalization needs as many variances as means, or neither.", missing)
        if len(self.mean) not in (1, *sizes[-1:]):
            places = f"{sizes[-1]:,} places along its axis" if sizes else "one mean for all numbers"
            raise ShapeError(f"Normalization has {len(self.mean)} means, but {places}.", "mean")
        return inputs[0]

    def op(self) -> Op:
        settings = {"axis": self.axis or (), "invert": self.invert}
        if self.adapts:
            return Op(ops.normalization, ("mean", "variance"), settings)
        known = {"mean": self.mean, "variance": self.variance}
        return Op(ops.standardized, settings={**known, **settings})

    def adapt(
        self,
        samples: np.ndarray[Any, Any],
        before: Mapping[str, np.ndarray[Any, Any]] | None = None,
        seen: int = 0,
    ) -> dict[str, np.ndarray[Any, Any]]:
        kept = {position % samples.ndim for position in self.axis or ()}
        rest = tuple(position for position in range(samples.ndim) if position not in kept)
        numbers = samples.astype(np.float64)
        mean, variance = numbers.mean(rest), numbers.var(rest)
        if before:
            share = len(samples) / (seen + len(samples))
            apart = mean - before["mean"]
            mean = before["mean"] + share * apart
            variance = (1 - share) * before["variance"] + share * variance + share * (1 - share) * apart**2
        # The count is what Keras keeps after adapting to an array.
        return {"mean": np.asarray(mean), "variance": np.asarray(variance), "count": np.asarray(0)}

    def keras_arguments(self) -> dict[str, Any]:
        figures = {"mean": self.mean, "variance": self.variance}
        known = {name: None if numbers is None else single(numbers) for name, numbers in figures.items()}
        return {"axis": self.axis, **known, "invert": self.invert}

    @classmethod
    def from_keras(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**config, "axis": None if config.get("axis", -1) == [] else config.get("axis", -1)}
