"""Gradient descent, and the optimizers that divide the gradient by its size of late."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from engine.optimizers.base import Decay, Epsilon, Optimizer, Slot, Slots, register
from engine.optimizers.schedules import LearningRate

_Share = Annotated[float, Field(ge=0)]


@register
class SGD(Optimizer):
    """Gradient descent, with momentum if wanted. https://keras.io/api/optimizers/sgd/"""

    learning_rate: LearningRate = Field(default=0.01, description="Length of a step, or a schedule of it.")
    momentum: Decay = Field(default=0.0, description="Share of the last step that is kept.")
    nesterov: bool = Field(default=False, description="Look ahead along the momentum.")

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        return ((Slot("momentum"),),) if self.momentum else ()

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        if not self.momentum:
            return w - g * rate, {}
        m = slots["momentum"] * self.momentum - g * rate
        return w + (m * self.momentum - g * rate if self.nesterov else m), {"momentum": m}


@register
class RMSprop(Optimizer):
    """RMSprop: divides the gradient by a running mean of its size. https://keras.io/api/optimizers/rmsprop/"""

    rho: Decay = Field(default=0.9, description="How long the mean square remembers.")
    momentum: Decay = Field(default=0.0, description="Share of the last step that is kept.")
    epsilon: Epsilon = Field(default=1e-7, description="Keeps the division away from zero.")
    centered: bool = Field(default=False, description="Divide by the spread of the gradient, not by its size.")

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        momentum = ((Slot("momentum"),),) if self.momentum else ()
        return ((Slot("velocity"),), *momentum, *(((Slot("average_gradient"),),) if self.centered else ()))

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        v = self.rho * slots["velocity"] + (1 - self.rho) * g * g
        after, size = {"velocity": v}, v
        if self.centered:
            mean = self.rho * slots["average_gradient"] + (1 - self.rho) * g
            after["average_gradient"], size = mean, v - mean * mean
        change = rate * g / jnp.sqrt(size + self.epsilon)
        if self.momentum:
            change = after["momentum"] = self.momentum * slots["momentum"] + change
        return w - change, after


@register
class Adagrad(Optimizer):
    """Adagrad: divides the gradient by all its sizes so far. https://keras.io/api/optimizers/adagrad/"""

    initial_accumulator_value: _Share = Field(default=0.1, description="The sum of squares to begin with.")
    epsilon: Epsilon = Field(default=1e-7, description="Keeps the division away from zero.")

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        return ((Slot("accumulator", partial(jnp.full_like, fill_value=self.initial_accumulator_value)),),)

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        total = slots["accumulator"] + g * g
        return w - rate * g / jnp.sqrt(total + self.epsilon), {"accumulator": total}


@register
class Adadelta(Optimizer):
    """Adadelta: steps as long as the steps of late. https://keras.io/api/optimizers/adadelta/"""

    rho: Decay = Field(default=0.95, description="How long the mean squares remember.")
    epsilon: Epsilon = Field(default=1e-7, description="Keeps the division away from zero.")

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        return ((Slot("accumulated_grad"), Slot("accumulated_delta_var")),)

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        squares = self.rho * slots["accumulated_grad"] + (1 - self.rho) * g * g
        before = slots["accumulated_delta_var"]
        change = -jnp.sqrt(before + self.epsilon) * g / jnp.sqrt(squares + self.epsilon)
        changes = self.rho * before + (1 - self.rho) * change * change
        return w + rate * change, {"accumulated_grad": squares, "accumulated_delta_var": changes}


@register
class Ftrl(Optimizer):
    """FTRL: holds weights at zero that matter little. https://keras.io/api/optimizers/ftrl/"""

    learning_rate_power: Annotated[float, Field(le=0)] = Field(default=-0.5, description="How the rate falls.")
    initial_accumulator_value: _Share = Field(default=0.1, description="The sum of squares to begin with.")
    l1_regularization_strength: _Share = Field(default=0.0, description="Penalty on sizes.")
    l2_regularization_strength: _Share = Field(default=0.0, description="Penalty on squares, that steadies.")
    l2_shrinkage_regularization_strength: _Share = Field(default=0.0, description="Penalty on squares, in size.")
    beta: _Share = Field(default=0.0, description="Makes the first steps smaller.")

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        start = partial(jnp.full_like, fill_value=self.initial_accumulator_value)
        return ((Slot("accumulator", start), Slot("linear")),)

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        steady = self.l2_regularization_strength + self.beta / (2 * rate)
        before, power = slots["accumulator"], -self.learning_rate_power
        total = before + g * g
        pull = g + 2 * self.l2_shrinkage_regularization_strength * w
        linear = slots["linear"] + pull - (total**power - before**power) / rate * w
        held = jnp.clip(linear, -self.l1_regularization_strength, self.l1_regularization_strength)
        return (held - linear) / (total**power / rate + 2 * steady), {"accumulator": total, "linear": linear}
