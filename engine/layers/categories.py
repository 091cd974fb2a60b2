"""Layers that make rows of numbers of categories, and categories of numbers and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from engine.errors import ShapeError
from engine.fields import PositiveInt
from engine.layer import Layer, NoType
from engine.op import Op
from engine.ops import categories as ops
from engine.registry import register
from engine.repairs import SetField
from engine.shapes import Shape, show_shape

Mode = Literal["int", "one_hot", "multi_hot", "count"]

_AXES = "multi_hot and count make one row of each sample, so a sample needs an axis; this one is a single number."


def encoded_shape(shape: Shape, mode: str, depth: int) -> Shape:
    """The shape of what `engine.ops.categories.encode` gives; raises `ShapeError`."""
    if mode == "int":
        return shape
    if mode == "one_hot":
        return (*(shape[:-1] if shape[-1:] == (1,) else shape), depth)
    if not shape:
        raise ShapeError(_AXES, "output_mode", (SetField("output_mode", "one_hot"),))
    return (*shape[1:], depth)


@register(category="Text and categories")
class CategoryEncoding(Layer):
    """Categories, given as whole numbers, as rows of 0 and 1, or as how often each occurs.

    Each number below `num_tokens` has a column. "count" takes a second input: how much each number counts.
    https://keras.io/api/layers/preprocessing_layers/categorical/category_encoding/
    """

    dtype: NoType = None
    num_tokens: PositiveInt = Field(default=10, description="Number of categories: they count from 0.")
    output_mode: Literal["one_hot", "multi_hot", "count"] = Field(
        default="multi_hot", description="A row for each number; one for the sample; or how often each occurs."
    )

    keras_class: ClassVar[str | None] = "CategoryEncoding"
    keras_constants: ClassVar[Mapping[str, Any]] = {"sparse": False}
    positional: ClassVar[tuple[str, ...]] = ("num_tokens",)
    caption: ClassVar[tuple[str, ...]] = ("num_tokens", "output_mode")
    casts: ClassVar[bool] = False

    @property
    def max_inputs(self) -> int | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return 2 if self.output_mode == "count" else 1

    @property
    def input_names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return ("inputs", "count_weights") if self.output_mode == "count" else ("inputs",)

    def output_shape(self, *inputs: Shape) -> Shape:
        first, *more = inputs
        if not all(_alike(first, other) for other in more):
            given = " and ".join(map(show_shape, inputs))
            raise ShapeError(f"CategoryEncoding needs a weight for each number, but gets {given}.")
        return encoded_shape(first, self.output_mode, self.num_tokens)

    def op(self) -> Op:
        return Op(ops.encode, settings={"mode": self.output_mode, "depth": self.num_tokens})

    def keras_call(self, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        return [tensors[0]], dict(zip(("count_weights",), tensors[1:], strict=False))


def _alike(one: Shape, other: Shape) -> bool:
    """Whether shapes are equal as far as they are known."""
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(a == b or None in (a, b) for a, b in pairs)


@register(category="Text and categories")
class Discretization(Layer):
    """Numbers as the bins that they fall into; the bounds are given, or taken from the training data.

    Bins that are taken from the data hold about as many samples each. A bound belongs to the bin above it.
    https://keras.io/api/layers/preprocessing_layers/numerical/discretization/
    """

    dtype: NoType = None
    bin_boundaries: tuple[float, ...] | None = Field(
        default=None, description="Where one bin ends and the next begins, rising."
    )
    num_bins: PositiveInt | None = Field(
        default=None, description="Number of bins, where their bounds are to come from the training data."
    )
    epsilon: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.01, description="How unequal bins from the data may be; smaller takes longer."
    )
    output_mode: Mode = Field(
        default="int",
        description="The bin; a row with a 1 for it; one row a sample; or how often each occurs.",
    )

    keras_class: ClassVar[str | None] = "Discretization"
    keras_constants: ClassVar[Mapping[str, Any]] = {"sparse": False}
    keras_lacks: ClassVar[tuple[str, ...]] = ("trainable",)
    caption: ClassVar[tuple[str, ...]] = ("num_bins", "output_mode")
    learned: ClassVar[tuple[str, ...]] = ("bin_boundaries",)
    casts: ClassVar[bool] = False

    @property
    def depth(self) -> int:
        """The number of bins; raises `ShapeError` where nothing tells it."""
        if self.bin_boundaries is not None:
            return len(self.bin_boundaries) + 1
        if self.num_bins is None:
            text = "Discretization needs bin_boundaries, or num_bins to take them from the training data."
            raise ShapeError(text, "num_bins", (SetField("num_bins", 10),))
        return self.num_bins

    def output_shape(self, *inputs: Shape) -> Shape:
        return encoded_shape(inputs[0], self.output_mode, self.depth)

    def op(self) -> Op:
        settings = {"bin_boundaries": self.bin_boundaries or (), "mode": self.output_mode, "depth": self.depth}
        return Op(ops.discretize, settings=settings)

    def learn(self, samples: np.ndarray[Any, Any]) -> Self:
        bounds = _quantiles(np.sort(samples.astype(np.float32).ravel()), self.num_bins or 1, self.epsilon)
        return self.replace(bin_boundaries=tuple(map(float, bounds)))

    def keras_arguments(self) -> dict[str, Any]:
        arguments = super().keras_arguments()
        if self.bin_boundaries is not None:
            arguments |= {"bin_boundaries": list(self.bin_boundaries), "num_bins": None}
        return arguments


def _quantiles(values: np.ndarray[Any, Any], bins: int, epsilon: float) -> np.ndarray[Any, Any]:
    """Bounds between bins of about as many of the sorted values each, by the steps that Keras takes."""
    step = max(len(values) * epsilon, 1)
    kept = values[int(step - 1) :: int(step)]
    return _compressed(*_compressed(kept, np.full_like(kept, step), epsilon), 1.0 / bins)[0][:-1]


def _compressed(
    values: np.ndarray[Any, Any], weights: np.ndarray[Any, Any], epsilon: float
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """About 1 / `epsilon` values, evenly spaced by weight, with the weight that each stands for."""
    if len(values) * epsilon < 1:
        return values, weights
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    sums = weights.cumsum()
    reached = sums / sums[-1]
    weights = np.diff(np.interp(shares, reached, sums), prepend=0)
    return np.interp(shares, reached, values).astype(np.float32), weights.astype(np.float32)
