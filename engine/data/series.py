"""A series that is made: sine waves with noise, cut into windows of which the next value is to be predicted."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.data.rows import Array
from engine.data.source import Column, DataSet, Source, register
from engine.fields import Seed


def waves(length: int, sines: int, noise: float, seed: int) -> Array:
    """A sum of sines of drawn period, height and start, scaled to -1 to 1, with noise."""
    rng = np.random.default_rng(seed)
    period, start = rng.uniform(10, 60, sines), rng.uniform(0, 2 * np.pi, sines)
    height = rng.uniform(0.5, 1, sines)
    time = np.arange(length)[:, None]
    clean = (height * np.sin(2 * np.pi * time / period + start)).sum(axis=1) / height.sum()
    return (clean + noise * rng.standard_normal(length)).astype(np.float32)


def windows(series: Array, window: int) -> tuple[Array, Array]:
    """Each stretch of so many values, (samples, window, 1), and the value after it."""
    x = np.lib.stride_tricks.sliding_window_view(series[:-1], window)
    return x[..., None].copy(), series[window:]


@register("sines")
class Sines(Source):
    """Sine waves with noise: from a window of values, the next one is to be predicted.

    The last fifth of the time is for the test, the tenth before it for validation: what comes later must not help
    to guess what was before.
    """

    samples: Annotated[int, Field(ge=20, le=100_000)] = Field(default=500, description="Windows in all.")
    window: Annotated[int, Field(ge=1, le=1000)] = Field(default=30, description="Values in a window.")
    sines: Annotated[int, Field(ge=1, le=5)] = Field(default=2, description="Waves that are added up.")
    noise: Annotated[float, Field(ge=0, le=10)] = Field(
        default=0.05, description="How far values stray, as a standard deviation."
    )
    seed: Seed = Field(default=0, description="Decides waves and noise: same seed, same series.")

    title: ClassVar[str] = "Series: sine waves"
    task: ClassVar[Literal["classification", "regression", ""]] = "regression"
    made: ClassVar[bool] = True

    def features(self) -> dict[str, Column]:
        return {"x": Column((self.window, 1))}

    def targets(self) -> dict[str, Column]:
        return {"y": Column(())}

    @property
    def bounds(self) -> dict[str, slice]:
        """Which windows belong to which part."""
        validation, test = self.samples * 7 // 10, self.samples * 8 // 10
        return {"train": slice(0, validation), "validation": slice(validation, test), "test": slice(test, None)}

    def arguments(self) -> dict[str, Any]:
        """What `waves` is called with."""
        return {
            "length": self.samples + self.window, "sines": self.sines, "noise": self.noise, "seed": self.seed
        }  # fmt: skip

    def load(self) -> DataSet:
        x, y = windows(waves(**self.arguments()), self.window)
        parts = {part: {"x": x[rows], "y": y[rows]} for part, rows in self.bounds.items()}
        return DataSet(
            {"x": parts["train"]["x"]}, {"y": parts["train"]["y"]}, {}, parts["validation"], parts["test"]
        )
