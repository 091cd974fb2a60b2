"""Toy data: points in a plane, to watch how a network draws a border between classes.

Each set is a function of NumPy alone, whose source generated programs hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.data.rows import Array
from engine.data.source import Column, DataSet, Source, register
from engine.fields import Seed

Points = tuple[Array, Array]

Samples = Annotated[int, Field(ge=10, le=100_000)]
Noise = Annotated[float, Field(ge=0, le=10)]

_SAMPLES = "Points in all, shared evenly by the classes."
_NOISE = "How far points stray, as a standard deviation."
_SEED = "Decides where the points fall: same seed, same points."


def moons(samples: int, noise: float, seed: int) -> Points:
    """Two half circles that reach into each other."""
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    angle = np.pi * rng.random(samples)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x[y == 1] = [1, 0.5] - x[y == 1]
    x += noise * rng.standard_normal(x.shape)
    return x.astype(np.float32), y.astype(np.int32)


def circles(samples: int, noise: float, seed: int, radius: float) -> Points:
    """A circle of radius 1 around a smaller one."""
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    angle = 2 * np.pi * rng.random(samples)
    x = np.where(y, radius, 1)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x += noise * rng.standard_normal(x.shape)
    return x.astype(np.float32), y.astype(np.int32)


def spirals(samples: int, noise: float, seed: int, arms: int, turns: float) -> Points:
    """Arms that wind from the middle to radius 1."""
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % arms
    distance = np.sqrt(rng.random(samples))
    angle = 2 * np.pi * (turns * distance + y / arms)
    x = distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x += noise * rng.standard_normal(x.shape)
    return x.astype(np.float32), y.astype(np.int32)


def blobs(samples: int, noise: float, seed: int, classes: int) -> Points:
    """Clouds around centres that keep away from each other."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-5, 5, (1, 2))
    for _ in range(classes - 1):  # the farthest from those there are, of some that are drawn
        drawn = rng.uniform(-5, 5, (20, 2))
        gaps = np.linalg.norm(drawn[:, None] - centres, axis=2).min(axis=1)
        centres = np.vstack([centres, drawn[gaps.argmax()]])
    y = np.arange(samples) % classes
    x = centres[y] + noise * rng.standard_normal((samples, 2))
    return x.astype(np.float32), y.astype(np.int32)


class Toy(Source):
    """What the toy sets share: two coordinates "x", a class "y"."""

    samples: Samples = Field(default=500, description=_SAMPLES)
    noise: Noise = Field(default=0.1, description=_NOISE)

    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    made: ClassVar[bool] = True
    make: ClassVar[Callable[..., Points]]

    @property
    def classes_made(self) -> int:
        """How many classes there are."""
        return 2

    def features(self) -> dict[str, Column]:
        return {"x": Column((2,))}

    def targets(self) -> dict[str, Column]:
        return {"y": Column((), tuple(map(str, range(self.classes_made))))}

    def arguments(self) -> dict[str, Any]:
        """What `make` is called with."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def load(self) -> DataSet:
        x, y = self.make(**self.arguments())
        return DataSet({"x": x}, {"y": y}, {"y": self.targets()["y"].classes})


@register("moons")
class Moons(Toy):
    """Points on two half circles that reach into each other: no straight line parts them."""

    seed: Seed = Field(default=0, description=_SEED)

    title: ClassVar[str] = "Toy: two moons"
    make = staticmethod(moons)


@register("circles")
class Circles(Toy):
    """Points on a circle around a smaller one."""

    radius: Annotated[float, Field(gt=0, le=1)] = Field(default=0.5, description="Radius of the inner circle.")
    seed: Seed = Field(default=0, description=_SEED)

    title: ClassVar[str] = "Toy: circles"
    make = staticmethod(circles)


@register("spirals")
class Spirals(Toy):
    """Points on arms that wind around each other, the hardest of the toys."""

    noise: Noise = Field(default=0.03, description=_NOISE)
    arms: Annotated[int, Field(ge=2, le=5)] = Field(default=2, description="Arms, each a class.")
    turns: Annotated[float, Field(ge=0, le=5)] = Field(default=1.0, description="Times that an arm goes round.")
    seed: Seed = Field(default=0, description=_SEED)

    title: ClassVar[str] = "Toy: spirals"
    make = staticmethod(spirals)

    @property
    def classes_made(self) -> int:
        return self.arms


@register("blobs")
class Blobs(Toy):
    """Clouds of points, each a class."""

    noise: Noise = Field(default=1.0, description=_NOISE)
    classes: Annotated[int, Field(ge=2, le=10)] = Field(default=3, description="Clouds, each a class.")
    seed: Seed = Field(default=0, description=_SEED)

    title: ClassVar[str] = "Toy: blobs"
    make = staticmethod(blobs)

    @property
    def classes_made(self) -> int:
        return self.classes
