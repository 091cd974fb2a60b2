"""What looking into the network costs: the share of training time that pictures on the cards take.

Networks of small, middling and large steps are trained in the window. In turns of some seconds it looks into them
without a pause, and not at all. By how much fewer steps the one makes than the other, for each second that looks
are said to cost, tells how good that figure is; times the share that is allowed, it is what looks take of a run.
(In turns at the pace of a run it would be lost in what else goes on in a machine.)

    python -m tests.bench.looks [--json]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

if not os.environ.get("DISPLAY"):
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

GOAL_SHARE = 3.0
TURN_SECONDS = 3.0
SETTLE_SECONDS = 0.3
PAIRS = 12


def measure() -> Iterator[dict[str, Any]]:
    """A row for each network."""
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LAYERLOOM_CONFIG_DIR"] = os.environ["LAYERLOOM_DATA_DIR"] = folder
        for name, project in networks().items():
            yield _cost(name, project)
    del application


def networks() -> dict[str, Any]:
    """Steps of some 20 microseconds, a millisecond, and some ten with weights of 70 MB."""
    from engine import templates
    from engine.data.builtin import Digits
    from engine.layers.core import Dense, Input, Output
    from engine.layers.reshaping import Flatten
    from engine.project import DataSettings, Project
    from engine.templates import chain

    wide, _ = chain(
        Input(shape=(8, 8, 1)),
        Flatten(),
        *(Dense(units=4096, activation="relu") for _ in range(2)),
        Dense(units=10, activation="softmax"),
        Output(),
    )
    endless = {"epochs": 1_000_000}
    return {
        "iris-mlp": templates.make("iris-mlp").with_training(batch_size=1, **endless),
        "digits-cnn": templates.make("digits-cnn").with_training(**endless),
        "wide MLP": Project(wide, data=DataSettings(source=Digits())).with_training(**endless),
    }


def _cost(name: str, project: Any) -> dict[str, Any]:
    from PySide6.QtCore import QEventLoop

    from app.settings import AppSettings
    from app.window import MainWindow
    from engine.allowance import Allowance
    from graph_editor.document import ProjectDocument

    window = MainWindow(ProjectDocument(project), AppSettings())
    window.resize(1366, 740)
    window.show()
    loop, turns = QEventLoop(), _Turns(window)
    turns.ended = loop.quit
    window.session.happened.connect(turns.take)
    window.session.failed.connect(lambda error: (print(error, file=sys.stderr), loop.quit()))
    window.seeing.watcher.allowance = Allowance(share=1.0, least=0.0)
    window.seeing.show("activations")
    window.trainer.train()
    loop.exec()
    window.session.close()
    window.document.set_saved()
    window.hide()
    window.seeing.watcher.close_jobs()
    window.work.close_jobs()
    return {"measured": f"looks into {name}", **turns.row()}


class _Turns:
    """Looks without pause in every second turn, and counts the steps of each; the first look compiles."""

    def __init__(self, window: Any) -> None:
        self._watcher = window.seeing.watcher
        self._show = window.seeing.show
        self._start: tuple[float, float, int, int] | None = None
        self._turned = 0.0
        self._costs: list[float] = []
        self._turns: list[tuple[float, float]] = []
        """Steps per second, and seconds that looks cost in a second."""
        self.ended: Any = None

    def take(self, event: Any) -> None:
        from engine.events import StepsDone

        looks, now = self._watcher.costs, time.perf_counter()
        if not isinstance(event, StepsDone) or len(looks) < 2 or len(self._turns) == 2 * PAIRS:
            return
        self._turned = self._turned or now
        if self._start is None:
            if now - self._turned >= SETTLE_SECONDS:
                self._start = now, event.seconds, event.step, len(looks)
            return
        before, began, step, count = self._start
        if event.seconds - began < TURN_SECONDS:
            return
        costs = looks[count:]
        self._costs += costs
        self._turns.append(((event.step - step) / (event.seconds - began), sum(costs) / (now - before)))
        self._start, self._turned = None, now
        self._show("nothing" if len(self._turns) % 2 else "activations")
        if len(self._turns) == 2 * PAIRS:
            self.ended()

    def row(self) -> dict[str, Any]:
        """The median over pairs of turns."""
        from app.watching import REST, SHARE

        pairs = list(zip(self._turns[::2], self._turns[1::2], strict=True))
        lost = statistics.median((1 - seen / plain) / cost for (seen, cost), (plain, _) in pairs)
        cost = statistics.median(self._costs)
        allowed = min(SHARE, cost / REST)
        return {
            "share_percent": 100 * allowed * lost,
            "pairs": len(pairs),
            "steps_per_second": statistics.median(speed for speed, _ in self._turns[1::2]),
            "looks_per_second": allowed / cost,
            "look_ms": 1000 * cost,
            "lost_ms": 1000 * cost * lost,
            "goal_percent": GOAL_SHARE,
            "met": 100 * allowed * lost <= GOAL_SHARE,
        }


if __name__ == "__main__":
    from tests.bench.report import report

    report("Looking into the network", measure())
