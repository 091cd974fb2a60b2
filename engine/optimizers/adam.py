"""Adam and its kin: steps by running means of the gradient and of its square."""

from __future__ import annotations

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from engine.optimizers.base import Decay, Epsilon, Optimizer, Slot, Slots, register
from engine.optimizers.schedules import LearningRate

_BOTH = (Slot("momentum"), Slot("velocity"))


class _Means(Optimizer):
    """Base of those that keep a mean gradient and a mean square."""

    beta_1: Decay = Field(default=0.9, description="How long the mean gradient remembers.")
    beta_2: Decay = Field(default=0.999, description="How long the mean square remembers.")
    epsilon: Epsilon = Field(default=1e-7, description="Keeps the division away from zero.")

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        return (_BOTH,)

    def _means(self, g: jax.Array, slots: Slots) -> tuple[jax.Array, jax.Array]:
        m, v = slots["momentum"], slots["velocity"]
        return m + (g - m) * (1 - self.beta_1), v + (g * g - v) * (1 - self.beta_2)


@register
class Adam(_Means):
    """Adam: steps by running means of the gradient and of its square. https://arxiv.org/abs/1412.6980"""

    amsgrad: bool = Field(default=False, description="Divide by the largest mean square so far.")

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        return (_BOTH, (Slot("velocity_hat"),)) if self.amsgrad else (_BOTH,)

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        m, v = self._means(g, slots)
        after = {"momentum": m, "velocity": v}
        if self.amsgrad:
            v = after["velocity_hat"] = jnp.maximum(slots["velocity_hat"], v)
        alpha = rate * jnp.sqrt(1 - self.beta_2**count) / (1 - self.beta_1**count)
        return w - m * alpha / (jnp.sqrt(v) + self.epsilon), after


@register
class AdamW(Adam):
    """Adam that also takes a share of each weight away. https://arxiv.org/abs/1711.05101"""

    weight_decay: Annotated[float, Field(ge=0)] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default=0.004, description="Share of each weight that is taken away, times the learning rate."
    )


@register
class Adamax(_Means):
    """Adam with the largest gradient of late in place of the mean square. https://keras.io/api/optimizers/adamax/"""

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        return ((Slot("momentum"), Slot("norm")),)

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        m = slots["momentum"] + (g - slots["momentum"]) * (1 - self.beta_1)
        u = jnp.maximum(self.beta_2 * slots["norm"], jnp.abs(g))
        return w - rate * m / ((1 - self.beta_1**count) * (u + self.epsilon)), {"momentum": m, "norm": u}


@register
class Nadam(_Means):
    """Adam that looks ahead along the momentum. https://keras.io/api/optimizers/nadam/"""

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        return (_BOTH, (Slot("u_product", lambda w: jnp.ones((), w.dtype), single=True),))

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        m, v = self._means(g, slots)
        now, ahead = (self.beta_1 * (1 - 0.5 * 0.96**step) for step in (count, count + 1))
        product = slots["u_product"] * now
        mean = ahead * m / (1 - product * ahead) + (1 - now) * g / (1 - product)
        size = jnp.sqrt(v / (1 - self.beta_2**count)) + self.epsilon
        return w - mean * rate / size, {"momentum": m, "velocity": v, "u_product": product}


@register
class Lamb(_Means):
    """Adam with steps in proportion to the weights of a layer. https://arxiv.org/abs/1904.00962

    Keras 3.15 does not find it again in its files: it opens an `.h5` uncompiled only.
    """

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        m, v = self._means(g, slots)
        size = jnp.sqrt(v / (1 - self.beta_2**count)) + self.epsilon
        change = m / (1 - self.beta_1**count) / size
        weight, length = (jnp.sqrt(jnp.square(array).sum()) for array in (w, change))
        ratio = jnp.where((weight > 0) & (length > 0), weight / jnp.where(length > 0, length, 1.0), 1.0)
        return w - ratio * rate * change, {"momentum": m, "velocity": v}


@register
class ScheduleFreeAdamW(_Means):
    """Adam with a mean of the weights in place of a schedule. https://arxiv.org/abs/2405.15682"""

    learning_rate: LearningRate = Field(default=0.0025, description="Length of a step, or a schedule of it.")
    epsilon: Epsilon = Field(default=1e-8, description="Keeps the division away from zero.")
    beta_1: Annotated[float, Field(gt=0, lt=1)] = Field(default=0.9, description="Share of the mean weights.")
    warmup_steps: Annotated[int, Field(ge=0)] = Field(default=0, description="Steps in which the rate rises.")

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        return ((Slot("momentum", jnp.array), Slot("velocity")),)

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        if self.warmup_steps:
            rate = rate * jnp.minimum(count / self.warmup_steps, 1.0)
        z, v, share = slots["momentum"], slots["velocity"], 1 - self.beta_1
        v = v + (g * g - v) * (1 - self.beta_2)
        new = z - rate * g / (jnp.sqrt(v / (1 - self.beta_2**count)) + self.epsilon)
        mean = (1 - 1 / count) * (w - share * z) / self.beta_1 + new / count
        return share * new + self.beta_1 * mean, {"momentum": new, "velocity": v}


@register
class Lion(Optimizer):
    """Lion: steps of one length, by the sign of the mean gradient. https://arxiv.org/abs/2302.06675"""

    beta_1: Annotated[float, Field(gt=0, le=1)] = Field(default=0.9, description="Share of the mean in a step.")
    beta_2: Decay = Field(default=0.99, description="How long the mean gradient remembers.")

    def own_slots(self) -> tuple[tuple[Slot, ...], ...]:
        return ((Slot("momentum"),),)

    def step(
        self, w: jax.Array, g: jax.Array, slots: Slots, rate: jax.Array, count: jax.Array
    ) -> tuple[jax.Array, Slots]:
        m = slots["momentum"]
        change = jnp.sign(m * self.beta_1 + g * (1 - self.beta_1))
        return w - rate * change, {"momentum": m * self.beta_2 + g * (1 - self.beta_2)}
