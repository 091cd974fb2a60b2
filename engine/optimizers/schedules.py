"""Keras's schedules of the learning rate (https://keras.io/api/optimizers/learning_rate_schedules/)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

import jax
import jax.numpy as jnp
from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from engine.fields import Holds, Settings

LARGEST_RATE = 1000.0

Rate = Annotated[float, Field(ge=0, le=LARGEST_RATE)]
Steps = Annotated[int, Field(ge=1, le=2**31 - 1)]

SCHEDULES: dict[str, type[Schedule]] = {}
"""Every schedule by its name: that of Keras, which lacks those of `engine.optimizers.rising`."""

S = TypeVar("S", bound="type[Schedule]")


def register(cls: S) -> S:
    """Class decorator that makes a schedule known to panels and files."""
    SCHEDULES[cls.__name__] = cls
    return cls


class Schedule(Settings):
    """Base of the schedules: the learning rate as a function of the steps that are done."""

    @property
    def type(self) -> str:
        """Keras's name of the class."""
        return type(self).__name__

    def at(self, step: jax.Array) -> jax.Array:
        """The learning rate after so many steps, a number with a decimal point."""
        raise NotImplementedError

    @classmethod
    def beginning(cls, rate: float) -> Schedule:
        """The schedule that people would start from, with a rate as its highest."""
        return cls().reaching(rate)

    @property
    def highest(self) -> float:
        """The rate that people would name when asked for one."""
        raise NotImplementedError

    def reaching(self, rate: float) -> Schedule:
        """The same schedule with another rate as its highest."""
        raise NotImplementedError

    def in_keras(self) -> Schedule:
        """What files of Keras hold: this schedule, or where Keras has none such, the nearest that it has."""
        return self


class _Falling(Schedule):
    initial_learning_rate: Rate = Field(default=0.001, description="The rate at the first step.")

    @property
    def highest(self) -> float:
        return self.initial_learning_rate

    def reaching(self, rate: float) -> Schedule:
        return self.replace(initial_learning_rate=rate)


@register
class ExponentialDecay(_Falling):
    """The rate is multiplied by decay_rate every decay_steps steps."""

    decay_steps: Steps = Field(default=1000, description="Steps until the rate is multiplied once.")
    decay_rate: Annotated[float, Field(gt=0)] = Field(default=0.96, description="What the rate is multiplied by.")
    staircase: bool = Field(default=False, description="Fall at once every decay_steps, not bit by bit.")

    def at(self, step: jax.Array) -> jax.Array:
        periods = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate**periods


@register
class InverseTimeDecay(_Falling):
    """The rate is divided by 1 + decay_rate * step / decay_steps."""

    decay_steps: Steps = Field(default=1000, description="Steps that decay_rate is counted for.")
    decay_rate: Annotated[float, Field(ge=0)] = Field(default=0.5, description="How fast the divisor grows.")
    staircase: bool = Field(default=False, description="Fall at once every decay_steps, not bit by bit.")

    def at(self, step: jax.Array) -> jax.Array:
        periods = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * periods)


