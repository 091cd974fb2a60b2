"""Samples per second and memory of data that is larger than memory, beside the same data held in memory.

- `array`: numbers in an .npy file (10 GB unless `--gigabytes` says otherwise), read while it is learned from. Its
  memory is the peak of the process above that of the same network on a file of 1 MB: what JAX takes is left out.
- `pictures`: 100,000 small pictures in a folder for each class (`--pictures`), the same; and how fast PyTorch's
  DataLoader brings the same folder, with two workers, where PyTorch is installed.
- `ratio`: samples per second streamed, by those of the same samples held in memory, in turns in one process.

    python -m tests.bench.data [--gigabytes 10] [--pictures 100000] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.bench.report import report

GOAL_MB = 1000.0
GOAL_RATIO = 0.95

_FEATURES = 1024
_SIDE = 32
_CLASSES = 10
_TURNS = 5

# A run in a process of its own. The first argument says what it learns from, and how.
_RUN = """
import json, resource, sys, time
from pathlib import Path
import engine.data.holding, engine.feeding
from engine.data.opening import source_of
from engine.events import EpochDone, StepsDone, Started
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.global_pooling import GlobalAveragePooling2D
from engine.layers.preprocessing import Rescaling
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train

wanted = json.loads(sys.argv[1])
if wanted["held"] is not None:
    engine.data.holding.HELD = engine.feeding.HELD = wanted["held"]
source = source_of(Path(wanted["path"]))
if wanted["kind"] == "array":
    hidden = [Dense(units=512, activation="relu") for _ in range(2)]
    layers = [Input(shape=(1024,)), *hidden, Dense(units=10, activation="softmax")]
else:
    layers = [
        Input(shape=(32, 32, 3)), Rescaling(scale=1 / 255),
        Conv2D(filters=16, kernel_size=(3, 3), activation="relu"), GlobalAveragePooling2D(),
        Dense(units=10, activation="softmax"),
    ]
graph, _ = chain(*layers, Output())
project = Project(
    graph,
    data=DataSettings(source=source, test_split=0, validation_split=0),
    training=TrainingSettings(epochs=wanted["epochs"], batch_size=128),
)

def resident():
    # The peak of pages of its own and of mapped files alike.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

begin = time.perf_counter()
speeds, last, before, size, first = [], 0.0, 0, 0, None
for event in train(project):
    if isinstance(event, Started):
        size = event.samples
    elif isinstance(event, StepsDone) and first is None:
        first = time.perf_counter() - begin
    elif isinstance(event, EpochDone):
        speeds.append(size / (event.seconds - last))
        last = event.seconds
print(json.dumps({"speeds": speeds, "peak": resident(), "samples": size, "first": first}))
"""

_TORCH = """
import json, sys, time
import numpy as np, torch
from pathlib import Path
from PIL import Image
from torch.utils.data import DataLoader, Dataset

class Folder(Dataset):
    def __init__(self, path):
        classes = sorted(p for p in Path(path).iterdir())
        self.files = [(str(f), label) for label, c in enumerate(classes) for f in sorted(c.iterdir())]
    def __len__(self):
        return len(self.files)
    def __getitem__(self, index):
        path, label = self.files[index]
        with Image.open(path) as image:
            return torch.from_numpy(np.array(image.convert("RGB"))), label

loader = DataLoader(Folder(sys.argv[1]), batch_size=128, shuffle=True, num_workers=2)
begin, count = time.perf_counter(), 0
for x, y in loader:
    count += len(y)
print(json.dumps({"speed": count / (time.perf_counter() - begin)}))
"""


def run(kind: str, path: Path, epochs: int = 1, held: int | None = None) -> dict[str, Any]:
    """One training in a process of its own."""
    wanted = json.dumps({"kind": kind, "path": str(path), "epochs": epochs, "held": held})
    done = subprocess.run([sys.executable, "-c", _RUN, wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def make_array(folder: Path, size: int) -> Path:
    """x.npy of so many bytes, random numbers over and over, and y.npy."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    count = max(1, size // (4 * _FEATURES))
    block = rng.standard_normal((min(count, 8192), _FEATURES), np.float32)
    with (folder / "x.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (count, _FEATURES)}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, count, len(block)):
            file.write(block[: count - start].tobytes())
    np.save(folder / "y.npy", rng.integers(0, _CLASSES, count))
    return folder


def make_pictures(folder: Path, count: int) -> Path:
    """Small PNG files of noise on a shade, a folder for each class."""
    rng = np.random.default_rng(0)
    for label in range(_CLASSES):
        (folder / f"class {label}").mkdir(parents=True)
    for number in range(count):
        label = number % _CLASSES
        pixels = rng.integers(20 * label, 20 * label + 40, (_SIDE, _SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"class {label}" / f"{number}.png", compress_level=1)
    return folder


def compared(kind: str, path: Path, epochs: int) -> dict[str, float | list[float]]:
    """Samples per second streamed and held, in turns; of each run the median of all epochs but the first.

    What is asked for is the median of the turns' ratios: the two runs of a turn meet the same machine.
    """
    turns = [
        [statistics.median(run(kind, path, epochs, held)["speeds"][1:]) for held in (0, 2**40)]
        for _ in range(_TURNS)
    ]
    ratios = [ours / memory for ours, memory in turns]
    streamed, held = (statistics.median(speeds) for speeds in zip(*turns, strict=True))
    found = {"streamed_per_s": streamed, "in_memory_per_s": held, "ratio": statistics.median(ratios)}
    return {**found, "ratios": ratios}


def rows(gigabytes: float, pictures: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["LAYERLOOM_CACHE_DIR"] = str(folder / "cache")
        small = run("array", make_array(folder / "small", 10**6))
        medium = make_array(folder / "medium", 300 * 10**6)
        figures = compared("array", medium, 4)
        large = run("array", make_array(folder / "large", int(gigabytes * 10**9)))
        extra = (large["peak"] - small["peak"]) / 1e6
        yield {"data": "array", "gigabytes": gigabytes, "memory_mb": extra, **figures, "per_s": large["speeds"][0]}

        few = make_pictures(folder / "few", 200)
        many = make_pictures(folder / "many", pictures)
        small = run("pictures", few)
        first = run("pictures", many)
        again = run("pictures", many)
        peak = max(first["peak"], again["peak"])
        found = {"data": "pictures", "samples": first["samples"], "memory_mb": (peak - small["peak"]) / 1e6}
        found |= compared("pictures", many, 3)
        found |= {"first_step_s": first["first"], "again_s": again["first"]}
        torch = subprocess.run(
            [sys.executable, "-c", _TORCH, str(many)], capture_output=True, text=True, check=False
        )
        if not torch.returncode:
            found["torch_loader_per_s"] = json.loads(torch.stdout)["speed"]
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    goals = f"goals: memory {GOAL_MB:.0f} MB, ratio {GOAL_RATIO}"
    report(f"Data larger than memory; {goals}", rows(chosen.gigabytes, chosen.pictures))


if __name__ == "__main__":
    main()
