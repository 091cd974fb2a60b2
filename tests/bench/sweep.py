"""What a sweep over seeds costs: so many seeds of the digits MLP side by side, against one run, by the clock.

Both with the preparation of the data, in turns; the ratio is the middle of those of all turns. First with
compiling, as for a network that was not trained before, then with what was compiled in these turns.

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
    """A row for the middle of all turns, with compiling and without."""
    return [_row("with compiling", compiling=True), _row("compiled before", compiling=False)]


def _row(how: str, *, compiling: bool) -> dict[str, Any]:
    from engine import steps, templates
    from engine.together import train_together
    from engine.training import train

    project = templates.make("digits-mlp")
    several = [project.with_training(seed=seed) for seed in range(SEEDS)]
    ones: list[float] = []
    groups: list[float] = []
    for _ in range(TURNS):
        for found, events in ((ones, train(project)), (groups, train_together(several))):
            if compiling:
                steps.forget()
            found.append(_seconds(events))
    ratio = statistics.median(group / one for one, group in zip(ones, groups, strict=True))
    seconds = {"one_seconds": statistics.median(ones), "seeds_seconds": statistics.median(groups)}
    row = {"measured": f"{SEEDS} seeds against one, {how}", **seconds, "ratio": ratio, "turns": TURNS}
    return {**row, "goal": GOAL, "met": ratio < GOAL} if compiling else row


def _seconds(events: Iterable[Any]) -> float:
    start = time.perf_counter()
    for _ in events:
        pass
    return time.perf_counter() - start


if __name__ == "__main__":
    report("Sweeps", measure())
