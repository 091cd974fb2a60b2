"""Layers that make one of several inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from engine.errors import ShapeError
from engine.fields import repeated
from engine.layer import Layer
from engine.layers.aligning import alignments
from engine.op import Op
from engine.ops import merging as ops
from engine.registry import register
from engine.repairs import Repair, SetField
from engine.shapes import Shape, count, show_shape


def _shown(inputs: tuple[Shape, ...]) -> str:
    return " and ".join(show_shape(shape) for shape in inputs)


class _Merge(Layer):
    """What merging layers share: any number of inputs from two on, in the order of their ports."""

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None


@register(category="Merging")
class Concatenate(_Merge):
    """Puts its inputs one behind the other. https://keras.io/api/layers/merging_layers/concatenate/"""

    axis: int = Field(default=-1, description="The axis that grows, counted with the batch as 0; -1 is the last.")

    keras_class: ClassVar[str | None] = "Concatenate"
    flops_each: ClassVar[int] = 0
    caption: ClassVar[tuple[str, ...]] = ("axis",)

    def output_shape(self, *inputs: Shape) -> Shape:
        if len({len(shape) for shape in inputs}) > 1:
            raise ShapeError(
                f"Concatenate needs inputs with the same number of axes, but gets {_shown(inputs)}.",
                repairs=self._alignments(inputs),
            )
        rank = len(inputs[0])
        axis = self._position(rank)
        if axis not in range(rank):
            raise ShapeError(f"Axis {self.axis} is not one of the {rank} axes of a sample.", "axis")
        if not self._equal_but(axis, inputs):
            raise ShapeError(
                f"Concatenate needs inputs of equal size on all axes but {self.axis}, and gets {_shown(inputs)}.",
                repairs=(*self._other_axis(inputs), *self._alignments(inputs)),
            )
        along = [shape[axis] for shape in inputs]
        total = None if None in along else sum(size or 0 for size in along)
        return (*inputs[0][:axis], total, *inputs[0][axis + 1 :])

    @staticmethod
    def _equal_but(axis: int, inputs: tuple[Shape, ...]) -> bool:
        columns = enumerate(zip(*inputs, strict=True))
        return all(position == axis or len(set(sizes) - {None}) <= 1 for position, sizes in columns)

    def _alignments(self, inputs: tuple[Shape, ...]) -> tuple[Repair, ...]:
        return alignments(inputs, self._fits, self._position(len(inputs[0])))

    def _fits(self, inputs: tuple[Shape, ...]) -> bool:
        rank = len(inputs[0])
        alike = all(len(shape) == rank for shape in inputs)
        return alike and self._position(rank) in range(rank) and self._equal_but(self._position(rank), inputs)

    def _position(self, rank: int) -> int:
        """The axis that grows, counted without the batch."""
        return self.axis - 1 if self.axis >= 0 else self.axis + rank

    def _other_axis(self, inputs: tuple[Shape, ...]) -> tuple[Repair, ...]:
        """The one axis that all sizes but its own agree on."""
        differing = [axis for axis, sizes in enumerate(zip(*inputs, strict=True)) if len(set(sizes)) > 1]
        return (SetField("axis", differing[0] + 1),) if len(differing) == 1 else ()

    def op(self) -> Op:
        return Op(ops.concatenate, settings={"axis": self.axis})

    def mask_op(self) -> Op:
        return Op(ops.concatenated_mask, settings={"axis": self.axis}, all_masks=True)


def _columns(inputs: tuple[Shape, ...]) -> list[tuple[int | None, ...]]:
    """The sizes of all inputs axis by axis, where those that lack axes have sizes of 1."""
    rank = max(map(len, inputs))
    return list(zip(*((1,) * (rank - len(shape)) + shape for shape in inputs), strict=True))


def _broadcast(inputs: tuple[Shape, ...]) -> bool:
    """Whether inputs can be merged number by number."""
    return all(len(set(sizes) - {1, None}) <= 1 for sizes in _columns(inputs))


def _size(sizes: tuple[int | None, ...]) -> int | None:
    return None if None in sizes else next((size for size in sizes if size != 1), 1)


class _Elementwise(_Merge):
    """What layers share that merge their inputs number by number.

    A size of 1 fits any other, and an input with fewer axes lacks those behind the batch.
    """

    def output_shape(self, *inputs: Shape) -> Shape:
        if not _broadcast(inputs):
            raise ShapeError(
                f"{self.type_name()} needs inputs of one shape, but gets {_shown(inputs)}.",
                repairs=alignments(inputs, _broadcast),
            )
        return tuple(map(_size, _columns(inputs)))

    def flops(self, *inputs: Shape) -> int:
        """An operation for each input but the first."""
        return (len(inputs) - 1) * count(self.output_shape(*inputs))

    def mask_op(self) -> Op:
        return Op(ops.either_mask, all_masks=True)

    def masked(self, masks: Sequence[bool]) -> tuple[int, ...]:
        return self.masked_outputs if all(masks) else ()


