"""Layers around another layer: in both directions of a sequence, or at each of its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jax import lax
from pydantic import AfterValidator, Field, model_validator

from engine import named
from engine.errors import ShapeError
from engine.layer import InnerLayer, Layer, Weighted, apply_part
from engine.layers.core import Dense
from engine.layers.recurrent import LSTM, Recurrent
from engine.op import Context, Op
from engine.ops import recurrent as ops
from engine.ops.regularizers import REGULARIZERS
from engine.registry import register
from engine.shapes import Shape, count, show_shape
from engine.weights import Weight, Weights, prefixed, within


def _check_recurrent(layer: Layer | None) -> Layer | None:
    if layer is not None and not isinstance(layer, Recurrent):
        raise ValueError(f"must be a recurrent layer such as LSTM, not {layer.type_name()}")
    return layer


_OF_ONE = ("name", "go_backwards", "shared_object_id")
"""What the entries of two layers of a Keras file that differ in their direction alone differ in."""


def _going(entry: Any, backwards: bool) -> Any:
    """The entry of a layer that goes this way, without what is its own; None for another."""
    config: Any = entry.get("config") if isinstance(entry, Mapping) else None
    goes = isinstance(config, Mapping) and config.get("go_backwards", False) is backwards
    return _without_own(entry) if goes else None


def _without_own(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_own(inner) for key, inner in value.items() if key not in _OF_ONE}
    return [_without_own(inner) for inner in value] if isinstance(value, list) else value


@register(category="Recurrent")
class Bidirectional(Weighted):
    """Runs a recurrent layer along a sequence from both ends, and merges what the two give.

    https://keras.io/api/layers/recurrent_layers/bidirectional/
    """

    layer: Annotated[InnerLayer, AfterValidator(_check_recurrent)] = Field(
        default=LSTM(), description="The layer that goes forward."
    )
    merge_mode: Literal["concat", "sum", "mul", "ave"] | None = Field(
        default="concat", description="How the two outputs become one; without it, both are given."
    )
    backward_layer: Annotated[InnerLayer | None, AfterValidator(_check_recurrent)] = Field(
        default=None, description="The layer that goes backward, where it is to differ from the first."
    )

    keras_class: ClassVar[str | None] = "Bidirectional"
    positional: ClassVar[tuple[str, ...]] = ("layer",)
    caption: ClassVar[tuple[str, ...]] = ("layer", "merge_mode")
    input_names: ClassVar[tuple[str, ...]] = ("sequences", "initial_state")
    supports_masking: ClassVar[bool] = True

    @model_validator(mode="after")
    def _check_pair(self) -> Bidirectional:
        ahead, back = self.halves
        if ahead.go_backwards == back.go_backwards:
            raise ValueError("layer and backward_layer must go opposite ways: give one of them go_backwards")
        for name in ("return_sequences", "return_state", "stateful"):
            if getattr(ahead, name) != getattr(back, name):
                raise ValueError(f"layer and backward_layer must have the same {name}")
        return self

    @property
    def halves(self) -> tuple[Recurrent, Recurrent]:
        """The two layers, as they compute: sequences hold zeros where the mask does not hold."""
        layer, back = self.layer, self.backward_layer
        assert isinstance(layer, Recurrent)
        back = self._other_way if back is None else back
        assert isinstance(back, Recurrent)
        blank = {"zero_output_for_mask": layer.return_sequences}
        return layer.model_copy(update=blank), back.model_copy(update=blank)

    @property
    def _other_way(self) -> Layer:
        """The layer, going backward."""
        return self.layer.model_copy(update={"go_backwards": True})

    @property
    def _named_halves(self) -> tuple[tuple[str, Recurrent], ...]:
        return tuple(zip(("forward_layer", "backward_layer"), self.halves, strict=True))

    @property
    def max_inputs(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return sum(half.max_inputs for half in self.halves) - 1

    @property
    def output_names(self) -> tuple[str, ...]:
        names = ("forward", "backward") if self.merge_mode is None else ("output",)
        if self.halves[0].return_state:
            sides = zip(("forward", "backward"), self.halves, strict=True)
            return (*names, *(f"{side}_{name}" for side, half in sides for name in half.output_names[1:]))
        return names if self.merge_mode is None else ("",)

    def seed_generators(self) -> tuple[str, ...]:
        return tuple(f"{part}/{name}" for part, half in self._named_halves for name in half.seed_generators())

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return tuple(
            weight
            for part, half in self._named_halves
            for weight in prefixed(part, half.weights(inputs[0]), half.trainable)
        )

    def flops(self, *inputs: Shape) -> int:
        """What both halves do, and an operation for each number where their outputs are merged into one."""
        merged = count(self.output_shape(*inputs)) if self.merge_mode in ("sum", "mul", "ave") else 0
        return sum(half.flops(inputs[0]) for half in self.halves) + merged

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.output_shapes(*inputs)[0]

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        x, *states = inputs
        half = len(states) // 2
        ahead, *ahead_states = self.halves[0].output_shapes(x, *states[:half])
        back, *back_states = self.halves[1].output_shapes(x, *states[half:])
        if self.merge_mode is None:
            outputs = (ahead, back)
        elif self.merge_mode == "concat":
            outputs = ((*ahead[:-1], (ahead[-1] or 0) + (back[-1] or 0)),)
        elif ahead == back:
            outputs = (ahead,)
        else:
            shown = " and ".join(map(show_shape, (ahead, back)))
            raise ShapeError(
                f"merge_mode {self.merge_mode} needs outputs of one shape, not {shown}.", "merge_mode"
            )
        return (*outputs, *ahead_states, *back_states)

    def op(self) -> Op:
        ahead, back = (half.op() for half in self.halves)
        names = [f"forward_layer/{name}" for name in ahead.weights] + [
            f"backward_layer/{name}" for name in back.weights
        ]
        settings = {
            "forward": partial(ahead.function, **ahead.settings),
            "backward": partial(back.function, **back.settings),
            "weights": (len(ahead.weights), len(back.weights)),
        }
        return Op(ops.bidirectional, tuple(names), {**settings, **self._joining}, masked=True)

    def keras_arguments(self) -> dict[str, Any]:
        """With both layers, as Keras writes them: one that it has to make itself while it opens a file is now and
        then another layer of the same file (it knows shared ones by their addresses, which are used again).
        """
        return {**super().keras_arguments(), "backward_layer": self.backward_layer or self._other_way}

    @classmethod
    def from_keras(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without the layer that goes backward where it differs in nothing else."""
        ahead = _going(config.get("layer"), False)
        if ahead is not None and ahead == _going(config.get("backward_layer"), True):
            return {**config, "backward_layer": None}
        return config

    @property
    def _joining(self) -> dict[str, Any]:
        """How the two outputs become one: arguments of `ops.join`."""
        flags = {name: True for name in ("return_sequences", "return_state") if getattr(self.layer, name)}
        return {"merge_mode": self.merge_mode, **flags}

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> Any:
        x, *states = inputs
        half = len(states) // 2
        found: list[Any] = []
        for number, (part, layer) in enumerate(self._named_halves):
            given = states[half:] if number else states[:half]
            found.append(apply_part(layer, part, w, x, *given, ctx=ctx, number=number))
            if layer.activity_regularizer is not None:
                penalty = named.function_of(layer.activity_regularizer, REGULARIZERS)
                ctx.losses += [penalty(y) for y in jax.tree.leaves(found[-1])]
        return ops.join(*found, **self._joining)

    def compute_mask(self, inputs: Sequence[jax.Array], masks: Sequence[jax.Array | None]) -> jax.Array | None:
        return self.halves[0].compute_mask(inputs, masks)

    @property
    def masked_outputs(self) -> tuple[int, ...]:
        return (0, 1) if self.merge_mode is None else (0,)

    def keras_call(self, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        return [tensors[0]], {"initial_state": list(tensors[1:])} if len(tensors) > 1 else {}


@register(category="Recurrent")
class TimeDistributed(Weighted):
    """Applies a layer to every step of a sequence by itself.

    https://keras.io/api/layers/recurrent_layers/time_distributed/
    """

    layer: InnerLayer = Field(default=Dense(), description="The layer that each step goes through.")

    keras_class: ClassVar[str | None] = "TimeDistributed"
    positional: ClassVar[tuple[str, ...]] = ("layer",)
    caption: ClassVar[tuple[str, ...]] = ("layer",)
    supports_masking: ClassVar[bool] = True

    @property
    def casts(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.layer.casts

    @property
    def in_full(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.layer.in_full

    @property
    def parts_choose(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.layer.parts_choose

    @property
    def activation_name(self) -> str | None:
        return self.layer.activation_name

    def seed_generators(self) -> tuple[str, ...]:
        return tuple(f"layer/{name}" for name in self.layer.seed_generators())

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        inner = self.layer
        trainable = not isinstance(inner, Weighted) or inner.trainable
        return prefixed("layer", inner.weights(inputs[0][1:]), trainable)

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        if len(x) < 2:
            raise ShapeError(f"TimeDistributed needs sequences (steps × ...), but gets {show_shape(x)}.")
        if self.layer.min_inputs != 1 or len(self.layer.output_names) > 1:
            raise ShapeError("TimeDistributed holds a layer with one input and one output.", "layer")
        return (x[0], *self.layer.output_shape(x[1:]))

    def flops(self, *inputs: Shape) -> int:
        """What the layer does, at every step."""
        return (inputs[0][0] or 0) * self.layer.flops(inputs[0][1:])

    def op(self) -> Op:
        inner = self.layer.op()
        settings = {"function": partial(inner.function, **inner.settings) if inner.settings else inner.function}
        names = tuple(f"layer/{name}" for name in inner.weights)
        return Op(ops.time_distributed, names, settings, masked=inner.masked)

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> Any:
        (x,) = inputs
        kept = [weight.name for weight in self.layer.weights(x.shape[2:]) if not weight.trainable]
        if ctx.training and kept:
            return self._one_by_one(w, x, ctx, kept)
        part, mask = ctx.part(), ctx.mask
        part.masks = (None if mask is None or mask.ndim < 3 else mask.reshape(-1, *mask.shape[2:]),)
        y = self.layer.apply(within(w, "layer"), x.reshape(-1, *x.shape[2:]), ctx=part)
        ctx.take("layer", part)
        if part.logits is not None:
            ctx.logits, ctx.activation = part.logits.reshape(*x.shape[:2], *part.logits.shape[1:]), part.activation
        return y.reshape(*x.shape[:2], *y.shape[1:])

    def _one_by_one(self, w: Weights, x: jax.Array, ctx: Context, kept: list[str]) -> jax.Array:
        """Steps in their order: what the layer keeps of one, such as a moving mean, is there at the next."""
        own = within(w, "layer")

        def body(state: dict[str, jax.Array], now: tuple[jax.Array, jax.Array]) -> Any:
            part = replace(ctx.part(), masks=())
            part.key = None if part.key is None else jax.random.fold_in(part.key, now[0])
            y = self.layer.apply({**own, **state}, now[1], ctx=part)
            return {**state, **part.updates}, y

        numbered = (jnp.arange(x.shape[1]), jnp.moveaxis(x, 1, 0))
        state, y = lax.scan(body, {name: own[name] for name in kept}, numbered)
        ctx.updates |= {f"layer/{name}": value for name, value in state.items()}
        return jnp.moveaxis(y, 0, 1)
