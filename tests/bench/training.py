"""How fast networks are trained, and asked for predictions, beside what else would do it.

Every program works in a process of its own, one at a time, in turns: this one, PyTorch eager and compiled, Keras
on TensorFlow and on JAX, and a step in JAX by hand. All have the same network, batch, optimizer (Adam), data and
float32; each ratio is the middle of those of all turns. The peers live in an environment of their own, which
`make bench` makes; without it, this program and the step by hand are measured.

    python -m tests.bench.training [--json] [--works A,B] [--peers A,B] [--turns N] [--bfloat16] [--gpu]

`--bfloat16` lets all compute in mixed precision. `--gpu` measures that and float32 on a graphics card which JAX
sees; of the peers, those whose builds see it take part.

A row tells `work`, `step_ms` of this program, `peers` (name to milliseconds), `ratio_to_fastest_peer` and
`ratio_to_bare_jax` (how many times as fast), `goal`, `memory_ratio`: bytes of a compiled step against the one by
hand, `precision`, `tflops`: 10^12 operations of products a second in this program, and of a card that is known
`share_of_peak`.
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

from tests.bench.peers.kernels import operations
from tests.bench.peers.works import WORKS, Work
from tests.bench.report import report

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-bench" / "bin" / "python"
OWN, BARE = "Layerloom", "bare JAX"
TURNS = 5
KINDS = ("train", "predict")

PEAKS = {
    "H200": {"float32": 494.0, "bfloat16": 989.0},
    "H100": {"float32": 494.0, "bfloat16": 989.0},
    "A100": {"float32": 156.0, "bfloat16": 312.0},
    "L4": {"float32": 60.0, "bfloat16": 121.0},
}
"""TFLOP/s of dense products by NVIDIA's data sheets; float32 as JAX multiplies it by default, in TF32."""

Command = tuple[str, list[str], dict[str, str]]
"""A Python, what it is to run, and what is added to the environment."""


_ON_CPU = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
_ON_GPU = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}  # all share its memory


def contestants(peers: str, *, gpu: bool, bfloat16: bool) -> dict[str, Command]:
    """Every program by its name, with how its worker is started; of the `peers`, those that are named."""
    here = _ON_GPU if gpu else _ON_CPU
    short = ["--bfloat16"] if bfloat16 else []
    found: dict[str, Command] = {
        OWN: (sys.executable, ["own", *short], here),
        BARE: (sys.executable, ["bare_jax", *short], here),
    }
    if PEERS.exists():
        python, more = str(PEERS), [*short, *(["--gpu"] if gpu else [])]
        known: dict[str, Command] = {
            "PyTorch": (python, ["pytorch", *more], here),
            "torch.compile": (python, ["pytorch", "--compile", *more], here),
            "Keras on TensorFlow": (python, ["keras_fit", *short], {**here, "KERAS_BACKEND": "tensorflow"}),
            "Keras on JAX": (python, ["keras_fit", *short], {**here, "KERAS_BACKEND": "jax"}),
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
        ready = self._answer()
        self.memory, self.device = ready["memory"], ready["device"]

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


def measure(works: list[Work], turns: int, who: dict[str, Command], precision: str) -> Iterator[dict[str, Any]]:
    """Two rows for each work: of training and of prediction."""
    for work in works:
        found = list(_ready(work, who))
        for _ in range(turns):
            for kind in KINDS:
                for one in found:
                    one.turn(kind)
        for one in found:
            one.end()
        yield from (_row(work, kind, {one.name: one for one in found}, precision) for kind in KINDS)


def _ready(work: Work, who: dict[str, Command]) -> Iterator[Contestant]:
    """Those that can do a work here; a peer that cannot is told of."""
    for name, command in who.items():
        try:
            one = Contestant(name, command, work)
            if "--gpu" in sys.argv and name == OWN and not one.device.startswith("gpu"):
                one.end()
                sys.exit(f"JAX sees no graphics card here, but {one.device}.")
            yield one
        except RuntimeError as error:
            if name in (OWN, BARE):
                raise
            sys.stderr.write(f"{error}\n")


def _row(work: Work, kind: str, found: dict[str, Contestant], precision: str) -> dict[str, Any]:
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
    row |= {"precision": precision, "tflops": operations(work, training=kind == "train") / row["step_ms"] / 1e9}
    peak = next((peaks[precision] for name, peaks in PEAKS.items() if name in own.device), None)
    return row if peak is None else {**row, "share_of_peak": row["tflops"] / peak}


def _ratio(other: Contestant, own: Contestant, kind: str) -> float:
    """How many times as fast this program is, turn by turn."""
    return statistics.median(a / b for a, b in zip(other.times[kind], own.times[kind], strict=True))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--works", default=",".join(WORKS))
    parser.add_argument("--peers", default="")
    parser.add_argument("--turns", type=int, default=TURNS)
    for flag in ("--json", "--gpu", "--bfloat16", "--verbose"):
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    asked = _asked()
    works = [WORKS[name] for name in asked.works.split(",")]
    for short in (False, True) if asked.gpu else (asked.bfloat16,):
        who = contestants(asked.peers, gpu=asked.gpu, bfloat16=short)
        report("Training", measure(works, asked.turns, who, "bfloat16" if short else "float32"))
