"""The longest time that the window does not answer, while a run is compiled and while it trains.

A timer of 4 ms ticks in the window; the gaps between its ticks are what a user would feel. Beside it an idle
process does the same with a plain sleep: its longest gap is what this machine costs any program at the time.

    python -m tests.bench.liveness [--json]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

GOAL_MS = 33.0

if not os.environ.get("DISPLAY"):
    os.environ["QT_QPA_PLATFORM"] = "offscreen"


_IDLE = """
import select, sys, time
longest, last = 0.0, time.perf_counter()
while not select.select([sys.stdin], [], [], 0.004)[0]:
    now = time.perf_counter()
    longest, last = max(longest, now - last), now
print(longest * 1000)
"""


class Ticker:
    """Gaps between ticks, by the phase in which they fall."""

    def __init__(self) -> None:
        self.phase = "just started"  # the plots are made then, once
        self.gaps: dict[str, list[float]] = {}
        self._last = time.perf_counter()

    def start(self) -> None:
        """Count from now on."""
        self._last = time.perf_counter()

    def tick(self) -> None:
        now = time.perf_counter()
        self.gaps.setdefault(self.phase, []).append((now - self._last) * 1000)
        self._last = now


def measure() -> list[dict[str, Any]]:
    """Open the window, train the digits example, and give a row per phase."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LAYERLOOM_CONFIG_DIR"] = os.environ["LAYERLOOM_DATA_DIR"] = folder
        return _measure()


def _measure() -> list[dict[str, Any]]:
    from PySide6.QtWidgets import QApplication

    from app import main_window

    ticker = Ticker()
    run_events = QApplication.exec
    kept: list[object] = []

    def watched(*_: object) -> int:
        kept.append(watch(ticker))
        return run_events()

    QApplication.exec = watched  # type: ignore[method-assign, assignment]
    with subprocess.Popen([sys.executable, "-c", _IDLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as idle:
        main_window.run(None)
        longest = float(idle.communicate(b"end")[0])
    rows = [_row(phase, gaps) for phase, gaps in ticker.gaps.items()]
    return [*rows, {"phase": "an idle process meanwhile", "longest_ms": longest}]


def watch(ticker: Ticker) -> object:
    """Tick in the program's own window, click Train after a second, and quit when the run is done."""
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from app.window import MainWindow
    from engine.events import Compiled, Finished

    window = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow))

    window.resize(1366, 768)

    def on_event(event: object) -> None:
        if isinstance(event, Compiled):
            ticker.phase = "training"
        elif isinstance(event, Finished):
            ticker.phase = "finished"
            QTimer.singleShot(500, QApplication.exit)

    def begin() -> None:
        ticker.phase = "compiling"
        window.trainer.train()

    window.session.happened.connect(on_event)
    window.session.failed.connect(lambda error: (print(error, file=sys.stderr), QApplication.exit(1)))
    timer = QTimer(window, interval=4, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(ticker.tick)
    timer.start()
    ticker.start()
    QTimer.singleShot(700, lambda: setattr(ticker, "phase", "idle"))
    QTimer.singleShot(1500, begin)
    return on_event


def _row(phase: str, gaps: list[float]) -> dict[str, Any]:
    ordered = sorted(gaps)
    return {
        "phase": phase,
        "longest_ms": ordered[-1],
        "p99_ms": ordered[int(len(ordered) * 0.99)],
        "over_goal": sum(gap > GOAL_MS for gap in gaps),
        "ticks": len(gaps),
        "goal_ms": GOAL_MS,
        "met": ordered[-1] <= GOAL_MS,
    }


if __name__ == "__main__":
    from tests.bench.report import report

    report("Longest gaps of the window's event loop", measure())
