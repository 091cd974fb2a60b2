"""Lambda: a formula in place of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import AfterValidator, Field

from engine import expression as language
from engine.errors import ShapeError
from engine.layer import Layer, NoType
from engine.op import Op
from engine.registry import register
from engine.shapes import Shape, count, show_shape
from engine.slicing import keras_key


def _check(text: str) -> str:
    language.parse(text)
    return text.strip()


@register(category="Core")
class Lambda(Layer):
    """Computes a formula: x, y and z are the inputs, the functions are those of keras.ops.

    The formula is read and computed step by step, never run as code. The batch is axis 0.
    https://keras.io/api/layers/core_layers/lambda/
    """

    dtype: NoType = None
    expression: Annotated[str, AfterValidator(_check)] = Field(
        default="x * 0.5", description="The formula, such as relu(x + 3) / 6 or mean(x, axis=-1, keepdims=True)."
    )

    keras_class: ClassVar[str | None] = "Lambda"
    caption: ClassVar[tuple[str, ...]] = ("expression",)

    @property
    def formula(self) -> language.Call:
        return language.parse(self.expression)

    @property
    def min_inputs(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.formula.variables

    @property
    def max_inputs(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.formula.variables

    @classmethod
    def from_keras(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG003
        """What is a formula here is a sequence of operations in Keras; its own Lambda is something else."""
        raise ValueError("is a Lambda, which holds code; code in model files is never run")

    def output_shape(self, *inputs: Shape) -> Shape:
        return _output_shape(self.expression, inputs)

    def flops(self, *inputs: Shape) -> int:
        """An operation for each function of the formula and each number of the largest of inputs and output."""
        largest = max(map(count, (*inputs, self.output_shape(*inputs))))
        return language.calls(self.formula) * largest

    def op(self) -> Op:
        return Op(partial(_compute, self.formula))

    def keras_call(self, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        if not self.formula.single:
            return super().keras_call(tensors)
        parts = self.formula.inputs
        args = [tensors[part.number] if isinstance(part, language.Variable) else part for part in parts]
        if self.formula.function.brackets:
            return [*args, keras_key(dict(self.formula.settings)["key"])], {}
        return [args] if self.formula.function.listed else args, {}


def _compute(formula: language.Call, *inputs: jax.Array) -> jax.Array:
    return jnp.asarray(language.compute(formula, inputs), jnp.float32)


_OPEN = 5040
"""What open sizes are multiples of, where a shape is worked out: many numbers divide it."""


@lru_cache(maxsize=4096)
def _output_shape(text: str, inputs: tuple[Shape, ...]) -> Shape:
    """The shape, found by what JAX says of two batches: the sizes that differ are open.

    Open sizes are large, so that slices leave something of them; with the batch they make the same product.
    """
    function = partial(_compute, language.parse(text))
    found: list[tuple[int, ...]] = []
    for batch, open_size in ((2, 3 * _OPEN), (3, 2 * _OPEN)):
        shapes = [(batch, *(open_size if size is None else size for size in shape)) for shape in inputs]
        arrays = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
        try:
            found.append(jax.eval_shape(function, *arrays).shape)
        except (TypeError, ValueError, IndexError):
            shown = " and ".join(map(show_shape, inputs))
            raise ShapeError(f"{text} cannot be computed of {shown}.", "expression") from None
    first, second = found
    if (first[:1], second[:1]) != ((2,), (3,)) or len(first) != len(second):
        raise ShapeError(f"{text} does not keep the samples of a batch apart.", "expression")
    return tuple(a if a == b else None for a, b in zip(first[1:], second[1:], strict=True))
