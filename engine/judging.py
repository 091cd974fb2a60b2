"""Loss and metrics of samples that are not learned from."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import jax
import numpy as np

from engine.data.samples import Samples
from engine.devices import Placement
from engine.events import Progress
from engine.feeding import feed, outline
from engine.model import Variables
from engine.pace import Pace
from engine.room import fits
from engine.step_cost import compiled_cost
from engine.steps import StepFunctions

EVALUATION_BATCH = 256

KERAS_BATCH = 32
"""The batch size of Keras's `evaluate`, where none is said."""

WAITING = Progress("Waiting for the data")


class Judge:
    """Loss and metrics on samples that are not learned from, compiled once and run as often as wanted.

    `batch_size` is that of Keras's evaluation with the same figures: it counts where predictions have masks. Else
    batches are as large as there is memory for.
    """

    def __init__(
        self, functions: StepFunctions, variables: Variables, samples: Samples, batch_size: int = KERAS_BATCH
    ) -> None:
        one = outline(functions.model, samples, 1)
        size = batch_size if functions.masked(variables, one) else EVALUATION_BATCH
        self._feed = feed(functions.model, samples, size, functions.placement)
        self._sums = self._compiled(functions, variables)
        while size != batch_size and self._feed.batch_size > 1 and not self._fits(functions.placement):
            self._feed = self._feed.resized(self._feed.batch_size // 2)
            self._sums = self._compiled(functions, variables)
        self._nothing = functions.nothing
        self._pace = Pace(functions.placement.agreed)
        self.figures: dict[str, float] = {}

    def _fits(self, placement: Placement) -> bool:
        """Whether no process has too little memory."""
        (short,) = placement.agreed(not fits(compiled_cost(self._sums, placement=placement)))
        return not short

    def _compiled(self, functions: StepFunctions, variables: Variables) -> Any:
        part = self._feed.filled_outline()
        return functions.compile_sums(variables, part.data, part.batches, part.counted)

    def run(self, variables: Variables) -> Iterator[Progress]:
        """Go through the samples; `figures` then holds what is found of all of them."""
        found = self._nothing
        before, total = 0, self._feed.full + bool(self._feed.rest)
        with closing(self._feed.filled()) as parts:
            for part in parts:
                if part is None:
                    yield WAITING
                    continue
                done = part.first
                while done < part.stop:
                    start = time.perf_counter()
                    count = min(self._pace.steps, part.stop - done)
                    bounds = (np.int32(done), np.int32(done + count))
                    sums = self._sums(variables, part.data, part.batches, part.counted, *bounds)
                    found = jax.tree.map(lambda one, more: one + np.asarray(more, float), found, sums)
                    self._pace.took(count, time.perf_counter() - start)
                    done += count
                    if before + done < total:
                        yield Progress("Evaluating", before + done, total)
                before += part.stop
        self.figures = {name: float(found[name].value) for name in self._nothing}
