"""EinsumDense: a dense layer along any axes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from engine.errors import ShapeError
from engine.fields import ActivationName, PositiveInt, repeated
from engine.layers.kernel import Kernel
from engine.op import Op
from engine.ops import einsum as ops
from engine.registry import register
from engine.shapes import Shape, count, known_sizes, show_shape
from engine.weights import Weight

_FORM = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


def _check_equation(equation: str) -> str:
    found = _FORM.fullmatch(equation.replace(" ", ""))
    if found is None or (found[1], found[3]) != (found[5], found[7]) or (found[1] and found[3]):
        raise ValueError(
            "must look like ab,bc->ac or ...x,xy->...y: axes of the input, of the kernel, of the output"
        )
    if any(len(set(axes)) < len(axes) for axes in (found[2], found[4], found[6])):
        raise ValueError("names an axis twice")
    if not set(found[6]) <= {*found[2], *found[4]} or not set(found[4]) <= {*found[2], *found[6]}:
        raise ValueError("names an axis that has no other to meet")
    return equation.replace(" ", "")


@dataclass(frozen=True)
class _Sizes:
    """What an equation makes of an input: the shapes of kernel, bias and output, and the kernel's fans."""

    kernel: tuple[int, ...]
    bias: tuple[int, ...]
    output: Shape
    fans: tuple[int, int]


@register(category="Core")
class EinsumDense(Kernel):
    """Densely connected layer along the axes that an equation names.

    "abc,cd->abd" is a Dense layer for sequences: a stands for the batch, b for the steps, c for the features.
    https://keras.io/api/layers/core_layers/einsum_dense/
    """

    equation: Annotated[str, AfterValidator(_check_equation)] = Field(
        default="...x,xy->...y", description="Axes of the input, of the kernel and of the output, a letter each."
    )
    result_shape: Annotated[tuple[PositiveInt | None, ...], Field(min_length=1), repeated(1)] = Field(
        default=(64,),
        description="Shape of the output (Keras: output_shape) without the batch; ? as in the input.",
    )
    activation: ActivationName = Field(default="linear", description="Function applied to each output.")
    bias_axes: str | None = Field(default=None, description="Axes of the output that get a bias; none, if empty.")

    keras_class: ClassVar[str | None] = "EinsumDense"
    positional: ClassVar[tuple[str, ...]] = ("equation",)
    caption: ClassVar[tuple[str, ...]] = ("equation",)
    keras_ignored: ClassVar[tuple[str, ...]] = ("lora_alpha",)

    def _sizes(self, shape: Shape) -> _Sizes:
        found = _FORM.fullmatch(self.equation)
        assert found is not None
        left, given, right, kernel_axes, _, result, _ = found.groups()
        full = (None, *shape)
        hidden = len(full) - len(given)
        if hidden < bool(left) or (hidden and not (left or right)):
            raise ShapeError(f"{self.equation} does not fit an input of {show_shape(shape)}.", "equation")
        named_part = full[hidden:] if left else full[: len(given)]
        sizes = dict(zip(given, named_part, strict=True))
        between = full[1:hidden] if left else ()
        behind = full[len(given) :] if right else ()
        output = (*between, *self.result_shape, *behind)
        tail = output[hidden - 1 :] if left else output[: len(result) - 1]
        letters = result if left else result[1:]
        if len(output) != len(letters) + len(between) + len(behind):
            raise ShapeError(
                f"The shape of the output has not the axes that {self.equation} names.", "result_shape"
            )
        wanted = dict(zip(letters, tail, strict=True))
        for letter, size in wanted.items():
            if letter in sizes and size is not None and size != sizes[letter]:
                text = f"Axis {letter} is {size} in the output, but {sizes[letter]} in the input."
                raise ShapeError(text, "result_shape")
        every = {**sizes, **{k: v for k, v in wanted.items() if v is not None}}
        kernel = known_sizes("EinsumDense", tuple(wanted.get(letter, sizes.get(letter)) for letter in kernel_axes))
        inward = math.prod(size for letter, size in zip(kernel_axes, kernel, strict=True) if letter not in wanted)
        outward = math.prod(size for letter, size in zip(kernel_axes, kernel, strict=True) if letter in wanted)
        filled = (every[letter] for letter in letters)
        output = (*between, *filled) if left else (*filled, *behind)
        return _Sizes(kernel, self._bias(result, every, len(behind)), output, (inward, outward))

    def _bias(self, result: str, sizes: Mapping[str, int | None], behind: int) -> tuple[int, ...]:
        if self.bias_axes is None:
            return ()
        if not set(self.bias_axes) <= set(result) or not self.bias_axes:
            raise ShapeError(f"The output of {self.equation} has no axes {self.bias_axes}.", "bias_axes")
        first = min(result.index(letter) for letter in self.bias_axes)
        axes = tuple(sizes[letter] if letter in self.bias_axes else 1 for letter in result[first:])
        return (*known_sizes("EinsumDense", axes), *(1,) * behind)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        sizes = self._sizes(inputs[0])
        kernel = self.kernel_of("kernel", sizes.kernel, sizes.fans)
        return (kernel, self.bias(*sizes.bias)) if self.bias_axes is not None else (kernel,)

    def output_shape(self, *inputs: Shape) -> Shape:
        return self._sizes(inputs[0]).output

    @property
    def flops_each(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return (self.bias_axes is not None) + (self.activation != "linear")

    def flops(self, *inputs: Shape) -> int:
        """Each number that comes out is a sum over the axes of the kernel that the output has not."""
        sizes = self._sizes(inputs[0])
        return (2 * sizes.fans[0] + self.flops_each) * count(sizes.output)

    def op(self) -> Op:
        return Op(ops.einsum_dense, ("kernel", "bias"), {"equation": self.equation})

    def keras_arguments(self) -> dict[str, Any]:
        arguments = super().keras_arguments()
        shape = arguments.pop("result_shape")
        return {**arguments, "output_shape": shape}

    @classmethod
    def from_keras(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"result_shape" if key == "output_shape" else key: value for key, value in config.items()}
