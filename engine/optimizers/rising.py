"""Schedules of the learning rate that begin with a rise, and that Keras has not by itself."""

from __future__ import annotations

import math
from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from engine.optimizers.schedules import CosineDecay, Rate, Schedule, Steps, register

_Factor = Annotated[float, Field(gt=1)]


@register
class Warmup(Schedule):
    """The rate rises to learning_rate in a straight line and stays there; Keras's files hold a CosineDecay for it.

    https://arxiv.org/abs/1706.02677, section 2.2. CosineDecay with an `alpha` of 1 gives just these numbers.
    """

    learning_rate: Rate = Field(default=0.001, description="The rate after the rise.")
    initial_learning_rate: Rate = Field(default=0.0, description="The rate at the first step.")
    warmup_steps: Steps = Field(default=1000, description="Steps of the rise.")

    @property
    def highest(self) -> float:
        return self.learning_rate

    def reaching(self, rate: float) -> Schedule:
        return self.replace(learning_rate=rate, initial_learning_rate=min(self.initial_learning_rate, rate))

    def at(self, step: jax.Array) -> jax.Array:
        first = self.initial_learning_rate
        rise = (self.learning_rate - first) * jnp.minimum(step, self.warmup_steps) / self.warmup_steps
        return first + rise

    def in_keras(self) -> Schedule:
        return CosineDecay(
            initial_learning_rate=self.initial_learning_rate,
            decay_steps=1,
            alpha=1.0,
            warmup_target=self.learning_rate,
            warmup_steps=self.warmup_steps,
        )


@register
class OneCycle(Schedule):
    """The rate rises to its highest and falls to almost nothing; Keras has none such, its files hold the nearest.

    https://arxiv.org/abs/1708.07120; rise and fall are halves of a wave of the cosine, and the settings those of
    PyTorch's OneCycleLR. Momentum stays as it is. The nearest is a CosineDecay that rises in a straight line.
    """

    max_learning_rate: Rate = Field(default=0.01, description="The highest rate.")
    total_steps: Annotated[int, Field(ge=3, le=2**31 - 1)] = Field(
        default=1000, description="Steps of the whole cycle: epochs times steps of an epoch."
    )
    pct_start: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.3, description="The rise, as a share of the cycle."
    )
    div_factor: _Factor = Field(default=25.0, description="The highest rate, divided by this, is the first.")
    final_div_factor: _Factor = Field(
        default=10_000.0, description="The first rate, divided by this, is the last."
    )

    @property
    def highest(self) -> float:
        return self.max_learning_rate

    @property
    def first(self) -> float:
        """The rate at the first step."""
        return self.max_learning_rate / self.div_factor

    @property
    def last(self) -> float:
        """The rate at the last step."""
        return self.first / self.final_div_factor

    @property
    def peak(self) -> float:
        """The step at which the rate is the highest, counted from 0."""
        return max(self.pct_start * self.total_steps - 1, 1.0)

    def reaching(self, rate: float) -> Schedule:
        return self.replace(max_learning_rate=rate)

    def at(self, step: jax.Array) -> jax.Array:
        step, end = jnp.minimum(step, self.total_steps - 1), max(self.total_steps - 1, self.peak + 1)
        rise = _along(self.first, self.max_learning_rate, step / self.peak)
        fall = _along(self.max_learning_rate, self.last, (step - self.peak) / (end - self.peak))
        return jnp.where(step < self.peak, rise, fall)

    def in_keras(self) -> Schedule:
        rise = max(1, round(self.peak))
        return CosineDecay(
            initial_learning_rate=self.first,
            decay_steps=max(1, self.total_steps - 1 - rise),
            alpha=self.last / self.max_learning_rate if self.max_learning_rate else 0.0,
            warmup_target=self.max_learning_rate,
            warmup_steps=rise,
        )


def _along(start: float, end: float, share: jax.Array) -> jax.Array:
    """From one rate to another along half a wave of the cosine."""
    return end + (start - end) * 0.5 * (1 + jnp.cos(math.pi * share))
