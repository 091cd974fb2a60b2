"""How often something may be done that costs a run some of its time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Allowance:
    """When something may be done again, so that it takes no more than a share of the time, whatever it costs."""

    share: float
    """Of the time, that it takes at most."""
    least: float
    """Seconds from one beginning to the next at least."""
    due: float = 0.0
    """When it may be done next, by the clock that `spent` is told."""

    def spent(self, begun: float, cost: float) -> None:
        """It was done: begun at that time, and the run has lost so many seconds by it at most."""
        self.due = begun + max(self.least, cost / self.share)

    def wait(self, now: float) -> float:
        """Seconds until it may be done again."""
        return max(0.0, self.due - now)
