"""How many steps go into one call of compiled functions."""

from __future__ import annotations

from collections.abc import Callable

CALL_SECONDS = 0.04
"""How long one call into the compiled steps may take: short enough for live curves and a prompt stop."""


class Pace:
    """How many steps to make in one call so that it takes about `CALL_SECONDS`, or as many as are given.

    What one process wants is what all make: `agreed` is that of a `Placement`.
    """

    def __init__(
        self,
        agreed: Callable[[float], tuple[float, ...]] = lambda number: (number,),
        seconds: float | None = None,
    ) -> None:
        self.steps: int = 1
        self._agreed, self._seconds = agreed, seconds

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a call: at most twice as many the next time, so that one slow call does no harm."""
        wanted = int(steps * (self._seconds or CALL_SECONDS) / max(seconds, 1e-6))
        (most,) = self._agreed(max(1, min(wanted, 2 * self.steps)))
        self.steps = int(most)
