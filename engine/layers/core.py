"""Input and Output, Dense, Activation."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import jax
from pydantic import AfterValidator, Field

from engine.chosen_metrics import CHOICES
from engine.class_weight import shown_class_weight
from engine.errors import ShapeError
from engine.fields import ActivationName, Choice, PositiveInt, one_of
from engine.layer import Content, Layer, NoType
from engine.layers.kernel import Kernel
from engine.losses import LOSSES
from engine.metrics import METRICS
from engine.op import Context, Op
from engine.ops import core as ops
from engine.registry import register
from engine.shapes import Shape, show_shape
from engine.weights import Weight, Weights


def _check_shape(shape: Shape) -> Shape:
    if math.prod(size or 1 for size in shape) > 2**31:
        raise ValueError("is larger than two thousand million numbers a sample")
    return shape


LossName = Annotated[str, Choice(tuple(LOSSES)), one_of(LOSSES)]
MetricText = Annotated[str, CHOICES, AfterValidator(CHOICES.check)]


@register(category="Input and output")
class Input(Layer):
    """Where a feature of the data enters the network."""

    shape: Annotated[tuple[PositiveInt | None, ...], AfterValidator(_check_shape)] = Field(
        default=(64,),
        description="Shape of one sample, without the batch: height, width, channels. ? leaves a size open.",
    )
    dtype: Literal["float32", "float16", "bfloat16", "int32", "uint8", "bool", "string"] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default="float32", description="Type of the numbers, or text."
    )
    batch_size: PositiveInt | None = Field(
        default=None,
        description="Samples per batch where the network can do with no other number.",
        json_schema_extra={"rare": True},
    )

    min_inputs: ClassVar[int] = 0
    max_inputs: ClassVar[int | None] = 0
    flops_each: ClassVar[int] = 0
    keras_class: ClassVar[str | None] = "InputLayer"
    positional: ClassVar[tuple[str, ...]] = ("shape",)
    caption: ClassVar[tuple[str, ...]] = ("shape",)

    @property
    def gives(self) -> Content:
        return "text" if self.dtype == "string" else "numbers"

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape

    def op(self) -> Op:
        return Op(ops.identity)


@register(category="Input and output")
class Output(Layer):
    """What the network is to predict: names a target of the data and says how far off a prediction is."""

    spends_masks: ClassVar[bool] = True
    dtype: NoType = None
    loss: LossName | None = Field(
        default="sparse_categorical_crossentropy",
        description="What training makes small; without one, the output is only predicted.",
    )
    loss_weight: Annotated[float, Field(ge=0)] = Field(
        default=1.0, description="Share of this output in the total loss of a network with several outputs."
    )
    metrics: tuple[MetricText, ...] = Field(
        default=("accuracy",), description="Figures shown beside the loss; they do not steer training."
    )
    class_weight: Annotated[str, AfterValidator(shown_class_weight)] = Field(
        default="",
        description="How much a class counts in the loss: a number each, such as 1, 2.5; or 'balanced', so that "
        "rare classes count as much as frequent ones.",
    )

    has_output: ClassVar[bool] = False
    flops_each: ClassVar[int] = 0
    casts: ClassVar[bool] = False
    parts_choose: ClassVar[bool] = True
    caption: ClassVar[tuple[str, ...]] = ("loss",)

    def offers(self, name: str) -> tuple[str, ...] | None:
        if name != "metrics":
            return super().offers(name)
        return tuple(m.name for m in METRICS.values() if self.loss is not None and m.offered(self.loss))

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def op(self) -> Op:
        return Op(ops.identity)


@register(category="Core")
class Dense(Kernel):
    """Densely connected layer: activation(x @ kernel + bias), along the last axis.

    https://keras.io/api/layers/core_layers/dense/
    """

    units: PositiveInt = Field(default=64, description="Number of outputs.")
    activation: ActivationName = Field(default="linear", description="Function applied to each output.")
    use_bias: bool = Field(default=True, description="Add a learned number to each output.")

    keras_class: ClassVar[str | None] = "Dense"
    positional: ClassVar[tuple[str, ...]] = ("units",)
    caption: ClassVar[tuple[str, ...]] = ("units", "activation")
    supports_masking: ClassVar[bool] = True

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return self.kernel_and_bias((inputs[0][-1] or 0, self.units), self.units)

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if not shape or shape[-1] is None:
            raise ShapeError(f"Dense needs a known number of features, but gets {show_shape(shape)}.")
        return (*shape[:-1], self.units)

    def op(self) -> Op:
        return Op(ops.dense, ("kernel", "bias"))

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        return ctx.activate(self.activation, self.op_by(ops.dense_for_training, ctx)(w, *inputs))


@register(category="Core")
class Identity(Layer):
    """Passes its input on as it is. https://keras.io/api/layers/core_layers/identity/"""

    keras_class: ClassVar[str | None] = "Identity"
    flops_each: ClassVar[int] = 0
    supports_masking: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def op(self) -> Op:
        return Op(ops.identity)


@register(category="Core")
class Activation(Layer):
    """Applies an activation function. https://keras.io/api/layers/core_layers/activation/"""

    activation: ActivationName = Field(default="relu", description="Function applied to each number.")

    keras_class: ClassVar[str | None] = "Activation"
    positional: ClassVar[tuple[str, ...]] = ("activation",)
    caption: ClassVar[tuple[str, ...]] = ("activation",)
    supports_masking: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def op(self) -> Op:
        return Op(ops.identity)
