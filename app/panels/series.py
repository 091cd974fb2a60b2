"""The numbers behind a curve: any number of points, of which any stretch is drawn equally fast.

Beside the points themselves stand their lowest and highest values, of pairs, of pairs of pairs, and so on. Where
there are more points than columns on the screen, the row is drawn that has about one such value for each column,
so no spike is lost. Memory is bounded: when there are too many points, all of them become half as many.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_CAPACITY = 1 << 18


class _Buffer:
    """Numbers that are appended to, in an array that grows."""

    def __init__(self) -> None:
        self._array = np.empty(64)
        self._size = 0

    def append(self, values: Array) -> None:
        wanted = self._size + len(values)
        if wanted > len(self._array):
            grown = np.empty(max(wanted, 2 * len(self._array)))
            grown[: self._size] = self.values
            self._array = grown
        self._array[self._size : wanted] = values
        self._size = wanted

    def replace(self, values: Array) -> None:
        self._size = 0
        self.append(values.copy())

    @property
    def values(self) -> Array:
        return self._array[: self._size]


class Series:
    """Figures (y) at places that rise (x); those that are not finite are gaps."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._x, self._y = _Buffer(), _Buffer()
        self._sum, self._count = _Buffer(), _Buffer()  # of all finite values up to each point
        self._lows, self._highs = [_Buffer()], [_Buffer()]
        self._thinned = False

    def __len__(self) -> int:
        return len(self.x)

    @property
    def x(self) -> Array:
        return self._x.values

    @property
    def y(self) -> Array:
        return self._y.values

    def append(self, x: Array | float, y: Array | float) -> None:
        """Take points that lie behind those already here."""
        places, values = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float))
        while len(places):
            room = self._capacity - len(self)
            self._take(places[:room], values[:room])
            places, values = places[room:], values[room:]
            if len(self) >= self._capacity:
                self._halve()

    def _take(self, x: Array, y: Array) -> None:
        finite = np.isfinite(y)
        total, count = (buffer.values[-1] if len(self) else 0.0 for buffer in (self._sum, self._count))
        self._sum.append(total + np.where(finite, y, 0.0).cumsum())
        self._count.append(count + finite.cumsum())
        self._x.append(x)
        for buffer in (self._y, self._lows[0], self._highs[0]):
            buffer.append(np.where(finite, y, np.nan))

    def _halve(self) -> None:
        """Put each two points into one, at the place of the second."""
        self._reduce()
        even = len(self) // 2 * 2
        pairs = self.y[:even].reshape(-1, 2)
        self._y.replace(np.where(np.isnan(pairs[:, 1]), pairs[:, 0], pairs[:, 1]))
        for buffer in (self._x, self._sum, self._count):
            buffer.replace(buffer.values[1:even:2])
        self._lows.pop(0)
        self._highs.pop(0)
        self._thinned = True

    def _reduce(self) -> None:
        """Bring the rows of lowest and highest values up to date."""
        for rows, function in ((self._lows, np.fmin), (self._highs, np.fmax)):
            level = 0
            while len(rows[level].values) > 1:
                level += 1
                if level == len(rows):
                    rows.append(_Buffer())
                done, source = len(rows[level].values), rows[level - 1].values
                new = source[2 * done : len(source) // 2 * 2]
                if len(new):
                    rows[level].append(function(new[::2], new[1::2]))

    # Looking

    def stretch(self, left: float, right: float, columns: int) -> tuple[Array, Array]:
        """What to draw between two places, with one point more on each side: about two points for each column."""
        first, end = self._bounds(left, right)
        count = end - first
        if count <= 2 * columns and not self._thinned:
            return self.x[first:end], self.y[first:end]
        self._reduce()
        level = 0
        while count >> level > columns:
            level += 1
        start = first >> level
        stop = min(-(-end >> level), len(self._lows[level].values))
        x = self.x[np.arange(start, stop) << level]
        low, high = self._lows[level].values[start:stop], self._highs[level].values[start:stop]
        rest = slice(stop << level, end)
        if (stop << level) < end:
            x = np.append(x, self.x[rest.start])
            low = np.append(low, np.fmin.reduce(self._lows[0].values[rest]))
            high = np.append(high, np.fmax.reduce(self._highs[0].values[rest]))
        return np.repeat(x, 2), np.column_stack([low, high]).ravel()

    def smooth(self, left: float, right: float, columns: int, window: int) -> tuple[Array, Array]:
        """The mean of the last `window` figures, at about as many places of a stretch as there are columns."""
        first, end = self._bounds(left, right)
        step = max(1, (end - first) // max(columns, 1))
        at = np.unique(np.append(np.arange(first, end, step), end - 1)) if end > first else np.arange(0)
        total, count = self._sum.values, self._count.values
        before = np.searchsorted(count, count[at] - max(window, step), side="right") - 1
        known = before >= 0
        sums = total[at] - np.where(known, total[before], 0.0)
        counts = count[at] - np.where(known, count[before], 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.x[at], np.where(counts > 0, sums / counts, np.nan)

    def _bounds(self, left: float, right: float) -> tuple[int, int]:
        first, end = np.searchsorted(self.x, (left, right))
        return max(0, int(first) - 1), min(len(self), int(end) + 1)

    def nearest(self, x: float) -> int | None:
        """The number of the point next to a place, None where there is none."""
        if not len(self):
            return None
        after = int(np.searchsorted(self.x, x))
        if after == len(self):
            return after - 1
        return after - 1 if after and x - self.x[after - 1] < self.x[after] - x else after

    @property
    def last(self) -> float | None:
        return float(self.y[-1]) if len(self) else None


def upper_bound(steps: Array, *epochs: Array) -> float:
    """Where a curve's axis should end: above every epoch, and above all but the wildest steps."""
    tops = [float(values.max()) for values in map(finite, epochs) if len(values)]
    if len(calm := finite(steps)):
        tops.append(float(np.percentile(calm, 98)))
    return 1.08 * max(tops, default=1.0) or 1.0


def finite(values: Array) -> Array:
    """Those that are numbers."""
    return values[np.isfinite(values)]
