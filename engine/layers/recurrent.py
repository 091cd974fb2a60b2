"""Recurrent layers: a cell that goes through a sequence step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import jax
from pydantic import AfterValidator, BeforeValidator, Field

from engine.errors import ShapeError
from engine.fields import RegularizerName
from engine.layer import InnerLayer, Layer, Weighted
from engine.layers.cells import (
    Cell,
    GateSettings,
    GRUCell,
    GRUSettings,
    LSTMCell,
    LSTMSettings,
    RowSettings,
    SimpleRNNCell,
    StackedRNNCells,
    Steps,
    check_states,
)
from engine.layers.reshaping import Reshape
from engine.op import Context, Op
from engine.ops import recurrent as ops
from engine.registry import register
from engine.repairs import InsertBefore, Repair
from engine.shapes import Shape, show_shape
from engine.weights import Weight, Weights, prefixed


class Recurrent(Weighted):
    """Base of the layers that run a cell along the first axis of a sample.

    The ports after the first take first states: all of them, or none, which stands for zeros.
    """

    return_sequences: bool = Field(
        default=False, description="Give the output of every step, not only of the last."
    )
    return_state: bool = Field(default=False, description="Give the last states, too.")
    go_backwards: bool = Field(default=False, description="Go through the sequence from its end.")
    stateful: bool = Field(
        default=False,
        description="Go on from the states that the batch before left; only TensorFlow does so with the file.",
    )
    zero_output_for_mask: bool = Field(
        default=False, description="Give zeros for steps that are masked, not what the step before gave."
    )
    activity_regularizer: RegularizerName | None = Field(
        default=None, description="What the output adds to the loss, to keep it small."
    )

    keras_ignored: ClassVar[tuple[str, ...]] = ("implementation", "unroll", "time_major", "use_cudnn")
    input_names: ClassVar[tuple[str, ...]] = ("sequences", "initial_state")
    supports_masking: ClassVar[bool] = True

    def made_of(self) -> Cell:
        """The cell."""
        raise NotImplementedError

    @property
    def max_inputs(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return 1 + len(self.made_of().state_names)

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("output", *self.made_of().state_names) if self.return_state else ("",)

    @property
    def activation_name(self) -> None:
        """None: what the cell's activations give is not yet its output."""

    def seed_generators(self) -> tuple[str, ...]:
        return tuple(f"cell/{name}" for name in self.made_of().seed_generators())

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        cell = self.made_of()
        return prefixed("cell", cell.weights(inputs[0][1:]), cell.trainable)

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.output_shapes(*inputs)[0]

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        cell, (x, *given) = self.made_of(), inputs
        self.check_sequence(x)
        states = cell.state_shapes(x[1:])
        check_states(self.type_name(), given, states)
        last = states[cell.steps().output]
        output = (x[0], *last) if self.return_sequences else last
        return (output, *states) if self.return_state else (output,)

    def flops(self, *inputs: Shape) -> int:
        """What the cell does, at every step."""
        return (inputs[0][0] or 0) * self.made_of().flops(inputs[0][1:])

    def check_sequence(self, x: Shape) -> None:
        """Raises `ShapeError` where an input is no sequence that the cell can take."""
        if len(x) != 2 or x[1] is None:
            raise ShapeError(
                f"{self.type_name()} needs sequences (steps × features), but gets {show_shape(x)}.",
                repairs=as_sequence(x),
            )

    def op(self) -> Op:
        return self._op(self.made_of().steps())

    def _op(self, steps: Steps) -> Op:
        flags = ("return_sequences", "return_state", "go_backwards", "zero_output_for_mask")
        return Op(
            ops.recur,
            tuple(f"cell/{name}" for name in steps.weights),
            {
                **steps.settings,
                "units": units(self.made_of()),
                **{name: True for name in flags if getattr(self, name)},
            },
            masked=True,
        )

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> Any:
        batch, _, *x = inputs[0].shape
        steps = self.made_of().steps(ctx.key if ctx.training else None, (batch, *x))
        return self._op(steps)(w, *inputs, mask=ctx.mask)

    def compute_mask(self, inputs: Sequence[jax.Array], masks: Sequence[jax.Array | None]) -> jax.Array | None:
        return masks[0] if self.return_sequences and masks else None

    def keras_call(self, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        states = self.made_of().nested(tensors[1:]) if len(tensors) > 1 else None
        return [tensors[0]], {} if states is None else {"initial_state": states}

    def keras_outputs(self, tensors: Sequence[Any]) -> list[Any]:
        return [tensors[0], *self.made_of().nested(tensors[1:])] if len(tensors) > 1 else list(tensors)


def units(cell: Cell) -> tuple[int, ...]:
    """The last sizes of the states of a cell, which are known whatever the input."""
    if isinstance(cell, StackedRNNCells):
        return tuple(size for part in cell.cells if isinstance(part, Cell) for size in units(part))
    size: int = getattr(cell, "units", None) or getattr(cell, "filters")  # noqa: B009
    return (size,) * len(cell.state_names)


def as_sequence(x: Shape) -> tuple[Repair, ...]:
    """A way to make a sequence of what is none."""
    if None in x or not x:
        return ()
    features = 1 if len(x) == 1 else math.prod(size or 1 for size in x[1:])
    shape = (x[0] or 1, features)
    return (InsertBefore(Reshape(target_shape=shape), to=shape),)


class _Named(Recurrent):
    """Base of the layers that have their cell's settings as their own."""

    cell_type: ClassVar[type[Cell]]
    positional: ClassVar[tuple[str, ...]] = ("units",)
    caption: ClassVar[tuple[str, ...]] = ("units",)

    def made_of(self) -> Cell:
        return self.cell_type.with_settings_of(self)


@register(category="Recurrent")
class LSTM(_Named, GateSettings, LSTMSettings):
    """Goes through a sequence with a memory whose gates learn what to keep, to add and to give.

    https://keras.io/api/layers/recurrent_layers/lstm/
    """

    keras_class: ClassVar[str | None] = "LSTM"
    cell_type: ClassVar[type[Cell]] = LSTMCell


@register(category="Recurrent")
class GRU(_Named, GateSettings, GRUSettings):
    """Goes through a sequence with a state whose gates learn how much of it to replace.

    https://keras.io/api/layers/recurrent_layers/gru/
    """

    keras_class: ClassVar[str | None] = "GRU"
    cell_type: ClassVar[type[Cell]] = GRUCell


@register(category="Recurrent")
class SimpleRNN(_Named, GateSettings, RowSettings):
    """Goes through a sequence, the output of each step being fed to the next.

    https://keras.io/api/layers/recurrent_layers/simple_rnn/
    """

    keras_class: ClassVar[str | None] = "SimpleRNN"
    cell_type: ClassVar[type[Cell]] = SimpleRNNCell


def _stacked(value: Any) -> Any:
    """A list of cells stands for a stack of them."""
    return StackedRNNCells(cells=tuple(value)) if isinstance(value, list | tuple) else value  # pyright: ignore


def _check_cell(layer: Layer) -> Layer:
    if not isinstance(layer, Cell):
        raise ValueError(f"must be a cell such as LSTMCell, not {layer.type_name()}")
    return layer


@register(category="Recurrent")
class RNN(Recurrent):
    """Runs a cell, or a stack of cells, along a sequence. https://keras.io/api/layers/recurrent_layers/rnn/"""

    cell: Annotated[InnerLayer, BeforeValidator(_stacked), AfterValidator(_check_cell)] = Field(
        default=LSTMCell(), description="What is done at each step."
    )

    keras_class: ClassVar[str | None] = "RNN"
    positional: ClassVar[tuple[str, ...]] = ("cell",)
    caption: ClassVar[tuple[str, ...]] = ("cell",)

    def made_of(self) -> Cell:
        assert isinstance(self.cell, Cell)
        return self.cell
