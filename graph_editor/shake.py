"""A pointer that goes to and fro a few times, quickly: the sign that a card is to be shaken off its wires."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QPointF

_TURNS = 4
_SECONDS = 1.0
_LEAST = 14.0
"""Pixels between two turns that are meant."""


class Shake:
    """Is told where the pointer is, and says when that was a shake."""

    def __init__(self) -> None:
        self._axes = _Axis(), _Axis()

    def add(self, spot: QPointF, now: float) -> bool:
        """The pointer is here, in pixels, at a time in seconds; whether it has been shaken."""
        across, down = self._axes
        shaken = across.add(spot.x(), now), down.add(spot.y(), now)
        return any(shaken)


class _Axis:
    """Counts the turns along one direction."""

    def __init__(self) -> None:
        self._extreme: float | None = None
        self._way = 0
        self._turns: deque[float] = deque(maxlen=_TURNS)

    def add(self, value: float, now: float) -> bool:
        if self._extreme is None:
            self._extreme = value
        step = value - self._extreme
        way = 1 if step > 0 else -1
        if step and way == self._way:
            self._extreme = value
        elif abs(step) >= _LEAST:
            if self._way:
                self._turns.append(now)
            self._way, self._extreme = way, value
        return len(self._turns) == _TURNS and self._turns[-1] - self._turns[0] < _SECONDS
