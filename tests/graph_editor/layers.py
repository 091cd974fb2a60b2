"""Layers of kinds that few real ones are of all at once, to see that the window carries them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from engine.fields import ConstraintName, InitializerName, RegularizerName, Settings
from engine.layer import InnerLayer, Layer, Weighted
from engine.layers.core import Dense, Input
from engine.project import Project
from engine.shapes import Shape
from engine.templates import chain
from engine.weights import Weight


class Remembering(Weighted):
    """Gives a sequence and two states; takes states too."""

    units: int = 8
    kernel_initializer: InitializerName = "glorot_uniform"
    kernel_regularizer: RegularizerName | None = None
    kernel_constraint: ConstraintName | None = None

    max_inputs: ClassVar[int | None] = 3
    input_names: ClassVar[tuple[str, ...]] = ("sequence", "initial_state")
    category = "Recurrent"

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("sequence", "state_h", "state_c")

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("kernel", (inputs[0][-1] or 0, self.units), self.kernel_initializer),)

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0][:-1], self.units)

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        return self.output_shape(*inputs), (self.units,), (self.units,)


class Attending(Layer):
    """Takes a query and a value, and perhaps a key."""

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 3
    input_names: ClassVar[tuple[str, ...]] = ("query", "value", "key")
    category = "Attention"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


class Wrapping(Layer):
    """Holds a layer."""

    layer: InnerLayer = Field(default=Dense(), description="What it does at each step.")
    backward: InnerLayer | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.layer.output_shape(*inputs)


class Holding(Settings):
    """Settings of the rarer kinds."""

    layers: tuple[InnerLayer, ...] = ()
    points: tuple[float, ...] = (0.0, 1.0)
    words: tuple[str, ...] = ()
    shape: tuple[int | None, ...] = (None, 8)


def stateful_project() -> Project:
    """input to remembering to attending, of which the second input is free."""
    graph, first = chain(Input(shape=(None, 4)), Remembering())
    graph, _ = chain(Attending(), graph=graph, after=first)
    return Project(graph)
