"""What a layer is: settings, weights, shape, function. One small class per layer, read by everything else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, PlainSerializer

from engine import named
from engine.errors import ShapeError
from engine.fields import Holds, Settings
from engine.ops.activations import ACTIVATIONS
from engine.ops.initializers import DRAWS, unit_forget

if TYPE_CHECKING:
    import jax
    import numpy as np

    from engine.expression import Call

Shape = tuple[int | None, ...]
"""Shape of one sample, without the batch axis; None is a length known only at run time."""

Weights = Mapping[str, "jax.Array"]

Content = Literal["numbers", "text"]
"""What a wire carries."""


@dataclass(frozen=True)
class Weight:
    """One array that a layer owns. Its order among the layer's weights is that of Keras.

    The name of a weight inside a part of the layer begins with the attribute that Keras keeps the part in:
    "cell/kernel". `initializer`, `regularizer` and `constraint` are texts as `engine.named` reads them. With
    `forget`, the second quarter starts at 1 whatever the initializer: the bias of an LSTM's forget gate.
    """

    name: str
    shape: tuple[int, ...]
    initializer: str
    trainable: bool = True
    dtype: str = "float32"
    regularizer: str | None = None
    constraint: str | None = None
    forget: bool = False

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def draw(self) -> Callable[..., Any]:
        """The initializer: a function of a random generator and a shape."""
        draw = named.function_of(self.initializer, DRAWS)
        return partial(unit_forget, draw=draw) if self.forget else draw


@dataclass(frozen=True)
class Op:
    """A call of a pure function of `engine.ops`: run by `Layer.apply`, written out by the JAX export.

    The function takes the inputs, then the named weights (None for one the layer lacks), then `settings`, and
    the mask of the first input by the name `mask` where `masked` holds. Where `all_masks` holds, it takes those of
    all inputs by the name `masks`: a tuple with None for inputs without, left out if no input has one. It gives an
    array, or a tuple of them for a layer with several outputs. Settings may be other functions of `engine.ops`,
    also with arguments bound by `functools.partial`: a wrapper's Op holds the function of what it wraps.
    """

    function: Callable[..., Any]
    weights: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    masked: bool = False
    all_masks: bool = False
    keywords: Mapping[str, str] = field(default_factory=dict[str, str])
    """Weights that the function takes by name, where the number of inputs varies: by parameter, the weight."""

    def __call__(
        self,
        w: Weights,
        *inputs: jax.Array,
        mask: jax.Array | None = None,
        masks: Sequence[jax.Array | None] = (),
    ) -> Any:
        more: dict[str, Any] = {"mask": mask} if self.masked and mask is not None else {}
        if self.all_masks and any(mask is not None for mask in masks):
            more["masks"] = tuple(masks)
        more |= {parameter: w[name] for parameter, name in self.keywords.items() if name in w}
        return self.function(*inputs, *(w.get(name) for name in self.weights), **self.settings, **more)


@dataclass
class Context:
    """What a layer may know of the pass it takes part in; one per layer and pass.

    `key` is None outside training. `masks` has one entry per input: a boolean array (batch, time), True where
    there is a step, or None. `updates` collects new values of non-trainable weights, `losses` what is added to the
    loss (single numbers), and `logits` what went into a final activation, from which a cross-entropy is computed
    without loss of precision.
    """

    training: bool = False
    key: jax.Array | None = None
    masks: tuple[jax.Array | None, ...] = ()
    updates: dict[str, jax.Array] = field(default_factory=dict[str, Any])
    losses: list[jax.Array] = field(default_factory=list[Any])
    logits: jax.Array | None = None
    activation: str = "linear"
    made_mask: bool = False
    output_mask: jax.Array | None = None
    """The mask of the first output, where `made_mask` holds: for layers that find it while they compute."""

    @property
    def mask(self) -> jax.Array | None:
        """The mask of the first input."""
        return self.masks[0] if self.masks else None

    def activate(self, name: str, x: jax.Array) -> jax.Array:
        """Apply an activation by its Keras name."""
        self.logits, self.activation = x, name
        return ACTIVATIONS[name](x)

    def part(self, number: int = 0) -> Context:
        """A context for a part of the layer, with a random key of its own."""
        import jax

        key = None if self.key is None else jax.random.fold_in(self.key, number)
        return Context(training=self.training, key=key, masks=self.masks)

    def take(self, prefix: str, part: Context) -> None:
        """Keep what a part has left in its context."""
        self.updates |= {f"{prefix}/{name}": value for name, value in part.updates.items()}
        self.losses += part.losses


@dataclass(frozen=True)
class SetField:
    """A repair: give a setting of the layer another value."""

    field: str
    value: Any


@dataclass(frozen=True)
class InsertBefore:
    """A repair: put a layer in front of an input port (of every connected one if `port` is None)."""

    layer: Layer
    port: int | None = 0


Repair = SetField | InsertBefore


class Layer(Settings):
    """Base of all layers. The fields of a subclass are its settings, named as in Keras.

    A subclass says what it owns (`weights`), what it makes of a shape (`output_shape`, plain Python, raises
    `ShapeError`) and what it computes (`op`, or `apply` where training differs from inference). Layers that own
    weights derive from `Weighted`.
    """

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
    supports_masking: ClassVar[bool] = False
    """Whether the mask of the first input holds for the output, too (Keras's attribute of this name)."""

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

    def op(self) -> Op:
        """What the layer computes at inference, before its activation."""
        raise NotImplementedError

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> Any:
        """What the layer computes, for arrays with a leading batch axis: an array, or a tuple of all outputs."""
        y = self.op()(w, *inputs, mask=ctx.mask, masks=ctx.masks)
        activation = self.activation_name
        return y if activation is None else ctx.activate(activation, y)

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
    def masked_outputs(self) -> tuple[int, ...]:
        """The outputs that the mask of `compute_mask` holds for."""
        return (0,)

    def adapt(self, samples: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """Weights computed from the training samples that reach this layer (with batch axis)."""
        del samples
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
        """Arguments of the Keras class, all of them, by name, as our settings have them."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in self.call_settings}

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
    return value


def layer_as_json(layer: Layer) -> dict[str, Any]:
    """A layer as the project file has it: its type and its settings."""
    return {"type": layer.type_name(), "settings": layer.model_dump(mode="json")}


if TYPE_CHECKING:
    InnerLayer = Layer
else:
    InnerLayer = Annotated[Layer, Holds("layer"), BeforeValidator(_read_layer), PlainSerializer(layer_as_json)]
"""A setting that holds another layer, as the wrappers do."""


def parts_of(layer: Layer) -> Iterator[Layer]:
    """The layers that are settings of a layer, at any depth, those of a graph in it included."""
    waiting: list[Any] = [getattr(layer, name) for name in type(layer).model_fields]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Layer):
            yield value
            yield from parts_of(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], Layer):
            waiting += value  # pyright: ignore[reportUnknownArgumentType]
        elif hasattr(value, "nodes"):
            waiting += [node.layer for node in value]


def prefixed(prefix: str, weights: Iterable[Weight], trainable: bool = True) -> tuple[Weight, ...]:
    """The weights of a part of a layer, under the name of the part."""
    return tuple(
        replace(weight, name=f"{prefix}/{weight.name}", trainable=weight.trainable and trainable)
        for weight in weights
    )


def within(w: Weights, prefix: str) -> dict[str, jax.Array]:
    """The weights of a part, by their own names."""
    start = f"{prefix}/"
    return {name.removeprefix(start): value for name, value in w.items() if name.startswith(start)}


def apply_part(layer: Layer, prefix: str, w: Weights, *inputs: jax.Array, ctx: Context, number: int = 0) -> Any:
    """What a layer that is part of another computes; `number` sets the random numbers of parts apart."""
    part = ctx.part(number)
    y = layer.apply(within(w, prefix), *inputs, ctx=part)
    ctx.take(prefix, part)
    return y


CATEGORIES = (
    "Input and output", "Core", "Convolution", "Pooling", "Recurrent", "Attention", "Normalization",
    "Regularization", "Activation", "Merging", "Reshaping", "Preprocessing", "Augmentation", "Text and categories",
    "Model",
)  # fmt: skip
"""The categories of layers, in the order in which lists show them; others come last."""

LAYERS: dict[str, type[Layer]] = {}
"""Every layer by name."""

HIDDEN: dict[str, type[Layer]] = {}
"""Layers that come out of files only, which no palette shows."""


def layer_type(name: str) -> type[Layer] | None:
    """The layer of a name, also one that no palette shows; None where there is none."""
    return LAYERS.get(name) or HIDDEN.get(name)


L = TypeVar("L", bound=Layer)


def register(*, category: str, hidden: bool = False) -> Callable[[type[L]], type[L]]:
    """Class decorator that makes a layer known to palette, files and code generation."""

    def add(cls: type[L]) -> type[L]:
        cls.category = category
        (HIDDEN if hidden else LAYERS)[cls.__name__] = cls
        return cls

    return add


def by_category() -> dict[str, type[Layer]]:
    """Every layer by name, category by category; within one in the order of registration."""
    places = {category: place for place, category in enumerate(CATEGORIES)}
    return dict(sorted(LAYERS.items(), key=lambda item: places.get(item[1].category, len(places))))


def axis_of(what: str, axis: int, shape: Shape) -> int:
    """The position of an axis, counted by Keras with the batch as 0, among the axes of a sample."""
    rank = len(shape) + 1
    found = axis if axis >= 0 else axis + rank
    if not 1 <= found < rank:
        raise ShapeError(f"{what}: axis {axis} is not one of the {rank - 1} axes of a sample.", "axis")
    return found - 1


def known_sizes(what: str, shape: Shape) -> tuple[int, ...]:
    """The shape if all its sizes are known; raises `ShapeError` where one is not."""
    if any(size is None for size in shape):
        raise ShapeError(f"{what} needs sizes that are known, but gets {show_shape(shape)}.")
    return tuple(size for size in shape if size is not None)


def show_shape(shape: Shape) -> str:
    """A shape as a person reads it: "28 × 28 × 1", "?" for a length not known yet."""
    if not shape:
        return "1"
    return " × ".join("?" if size is None else f"{size:,}" for size in shape)
