"""What a layer is: settings, weights, shape, function. One small class per layer, read by everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import jax
from pydantic import BeforeValidator, Field, PlainSerializer

from engine.fields import Holds, Settings, describe
from engine.op import Context, Op
from engine.registry import LAYERS
from engine.shapes import Shape, count
from engine.weights import Weight, Weights, kernel_size, within

if TYPE_CHECKING:
    import numpy as np

    from engine.expression import Call

Content = Literal["numbers", "text"]
"""What a wire carries."""

_SOME: Any = True
"""Stands for any mask."""

_DTYPE = "float32 keeps the layer out of mixed precision, which suits a last softmax."

OwnType = Literal["float32"] | None
"""In which type a layer computes, whatever the training says; None for as it says."""

if TYPE_CHECKING:
    NoType = OwnType
else:
    NoType = Annotated[None, Holds("hidden"), Field(description=_DTYPE)]
"""The type of those that compute nothing of their own."""


class Layer(Settings):
    """Base of all layers. The fields of a subclass are its settings, named as in Keras.

    A subclass says what it owns (`weights`), what it makes of a shape (`output_shape`, plain Python, raises
    `ShapeError`) and what it computes (`op`, or `apply` where training differs from inference). Layers that own
    weights derive from `Weighted`.
    """

    dtype: OwnType = Field(default=None, description=_DTYPE, json_schema_extra={"rare": True})

    category: ClassVar[str] = ""
    min_inputs: ClassVar[int] = 1
    max_inputs: ClassVar[int | None] = 1
    """None: any number of inputs. A subclass may make these properties, where they depend on its settings."""
    input_names: ClassVar[tuple[str, ...]] = ("inputs",)
    """The arguments of Keras's `call` that take tensors, by port; the last takes all the rest."""
    has_output: ClassVar[bool] = True
    placeable: ClassVar[bool] = True
    """Whether the layer can stand on the canvas; others, such as cells, are settings of a layer that does."""
    positional: ClassVar[tuple[str, ...]] = ()
    """Settings that Python code passes by position, as the Keras documentation does."""
    call_settings: ClassVar[tuple[str, ...]] = ()
    """Settings that Keras takes when the layer is called, not when it is made."""
    caption: ClassVar[tuple[str, ...]] = ()
    """The one or two settings that a card shows."""
    keras_class: ClassVar[str | None] = None
    """Name in `keras_module`; None where Keras has no such layer (Output)."""
    keras_aliases: ClassVar[tuple[str, ...]] = ()
    """Other Keras classes that are read as this layer."""
    keras_module: ClassVar[str] = "keras.layers"
    keras_constants: ClassVar[Mapping[str, Any]] = {}
    """Arguments of the Keras class that have this one value here, such as data_format."""
    keras_ignored: ClassVar[tuple[str, ...]] = ()
    """Arguments of the Keras class that change no number, such as unroll."""
    keras_lacks: ClassVar[tuple[str, ...]] = ()
    """Arguments that all Keras layers take, such as trainable, but not this one."""
    adapts: ClassVar[bool] = False
    """Whether some weights come from the training data before the first step (see `adapt`)."""
    learned: ClassVar[tuple[str, ...]] = ()
    """Settings that come from the training data where the first of them is left empty (see `learn`)."""
    casts: ClassVar[bool] = True
    """Whether whole numbers reach the layer as floating-point numbers; if not, as they are."""
    in_full: ClassVar[bool] = False
    """Whether the layer computes in float32 where others compute in fewer bits, as Keras's normalizations do."""
    parts_choose: ClassVar[bool] = False
    """Whether it computes nothing itself: the layers inside say in which type they do."""
    flops_each: ClassVar[int] = 1
    """Operations for each number that comes out, products with kernels aside; 0 where numbers are only moved."""
    supports_masking: ClassVar[bool] = False
    """Whether the mask of the first input holds for the output, too (Keras's attribute of this name)."""
    spends_masks: ClassVar[bool] = False
    """Whether a mask that comes in is used, or is of no use any more, where none holds for the output."""

    @classmethod
    def type_name(cls) -> str:
        """The class's name, which is Keras's."""
        return cls.__name__

    @property
    def saved_class(self) -> str:
        """The Keras class that a file names for this layer."""
        return self.keras_class or self.type_name()

    @property
    def shown_class(self) -> str:
        """The class as a card names it."""
        return self.type_name()

    @property
    def also_own(self) -> tuple[str, ...]:
        """Weights of parts that Keras counts among the layer's own, too: a .keras file holds them twice."""
        return ()

    @property
    def trouble(self) -> str | None:
        """Why the layer can be shown but not computed, as the end of a sentence; None for one that can."""
        return None

    @property
    def output_names(self) -> tuple[str, ...]:
        """A name for each output; most layers have one, without a name."""
        return ("",)

    def port_name(self, port: int) -> str:
        """What an input port is called; nothing where there is but one kind of input."""
        names, last = self.input_names, len(self.input_names) - 1
        if not last:
            return ""
        several = self.max_inputs is None or self.max_inputs > len(names)
        return f"{names[-1]} {port - last + 1}" if port >= last and several else names[port]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        """The arrays that this layer owns for inputs of these shapes, in Keras's saving order."""
        del inputs
        return ()

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that comes out (first) for these shapes, without the batch axis; raises `ShapeError`."""
        raise NotImplementedError

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        """The shapes of all outputs; layers with several outputs override this."""
        return (self.output_shape(*inputs),)

    def flops(self, *inputs: Shape) -> int:
        """Floating-point operations for one sample at inference, where all sizes are known (see `engine.costs`).

        Each place of the output takes a product with each number of the kernels, and each number that comes out
        takes `flops_each` more. Layers that compute otherwise override this.
        """
        shapes = self.output_shapes(*inputs)
        products = kernel_size(self.weights(*inputs))
        return 2 * products * count(shapes[0][:-1]) + self.flops_each * count(*shapes)

    def op(self) -> Op:
        """What the layer computes at inference, before its activation."""
        raise NotImplementedError

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> Any:
        """What the layer computes, for arrays with a leading batch axis: an array, or a tuple of all outputs."""
        y = self.op()(w, *inputs, mask=ctx.mask, masks=ctx.masks)
        activation = self.activation_name
        return y if activation is None else ctx.activate(activation, y)

    def op_by(self, function: Callable[..., Any], ctx: Context) -> Op:
        """The operation; where it is trained on a CPU, by a function with gradients that are fast there."""
        op = self.op()
        return replace(op, function=function) if ctx.training and jax.default_backend() == "cpu" else op

    def mask_op(self) -> Op | None:
        """How a mask is made; None in a layer that makes none.

        Its function takes the first input (Embedding, Masking). Where `all_masks` holds (Add, Concatenate), it
        takes all inputs and their masks, and is called only if there are any.
        """
        return None

    def compute_mask(self, inputs: Sequence[jax.Array], masks: Sequence[jax.Array | None]) -> jax.Array | None:
        """The mask of the first output, as Keras's `compute_mask` gives it."""
        made = self.mask_op()
        if made is not None and made.all_masks:
            return made({}, *inputs, masks=masks) if any(mask is not None for mask in masks) else None
        if made is not None:
            return made({}, inputs[0])
        return masks[0] if self.supports_masking and masks else None

    @property
    def ends_masks(self) -> bool:
        """Whether a mask that comes in is lost, and counts for nothing; Keras warns of it then."""
        return not (self.supports_masking or self.spends_masks or self.mask_op() is not None)

    def masked(self, masks: Sequence[bool]) -> tuple[int, ...]:
        """The outputs that have a mask, by which inputs have one; without any array."""
        made = self.mask_op()
        if made is not None:
            given = any(masks) or not made.all_masks
        else:
            given = self.compute_mask((), [_SOME if mask else None for mask in masks]) is not None
        return self.masked_outputs if given else ()

    @property
    def masked_outputs(self) -> tuple[int, ...]:
        """The outputs that the mask of `compute_mask` holds for."""
        return (0,)

    def adapt(
        self,
        samples: np.ndarray[Any, Any],
        before: Mapping[str, np.ndarray[Any, Any]] | None = None,
        seen: int = 0,
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Weights computed from the training samples that reach this layer (with batch axis), piece by piece.

        `before` is what came of the `seen` samples before these.
        """
        del samples, before, seen
        return {}

    @property
    def learns(self) -> bool:
        """Whether settings are still to come from the training data."""
        return bool(self.learned) and not getattr(self, self.learned[0])

    def learn(self, samples: np.ndarray[Any, Any]) -> Self:
        """The layer with the settings that follow from the training samples that reach it (with batch axis)."""
        del samples
        return self

    def forgotten(self) -> Self:
        """The layer without what it has learned."""
        return self.replace(**{name: type(self).model_fields[name].default for name in self.learned})

    # Texts

    @property
    def takes(self) -> tuple[Content, ...]:
        """What may come in at each port."""
        return ("numbers",)

    @property
    def gives(self) -> Content:
        """What comes out."""
        return "numbers"

    def host_op(self) -> Op | None:
        """What is computed of the inputs on the host, with NumPy, for that JAX cannot: it has no texts.

        The result takes the place of the inputs: `op` and `apply` work on that. It is computed once for all
        samples, before the steps of training, so that nothing that learns may come before it. A sentence of what
        is wrong with the data is raised as `ValueError`.
        """
        return None

    @property
    def formula(self) -> Call | None:
        """The formula that the layer is, which programs write in place of a call; None in most layers."""
        return None

    @property
    def activation_name(self) -> str | None:
        """The layer's activation, None for a layer that has none."""
        return getattr(self, "activation", None)

    @property
    def final_activation(self) -> str | None:
        """The activation that the (first) output comes out of, None where there is none."""
        return self.activation_name

    # Keras

    def keras_arguments(self) -> dict[str, Any]:
        """Arguments of the Keras class but `dtype`, all of them, by name, as our settings have them."""
        others = ("dtype", *self.call_settings)
        return {name: getattr(self, name) for name in type(self).model_fields if name not in others}

    @classmethod
    def from_keras(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The config of a Keras layer in the terms of this class; raises `ValueError` for what it cannot do."""
        return config

    def keras_call(self, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """How the Keras layer is called on the tensors at its ports: arguments and keyword arguments.

        One input is passed by itself, several of equal kind in a list, those with names by position.
        """
        settings = {name: getattr(self, name) for name in self.call_settings}
        defaults = {name: type(self).model_fields[name].default for name in settings}
        keywords = {name: value for name, value in settings.items() if value != defaults[name]}
        if len(self.input_names) > 1:
            return list(tensors), keywords
        return [tensors[0] if self.max_inputs == 1 else list(tensors)], keywords

    def keras_outputs(self, tensors: Sequence[Any]) -> list[Any]:
        """How Keras nests what its layer gives, which has a tensor for each output."""
        return list(tensors)

    def seed_generators(self) -> tuple[str, ...]:
        """Attributes of the Keras layer that hold the state of random numbers, which a .keras file keeps."""
        return ()


class Weighted(Layer):
    """Base of the layers that own weights."""

    trainable: bool = Field(default=True, description="Let training change the weights of this layer.")


def _read_layer(value: Any) -> Any:
    if isinstance(value, Mapping):
        fields: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
        name = fields.get("type")
        if not isinstance(name, str) or name not in LAYERS or fields.keys() - {"type", "settings"}:
            raise ValueError(f"must be a layer with its type and settings, not one of type {name!r}")
        value = LAYERS[name].model_validate(fields.get("settings", {}))
    if isinstance(value, Layer) and value.formula is not None:
        raise ValueError("cannot be a formula: a Keras file has formulas between layers only")
    if isinstance(value, Layer) and value.dtype is not None:
        raise ValueError("cannot have a dtype of its own: it computes as the layer around it does")
    return value


def layer_as_json(layer: Layer) -> dict[str, Any]:
    """A layer as the project file has it: its type and its settings."""
    return {"type": layer.type_name(), "settings": layer.model_dump(mode="json")}


if TYPE_CHECKING:
    InnerLayer = Layer
else:
    InnerLayer = Annotated[Layer, Holds("layer"), BeforeValidator(_read_layer), PlainSerializer(layer_as_json)]
"""A setting that holds another layer, as the wrappers do."""


@cache
def holders(cls: type[Layer]) -> tuple[str, ...]:
    """The settings of a class that hold layers, or a graph of them."""
    return tuple(spec.name for spec in describe(cls) if spec.kind in ("layer", "layers", "graph"))


def parts_of(layer: Layer) -> Iterator[Layer]:
    """The layers that are settings of a layer, at any depth, those of a graph in it included."""
    waiting: list[Any] = [getattr(layer, name) for name in holders(type(layer))]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Layer):
            yield value
            yield from parts_of(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], Layer):
            waiting += value  # pyright: ignore[reportUnknownArgumentType]
        elif hasattr(value, "nodes"):
            waiting += [node.layer for node in value]


def apply_part(layer: Layer, prefix: str, w: Weights, *inputs: jax.Array, ctx: Context, number: int = 0) -> Any:
    """What a layer that is part of another computes; `number` sets the random numbers of parts apart."""
    part = ctx.part(number)
    y = layer.apply(within(w, prefix), *inputs, ctx=part)
    ctx.take(prefix, part)
    return y
