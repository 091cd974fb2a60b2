"""A layer of a model file that this program does not have: kept as it is, and written back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, JsonValue

from engine.fields import Holds
from engine.layer import Layer, NoType
from engine.op import Context
from engine.registry import register
from engine.shapes import Shape
from engine.weights import Weight, Weights

if TYPE_CHECKING:
    import jax


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


Json = Annotated[JsonValue, Holds("hidden")]
Shapes = Annotated[tuple[tuple[int | None, ...] | None, ...], Holds("hidden"), BeforeValidator(_tuples)]
Arrays = Annotated[tuple[tuple[str, tuple[int, ...], str], ...], Holds("hidden"), BeforeValidator(_tuples)]


@register(category="Unknown", hidden=True)
class Placeholder(Layer):
    """Stands for a layer that is not known here. Its config is data, of which nothing is ever executed.

    `entry` is what the Keras file has of it; `call` the arguments of its call, each tensor as {"port": number};
    `reason` says why it is not known, as the end of a sentence
    that begins with the layer's name; `shapes` are those of its outputs, as far as the file tells them;
    `arrays` are the name, shape and type of each of its weights.
    """

    dtype: NoType = None
    entry: Json = Field(default_factory=dict, description="What the file has of the layer.")
    reason: str = Field(default="is not known here.", description="Why it cannot be computed.")
    call: Json = Field(default=None, description="How the layer is called.")
    shapes: Shapes = Field(default=(None,), description="The shapes of its outputs.")
    arrays: Arrays = Field(default=(), description="Its weights.")

    min_inputs: ClassVar[int] = 0
    max_inputs: ClassVar[int | None] = None
    supports_masking: ClassVar[bool] = True

    @property
    def saved_class(self) -> str:
        return str(self.saved["class_name"])

    @property
    def shown_class(self) -> str:
        return f"{self.saved_class} (placeholder)"

    @property
    def saved(self) -> Mapping[str, Any]:
        """The entry as a mapping."""
        assert isinstance(self.entry, dict)
        return self.entry

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("",) if len(self.shapes) == 1 else tuple(f"output {i + 1}" for i in range(len(self.shapes)))

    @property
    def trouble(self) -> str | None:
        return f"{self.reason.removesuffix('.')}. It is kept as it is, but cannot be computed."

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return tuple(Weight(name, shape, "zeros", dtype=dtype) for name, shape, dtype in self.arrays)

    def output_shape(self, *inputs: Shape) -> Shape:
        raise NotImplementedError(self.trouble)

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        known = tuple(shape for shape in self.shapes if shape is not None)
        return known if len(known) == len(self.shapes) else ()

    def keras_call(self, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        ports = len(list(_ports(self.call)))
        if not isinstance(self.call, dict) or ports != len(tensors):  # the wires are others by now
            return [tensors[0] if len(tensors) == 1 else list(tensors)], {}
        filled = _filled(self.call, tensors)
        return filled["args"], filled["kwargs"]

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> Any:
        raise NotImplementedError(self.trouble)


def _ports(call: Any) -> Iterator[int]:
    if isinstance(call, dict) and call.keys() == {"port"}:
        yield call["port"]
    elif isinstance(call, dict | list):
        for value in call.values() if isinstance(call, dict) else call:
            yield from _ports(value)


def _filled(call: Any, tensors: Sequence[Any]) -> Any:
    """The arguments of a call with the tensors in their places."""
    if isinstance(call, dict):
        if call.keys() == {"port"}:
            return tensors[call["port"]]
        return {key: _filled(value, tensors) for key, value in call.items()}
    return [_filled(value, tensors) for value in call] if isinstance(call, list) else call
