"""What a layer is: settings, weights, shape, function. One small class per layer, read by everything else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from engine.errors import ShapeError
from engine.fields import Settings
from engine.ops.activations import ACTIVATIONS

if TYPE_CHECKING:
    import jax
    import numpy as np

Shape = tuple[int | None, ...]
"""Shape of one sample, without the batch axis; None is a length known only at run time."""

Weights = Mapping[str, "jax.Array"]


@dataclass(frozen=True)
class Weight:
    """One array that a layer owns. Its order among the layer's weights is that of Keras."""

    name: str
    shape: tuple[int, ...]
    initializer: str
    trainable: bool = True
    dtype: str = "float32"

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Op:
    """A call of a pure function of `engine.ops`: run by `Layer.apply`, written out by the JAX export.

    The function takes the inputs, then the named weights (None for one the layer lacks), then `settings`.
    """

    function: Callable[..., Any]
    weights: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __call__(self, w: Weights, *inputs: jax.Array) -> jax.Array:
        return self.function(*inputs, *(w.get(name) for name in self.weights), **self.settings)


@dataclass
class Context:
    """What a layer may know of the pass it takes part in; one per layer and pass.

    `key` is None outside training. `updates` collects new values of non-trainable weights, and `logits` what
    went into a final activation, from which a cross-entropy is computed without loss of precision.
    """

    training: bool = False
    key: jax.Array | None = None
    updates: dict[str, jax.Array] = field(default_factory=dict[str, Any])
    logits: jax.Array | None = None
    activation: str = "linear"

    def activate(self, name: str, x: jax.Array) -> jax.Array:
        """Apply an activation by its Keras name."""
        self.logits, self.activation = x, name
        return ACTIVATIONS[name](x)


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
    `ShapeError`) and what it computes (`op`, or `apply` where training differs from inference).
    """

    category: ClassVar[str] = ""
    min_inputs: ClassVar[int] = 1
    max_inputs: ClassVar[int | None] = 1
    """None: any number of inputs."""
    has_output: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ()
    """Settings that Python code passes by position, as the Keras documentation does."""
    caption: ClassVar[tuple[str, ...]] = ()
    """The one or two settings that a card shows."""
    keras_class: ClassVar[str | None] = None
    """Name in `keras.layers`; None where Keras has no such layer (Output)."""
    adapts: ClassVar[bool] = False
    """Whether some weights come from the training data before the first step (see `adapt`)."""

    @classmethod
    def type_name(cls) -> str:
        """The class's name, which is Keras's."""
        return cls.__name__

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        """The arrays that this layer owns for inputs of these shapes, in Keras's saving order."""
        del inputs
        return ()

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that comes out for these shapes, without the batch axis; raises `ShapeError`."""
        raise NotImplementedError

    def op(self) -> Op:
        """What the layer computes at inference, before its activation."""
        raise NotImplementedError

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> jax.Array:
        """What the layer computes, for arrays with a leading batch axis."""
        y = self.op()(w, *inputs)
        activation = self.activation_name
        return y if activation is None else ctx.activate(activation, y)

    def adapt(self, samples: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """Weights computed from the training samples that reach this layer (with batch axis)."""
        del samples
        return {}

    @property
    def activation_name(self) -> str | None:
        """The layer's activation, None for a layer that has none."""
        return getattr(self, "activation", None)

    def keras_arguments(self) -> dict[str, Any]:
        """Arguments of the Keras class, all of them, by name."""
        return {name: getattr(self, name) for name in type(self).model_fields}


LAYERS: dict[str, type[Layer]] = {}
"""Every layer by name, in the order in which the palette shows them."""

L = TypeVar("L", bound=Layer)


def register(*, category: str) -> Callable[[type[L]], type[L]]:
    """Class decorator that makes a layer known to palette, files and code generation."""

    def add(cls: type[L]) -> type[L]:
        cls.category = category
        LAYERS[cls.__name__] = cls
        return cls

    return add


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
