"""What a layer computes with: the function it calls, and what it may know of the pass it takes part in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.ops.activations import ACTIVATIONS
from engine.precision import Precision
from engine.weights import Weights

if TYPE_CHECKING:
    import jax


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
    precision: Precision = "float32"
    """In which type the layers of a pass compute."""

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
        return Context(training=self.training, key=key, masks=self.masks, precision=self.precision)

    def take(self, prefix: str, part: Context) -> None:
        """Keep what a part has left in its context."""
        self.updates |= {f"{prefix}/{name}": value for name, value in part.updates.items()}
        self.losses += part.losses
