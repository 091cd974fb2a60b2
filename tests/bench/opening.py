"""Seconds from a model file of Keras to its drawn canvas, beside what Keras itself takes to load it.

Each is measured in a process of its own, in turns, with imports done: ResNet152, 517 layers, 230 MB. Keras has
loaded the file once before, so that what it does but once is not counted; how long that took is told, too. CPU
seconds say more than seconds on a machine that does other work besides. Also the longest time that the window does
not answer, while the file is read, and while its cards are made and drawn.

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
import json, os, sys, time, keras

def load():
    begin, cpu = time.perf_counter(), time.process_time()
    keras.models.load_model(sys.argv[1])
    return time.perf_counter() - begin, time.process_time() - cpu

first, _ = load()
seconds, cpu = load()
print(json.dumps({"first": first, "seconds": seconds, "cpu": cpu}))
"""

# The program's own window, in which a timer of 4 ms ticks: the gaps between its ticks are what a user would feel.
_OURS = """
import gc, json, os, sys, tempfile, time
from pathlib import Path
folder = tempfile.TemporaryDirectory()
os.environ["LAYERLOOM_CONFIG_DIR"] = os.environ["LAYERLOOM_DATA_DIR"] = folder.name
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication
import engine.formats.models
from app import program
from app.settings import AppSettings

app = QApplication([])
sys.setswitchinterval(program._SWITCH_SECONDS)
window = program.make_window(app, AppSettings())
program.keep_collections_short(window)
window.resize(1366, 768)
window.show()
view, gaps, last, phase = window.work.view, {}, [0.0], ["start"]

def wait(milliseconds):
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()

def tick():
    now = time.perf_counter()
    gaps[phase[0]] = max(gaps.get(phase[0], 0.0), now - last[0])
    last[0] = now

def cpu():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system

def replaced():
    tick()
    phase[0] = "cards"

timer = QTimer(interval=4, timerType=Qt.TimerType.PreciseTimer)
timer.timeout.connect(tick)
wait(1500)
timer.start()
loop = QEventLoop()
view.graph_scene.filled.connect(loop.quit)
view.graph_scene.filled.connect(tick)
window.document.graph_replaced.connect(replaced)
begin, cpu_begin, phase[0], last[0] = time.perf_counter(), cpu(), "reading", time.perf_counter()
assert window.files.open_path(Path(sys.argv[1]))
read = time.perf_counter()
if view.graph_scene._missing:
    loop.exec()
filled = time.perf_counter()
view.viewport().repaint()
end = time.perf_counter()
wait(100)
import engine.formats.readers
engine.formats.readers.end_spare()  # so that what it took is counted
told = {"seconds": end - begin, "cards": filled - read, "paint": end - filled, "cpu": cpu() - cpu_begin}
print(json.dumps({**told, **{f"gap_{name}": gap for name, gap in gaps.items()}}), flush=True)
os._exit(0)
"""


def main() -> None:
    """Make the files, take turns, and print a row for each of them."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"resnet{suffix}") for suffix in (".h5", ".keras")]
        _run(_MAKE, *paths)
        report("From a file to its canvas", [_row(path) for path in paths])


def _row(path: Path) -> dict[str, Any]:
    turns = [(_answer(_OURS, path), _answer(_KERAS, path)) for _ in range(TURNS)]

    def middle(side: int, key: str) -> float:
        return statistics.median(turn[side][key] for turn in turns)

    row = {"file": path.suffix, "seconds": middle(0, "seconds"), "keras_s": middle(1, "seconds")}
    row |= {"keras_first_s": middle(1, "first"), "cpu_s": middle(0, "cpu"), "keras_cpu_s": middle(1, "cpu")}
    row |= {"ratio": row["seconds"] / row["keras_s"], "cpu_ratio": row["cpu_s"] / row["keras_cpu_s"]}
    gaps = {f"longest_{name}_ms": 1000 * middle(0, f"gap_{name}") for name in ("reading", "cards")}
    row |= {**gaps, "cards_ms": 1000 * middle(0, "cards"), "paint_ms": 1000 * middle(0, "paint")}
    met = row["seconds"] < GOAL_S and row["ratio"] <= GOAL_RATIO and max(gaps.values()) <= GOAL_MS
    return {**row, "met": met}


def _answer(code: str, path: Path) -> dict[str, float]:
    return json.loads(_run(code, path).splitlines()[-1])


def _run(code: str, *arguments: Path) -> str:
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    if not environment.get("DISPLAY"):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
