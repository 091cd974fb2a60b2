"""Seconds from a model file of Keras to its drawn canvas, beside what Keras itself takes to load it.

Each is measured in a process of its own, in turns, with imports done: ResNet152, 517 layers, 230 MB. Also the
longest time that the window does not answer, while the file is read and while its cards are made.

    python -m tests.bench.opening [--json]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.report import report

GOAL_S = 3.0
GOAL_RATIO = 2.0
GOAL_MS = 33.0
TURNS = 3

_MAKE = """
import sys, keras
model = keras.applications.ResNet152(weights=None)
for path in sys.argv[1:]:
    model.save(path)
"""

_KERAS = """
import json, sys, time, keras
begin = time.perf_counter()
keras.models.load_model(sys.argv[1])
print(json.dumps({"seconds": time.perf_counter() - begin}))
"""

_OURS = """
import json, sys, time
from pathlib import Path
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget
import engine.formats.models
from app.files import _read_keras
from app.jobs import run_job
from engine.formats.readers import in_background
from graph_editor.document import ProjectDocument
from graph_editor.view import GraphView

app = QApplication([])
document = ProjectDocument()
view = GraphView(document)
view.resize(1000, 700)
view.show()
app.processEvents()
gaps, last = [], [0.0]

def tick():
    now = time.perf_counter()
    gaps.append(now - last[0])
    last[0] = now

timer = QTimer(interval=4, timerType=Qt.TimerType.PreciseTimer)
timer.timeout.connect(tick)
timer.start()
begin = last[0] = time.perf_counter()
opened = run_job(view, "Opening", in_background(_read_keras, Path(sys.argv[1])))
read, reading = time.perf_counter(), max(gaps)
document.reset(opened.project, opened.inference)
made = time.perf_counter()
app.processEvents()
view.viewport().repaint()
end = time.perf_counter()
print(json.dumps({"seconds": end - begin, "cards": made - read, "paint": end - made, "gap": reading}))
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"resnet{suffix}") for suffix in (".h5", ".keras")]
        _run(_MAKE, *paths)
        report("From a file to its canvas", [_row(path) for path in paths])


def _row(path: Path) -> dict[str, Any]:
    turns = [(_answer(_OURS, path), _answer(_KERAS, path)) for _ in range(TURNS)]
    ours, theirs = (statistics.median(turn[side]["seconds"] for turn in turns) for side in (0, 1))
    cards, gap = (1000 * statistics.median(turn[0][key] for turn in turns) for key in ("cards", "gap"))
    return {
        "file": path.suffix,
        "seconds": ours,
        "keras_s": theirs,
        "ratio": ours / theirs,
        "longest_while_reading_ms": gap,
        "cards_ms": cards,
        "paint_ms": 1000 * statistics.median(turn[0]["paint"] for turn in turns),
        "met": ours < GOAL_S and ours <= GOAL_RATIO * theirs and max(gap, cards) <= GOAL_MS,
    }


def _answer(code: str, path: Path) -> dict[str, float]:
    return json.loads(_run(code, path).splitlines()[-1])


def _run(code: str, *arguments: Path) -> str:
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    if not environment.get("DISPLAY"):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    main()
