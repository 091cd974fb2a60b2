"""The numbers behind a curve, in a bounded amount of memory however long a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class StepSeries:
    """A figure for each step. When there are too many, neighbours are averaged, and averaged again."""

    def __init__(self, capacity: int = 1024) -> None:
        self._y = np.empty(capacity)
        self._size = 0
        self._stride = 1
        self._rest: Array = np.empty(0)

    def append(self, values: Array) -> None:
        """Take the figures of the steps that follow those already here."""
        waiting = np.concatenate([self._rest, np.asarray(values, float).ravel()])
        while (whole := len(waiting) // self._stride) > 0:
            count = min(whole, len(self._y) - self._size)
            taken = count * self._stride
            means = waiting[:taken].reshape(count, self._stride).mean(1)
            self._y[self._size : self._size + count] = means
            self._size += count
            waiting = waiting[taken:]
            if self._size == len(self._y):
                self._halve()
        self._rest = waiting

    def _halve(self) -> None:
        half = self._size // 2
        self._y[:half] = self._y[: 2 * half].reshape(half, 2).mean(1)
        self._size = half
        self._stride *= 2

    @property
    def y(self) -> Array:
        return self._y[: self._size]

    @property
    def x(self) -> Array:
        """The step, counted from 1, that each figure stands for (the middle of those averaged)."""
        return np.arange(self._size) * self._stride + (self._stride + 1) / 2


class EpochSeries:
    """A figure for each of successive epochs. Of very many, evenly spaced ones are drawn, and the last."""

    DRAWN = 500

    def __init__(self) -> None:
        self._values: list[float] = []
        self._epochs: list[int] = []

    def append(self, epoch: int, value: float) -> None:
        self._epochs.append(epoch)
        self._values.append(value)

    @property
    def x(self) -> Array:
        return self._drawn(self._epochs)

    @property
    def y(self) -> Array:
        return self._drawn(self._values)

    def _drawn(self, values: Sequence[float]) -> Array:
        stride = -(-len(values) // self.DRAWN) or 1
        return np.array(values[:0] if not values else [*values[:-1:stride], values[-1]], float)

    @property
    def last(self) -> float | None:
        return self._values[-1] if self._values else None

    def nearest(self, epoch: int) -> int | None:
        """The epoch next to this one that has a figure."""
        return max(self._epochs[0], min(epoch, self._epochs[-1])) if self._epochs else None

    def at(self, epoch: int) -> float | None:
        """The figure of an epoch, None where there is none."""
        place = epoch - self._epochs[0] if self._epochs else -1
        return self._values[place] if 0 <= place < len(self._values) else None


def upper_bound(steps: Array, *epochs: Array) -> float:
    """Where a curve's axis should end: above every epoch, and above all but the wildest steps."""
    tops = [float(values.max()) for values in map(_finite, epochs) if len(values)]
    if len(calm := _finite(steps)):
        tops.append(float(np.percentile(calm, 98)))
    return 1.08 * max(tops, default=1.0) or 1.0


def _finite(values: Array) -> Array:
    return values[np.isfinite(values)]
