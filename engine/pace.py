"""How many steps go into one call of compiled functions."""

from __future__ import annotations

CALL_SECONDS = 0.04
"""How long one call into the compiled steps may take: short enough for live curves and a prompt stop."""


class Pace:
    """How many steps to make in one call so that it takes about `CALL_SECONDS`."""

    def __init__(self) -> None:
        self.steps = 1

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a call: at most twice as many the next time, so that one slow call does no harm."""
        wanted = int(steps * CALL_SECONDS / max(seconds, 1e-6))
        self.steps = max(1, min(wanted, 2 * self.steps))