@register
class PolynomialDecay(_Falling):
    """The rate falls to end_learning_rate along a power of the steps that are left."""

    decay_steps: Steps = Field(default=1000, description="Steps until the last rate is reached.")
    end_learning_rate: Rate = Field(default=0.0001, description="The last rate.")
    power: Annotated[float, Field(ge=0)] = Field(default=1.0, description="1 is a straight line.")
    cycle: bool = Field(default=False, description="Begin again, more slowly, after decay_steps.")

    def at(self, step: jax.Array) -> jax.Array:
        steps: Any = self.decay_steps
        if self.cycle:
            steps = steps * jnp.where(step == 0, 1.0, -(-step // self.decay_steps))
        else:
            step = jnp.minimum(step, steps)
        fall = self.initial_learning_rate - self.end_learning_rate
        return fall * (1 - step / steps) ** self.power + self.end_learning_rate


@register
class CosineDecay(_Falling):
    """The rate falls along half a wave of the cosine, after a rise to warmup_target if there is one."""

    decay_steps: Steps = Field(default=1000, description="Steps until the last rate is reached.")
    alpha: Annotated[float, Field(ge=0, le=1)] = Field(default=0.0, description="The last rate, as a share.")
    warmup_target: Rate | None = Field(default=None, description="The rate to rise to at first.")
    warmup_steps: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(default=0, description="Steps of the rise.")

    @property
    def highest(self) -> float:
        return self.initial_learning_rate if self.warmup_target is None else self.warmup_target

    def reaching(self, rate: float) -> Schedule:
        if self.warmup_target is None:
            return super().reaching(rate)
        return self.replace(warmup_target=rate, initial_learning_rate=min(self.initial_learning_rate, rate))

    def _fall(self, step: jax.Array, top: float) -> jax.Array:
        wave = 0.5 * (1 + jnp.cos(math.pi * step / self.decay_steps))
        return top * ((1 - self.alpha) * wave + self.alpha)

    def at(self, step: jax.Array) -> jax.Array:
        first, top = self.initial_learning_rate, self.warmup_target
        if top is None:
            return self._fall(jnp.minimum(step, self.decay_steps), first)
        step = jnp.minimum(step, self.decay_steps + self.warmup_steps)
        rise = first + (top - first) * step / max(self.warmup_steps, 1)
        return jnp.where(step < self.warmup_steps, rise, self._fall(step - self.warmup_steps, top))


@register
class CosineDecayRestarts(_Falling):
    """The rate falls along half a wave of the cosine, again and again."""

    first_decay_steps: Steps = Field(default=1000, description="Steps of the first fall.")
    t_mul: Annotated[float, Field(ge=1)] = Field(default=2.0, description="How much longer each fall is.")
    m_mul: Annotated[float, Field(gt=0)] = Field(default=1.0, description="How much higher each fall begins.")
    alpha: Annotated[float, Field(ge=0, le=1)] = Field(default=0.0, description="The last rate, as a share.")

    def at(self, step: jax.Array) -> jax.Array:
        done, longer = step / self.first_decay_steps, self.t_mul
        if longer == 1:
            falls = step // self.first_decay_steps
            done = done - falls
        else:
            falls = jnp.floor(jnp.log(1 - done * (1 - longer)) / jnp.log(longer))
            done = (done - (1 - longer**falls) / (1 - longer)) / longer**falls
        wave = 0.5 * self.m_mul**falls * (1 + jnp.cos(math.pi * done))
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)


@register
class PiecewiseConstantDecay(Schedule):
    """The rate is one of `values`: the first up to the first of `boundaries`, and so on."""

    boundaries: tuple[Steps, ...] = Field(default=(1000,), description="Steps after which the rate changes.")
    values: tuple[Rate, ...] = Field(default=(0.001, 0.0001), description="The rates, one more than boundaries.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.boundaries or len(self.values) != len(self.boundaries) + 1:
            raise ValueError("needs one value more than boundaries")
        return self

    @classmethod
    def beginning(cls, rate: float) -> Schedule:
        return cls(values=(rate, rate / 10))

    @property
    def highest(self) -> float:
        return max(self.values)

    def reaching(self, rate: float) -> Schedule:
        scale = rate / self.highest if self.highest else 0.0
        return self.replace(values=tuple(value * scale for value in self.values))

    def at(self, step: jax.Array) -> jax.Array:
        rate = jnp.full_like(step, self.values[-1])
        for boundary, value in reversed(list(zip(self.boundaries, self.values, strict=False))):
            rate = jnp.where(step <= boundary, value, rate)
        return rate


# The learning rate as a setting


def _read(value: Any) -> float | Schedule:
    if isinstance(value, Mapping):
        fields: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
        name = fields.pop("type", None)
        if not isinstance(name, str) or name not in SCHEDULES:
            raise ValueError(f"must be a number or one of {', '.join(SCHEDULES)}")
        return SCHEDULES[name].model_validate(fields)
    if isinstance(value, Schedule):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LARGEST_RATE:
        raise ValueError(f"must be more than 0 and at most {LARGEST_RATE:g}")
    return float(value)


def _as_json(value: Any) -> Any:
    return {"type": value.type, **value.model_dump(mode="json")} if isinstance(value, Schedule) else value


if TYPE_CHECKING:
    LearningRate = float | Schedule
else:
    LearningRate = Annotated[Any, Holds("rate"), BeforeValidator(_read), PlainSerializer(_as_json)]
"""A learning rate: a number, or a schedule."""
