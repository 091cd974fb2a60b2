"""What the live curves cost: the share of training time that drawing takes, and the time of one redraw.

A network whose steps take microseconds is trained. In turns of half a second its events are shown in the curves,
and thrown away; the share is by how much fewer steps a turn with curves makes than the one after it. Beside it
stands how much of a processor the window used for the curves. A redraw is that of a plot of so many points, with
the painting.

    python -m tests.bench.plots [--json]
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from typing import Any

if not os.environ.get("DISPLAY"):
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

GOAL_SHARE = 3.0
GOAL_FRAMES = 30.0
TURN_SECONDS = 0.5
PAIRS = 40
SIZES = (1_000, 100_000, 1_000_000)


def measure() -> list[dict[str, Any]]:
    """A row for the cost to training, and a row for each number of points."""
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    rows = [_cost(), *(_redraw(size) for size in SIZES)]
    del application
    return rows


def _cost() -> dict[str, Any]:
    from PySide6.QtCore import QEventLoop

    from app.panels.curves import Curves
    from app.task import TaskThread
    from engine import templates
    from engine.training import train

    curves = Curves()
    curves.resize(1000, 230)
    curves.show()
    project = templates.make("iris-mlp").with_training(epochs=1_000_000, batch_size=1)
    thread, loop, turns = TaskThread(train(project)), QEventLoop(), _Turns(curves)
    thread.happened.connect(turns.take)
    turns.ended = thread.cancel
    thread.failed.connect(lambda error: (print(error, file=sys.stderr), loop.quit()))
    thread.ended.connect(loop.quit)
    thread.start()
    loop.exec()
    curves.hide()
    return turns.row()


class _Turns:
    """Shows the events of a run in the curves in every second turn, and counts the steps of each."""

    def __init__(self, curves: Any) -> None:
        self._curves = curves
        self._start: tuple[float, int, float, int] | None = None
        self._speeds: list[float] = []
        self._works: list[float] = []
        self._frames: list[float] = []
        self.ended: Any = None

    def take(self, event: Any) -> None:
        from engine.events import Started, StepsDone

        shown = len(self._speeds) % 2 == 0
        if shown or isinstance(event, Started):
            self._curves.take(event)
        if not isinstance(event, StepsDone):
            return
        now, work, frames = time.perf_counter(), time.thread_time(), self._curves.frames
        if self._start is None:
            self._start = now, event.step, work, frames
        elif now - self._start[0] >= TURN_SECONDS:
            began, step, worked, drawn = self._start
            self._speeds.append((event.step - step) / (now - began))
            self._works.append((work - worked) / (now - began))
            self._frames.append((frames - drawn) / (now - began))
            self._start = now, event.step, work, frames
            if len(self._speeds) == 2 * PAIRS:
                self.ended()

    def row(self) -> dict[str, Any]:
        """The median over pairs of turns, the first of which compile and are left out."""
        pairs = list(zip(self._speeds[2::2], self._speeds[3::2], strict=True))
        share = 100 * (1 - statistics.median(shown / plain for shown, plain in pairs))
        work = statistics.median(self._works[2::2]) - statistics.median(self._works[3::2])
        return {
            "measured": "training with curves",
            "share_percent": share,
            "pairs": len(pairs),
            "steps_per_second": statistics.median(self._speeds[3::2]),
            "window_cpu_percent": 100 * work,
            "redraws_per_second": statistics.median(self._frames[2::2]),
            "most_redraws": max(self._frames),
            "goal_percent": GOAL_SHARE,
            "met": share <= GOAL_SHARE and max(self._frames) <= GOAL_FRAMES,
        }


def _redraw(size: int) -> dict[str, Any]:
    import numpy as np

    from app.panels.plot import CurvePlot
    from app.panels.run_figures import RunFigures
    from engine.events import StepsDone

    plot = CurvePlot("loss")
    plot.resize(500, 230)
    plot.show()
    run = RunFigures(100)
    values = np.random.default_rng(0).random(size) + 1 / np.arange(1, size + 1)
    run.take(StepsDone(1, size, {"loss": values}, 0.0))
    start = time.perf_counter()
    plot.begin(run, size // 100)
    first = time.perf_counter() - start
    times: list[float] = []
    for _ in range(40):
        run.take(StepsDone(1, size, {"loss": values[:50]}, 0.0))
        start = time.perf_counter()
        plot.redraw()
        plot.view.viewport().repaint()
        times.append(time.perf_counter() - start)
    plot.hide()
    return {
        "measured": f"redraw of {size:,} points",
        "median_ms": 1000 * statistics.median(times),
        "longest_ms": 1000 * max(times),
        "first_ms": 1000 * first,
    }


if __name__ == "__main__":
    from tests.bench.report import report

    report("Live curves", measure())
