"""Layers that make one of several inputs."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from engine.errors import ShapeError
from engine.layer import InsertBefore, Layer, Op, Shape, register, show_shape
from engine.layers.reshaping import Flatten
from engine.ops import core as ops


def _flatten_all(inputs: tuple[Shape, ...]) -> tuple[InsertBefore, ...]:
    return tuple(InsertBefore(Flatten(), port) for port, shape in enumerate(inputs) if len(shape) > 1)


class _Merge(Layer):
    """What merging layers share: any number of inputs from two on, in the order of their ports."""

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None


@register(category="Merging")
class Concatenate(_Merge):
    """Puts its inputs one behind the other. https://keras.io/api/layers/merging_layers/concatenate/"""

    axis: int = Field(default=-1, description="The axis that grows, counted with the batch as 0; -1 is the last.")

    keras_class: ClassVar[str | None] = "Concatenate"
    caption: ClassVar[tuple[str, ...]] = ("axis",)

    def output_shape(self, *inputs: Shape) -> Shape:
        shown = " and ".join(show_shape(shape) for shape in inputs)
        if len({len(shape) for shape in inputs}) > 1:
            raise ShapeError(
                f"Concatenate needs inputs with the same number of axes, but gets {shown}.",
                repairs=_flatten_all(inputs),
            )
        rank = len(inputs[0]) + 1
        axis = self.axis if self.axis >= 0 else self.axis + rank
        if not 1 <= axis < rank:
            raise ShapeError(f"Axis {self.axis} is not one of the {rank - 1} axes of a sample.", "axis")
        axis -= 1
        for position, sizes in enumerate(zip(*inputs, strict=True)):
            if position != axis and len(set(sizes) - {None}) > 1:
                raise ShapeError(
                    f"Concatenate needs inputs of equal size on all axes but {self.axis}, and gets {shown}.",
                    repairs=_flatten_all(inputs),
                )
        along = [shape[axis] for shape in inputs]
        total = None if None in along else sum(size or 0 for size in along)
        return (*inputs[0][:axis], total, *inputs[0][axis + 1 :])

    def op(self) -> Op:
        return Op(ops.concatenate, settings={"axis": self.axis})


@register(category="Merging")
class Add(_Merge):
    """Adds its inputs, number by number. https://keras.io/api/layers/merging_layers/add/"""

    keras_class: ClassVar[str | None] = "Add"

    def output_shape(self, *inputs: Shape) -> Shape:
        result = inputs[0]
        for shape in inputs[1:]:
            result = _broadcast(result, shape, inputs)
        return result

    def op(self) -> Op:
        return Op(ops.add)


def _broadcast(a: Shape, b: Shape, inputs: tuple[Shape, ...]) -> Shape:
    if len(a) != len(b) or any(
        x != y and 1 not in (x, y) and None not in (x, y) for x, y in zip(a, b, strict=True)
    ):
        shown = " and ".join(show_shape(shape) for shape in inputs)
        raise ShapeError(f"Add needs inputs of one shape, but gets {shown}.")
    return tuple(y if x == 1 or x is None else x for x, y in zip(a, b, strict=True))
