"""LSTM layers whose products are convolutions: for sequences of pictures, and of what has one or three axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from pydantic import Field

from engine.errors import ShapeError
from engine.fields import ActivationName, Padding, Pair, PositiveInt, Settings, Single, Triple
from engine.layers.cells import Cell, GateCell, GateSettings, with_forget_bias
from engine.layers.recurrent import Recurrent
from engine.ops import recurrent as ops
from engine.registry import register
from engine.repairs import SetField
from engine.shapes import Shape, show_shape
from engine.weights import Weight


class ConvSettings(Settings):
    """What the layers of all ranks, and their cell, have in common."""

    filters: PositiveInt = Field(default=32, description="Number of kernels, and so of output channels.")
    padding: Padding = Field(default="valid", description="'same' pads the border with zeros, 'valid' does not.")
    activation: ActivationName = Field(default="tanh", description="Function applied to the new state.")
    recurrent_activation: ActivationName = Field(default="sigmoid", description="Function applied to the gates.")
    unit_forget_bias: bool = Field(default=True, description="Start the bias of the forget gate at 1.")


class ConvLSTMCell(GateCell, ConvSettings):
    """The cell of the layers below; Keras has it, too, but lets nobody use it."""

    kernel_size: tuple[int, ...] = (3, 3)
    strides: tuple[int, ...] = (1, 1)
    dilation_rate: tuple[int, ...] = (1, 1)

    gates: ClassVar[int] = 4
    state_names: ClassVar[tuple[str, ...]] = ("state_h", "state_c")

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels, width = inputs[0][-1] or 0, 4 * self.filters
        made = self.kernels(
            (*self.kernel_size, channels, width), (*self.kernel_size, self.filters, width), (width,)
        )
        return with_forget_bias(made, self.unit_forget_bias)

    def state_shapes(self, x: Shape) -> tuple[Shape, ...]:
        sizes = tuple(map(self._size, x[:-1], self.kernel_size, self.strides, self.dilation_rate))
        return ((*sizes, self.filters),) * 2

    def _size(self, size: int | None, kernel: int, stride: int, dilation: int) -> int:
        reach = (kernel - 1) * dilation + 1
        left = (size or 1) if self.padding == "same" else (size or 1) - reach + 1
        if left < 1:
            raise ShapeError(
                f"A window of {reach} does not fit into a size of {size}.",
                "kernel_size",
                (SetField("padding", "same"),),
            )
        return -(-left // stride)

    def _drop_counts(self) -> tuple[int, int]:
        return 4, 4

    def _functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        settings: dict[str, Any] = {"padding": self.padding}
        if max(self.strides) > 1:
            settings["strides"] = self.strides
        if max(self.dilation_rate) > 1:
            settings["dilation_rate"] = self.dilation_rate
        project = partial(ops.cell_project, multiply=partial(ops.convolve, **settings))
        return project, partial(ops.conv_lstm_step, **self._settings)


class ConvLSTM(Recurrent, GateSettings, ConvSettings):
    """Base of the layers of all ranks."""

    rank: ClassVar[int] = 2
    axes: ClassVar[str] = ""
    """The axes of a sample, in words."""
    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
    positional: ClassVar[tuple[str, ...]] = ("filters", "kernel_size")
    caption: ClassVar[tuple[str, ...]] = ("filters", "kernel_size")

    def made_of(self) -> Cell:
        return ConvLSTMCell.with_settings_of(self)

    def check_sequence(self, x: Shape) -> None:
        if len(x) != self.rank + 2 or None in x[1:]:
            raise ShapeError(
                f"{self.type_name()} needs sequences ({self.axes}) of known sizes, but gets {show_shape(x)}."
            )
        cell = self.made_of()
        assert isinstance(cell, ConvLSTMCell)
        if max(cell.strides) > 1 and max(cell.dilation_rate) > 1:
            raise ShapeError(
                "Strides and dilation cannot both be larger than 1.",
                "dilation_rate",
                (SetField("dilation_rate", (1,) * self.rank),),
            )


@register(category="Recurrent")
class ConvLSTM1D(ConvLSTM):
    """An LSTM whose products are convolutions along one axis: for sequences of series.

    https://keras.io/api/layers/recurrent_layers/conv_lstm1d/
    """

    kernel_size: Single = Field(default=(3,), description="Length of a kernel.")
    strides: Single = Field(default=(1,), description="Steps of the kernel.")
    dilation_rate: Single = Field(default=(1,), description="Spacing between the points of a kernel.")

    rank: ClassVar[int] = 1
    axes: ClassVar[str] = "steps × length × channels"
    keras_class: ClassVar[str | None] = "ConvLSTM1D"


@register(category="Recurrent")
class ConvLSTM2D(ConvLSTM):
    """An LSTM whose products are convolutions over pictures: for films.

    https://keras.io/api/layers/recurrent_layers/conv_lstm2d/
    """

    kernel_size: Pair = Field(default=(3, 3), description="Height and width of a kernel.")
    strides: Pair = Field(default=(1, 1), description="Steps of the kernel down and across.")
    dilation_rate: Pair = Field(default=(1, 1), description="Spacing between the points of a kernel.")

    axes: ClassVar[str] = "steps × height × width × channels"
    keras_class: ClassVar[str | None] = "ConvLSTM2D"


@register(category="Recurrent")
class ConvLSTM3D(ConvLSTM):
    """An LSTM whose products are convolutions over volumes.

    https://keras.io/api/layers/recurrent_layers/conv_lstm3d/
    """

    kernel_size: Triple = Field(default=(3, 3, 3), description="Depth, height and width of a kernel.")
    strides: Triple = Field(default=(1, 1, 1), description="Steps of the kernel along the three axes.")
    dilation_rate: Triple = Field(default=(1, 1, 1), description="Spacing between the points of a kernel.")

    rank: ClassVar[int] = 3
    axes: ClassVar[str] = "steps × depth × height × width × channels"
    keras_class: ClassVar[str | None] = "ConvLSTM3D"
