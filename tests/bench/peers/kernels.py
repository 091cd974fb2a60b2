"""The products and convolutions that a step of a work consists of, each timed by itself.

A worker is started for one work, and prints a line of JSON: for each pass (`PASSES`) milliseconds of all of them.
Needs nothing but NumPy: the workers live in environments of their own.
"""

from __future__ import annotations

import json
import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.bench.peers.works import WORKS, Work

PASSES = ("forward", "by input", "by kernel")
_SECONDS = 0.3

Timed = Callable[[], object]


class Kernel(NamedTuple):
    """A product (`window` is 0) or a convolution that keeps the size of square pictures, but for the stride."""

    batch: int
    size: int
    channels: int
    filters: int
    window: int
    stride: int
    first: bool
    """Whether it is of the input, of which nobody needs a gradient."""

    @property
    def operations(self) -> int:
        """Multiplications and additions of a pass."""
        points = (self.size // self.stride * self.window) ** 2 if self.window else 1
        return 2 * self.batch * points * self.channels * self.filters

    @property
    def passes(self) -> tuple[str, ...]:
        """Those that a step has of it."""
        return tuple(name for name in PASSES if name != "by input" or not self.first)


def kernels(work: Work) -> Iterator[Kernel]:
    """All of a work, in order."""
    shapes: list[tuple[int, int]] = []
    for op in work.ops:
        if op.kind == "input":
            *size, channels = work.shape
            shapes.append((size[0] if size else 1, channels))
            continue
        size, channels = shapes[op.inputs[0]]
        if op.kind in ("dense", "conv", "plain_conv"):
            window = 0 if op.kind == "dense" else op.window
            yield Kernel(work.batch, size, channels, op.size, window, op.stride, first=op.inputs[0] == 0)
            shapes.append((1 if not window else size // op.stride, op.size))
        elif op.kind == "pool":
            shapes.append((size // 2, channels))
        elif op.kind in ("flatten", "mean"):
            shapes.append((1, channels * (size**2 if op.kind == "flatten" else 1)))
        elif op.kind == "concat":
            shapes.append((size, sum(shapes[place][1] for place in op.inputs)))
        else:
            shapes.append((size, channels))


def operations(work: Work, *, training: bool) -> int:
    """Multiplications and additions of all products of a step, or of a prediction of a batch."""
    return sum(each.operations * (len(each.passes) if training else 1) for each in kernels(work))


class Clock(ABC):
    """One program, with its own way of each pass."""

    @abstractmethod
    def passes(self, kernel: Kernel) -> dict[str, Timed]:
        """What runs each pass to its end, on numbers that are there."""

    def serve(self) -> None:
        """Time the work that the worker was started for."""
        total = dict.fromkeys(PASSES, 0.0)
        known: dict[Kernel, dict[str, float]] = {}
        for kernel in kernels(WORKS[sys.argv[1]]):
            if kernel not in known:
                known[kernel] = {name: _milliseconds(run) for name, run in self.passes(kernel).items()}
            for name in kernel.passes:
                total[name] += known[kernel][name]
        sys.stdout.write(json.dumps(total) + "\n")


def _milliseconds(run: Timed) -> float:
    run()
    end, least = time.perf_counter() + _SECONDS, math.inf
    while (start := time.perf_counter()) < end:
        run()
        least = min(least, time.perf_counter() - start)
    return 1000 * least
