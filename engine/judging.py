"""Loss and metrics of samples that are not learned from."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from engine.data.samples import Samples
from engine.devices import Placement
from engine.events import Progress
from engine.feeding import Feed, feed, outline
from engine.later import Later
from engine.model import Variables
from engine.room import fits
from engine.step_cost import compiled_cost
from engine.steps import StepFunctions, outline_of

EVALUATION_BATCH = 256

KERAS_BATCH = 32
"""The batch size of Keras's `evaluate`, where none is said."""

WAITING = Progress("Waiting for the data")
COMPILING = Progress("Compiling")


class Compiled(NamedTuple):
    """What samples are judged by: their batches, and the compiled function for them."""

    feed: Feed
    sums: Any


class Judge:
    """Loss and metrics on samples that are not learned from, compiled once and run as often as wanted.

    It is compiled when it is first run, or before that in the background, where `compiled` is begun.

    `batch_size` is that of Keras's evaluation with the same figures: it counts where predictions have masks. Else
    batches are as large as there is memory for.
    """

    def __init__(
        self, functions: StepFunctions, variables: Variables, samples: Samples, batch_size: int = KERAS_BATCH
    ) -> None:
        one = outline(functions.model, samples, 1)
        size = batch_size if functions.masked(variables, one) else EVALUATION_BATCH
        placement = functions.placement
        first = feed(functions.model, samples, size, placement)
        self.compiled = Later(
            partial(_fitting, functions, outline_of(variables), first, resizable=size != batch_size)
        )
        self._functions = functions
        self._pace = placement.pace()
        self.figures: dict[str, float] = {}

    def run(self, variables: Variables) -> Iterator[Progress]:
        """Go through the samples; `figures` then holds what is found of all of them."""
        source, compiled_sums = yield from self.compiled.waited(COMPILING)
        found, single = self._functions.nothing, self._functions.single(source.batch_size)
        before, total = 0, source.full + bool(source.rest)
        with closing(source.filled()) as parts:
            for part in parts:
                if part is None:
                    yield WAITING
                    continue
                done = part.first
                while done < part.stop:
                    start = time.perf_counter()
                    count = 1 if single else min(self._pace.steps, part.stop - done)
                    bounds = (np.int32(done), np.int32(done + count))
                    sums = compiled_sums(variables, part.data, part.batches, part.counted, *bounds)
                    found = jax.tree.map(lambda one, more: one + np.asarray(more, float), found, sums)
                    self._pace.took(count, time.perf_counter() - start)
                    done += count
                    if before + done < total:
                        yield Progress("Evaluating", before + done, total)
                before += part.stop
        self.figures = {name: float(found[name].value) for name in self._functions.names}


def _fitting(functions: StepFunctions, variables: Variables, source: Feed, *, resizable: bool) -> Compiled:
    """The compiled sums of batches as large as given, or, where that may be, as large as there is memory for."""
    while True:
        part = source.filled_outline()
        found = Compiled(source, functions.compile_sums(variables, part.data, part.batches, part.counted))
        if not resizable or source.batch_size == 1 or _fits(found, functions.placement):
            return found
        source = source.resized(source.batch_size // 2)


def _fits(compiled: Compiled, placement: Placement) -> bool:
    """Whether no process has too little memory."""
    (short,) = placement.agreed(not fits(compiled_cost(compiled.sums, placement=placement)))
    return not short
