"""Whole numbers as rows of learned numbers, and the masks that tell padding from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import jax
from pydantic import Field

from engine.errors import ShapeError
from engine.fields import ConstraintName, InitializerName, PositiveInt, RegularizerName
from engine.layer import Layer, Weighted
from engine.op import Op
from engine.ops import embedding as ops
from engine.registry import register
from engine.shapes import Shape, count, show_shape
from engine.weights import Weight


@register(category="Core")
class Embedding(Weighted):
    """Looks up a learned row of numbers for each whole number, such as the number of a word.

    https://keras.io/api/layers/core_layers/embedding/
    """

    input_dim: PositiveInt = Field(default=1000, description="Rows of the table: the largest number, plus 1.")
    output_dim: PositiveInt = Field(default=64, description="Length of a row.")
    embeddings_initializer: InitializerName = Field(
        default="random_uniform", description="Where the table starts."
    )
    embeddings_regularizer: RegularizerName | None = Field(
        default=None, description="What the table adds to the loss, to keep it small."
    )
    activity_regularizer: RegularizerName | None = Field(
        default=None, description="What the output adds to the loss, to keep it small."
    )
    embeddings_constraint: ConstraintName | None = Field(
        default=None, description="What the table is brought back to after each step."
    )
    mask_zero: bool = Field(default=False, description="Take 0 for padding that later layers pass over.")

    keras_class: ClassVar[str | None] = "Embedding"
    flops_each: ClassVar[int] = 0
    keras_ignored: ClassVar[tuple[str, ...]] = ("input_length", "lora_alpha")
    positional: ClassVar[tuple[str, ...]] = ("input_dim", "output_dim")
    caption: ClassVar[tuple[str, ...]] = ("input_dim", "output_dim")
    casts: ClassVar[bool] = False

    @property
    def supports_masking(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.mask_zero

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        del inputs
        return (self._table("embeddings", self.input_dim, self.output_dim),)

    def _table(self, name: str, rows: int, columns: int) -> Weight:
        return Weight(
            name,
            (rows, columns),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0], self.output_dim)

    def op(self) -> Op:
        return Op(ops.embedding, ("embeddings",))

    def mask_op(self) -> Op | None:
        return Op(ops.not_zero) if self.mask_zero else None

    def compute_mask(self, inputs: Sequence[jax.Array], masks: Sequence[jax.Array | None]) -> jax.Array | None:
        return super().compute_mask(inputs, ())  # never that of the input


@register(category="Core")
class ReversibleEmbedding(Embedding):
    """An Embedding that also leads back: from rows to a number for each row of its table.

    Two linked nodes, one of them with `reverse`, share the table. https://keras.io/api/layers/core_layers/
    """

    tie_weights: bool = Field(default=True, description="Lead back by the same table, not by one of its own.")
    logit_soft_cap: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Bound on what comes out in reverse."
    )
    reverse: bool = Field(default=False, description="Lead back from rows to numbers.")

    keras_class: ClassVar[str | None] = "ReversibleEmbedding"
    call_settings: ClassVar[tuple[str, ...]] = ("reverse",)
    keras_constants: ClassVar[Mapping[str, Any]] = {"reverse_dtype": None}

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        tables = super().weights(*inputs)
        if self.tie_weights:
            return tables
        back = Weight("reverse_embeddings", (self.output_dim, self.input_dim), self.embeddings_initializer)
        return (*tables, back)

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        if not self.reverse:
            return super().output_shape(x)
        if not x or x[-1] not in (None, self.output_dim):
            raise ShapeError(
                f"ReversibleEmbedding takes rows of {self.output_dim:,} numbers back, but gets {show_shape(x)}.",
                "reverse",
            )
        return (*x[:-1], self.input_dim)

    def flops(self, *inputs: Shape) -> int:
        """In reverse a product with the table."""
        return 2 * self.output_dim * count(self.output_shape(*inputs)) if self.reverse else 0

    def op(self) -> Op:
        if not self.reverse:
            return super().op()
        cap = {} if self.logit_soft_cap is None else {"logit_soft_cap": self.logit_soft_cap}
        return Op(ops.reverse_embedding, ("embeddings", "reverse_embeddings"), cap)

    def mask_op(self) -> Op | None:
        return None if self.reverse else super().mask_op()


@register(category="Core")
class Masking(Layer):
    """Marks steps that hold nothing but a given value as padding, which later layers pass over.

    https://keras.io/api/layers/core_layers/masking/
    """

    mask_value: float = Field(default=0.0, description="The value that stands for padding.")

    keras_class: ClassVar[str | None] = "Masking"
    positional: ClassVar[tuple[str, ...]] = ("mask_value",)
    caption: ClassVar[tuple[str, ...]] = ("mask_value",)
    supports_masking: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        if len(inputs[0]) < 1:
            raise ShapeError(f"Masking needs sequences (steps × features), but gets {show_shape(inputs[0])}.")
        return inputs[0]

    def op(self) -> Op:
        return Op(ops.masking, settings={"mask_value": self.mask_value})

    def mask_op(self) -> Op | None:
        return Op(ops.steps_with, settings={"mask_value": self.mask_value})
