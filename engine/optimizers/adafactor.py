"""Adafactor, which remembers sums over rows and columns in place of every number."""

from __future__ import annotations

from typing import Annotated, Any

import jax
import jax.numpy as jnp
from pydantic import Field

from engine.optimizers.base import Length, Optimizer, Slot, Slots, register
from engine.optimizers.schedules import Schedule


def _rows(w: Any) -> jax.Array:
    return jnp.zeros(w.shape[:-1] if w.ndim > 1 else (), w.dtype)


def _columns(w: Any) -> jax.Array:
    return jnp.zeros((*w.shape[:-2], w.shape[-1]) if w.ndim > 1 else (), w.dtype)


def _size(x: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.square(x).mean())


@register
class Adafactor(Optimizer):
    """Adafactor: mean squares by row and column, steps in proportion to the weights.

    https://arxiv.org/abs/1804.04235
    """

    beta_2_decay: Annotated[float, Field(le=0)] = Field(default=-0.8, description="How the memory grows.")
    epsilon_1: Annotated[float, Field(ge=0)] = Field(
        default=1e-30, description="Added to squares of the gradient."
    )
    epsilon_2: Annotated[float, Field(ge=0)] = Field(default=0.001, description="The least size of a weight.")
    clip_threshold: Length = Field(default=1.0, description="The largest size of a change.")
    relative_step: bool = Field(default=True, description="Let the rate fall with the root of the steps.")

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        return ((Slot("r", _rows), Slot("c", _columns), Slot("velocity")),)

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        falling = 1 / jnp.sqrt(count)
        if self.relative_step and not isinstance(self.learning_rate, Schedule):
            rate = jnp.minimum(rate, falling)
        alpha = jnp.maximum(self.epsilon_2, _size(w)) * jnp.minimum(rate, falling)
        squares, kept = g * g + self.epsilon_1, 1 - count**self.beta_2_decay
        after: Slots = {}
        if w.ndim > 1:
            r = after["r"] = kept * slots["r"] + (1 - kept) * squares.mean(-1)
            c = after["c"] = kept * slots["c"] + (1 - kept) * squares.mean(-2)
            v = (r / r.mean(-1, keepdims=True))[..., None] * c[..., None, :]
        else:
            v = kept * slots["velocity"] + (1 - kept) * squares
        change = g / jnp.sqrt(v)
        change = change / jnp.maximum(1.0, _size(change) / self.clip_threshold)
        return w - alpha * change, {**after, "velocity": v}
