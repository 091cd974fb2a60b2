"""How fast networks are trained, and asked for predictions, beside what else would do it.

Every program works in a process of its own, one at a time, in turns: this one, PyTorch eager and compiled, Keras
on TensorFlow and on JAX, and a step in JAX by hand. All have the same network, batch, optimizer (Adam), data and
float32; each ratio is the middle of those of all turns. The peers live in an environment of their own, which
`make bench` makes; without it, this program and the step by hand are measured.

    python -m tests.bench.training [--json] [--works NAME,NAME] [--peers NAME,NAME] [--turns N] [--gpu]

A row tells `work`, `step_ms` of this program, `peers` (name to milliseconds), `ratio_to_fastest_peer` and
`ratio_to_bare_jax` (how many times as fast), `goal`, and `memory_ratio`: bytes of a compiled step against the one
by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.peers.works import WORKS, Work
from tests.bench.report import report

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-bench" / "bin" / "python"
OWN, BARE = "Layerloom", "bare JAX"
TURNS = 5
KINDS = ("train", "predict")

Command = tuple[str, list[str], dict[str, str]]
"""A Python, what it is to run, and what is added to the environment."""


def contestants(peers: str, *, gpu: bool) -> dict[str, Command]:
    """Every program by its name, with how its worker is started; of the `peers`, those that are named."""
    place = [] if gpu else ["JAX_PLATFORMS=cpu", "CUDA_VISIBLE_DEVICES="]
    here = dict(pair.split("=") for pair in place)
    found: dict[str, Command] = {
        OWN: (sys.executable, ["own"], here),
        BARE: (sys.executable, ["bare_jax"], here),
    }
    if PEERS.exists():
        python, more = str(PEERS), ["--gpu"] if gpu else []
        known: dict[str, Command] = {
            "PyTorch": (python, ["pytorch", *more], here),
            "torch.compile": (python, ["pytorch", "--compile", *more], here),
            "Keras on TensorFlow": (python, ["keras_fit"], {**here, "KERAS_BACKEND": "tensorflow"}),
            "Keras on JAX": (python, ["keras_fit"], {**here, "KERAS_BACKEND": "jax"}),
        }
        found |= {name: known[name] for name in (peers.split(",") if peers else known)}
    return found


class Contestant:
    """A worker in its process."""

    def __init__(self, name: str, command: Command, work: Work) -> None:
        python, (module, *more), extra = command
        arguments = [python, "-m", f"tests.bench.peers.{module}", work.name, *more]
        self.name, self.times = name, {kind: list[float]() for kind in KINDS}
        self._process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **extra},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if "--verbose" not in sys.argv else None,
            text=True,
        )
        self.memory = self._answer()["memory"]

    def turn(self, kind: str) -> None:
        """Work for a while; notes the milliseconds of a step."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{kind}\n")
        self._process.stdin.flush()
        found = self._answer()
        self.times[kind].append(1000 * found["seconds"] / found["steps"])

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            return json.loads(line)
        assert self._process.stderr is not None
        raise RuntimeError(f"{self.name} failed:\n{self._process.stderr.read()[-2000:]}")

    def end(self) -> None:
        self._process.communicate("end\n")


def measure(works: list[Work], turns: int, who: dict[str, Command]) -> Iterator[dict[str, Any]]:
    """Two rows for each work: of training and of prediction."""
    for work in works:
        found = [Contestant(name, command, work) for name, command in who.items()]
        for _ in range(turns):
            for kind in KINDS:
                for one in found:
                    one.turn(kind)
        for one in found:
            one.end()
        yield from (_row(work, kind, {one.name: one for one in found}) for kind in KINDS)


def _row(work: Work, kind: str, found: dict[str, Contestant]) -> dict[str, Any]:
    own = found.pop(OWN)
    step_ms = {name: statistics.median(one.times[kind]) for name, one in found.items()}
    peers = {name: ms for name, ms in step_ms.items() if name != BARE}
    row: dict[str, Any] = {
        "work": work.name if kind == "train" else f"{work.name} (prediction)",
        "step_ms": statistics.median(own.times[kind]),
        "peers": step_ms,
    }
    if peers:
        fastest = min(peers, key=lambda name: peers[name])
        row |= {"fastest": fastest, "ratio_to_fastest_peer": _ratio(found[fastest], own, kind), "goal": work.goal}
    row["ratio_to_bare_jax"] = _ratio(found[BARE], own, kind)
    if kind == "train" and own.memory and found[BARE].memory:
        row["memory_ratio"] = own.memory / found[BARE].memory
    return row


def _ratio(other: Contestant, own: Contestant, kind: str) -> float:
    """How many times as fast this program is, turn by turn."""
    return statistics.median(a / b for a, b in zip(other.times[kind], own.times[kind], strict=True))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--works", default=",".join(WORKS))
    parser.add_argument("--peers", default="")
    parser.add_argument("--turns", type=int, default=TURNS)
    for flag in ("--json", "--gpu", "--verbose"):
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    asked = _asked()
    who = contestants(asked.peers, gpu=asked.gpu)
    rows = measure([WORKS[name] for name in asked.works.split(",")], asked.turns, who)
    report("Training", rows)
