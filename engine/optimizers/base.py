"""What an optimizer is: settings, what it remembers of each weight, and one step of one weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Self, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field, model_validator

from engine.fields import Settings
from engine.optimizers.schedules import LearningRate, Schedule

Decay = Annotated[float, Field(ge=0, lt=1)]
Epsilon = Annotated[float, Field(gt=0, le=1)]
Length = Annotated[float, Field(gt=0)]
_RARE: Any = {"rare": True}

Slots = dict[str, jax.Array]
"""What is remembered of one weight."""


def _zeros(w: Any) -> jax.Array:
    """Zeros, made on the host: for each shape JAX would compile a function."""
    return jax.device_put(np.zeros(w.shape, w.dtype))


@dataclass(frozen=True)
class Slot:
    """Something that is remembered of each weight, by Keras's name, and what it is at the start for a weight."""

    name: str
    start: Callable[[Any], Any] = _zeros
    single: bool = False
    """Whether it is the same number for all weights, which files hold once, at the end."""


class State(NamedTuple):
    """What an optimizer remembers: the steps that were made, and by slot a tree like that of the weights."""

    iterations: jax.Array
    slots: dict[str, Any]


class Optimizer(Settings):
    """Base of the optimizers. The fields of a subclass are Keras's arguments.

    A subclass says what it remembers (`own_slots`) and how one weight is changed (`step`). What all optimizers can
    do is done here, in Keras's order: gradients are gathered, clipped, weights decayed, changed, averaged.
    """

    learning_rate: LearningRate = Field(default=0.001, description="Length of a step, or a schedule of it.")
    weight_decay: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Share of each weight that is taken away, times the learning rate.",
        json_schema_extra=_RARE,
    )  # fmt: skip
    clipnorm: Length | None = Field(
        default=None, description="The longest that the gradient of one weight may be.", json_schema_extra=_RARE
    )
    clipvalue: Length | None = Field(
        default=None, description="The largest that a number of a gradient may be.", json_schema_extra=_RARE
    )
    global_clipnorm: Length | None = Field(
        default=None, description="The longest that all gradients together may be.", json_schema_extra=_RARE
    )
    use_ema: bool = Field(
        default=False, description="End with a running mean of the weights.", json_schema_extra=_RARE
    )
    ema_momentum: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.99, description="How long the running mean remembers.", json_schema_extra=_RARE
    )
    ema_overwrite_frequency: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Steps after which the mean takes the place of the weights.",
        json_schema_extra=_RARE,
    )  # fmt: skip
    loss_scale_factor: Length | None = Field(
        default=None, description="What the loss is multiplied by before gradients are taken.",
        json_schema_extra=_RARE,
    )  # fmt: skip
    gradient_accumulation_steps: Annotated[int, Field(ge=2, le=1_000_000)] | None = Field(
        default=None, description="Batches whose gradients make one step.", json_schema_extra=_RARE
    )

    @property
    def type(self) -> str:
        """Keras's name of the class."""
        return type(self).__name__

    @model_validator(mode="after")
    def _check_clipping(self) -> Self:
        if sum(limit is not None for limit in (self.clipnorm, self.clipvalue, self.global_clipnorm)) > 1:
            raise ValueError("only one of clipnorm, clipvalue and global_clipnorm can be set")
        return self

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        """What is remembered of each weight, in the groups in which Keras makes it."""
        return ()

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        """One weight after a step, and what is remembered of it then; `count` counts steps from 1."""
        raise NotImplementedError

    def groups(self) -> tuple[tuple[Slot, ...], ...]:
        """All slots, in the groups in which Keras makes them."""
        average = ((Slot("average"),),) if self.use_ema else ()
        gathered = ((Slot("gradient_accumulator"),),) if self.gradient_accumulation_steps else ()
        return (*average, *gathered, *self.own_slots())

    def slots(self) -> tuple[Slot, ...]:
        """All that is remembered of each weight."""
        return tuple(slot for group in self.groups() for slot in group)

    def rate(self, iterations: jax.Array) -> jax.Array:
        """The learning rate after so many steps."""
        if isinstance(self.learning_rate, Schedule):
            return self.learning_rate.at(iterations.astype(jnp.float32))
        return jnp.float32(self.learning_rate)

    # On all weights

    @property
    def fixed_rate(self) -> float:
        """The learning rate, as far as it is a number: 1 where a schedule says it."""
        return 1.0 if isinstance(self.learning_rate, Schedule) else self.learning_rate

    @property
    def unscaled(self) -> Optimizer:
        """The optimizer for which its `fixed_rate` goes into `rate_scale`: one for all rates that are numbers."""
        return self if isinstance(self.learning_rate, Schedule) else self.replace(learning_rate=1.0)

    def init(self, params: Any) -> State:
        """What is remembered before the first step."""
        slots = {slot.name: jax.tree.map(slot.start, params) for slot in self.slots()}
        return State(jax.device_put(np.int32(0)), slots)

    def update(
        self, params: Any, gradients: Any, state: State, rate_scale: jax.Array | float = 1.0
    ) -> tuple[Any, State]:
        """Weights and state after a step, whose learning rate is multiplied by `rate_scale`."""
        if self.loss_scale_factor is not None:
            gradients = jax.tree.map(lambda g: g / self.loss_scale_factor, gradients)
        if self.gradient_accumulation_steps is None:
            new, slots = self._advance(params, gradients, state, rate_scale)
        else:
            new, slots = self._gather(params, gradients, state, rate_scale, self.gradient_accumulation_steps)
        if self.use_ema:
            new, slots["average"] = self._average(new, slots["average"], state)
        return new, State(state.iterations + 1, slots)

    def finished(self, params: Any, state: State) -> Any:
        """The weights at the end of a run."""
        return state.slots["average"] if self.use_ema else params

    def _done(self, state: State) -> jax.Array:
        """The steps that changed the weights."""
        return state.iterations // (self.gradient_accumulation_steps or 1)

    def _gather(
        self, params: Any, gradients: Any, state: State, rate_scale: jax.Array | float, steps: int
    ) -> tuple[Any, dict[str, Any]]:
        ready = (state.iterations + 1) % steps == 0
        total = jax.tree.map(jnp.add, gradients, state.slots["gradient_accumulator"])
        new, slots = self._advance(params, jax.tree.map(lambda g: g / steps, total), state, rate_scale)
        slots["gradient_accumulator"] = jax.tree.map(jnp.zeros_like, total)
        waiting = (params, {**state.slots, "gradient_accumulator": total})
        return jax.tree.map(lambda one, other: jnp.where(ready, one, other), (new, slots), waiting)

    def _advance(
        self, params: Any, gradients: Any, state: State, rate_scale: jax.Array | float
    ) -> tuple[Any, dict[str, Any]]:
        rate, count = self.rate(state.iterations) * rate_scale, (self._done(state) + 1).astype(jnp.float32)
        weights, structure = jax.tree.flatten(self._decayed(params, rate))
        found = structure.flatten_up_to(self._clipped(gradients))
        kept = {name: structure.flatten_up_to(tree) for name, tree in state.slots.items()}
        made = [
            self.step(w, g, _at(kept, place), rate, count)
            for place, (w, g) in enumerate(zip(weights, found, strict=True))
        ]
        after = [{**_at(kept, place), **own} for place, (_, own) in enumerate(made)]
        slots = {name: structure.unflatten([own[name] for own in after]) for name in kept}
        return structure.unflatten([w for w, _ in made]), slots

    def _decayed(self, params: Any, rate: jax.Array) -> Any:
        if self.weight_decay is None:
            return params
        return jax.tree.map(lambda w: w - w * self.weight_decay * rate, params)

    def _clipped(self, gradients: Any) -> Any:
        most = self.clipvalue
        if most is not None:
            return jax.tree.map(lambda g: jnp.clip(g, -most, most), gradients)
        longest = self.clipnorm
        if longest is not None:
            return jax.tree.map(lambda g: g * longest / jnp.maximum(_norm([g]), longest), gradients)
        longest = self.global_clipnorm
        if longest is not None:
            length = _norm(jax.tree.leaves(gradients))
            return jax.tree.map(lambda g: g * (longest / jnp.maximum(length, longest)), gradients)
        return gradients

    def _average(self, params: Any, average: Any, state: State) -> tuple[Any, Any]:
        done = self._done(state)
        share = jnp.where(done == 0, 0.0, self.ema_momentum)
        average = jax.tree.map(lambda mean, w: share * mean + (1 - share) * w, average, params)
        if self.ema_overwrite_frequency is None:
            return params, average
        now = (done + 1) % self.ema_overwrite_frequency == 0
        return jax.tree.map(lambda mean, w: jnp.where(now, mean, w), average, params), average


def _at(kept: Mapping[str, list[Any]], place: int) -> Slots:
    """What is remembered of one weight."""
    return {name: leaves[place] for name, leaves in kept.items()}


def _norm(arrays: list[jax.Array]) -> jax.Array:
    return jnp.sqrt(sum((jnp.square(array).sum() for array in arrays), jnp.zeros(())))


OPTIMIZERS: dict[str, type[Optimizer]] = {}
"""Every optimizer by its Keras name."""

C = TypeVar("C", bound=type[Optimizer])


def register(cls: C) -> C:
    """Class decorator that makes an optimizer known to panels, files and code generation."""
    OPTIMIZERS[cls.__name__] = cls
    return cls
