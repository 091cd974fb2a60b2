"""From the click on Train to the first point of the curve, in the program's own window when it has come to rest.

`opened`: the project that the window opens with, nothing kept from before, but the window had some seconds to
compile it ahead; `again` in the same window; `changed`: a layer was changed the moment before, so that all is
compiled now; `next start`: in a new window that finds on the disk what was compiled before.

    python -m tests.bench.first_point [--json]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from typing import Any

from tests.bench.report import report

GOALS = {"opened": 1.5, "again": 0.3, "changed": 1.5, "next start": 0.3}
_REST_MS = 4000


def measure() -> list[dict[str, Any]]:
    """A row for each way."""
    with tempfile.TemporaryDirectory() as folder:
        names = ("LAYERLOOM_CONFIG_DIR", "LAYERLOOM_DATA_DIR", "LAYERLOOM_CACHE_DIR")
        environment = {**os.environ, **dict.fromkeys(names, folder)}
        if not environment.get("DISPLAY"):
            environment["QT_QPA_PLATFORM"] = "offscreen"
        first, second = (_seconds(environment) for _ in range(2))
    found = dict(zip(GOALS, (*first, second[0]), strict=True))
    return [
        {"run": name, "seconds": seconds, "goal": GOALS[name], "met": seconds < GOALS[name]}
        for name, seconds in found.items()
    ]


def _seconds(environment: dict[str, str]) -> list[float]:
    """Of the runs in one window."""
    command = [sys.executable, "-m", "tests.bench.first_point", "--window"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _window() -> None:
    """Open the window, train the digits example for an epoch, again and changed, and say how long it took."""
    from engine.compiled_files import keep_compiled

    keep_compiled()
    from PySide6.QtWidgets import QApplication

    from app import main_window

    run_events = QApplication.exec
    found: list[float] = []

    def watched(*_: object) -> int:
        _click(found)
        return run_events()

    QApplication.exec = watched  # type: ignore[method-assign, assignment]
    main_window.run(None)
    sys.stdout.write(json.dumps(found) + "\n")


def _click(found: list[float]) -> None:
    """Train three times after rests, and note how long the first points took."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from app.window import MainWindow
    from engine.events import Finished, StepsDone
    from engine.layers.core import Dense

    window = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow))
    window.document.reset(window.document.project.with_training(epochs=1))
    begun: list[float] = []

    def train() -> None:
        if len(begun) == 2:
            project = window.document.project
            dense = project.graph.of_type(Dense)[0]
            changed = project.graph.set_layer(dense.id, Dense(units=33))
            window.document.reset(replace(project, graph=changed))
        begun.append(time.perf_counter())
        window.trainer.train()

    def on_event(event: object) -> None:
        if isinstance(event, StepsDone) and len(found) < len(begun):
            found.append(time.perf_counter() - begun[-1])
        elif isinstance(event, Finished):
            QTimer.singleShot(_REST_MS, train if len(found) < 3 else QApplication.exit)

    window.session.happened.connect(on_event)
    window.session.failed.connect(lambda error: (print(error, file=sys.stderr), QApplication.exit(1)))
    QTimer.singleShot(_REST_MS, train)


if __name__ == "__main__":
    if "--window" in sys.argv:
        _window()
    else:
        report("From the click on Train to the first point", measure())
