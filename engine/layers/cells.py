"""Cells: what a recurrent layer does at each step of a sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar, Self

import jax
import jax.numpy as jnp
from pydantic import AfterValidator, Field

from engine.errors import ShapeError
from engine.fields import (
    ActivationName,
    ConstraintName,
    Holds,
    InitializerName,
    PositiveInt,
    RegularizerName,
    Settings,
)
from engine.layer import InnerLayer, Layer, NoType, Weighted
from engine.op import Context, Op
from engine.ops import recurrent as ops
from engine.ops.activations import ACTIVATIONS
from engine.ops.noise import dropout
from engine.registry import register
from engine.shapes import Shape, count, show_shape
from engine.weights import Weight, Weights, kernel_size, prefixed

Rate = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True)
class Steps:
    """The functions of a cell (see `engine.ops.recurrent`), and the names of the weights they take."""

    project: Callable[..., Any]
    step: Callable[..., Any]
    weights: tuple[str, ...]
    output: int = 0
    """Which of the states is the output."""

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments of `ops.recur` and `ops.advance` that follow from the cell."""
        found = {"project": self.project, "step": self.step, "weights": len(self.weights)}
        return {**found, "output": self.output} if self.output else found


class Cell(Weighted):
    """Base of all cells: layers that stand in a recurrent layer, not on the canvas."""

    dtype: NoType = None

    placeable: ClassVar[bool] = False
    input_names: ClassVar[tuple[str, ...]] = ("inputs", "states")

    @classmethod
    def with_settings_of(cls, layer: Layer) -> Self:
        """The cell whose settings a layer has as its own; number type and freezing stay with the layer."""
        names = type(layer).model_fields.keys() & cls.model_fields.keys() - {"dtype", "trainable"}
        return cls.model_construct(**{name: getattr(layer, name) for name in names}, trainable=True)

    def state_shapes(self, x: Shape) -> tuple[Shape, ...]:
        """The shapes of the states of one sample, for an input of this shape at each step."""
        raise NotImplementedError

    @property
    def state_names(self) -> tuple[str, ...]:
        """A name for each state."""
        raise NotImplementedError

    def steps(self, key: jax.Array | None = None, x: tuple[int, ...] = ()) -> Steps:
        """The functions of the cell; with a key those of training, for one step's input of this shape."""
        raise NotImplementedError

    @property
    def min_inputs(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return 1 + len(self.state_names)

    @property
    def max_inputs(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return 1 + len(self.state_names)

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("output", *self.state_names)

    @property
    def activation_name(self) -> None:
        """None: what a cell's activations give is not yet its output."""

    def nested(self, states: Sequence[Any]) -> list[Any]:
        """Its states as Keras nests them."""
        return list(states)

    def keras_call(self, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        return [tensors[0], self.nested(tensors[1:])], {}

    def keras_outputs(self, tensors: Sequence[Any]) -> list[Any]:
        return [tensors[0], self.nested(tensors[1:])]

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.output_shapes(*inputs)[0]

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        shapes = self.state_shapes(inputs[0])
        check_states(self.type_name(), inputs[1:], shapes)
        return (shapes[self.steps().output], *shapes)

    def op(self) -> Op:
        steps = self.steps()
        return Op(ops.advance, steps.weights, steps.settings)

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> Any:
        steps = self.steps(ctx.key if ctx.training else None, inputs[0].shape)
        return Op(ops.advance, steps.weights, steps.settings)(w, *inputs)


def check_states(what: str, given: Sequence[Shape], wanted: Sequence[Shape]) -> None:
    """Raise `ShapeError` where states are given that have not the shapes that are wanted."""
    if given and not (len(given) == len(wanted) and all(map(_fits, given, wanted))):
        shown, needed = (", ".join(map(show_shape, shapes)) for shapes in (given, wanted))
        raise ShapeError(f"{what} takes states of {needed}, but gets {shown}.")


def _fits(given: Shape, wanted: Shape) -> bool:
    """Whether a shape is, or may at run time be, the one that is wanted."""
    return len(given) == len(wanted) and all(
        None in sizes or len(set(sizes)) == 1 for sizes in zip(given, wanted, strict=True)
    )


class GateSettings(Settings):
    """What cells of a kernel, a recurrent kernel and a bias have in common with the layers made of them."""

    use_bias: bool = Field(default=True, description="Add a learned number to each sum.")
    kernel_initializer: InitializerName = Field(default="glorot_uniform", description="Where the kernel starts.")
    recurrent_initializer: InitializerName = Field(
        default="orthogonal", description="Where the recurrent kernel starts."
    )
    bias_initializer: InitializerName = Field(default="zeros", description="Where the bias starts.")
    kernel_regularizer: RegularizerName | None = Field(
        default=None, description="What the kernel adds to the loss, to keep it small."
    )
    recurrent_regularizer: RegularizerName | None = Field(
        default=None, description="What the recurrent kernel adds to the loss, to keep it small."
    )
    bias_regularizer: RegularizerName | None = Field(
        default=None, description="What the bias adds to the loss, to keep it small."
    )
    kernel_constraint: ConstraintName | None = Field(
        default=None, description="What the kernel is brought back to after each step."
    )
    recurrent_constraint: ConstraintName | None = Field(
        default=None, description="What the recurrent kernel is brought back to after each step."
    )
    bias_constraint: ConstraintName | None = Field(
        default=None, description="What the bias is brought back to after each step."
    )
    dropout: Rate = Field(default=0.0, description="Share of the inputs set to zero in training.")
    recurrent_dropout: Rate = Field(default=0.0, description="Share of the states set to zero in training.")


_FOR_A_GATE = 4
"""Operations for each number of a gate: the two sums, the activation, and its part in the new state."""


class GateCell(GateSettings, Cell):
    """Base of the cells with a kernel, a recurrent kernel and a bias."""

    gates: ClassVar[int] = 1
    """Parts of the kernels, side by side."""
    state_names: ClassVar[tuple[str, ...]] = ("state",)  # pyright: ignore[reportIncompatibleMethodOverride]

    def seed_generators(self) -> tuple[str, ...]:
        return ("seed_generator",)

    def kernels(
        self, kernel: tuple[int, ...], recurrent: tuple[int, ...], bias: tuple[int, ...]
    ) -> tuple[Weight, ...]:
        """The weights, of these shapes."""
        found = (
            ("kernel", kernel, self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint),
            (
                "recurrent_kernel",
                recurrent,
                self.recurrent_initializer,
                self.recurrent_regularizer,
                self.recurrent_constraint,
            ),
            ("bias", bias, self.bias_initializer, self.bias_regularizer, self.bias_constraint),
        )
        made = [Weight(name, shape, start, regularizer=r, constraint=c) for name, shape, start, r, c in found]
        return tuple(made if self.use_bias else made[:2])

    @property
    def _settings(self) -> dict[str, Any]:
        """The activations, as arguments of the functions."""
        names = ("activation", "recurrent_activation")
        return {name: ACTIVATIONS[getattr(self, name)] for name in names if name in type(self).model_fields}

    def _functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        raise NotImplementedError

    def flops(self, *inputs: Shape) -> int:
        """A product with the kernels at each place of the state, and some operations for each number of a gate."""
        state = self.state_shapes(inputs[0])[0]
        products = kernel_size(self.weights(inputs[0]))
        return 2 * products * count(state[:-1]) + _FOR_A_GATE * self.gates * count(state)

    def _drop_counts(self) -> tuple[int, int]:
        """Into how many parts the inputs, and the states, go that are dropped apart."""
        return (self.gates if self.recurrent_dropout else 1), self.gates

    def steps(self, key: jax.Array | None = None, x: tuple[int, ...] = ()) -> Steps:
        project, step = self._functions()
        if key is not None:
            inputs, states = self._drop_counts()
            if self.dropout:
                project = partial(project, drops=_drops(key, 0, self.dropout, x, inputs))
            if self.recurrent_dropout:
                shape = (x[0], *(size or 1 for size in self.state_shapes(x[1:])[0]))
                step = partial(step, drops=_drops(key, 1, self.recurrent_dropout, shape, states))
        return Steps(project, step, ("kernel", "recurrent_kernel", "bias")[: 3 if self.use_bias else 2])


def _drops(key: jax.Array, place: int, rate: float, shape: tuple[int, ...], count: int) -> tuple[jax.Array, ...]:
    keys = jax.random.split(jax.random.fold_in(key, place), count)
    return tuple(dropout(jnp.ones(shape), one, rate) for one in keys)


class RowSettings(Settings):
    """Settings of the cells whose states are rows of numbers."""

    units: PositiveInt = Field(default=32, description="Number of outputs, and of numbers in a state.")
    activation: ActivationName = Field(default="tanh", description="Function applied to the new state.")


class RowCell(GateCell, RowSettings):
    """Base of the cells whose states are rows of numbers."""

    positional: ClassVar[tuple[str, ...]] = ("units",)
    caption: ClassVar[tuple[str, ...]] = ("units",)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        features, width = inputs[0][-1] or 0, self.gates * self.units
        return self.kernels((features, width), (self.units, width), self._bias_shape())

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def state_shapes(self, x: Shape) -> tuple[Shape, ...]:
        if len(x) != 1 or x[0] is None:
            raise ShapeError(f"{self.type_name()} needs a row of numbers at each step, but gets {show_shape(x)}.")
        return ((self.units,),) * len(self.state_names)


@register(category="Recurrent")
class SimpleRNNCell(RowCell):
    """What SimpleRNN does at each step: activation(x @ kernel + state @ recurrent_kernel + bias).

    https://keras.io/api/layers/recurrent_layers/simple_rnn_cell/
    """

    keras_class: ClassVar[str | None] = "SimpleRNNCell"

    def _functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        return ops.cell_project, partial(ops.simple_rnn_step, **self._settings)


class LSTMSettings(RowSettings):
    """What LSTM and its cell have in common."""

    recurrent_activation: ActivationName = Field(default="sigmoid", description="Function applied to the gates.")
    unit_forget_bias: bool = Field(default=True, description="Start the bias of the forget gate at 1.")


@register(category="Recurrent")
class LSTMCell(RowCell, LSTMSettings):
    """What LSTM does at each step: gates decide what its memory forgets, takes up and gives.

    https://keras.io/api/layers/recurrent_layers/lstm_cell/
    """

    gates: ClassVar[int] = 4
    state_names: ClassVar[tuple[str, ...]] = ("state_h", "state_c")
    keras_class: ClassVar[str | None] = "LSTMCell"
    keras_ignored: ClassVar[tuple[str, ...]] = ("implementation",)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return with_forget_bias(super().weights(*inputs), self.unit_forget_bias)

    def _functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        return ops.cell_project, partial(ops.lstm_step, **self._settings)


def with_forget_bias(weights: tuple[Weight, ...], wanted: bool) -> tuple[Weight, ...]:
    """The weights of a cell, the second quarter of the bias starting at 1."""
    return tuple(replace(weight, forget=wanted and weight.name == "bias") for weight in weights)


class GRUSettings(RowSettings):
    """What GRU and its cell have in common."""

    recurrent_activation: ActivationName = Field(default="sigmoid", description="Function applied to the gates.")
    reset_after: bool = Field(
        default=True, description="Apply the reset gate after the product with the recurrent kernel, not before."
    )


@register(category="Recurrent")
class GRUCell(RowCell, GRUSettings):
    """What GRU does at each step: gates decide how much of its state is replaced.

    https://keras.io/api/layers/recurrent_layers/gru_cell/
    """

    gates: ClassVar[int] = 3
    keras_class: ClassVar[str | None] = "GRUCell"
    keras_ignored: ClassVar[tuple[str, ...]] = ("implementation",)

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def _functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        return ops.cell_project, partial(ops.gru_step, reset_after=self.reset_after, **self._settings)


def _check_cells(cells: tuple[Layer, ...]) -> tuple[Layer, ...]:
    if not cells:
        raise ValueError("needs a cell or more")
    for cell in cells:
        if not isinstance(cell, Cell) or isinstance(cell, StackedRNNCells):
            raise ValueError(f"must hold cells such as LSTMCell, not {cell.type_name()}")
    return cells


@register(category="Recurrent")
class StackedRNNCells(Cell):
    """Cells on top of each other, each fed by the one below it at every step.

    https://keras.io/api/layers/recurrent_layers/stacked_rnn_cell/
    """

    cells: Annotated[tuple[InnerLayer, ...], Holds("layers"), AfterValidator(_check_cells)] = Field(
        default=(LSTMCell(), LSTMCell()), description="The cells, the lowest first."
    )

    keras_class: ClassVar[str | None] = "StackedRNNCells"
    positional: ClassVar[tuple[str, ...]] = ("cells",)

    @property
    def _cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if isinstance(cell, Cell))

    @property
    def _parts(self) -> tuple[tuple[str, Cell], ...]:
        """The cells by the names that Keras keeps them under: those of their classes, numbered from 1."""
        from engine.graph import snake_case

        seen: dict[str, int] = {}
        names: list[str] = []
        for cell in self.cells:
            name = snake_case(cell.type_name())
            names.append(f"cells/{name}_{seen[name]}" if name in seen else f"cells/{name}")
            seen[name] = seen.get(name, 0) + 1
        return tuple(zip(names, self._cells, strict=True))

    @property
    def state_names(self) -> tuple[str, ...]:
        return tuple(f"{name}_{number}" for number, cell in enumerate(self._cells, 1) for name in cell.state_names)

    def seed_generators(self) -> tuple[str, ...]:
        return tuple(f"{part}/{name}" for part, cell in self._parts for name in cell.seed_generators())

    def nested(self, states: Sequence[Any]) -> list[Any]:
        left = list(states)
        return [[left.pop(0) for _ in cell.state_names] for cell in self._cells]

    def _inputs(self, x: Shape) -> list[Shape]:
        """What goes into each cell."""
        shapes = [x]
        for cell in self._cells[:-1]:
            shapes.append(cell.state_shapes(shapes[-1])[0])
        return shapes

    def state_shapes(self, x: Shape) -> tuple[Shape, ...]:
        return tuple(
            shape
            for cell, given in zip(self._cells, self._inputs(x), strict=True)
            for shape in cell.state_shapes(given)
        )

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        given = self._inputs(inputs[0])
        return tuple(
            weight
            for (name, cell), shape in zip(self._parts, given, strict=True)
            for weight in prefixed(name, cell.weights(shape), cell.trainable)
        )

    def flops(self, *inputs: Shape) -> int:
        given = self._inputs(inputs[0])
        return sum(cell.flops(shape) for cell, shape in zip(self._cells, given, strict=True))

    def steps(self, key: jax.Array | None = None, x: tuple[int, ...] = ()) -> Steps:
        return self._stack(self._parts, key, x)

    def _stack(self, parts: tuple[tuple[str, Cell], ...], key: jax.Array | None, x: tuple[int, ...]) -> Steps:
        (name, cell), *others = parts
        one = None if key is None else jax.random.fold_in(key, len(parts))
        low = cell.steps(one, x)
        names = tuple(f"{name}/{weight}" for weight in low.weights)
        if not others:
            return Steps(low.project, low.step, names)
        size = () if not x else (x[0], *(number or 1 for number in cell.state_shapes(x[1:])[0]))
        high = self._stack(tuple(others), key, size)
        states = len(cell.state_names)
        return Steps(
            partial(ops.stacked_project, below=low.project, count=len(names)),
            partial(
                ops.stacked_step,
                below=low.step,
                project=high.project,
                above=high.step,
                states_below=states,
                count=len(names),
            ),
            (*names, *high.weights),
            states + high.output,
        )
