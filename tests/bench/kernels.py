"""What of a step of training the products and convolutions take, here and in PyTorch: its profile.

Each of them is timed by itself, in its three passes: forward, the gradient by its input, and that by its kernel.

    python -m tests.bench.kernels [--json] [--works NAME,NAME] [--turns N]

A row tells `work`, `pass`, `gflop` (its operations, in 10^9), and for each program milliseconds and GFLOP/s, the
middle of the turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tests.bench.peers.kernels import PASSES, kernels
from tests.bench.peers.works import WORKS
from tests.bench.report import report
from tests.bench.training import OWN, PEERS, ROOT

_WHO = {OWN: (sys.executable, "own_kernels"), "PyTorch": (str(PEERS), "torch_kernels")}


def measure(names: list[str], turns: int) -> Iterator[dict[str, Any]]:
    """Three rows for each work."""
    who = {name: command for name, command in _WHO.items() if name == OWN or PEERS.exists()}
    for work in names:
        found = {name: list[dict[str, float]]() for name in who}
        for _ in range(turns):
            for name, command in who.items():
                found[name].append(_turn(*command, work))
        for part in PASSES:
            operations = sum(each.operations for each in kernels(WORKS[work]) if part in each.passes)
            row: dict[str, Any] = {"work": work, "pass": part, "gflop": operations / 1e9}
            for name, turns_of in found.items():
                ms = statistics.median(turn[part] for turn in turns_of)
                row[name] = {"ms": ms, "GFLOP/s": operations / ms / 1e6 if ms else 0.0}
            yield row


def _turn(python: str, module: str, work: str) -> dict[str, float]:
    """Milliseconds of each pass, measured in a process of its own."""
    command = [python, "-m", f"tests.bench.peers.{module}", work]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--works", default=",".join(WORKS))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    report("Products and convolutions of a step", measure(asked.works.split(","), asked.turns))
