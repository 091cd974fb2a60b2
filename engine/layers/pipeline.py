"""Several layers as one, in a row."""

from __future__ import annotations

from functools import partial
from typing import Annotated, ClassVar

import jax
from pydantic import AfterValidator, Field

from engine.fields import Holds
from engine.graph import snake_case
from engine.layer import InnerLayer, Layer, NoType
from engine.layers.augmentation_geometry import RandomFlip
from engine.op import Context, Op
from engine.ops import core as ops
from engine.ops.activations import ACTIVATIONS
from engine.registry import register
from engine.shapes import Shape
from engine.weights import Weights


def _check_layers(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    if not layers:
        raise ValueError("needs at least one layer")
    for layer in layers:
        if (layer.min_inputs, layer.max_inputs) != (1, 1) or layer.output_names != ("",) or not layer.has_output:
            raise ValueError(f"takes layers with one input and one output, not {layer.type_name()}")
        if type(layer).weights is not Layer.weights or layer.learns or layer.host_op() is not None:
            raise ValueError(f"takes layers that learn nothing, not {layer.type_name()}")
    return layers


@register(category="Preprocessing")
class Pipeline(Layer):
    """Applies layers one after the other, such as several random changes of a picture.

    The layers own no weights. https://keras.io/api/layers/preprocessing_layers/image_augmentation/
    """

    dtype: NoType = None
    layers: Annotated[tuple[InnerLayer, ...], Holds("layers"), AfterValidator(_check_layers)] = Field(
        default=(RandomFlip(),), description="The layers, the first one first."
    )

    keras_class: ClassVar[str | None] = "Pipeline"
    keras_lacks: ClassVar[tuple[str, ...]] = ("trainable", "dtype")
    positional: ClassVar[tuple[str, ...]] = ("layers",)
    casts: ClassVar[bool] = False

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        for layer in self.layers:
            shape = layer.output_shape(shape)
        return shape

    def flops(self, *inputs: Shape) -> int:
        (shape,), total = inputs, 0
        for layer in self.layers:
            total += layer.flops(shape)
            shape = layer.output_shape(shape)
        return total

    def op(self) -> Op:
        return Op(ops.in_turn, settings={"functions": tuple(map(_function, self.layers))})

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        (x,) = inputs
        for number, layer in enumerate(self.layers):
            x = layer.apply({}, x.astype("float32") if layer.casts else x, ctx=ctx.part(number))
        return x

    def seed_generators(self) -> tuple[str, ...]:
        paths: list[str] = []
        counts: dict[str, int] = {}
        for layer in self.layers:
            name = snake_case(layer.type_name())
            number = counts[name] = counts.get(name, -1) + 1
            start = f"layers/{name}_{number}" if number else f"layers/{name}"
            paths += [f"{start}/{path}" for path in layer.seed_generators()]
        return tuple(paths)


def _function(layer: Layer) -> partial[jax.Array]:
    """What a layer computes at inference, as a function of its input."""
    op = layer.op()
    function = partial(op.function, **op.settings)
    name = layer.activation_name
    if name in (None, "linear"):
        return function
    return partial(ops.activated, function=function, activation=ACTIVATIONS[name or ""])
