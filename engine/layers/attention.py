"""Layers in which some values look for what they need among others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import jax
from pydantic import Field

from engine.errors import ShapeError
from engine.fields import Axes, PositiveInt, repeated
from engine.layer import Layer, Weighted
from engine.layers.kernel import Kernel
from engine.layers.regularization import Rate
from engine.op import Context, Op
from engine.ops import attention as ops
from engine.ops.noise import dropout
from engine.registry import register
from engine.shapes import Shape, count, known_sizes, show_shape
from engine.weights import Weight, Weights

_SOFTMAX = 5
"""Operations of a softmax for each number: the largest, a difference, an exponential, the sum, a division."""


class _Attending(Layer):
    """What layers of attention share: query, value and maybe key; scores as a second output, if wanted."""

    dropout: Rate = Field(default=0.0, description="Share of the scores set to zero in training.")
    use_causal_mask: bool = Field(default=False, description="Let no step see those after it.")
    return_attention_scores: bool = Field(default=False, description="Give the scores as a second output.")

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 3
    input_names: ClassVar[tuple[str, ...]] = ("query", "value", "key")
    call_settings: ClassVar[tuple[str, ...]] = ("return_attention_scores", "use_causal_mask")
    supports_masking: ClassVar[bool] = True

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("", "attention_scores") if self.return_attention_scores else ("",)

    def scores_shape(self, *inputs: Shape) -> Shape:
        """The shape of the second output."""
        raise NotImplementedError

    def meeting(self, key_size: int, value_size: int, *inputs: Shape) -> int:
        """Operations of queries that meet keys: two products for each score, and a softmax."""
        return (2 * key_size + _SOFTMAX + 2 * value_size) * count(self.scores_shape(*inputs))

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        first = self.output_shape(*inputs)
        return (first, self.scores_shape(*inputs)) if self.return_attention_scores else (first,)

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> Any:
        op = self.op()
        if ctx.training and ctx.key is not None and self.dropout > 0:
            op = replace(op, settings={**op.settings, "drop": partial(dropout, key=ctx.key, rate=self.dropout)})
        return op(w, *inputs, masks=ctx.masks)


def _check_sources(name: str, *inputs: Shape) -> tuple[Shape, Shape, Shape]:
    """Query, value and key, which must have the axes that attention needs; raises `ShapeError`."""
    query, value, key = (*inputs, inputs[1])[:3]
    shown = " and ".join(show_shape(shape) for shape in inputs)
    if len(query) < 2 or len({len(query), len(value), len(key)}) > 1:
        raise ShapeError(f"{name} needs sequences (steps × features) with the same axes, but gets {shown}.")
    if any(a != b and None not in (a, b) for a, b in zip(value[:-1], key[:-1], strict=True)):
        raise ShapeError(f"{name} needs a key for each value, but gets {show_shape(key)} and {show_shape(value)}.")
    return query, value, key


class _PlainAttention(_Attending, Weighted):
    """What the two layers share that take their inputs in one list."""

    input_names: ClassVar[tuple[str, ...]] = ("inputs",)

    def seed_generators(self) -> tuple[str, ...]:
        return ("seed_generator",) if self.dropout > 0 else ()

    def output_shape(self, *inputs: Shape) -> Shape:
        name = self.type_name()
        query, value, key = _check_sources(name, *inputs)
        if None not in (query[-1], key[-1]) and query[-1] != key[-1]:
            shown = f"{show_shape(query)} and {show_shape(key)}"
            raise ShapeError(f"{name} needs query and key with the same features, but gets {shown}.")
        return (*query[:-1], value[-1])

    def scores_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0][:-1], inputs[1][-2])

    def flops(self, *inputs: Shape) -> int:
        return self.meeting(inputs[0][-1] or 0, inputs[1][-1] or 0, *inputs)


@register(category="Attention")
class Attention(_PlainAttention):
    """Gives each query a mean of the values, weighted by how well their keys meet it.

    Inputs: query, value and maybe key; the value is its own key where there is none.
    https://keras.io/api/layers/attention_layers/attention/
    """

    use_scale: bool = Field(default=False, description="Learn a factor for the scores.")
    score_mode: Literal["dot", "concat"] = Field(
        default="dot", description="Whether the product or the sum of query and key makes a score."
    )

    keras_class: ClassVar[str | None] = "Attention"
    caption: ClassVar[tuple[str, ...]] = ("score_mode",)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        scale = (Weight("scale", (), "ones"),) if self.use_scale else ()
        concat = (Weight("concat_score_weight", (), "ones"),) if self.score_mode == "concat" else ()
        return (*scale, *concat)

    def op(self) -> Op:
        settings = {"causal": self.use_causal_mask, "scores": self.return_attention_scores}
        return Op(
            ops.attention,
            (),
            settings,
            all_masks=True,
            keywords={name: name for name in ("scale", "concat_score_weight")},
        )


@register(category="Attention")
class AdditiveAttention(_PlainAttention):
    """Attention that scores the sum of query and key, bent by tanh (Bahdanau).

    Inputs: query, value and maybe key; the value is its own key where there is none.
    https://keras.io/api/layers/attention_layers/additive_attention/
    """

    use_scale: bool = Field(default=True, description="Learn a factor for each feature of the sum.")

    keras_class: ClassVar[str | None] = "AdditiveAttention"

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        if not self.use_scale:
            return ()
        return (Weight("scale", known_sizes("AdditiveAttention", inputs[0][-1:]), "glorot_uniform"),)

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = super().output_shape(*inputs)
        if self.use_scale:
            known_sizes("AdditiveAttention", inputs[0][-1:])
        return shape

    def op(self) -> Op:
        settings = {"additive": True, "causal": self.use_causal_mask, "scores": self.return_attention_scores}
        return Op(ops.attention, (), settings, all_masks=True, keywords={"scale": "scale"})


class _Heads(_Attending, Kernel):
    """What layers of several heads share: the projections of query, key and value, and that of the output."""

    use_bias: bool = Field(default=True, description="Add learned numbers after each projection.")
    use_gate: bool = Field(default=False, description="Let the query say how much of the result passes.")
    sliding_window: PositiveInt | None = Field(
        default=None, description="Let each step see only those that are nearer than this."
    )

    keras_ignored: ClassVar[tuple[str, ...]] = ("flash_attention",)
    hidden_parts: ClassVar[bool] = False
    """Whether Keras keeps all projections in attributes that begin with an underscore, as it keeps the gate."""

    def seed_generators(self) -> tuple[str, ...]:
        return ("_dropout_layer/seed_generator",) if self.dropout > 0 else ()

    def projection(self, part: str, shape: tuple[int, ...], bound: int = 1) -> tuple[Weight, ...]:
        """Kernel and bias of a part; the first `bound` axes of the kernel are those of its input."""
        size_in, size_out = (_product(shape[:bound]), _product(shape[bound:]))
        kernel = self.kernel_of(f"{part}/kernel", shape, (size_in, size_out))
        return (kernel, replace(self.bias(*shape[bound:]), name=f"{part}/bias")) if self.use_bias else (kernel,)

    def head_flops(self, key_size: int, value_size: int, *inputs: Shape) -> int:
        """The products of the projections, and what each head does, whose keys and values have these sizes."""
        query, value, key = (count(shape[:-1]) for shape in (*inputs, inputs[1])[:3])
        places = {"key": key, "value": value}
        products = sum(
            weight.size * places.get(weight.name.removeprefix("_").split("_")[0], query)
            for weight in self.weights(*inputs)
            if weight.name.endswith("kernel")
        )
        return 2 * products + self.meeting(key_size, value_size, *inputs)

    def heads_op(self, axes: tuple[int, ...] | None) -> Op:
        start = "_" if self.hidden_parts else ""
        parts = {key: f"{start}{key}_dense" for key in ("query", "key", "value", "output")}
        parts["gate"] = "_gate_dense"
        keywords = {
            f"{key}_{kind}": f"{part}/{kind}" for key, part in parts.items() for kind in ("kernel", "bias")
        }
        settings = {
            "axes": axes,
            "causal": self.use_causal_mask,
            "sliding_window": self.sliding_window,
            "scores": self.return_attention_scores,
            "zeroed": self.dropout > 0 or self.return_attention_scores,
        }
        return Op(ops.multi_head_attention, (), settings, all_masks=True, keywords=keywords)


def _product(sizes: tuple[int, ...]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


@register(category="Attention")
class MultiHeadAttention(_Heads):
    """Several attentions side by side, each looking for something else.

    Inputs: query, value and maybe key; the value is its own key where there is none. Wire one value to query and
    value for self-attention. https://keras.io/api/layers/attention_layers/multi_head_attention/
    """

    num_heads: PositiveInt = Field(default=4, description="Number of attentions side by side.")
    key_dim: PositiveInt = Field(default=16, description="Size of queries and keys in each head.")
    value_dim: PositiveInt | None = Field(
        default=None, description="Size of values in each head; as keys, if empty."
    )
    projected_shape: Annotated[tuple[PositiveInt, ...], Field(min_length=1), repeated(1)] | None = Field(
        default=None, description="Features of the output (Keras: output_shape); those of the query, if empty."
    )
    attention_axes: Axes | None = Field(
        default=None, description="Axes that attention runs along, counted with the batch as 0; all, if empty."
    )

    keras_class: ClassVar[str | None] = "MultiHeadAttention"
    positional: ClassVar[tuple[str, ...]] = ("num_heads", "key_dim")
    caption: ClassVar[tuple[str, ...]] = ("num_heads", "key_dim")

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        query, value, key = ((known_sizes("MultiHeadAttention", s[-1:])[0]) for s in (*inputs, inputs[1])[:3])
        heads, depth = self.num_heads, self.value_dim or self.key_dim
        gate = self.projection("_gate_dense", (query, heads, depth)) if self.use_gate else ()
        return (
            *self.projection("query_dense", (query, heads, self.key_dim)),
            *self.projection("key_dense", (key, heads, self.key_dim)),
            *gate,
            *self.projection("value_dense", (value, heads, depth)),
            *self.projection("output_dense", (heads, depth, *(self.projected_shape or (query,))), bound=2),
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        query, value, key = _check_sources("MultiHeadAttention", *inputs)
        known_sizes("MultiHeadAttention", (query[-1], value[-1], key[-1]))
        rank = len(query) + 1
        axes = [axis % rank for axis in self.attention_axes or range(1, rank - 1)]
        if any(not 1 <= axis < rank - 1 for axis in axes):
            raise ShapeError("Attention runs along axes between the batch and the features.", "attention_axes")
        if (self.use_causal_mask or self.sliding_window) and axes != [1]:
            name = "use_causal_mask" if self.use_causal_mask else "sliding_window"
            raise ShapeError("Which step may see which can be said for attention along axis 1 only.", name)
        others = [axis - 1 for axis in range(1, rank - 1) if axis not in axes]
        if any(query[axis] != value[axis] and None not in (query[axis], value[axis]) for axis in others):
            shown = f"{show_shape(query)} and {show_shape(value)}"
            raise ShapeError(f"Query and value differ along an axis without attention: {shown}.", "attention_axes")
        return (*query[:-1], *(self.projected_shape or query[-1:]))

    def scores_shape(self, *inputs: Shape) -> Shape:
        query, value, rank = inputs[0], inputs[1], len(inputs[0]) + 1
        axes = [axis % rank for axis in self.attention_axes or range(1, rank - 1)]
        others = [query[axis - 1] for axis in range(1, rank - 1) if axis not in axes]
        return (*others, self.num_heads, *(query[axis - 1] for axis in axes), *(value[axis - 1] for axis in axes))

    def flops(self, *inputs: Shape) -> int:
        return self.head_flops(self.key_dim, self.value_dim or self.key_dim, *inputs)

    def op(self) -> Op:
        return self.heads_op(self.attention_axes)

    def keras_arguments(self) -> dict[str, Any]:
        arguments = super().keras_arguments()
        shape, axes = arguments.pop("projected_shape"), arguments["attention_axes"]
        return {**arguments, "output_shape": shape, "attention_axes": None if axes is None else list(axes)}

    @classmethod
    def from_keras(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"projected_shape" if key == "output_shape" else key: value for key, value in config.items()}


@register(category="Attention")
class GroupQueryAttention(_Heads):
    """Several attentions side by side, of which some share keys and values.

    Inputs: query, value and maybe key; the value is its own key where there is none.
    https://keras.io/api/layers/attention_layers/group_query_attention/
    """

    head_dim: PositiveInt = Field(default=16, description="Size of queries, keys and values in each head.")
    num_query_heads: PositiveInt = Field(default=4, description="Number of attentions side by side.")
    num_key_value_heads: PositiveInt = Field(default=2, description="Number of heads of keys and values.")

    keras_class: ClassVar[str | None] = "GroupQueryAttention"
    positional: ClassVar[tuple[str, ...]] = ("head_dim", "num_query_heads", "num_key_value_heads")
    caption: ClassVar[tuple[str, ...]] = ("num_query_heads", "head_dim")
    keras_aliases: ClassVar[tuple[str, ...]] = ("GroupedQueryAttention",)  # as .h5 files name it
    hidden_parts: ClassVar[bool] = True

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        query, value, key = ((known_sizes("GroupQueryAttention", s[-1:])[0]) for s in (*inputs, inputs[1])[:3])
        heads, few, size = self.num_query_heads, self.num_key_value_heads, self.head_dim
        gate = self.projection("_gate_dense", (query, heads, size)) if self.use_gate else ()
        return (
            *self.projection("_query_dense", (query, heads, size)),
            *self.projection("_key_dense", (key, few, size)),
            *gate,
            *self.projection("_value_dense", (value, few, size)),
            *self.projection("_output_dense", (heads, size, query), bound=2),
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        query, value, key = _check_sources("GroupQueryAttention", *inputs)
        known_sizes("GroupQueryAttention", (query[-1], value[-1], key[-1]))
        if len(query) != 2:
            raise ShapeError(f"GroupQueryAttention needs steps × features, but gets {show_shape(query)}.")
        if query[-1] != value[-1]:
            text = f"{show_shape(query)} and {show_shape(value)}"
            raise ShapeError(f"GroupQueryAttention needs query and value with the same features, not {text}.")
        if self.num_query_heads % self.num_key_value_heads:
            text = f"{self.num_query_heads} heads cannot share {self.num_key_value_heads} evenly."
            raise ShapeError(text, "num_key_value_heads")
        return query

    def scores_shape(self, *inputs: Shape) -> Shape:
        return (self.num_query_heads, inputs[0][0], inputs[1][0])

    def flops(self, *inputs: Shape) -> int:
        return self.head_flops(self.head_dim, self.head_dim, *inputs)

    def op(self) -> Op:
        return self.heads_op(None)
