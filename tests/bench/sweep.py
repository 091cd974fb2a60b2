"""What a sweep over seeds costs: so many seeds of the digits MLP side by side, against one run, by the clock.

Both with compiling and the preparation of the data, in turns; a row for each turn's ratio and the middle of them.

    python -m tests.bench.sweep [--json]
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from typing import Any

from tests.bench.report import report

SEEDS = 16
TURNS = 5
GOAL = 4.0


def measure() -> list[dict[str, Any]]:
    """A row for the middle of all turns."""
    from engine import templates
    from engine.together import train_together
    from engine.training import train

    project = templates.make("digits-mlp")
    several = [project.with_training(seed=seed) for seed in range(SEEDS)]
    ones: list[float] = []
    groups: list[float] = []
    for _ in range(TURNS):
        ones.append(_seconds(train(project)))
        groups.append(_seconds(train_together(several)))
    ratio = statistics.median(group / one for one, group in zip(ones, groups, strict=True))
    return [
        {
            "measured": f"{SEEDS} seeds against one",
            "one_seconds": statistics.median(ones),
            "seeds_seconds": statistics.median(groups),
            "ratio": ratio,
            "turns": TURNS,
            "goal": GOAL,
            "met": ratio < GOAL,
        }
    ]


def _seconds(events: Iterable[Any]) -> float:
    start = time.perf_counter()
    for _ in events:
        pass
    return time.perf_counter() - start


if __name__ == "__main__":
    report("Sweeps", measure())
