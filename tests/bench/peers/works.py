"""The networks that training is measured with, as a list of operations that every worker builds in its own way.

Needs nothing but NumPy: the workers live in environments of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

CLASSES = 10
LEARNING_RATE = 0.001


class Op(NamedTuple):
    """An operation on what operations before it gave, by their places; picture sizes are kept ("same")."""

    kind: str
    inputs: tuple[int, ...]
    size: int = 0
    """Units or filters."""
    window: int = 0
    stride: int = 1


@dataclass
class Tape:
    """Operations in order; the methods add one and give its place."""

    ops: list[Op] = field(default_factory=list[Op])

    def add(self, kind: str, *inputs: int, **settings: int) -> int:
        self.ops.append(Op(kind, inputs, **settings))
        return len(self.ops) - 1

    def dense(self, x: int, units: int) -> int:
        return self.add("relu", self.add("dense", x, size=units))

    def conv(self, x: int, filters: int, window: int = 3) -> int:
        return self.add("relu", self.add("conv", x, size=filters, window=window))

    def normed(self, x: int, filters: int, window: int = 3, stride: int = 1) -> int:
        """A convolution without bias, and batch normalization after it."""
        return self.add("norm", self.add("plain_conv", x, size=filters, window=window, stride=stride))

    def classes(self, x: int) -> int:
        return self.add("dense", x, size=CLASSES)


@dataclass(frozen=True)
class Work:
    """A network, the size of its batches and how many an epoch has, and how many times as fast it is to be trained
    as by the fastest peer."""

    name: str
    shape: tuple[int, ...]
    batch: int
    batches: int
    network: Callable[[Tape, int], int]
    goal: float = 1.0

    @property
    def ops(self) -> list[Op]:
        """The operations, an input first; the last gives logits."""
        tape = Tape()
        self.network(tape, tape.add("input"))
        return tape.ops

    def samples(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Random inputs, float32, and classes, int32; as many as an epoch has."""
        rng, count = np.random.default_rng(0), self.batch * self.batches
        inputs = rng.normal(size=(count, *self.shape)).astype(np.float32)
        return inputs, rng.integers(0, CLASSES, count).astype(np.int32)


def _mlp(*units: int) -> Callable[[Tape, int], int]:
    def network(tape: Tape, x: int) -> int:
        for count in units:
            x = tape.dense(x, count)
        return tape.classes(x)

    return network


def _lenet(tape: Tape, x: int) -> int:
    for filters in (32, 64):
        x = tape.add("pool", tape.conv(x, filters))
    return tape.classes(tape.dense(tape.add("flatten", x), 128))


def _vgg(tape: Tape, x: int) -> int:
    for filters in (32, 64, 128):
        x = tape.add("pool", tape.conv(tape.conv(x, filters), filters))
    return tape.classes(tape.dense(tape.add("flatten", x), 128))


def _inception(tape: Tape, x: int) -> int:
    x = tape.add("pool", tape.conv(x, 32))
    ways = (
        tape.conv(x, 16, 1),
        tape.conv(tape.conv(x, 16, 1), 32, 3),
        tape.conv(tape.conv(x, 8, 1), 16, 5),
        tape.conv(tape.add("smooth_pool", x), 16, 1),
    )
    return tape.classes(tape.add("mean", tape.add("concat", *ways)))


def _resnet20(tape: Tape, x: int) -> int:
    """ResNet-20 for CIFAR-10: He et al. 2015, arXiv:1512.03385, section 4.2; shortcuts by 1x1 convolutions."""
    x = tape.add("relu", tape.normed(x, 16))
    before = 16
    for filters in (16, 32, 64):
        for block in range(3):
            stride = 2 if filters != before and block == 0 else 1
            way = tape.add("relu", tape.normed(x, filters, stride=stride))
            way = tape.normed(way, filters)
            short = x if stride == 1 else tape.normed(x, filters, 1, stride)
            x = tape.add("relu", tape.add("add", way, short))
        before = filters
    return tape.classes(tape.add("mean", x))


WORKS = {
    work.name: work
    for work in (
        Work("mlp-small", (64,), 32, 500, _mlp(64, 32), goal=5.0),
        Work("mlp-large", (784,), 128, 100, _mlp(512, 512), goal=1.5),
        Work("lenet", (28, 28, 1), 128, 20, _lenet),
        Work("vgg", (32, 32, 3), 128, 6, _vgg),
        Work("inception", (32, 32, 3), 64, 12, _inception),
        Work("resnet20", (32, 32, 3), 64, 8, _resnet20),
    )
}