@register(category="Merging")
class Add(_Elementwise):
    """Adds its inputs, number by number. https://keras.io/api/layers/merging_layers/add/"""

    keras_class: ClassVar[str | None] = "Add"

    def op(self) -> Op:
        return Op(ops.add)


@register(category="Merging")
class Subtract(_Elementwise):
    """Subtracts its second input from the first. https://keras.io/api/layers/merging_layers/subtract/"""

    max_inputs: ClassVar[int | None] = 2
    keras_class: ClassVar[str | None] = "Subtract"

    def op(self) -> Op:
        return Op(ops.subtract)


@register(category="Merging")
class Multiply(_Elementwise):
    """Multiplies its inputs, number by number. https://keras.io/api/layers/merging_layers/multiply/"""

    keras_class: ClassVar[str | None] = "Multiply"

    def op(self) -> Op:
        return Op(ops.multiply, all_masks=True)


@register(category="Merging")
class Average(_Elementwise):
    """The mean of its inputs, number by number. https://keras.io/api/layers/merging_layers/average/"""

    keras_class: ClassVar[str | None] = "Average"

    def flops(self, *inputs: Shape) -> int:
        """The sum, and a division."""
        return super().flops(*inputs) + count(self.output_shape(*inputs))

    def op(self) -> Op:
        return Op(ops.average)


@register(category="Merging")
class Maximum(_Elementwise):
    """The largest of its inputs, number by number. https://keras.io/api/layers/merging_layers/maximum/"""

    keras_class: ClassVar[str | None] = "Maximum"

    def op(self) -> Op:
        return Op(ops.maximum, all_masks=True)


@register(category="Merging")
class Minimum(_Elementwise):
    """The smallest of its inputs, number by number. https://keras.io/api/layers/merging_layers/minimum/"""

    keras_class: ClassVar[str | None] = "Minimum"

    def op(self) -> Op:
        return Op(ops.minimum, all_masks=True)


def _no_batch(axes: tuple[int, int]) -> tuple[int, int]:
    if 0 in axes:
        raise ValueError("must not be 0, the axis of the batch")
    return axes


@register(category="Merging")
class Dot(_Merge):
    """Sums of products of two inputs along an axis of each. https://keras.io/api/layers/merging_layers/dot/"""

    axes: Annotated[tuple[int, int], repeated(2), AfterValidator(_no_batch)] = Field(
        default=(-1, -1),
        description="The axis of each input, counted with the batch as 0; -1 is the last.",
    )
    normalize: bool = Field(default=False, description="Scale to a length of 1 first, which gives the cosine.")

    max_inputs: ClassVar[int | None] = 2
    spends_masks: ClassVar[bool] = True
    keras_class: ClassVar[str | None] = "Dot"
    positional: ClassVar[tuple[str, ...]] = ("axes",)
    caption: ClassVar[tuple[str, ...]] = ("axes",)

    def keras_arguments(self) -> dict[str, Any]:
        first, second = self.axes
        return {**super().keras_arguments(), "axes": first if first == second else [first, second]}

    def output_shape(self, *inputs: Shape) -> Shape:
        positions = [self._position(axis, shape) for axis, shape in zip(self.axes, inputs, strict=True)]
        sizes = [shape[position] for position, shape in zip(positions, inputs, strict=True)]
        if sizes[0] != sizes[1]:
            raise ShapeError(
                f"Dot needs axes of equal size, but axis {self.axes[0]} of {show_shape(inputs[0])} "
                f"and axis {self.axes[1]} of {show_shape(inputs[1])} differ.",
                "axes",
            )
        rest = [
            size
            for position, shape in zip(positions, inputs, strict=True)
            for size in shape[:position] + shape[position + 1 :]
        ]
        return tuple(rest or (1,))

    def flops(self, *inputs: Shape) -> int:
        """A product for each number along the summed axis; scaling to a length of 1 takes three."""
        summed = inputs[0][self._position(self.axes[0], inputs[0])] or 0
        scaling = 3 * count(*inputs) if self.normalize else 0
        return 2 * summed * count(self.output_shape(*inputs)) + scaling

    @staticmethod
    def _position(axis: int, shape: Shape) -> int:
        found = axis - 1 if axis > 0 else axis + len(shape)
        if not 0 <= found < len(shape):
            raise ShapeError(f"Axis {axis} is not one of the {len(shape)} axes of {show_shape(shape)}.", "axes")
        return found

    def op(self) -> Op:
        return Op(ops.dot, settings={"axes": self.axes, "normalize": self.normalize})
