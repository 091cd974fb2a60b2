"""Where the steps of a run are computed: by themselves, or beside those of other runs in one compiled function."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from engine.costs import costs
from engine.data.samples import Samples
from engine.events import Event
from engine.feeding import Feed, Part
from engine.judging import COMPILING, KERAS_BATCH, Judge
from engine.later import Later
from engine.project import TrainingSettings
from engine.room import check_step
from engine.step_cost import StepCost, compiled_cost, estimated_cost
from engine.steps import Figures, Learner, StepFunctions, outline_of, step_functions


class Call(NamedTuple):
    """Some steps of an epoch: batches `done` to `stop` of a part."""

    part: Part
    done: int
    stop: int
    first_step: int
    """The step of the run that the part begins with."""
    key: jax.Array
    rate: float
    """The learning rate, or what a schedule is multiplied by."""
    careful: bool
    """Whether a step is not taken that leads to what is no number."""


class Made(NamedTuple):
    """What came of a call: the figures of each step, and the step that was reached."""

    figures: Figures
    reached: int


class Lane(ABC):
    """What computes for one run, and holds what it has learned so far."""

    functions: StepFunctions
    feed: Feed
    cost: StepCost | None = None
    """What a step costs, where that is known."""

    @property
    @abstractmethod
    def learner(self) -> Learner:
        """What was learned."""

    @learner.setter
    @abstractmethod
    def learner(self, learner: Learner) -> None: ...

    @property
    @abstractmethod
    def steps(self) -> int:
        """How many steps may be asked for at once."""

    @abstractmethod
    def compile(self, first: Learner) -> Iterator[Event]:
        """Make ready for steps that begin with this learner."""

    @abstractmethod
    def run(self, call: Call) -> Generator[Event, None, Made]:
        """Make some steps."""

    @abstractmethod
    def judge(self, samples: Samples | None, batch_size: int = KERAS_BATCH) -> Judge | None:
        """What judges the learner by some samples."""


class OwnLane(Lane):
    """That of a run by itself.

    Raises `MemoryShortError` where a step does not fit into the memory, unless it is to be made `anyway`; other
    batches are thought of where they are `resizable`.
    """

    def __init__(
        self,
        functions: StepFunctions,
        feed: Feed,
        settings: TrainingSettings,
        *,
        resizable: bool = True,
        anyway: bool = False,
    ) -> None:
        self.functions, self.feed = functions, feed
        self._computing = step_functions(functions.model, functions.optimizer.unscaled, functions.placement)
        self._settings, self._resizable, self._anyway = settings, resizable, anyway
        self._pace = functions.placement.pace()
        self._compiled: dict[tuple[int, ...], Later[Any]] = {}
        self._needed_soon: list[Later[Any]] = []

    @property
    def learner(self) -> Learner:
        return self._learner

    @learner.setter
    def learner(self, learner: Learner) -> None:
        self._learner = self.functions.placement.place(learner)

    @property
    def steps(self) -> int:
        return 1 if self.functions.single(self.feed.batch_size) else self._pace.steps

    def compile(self, first: Learner) -> Iterator[Event]:
        self.learner = first
        self._outline = outline_of(self.learner)
        largest, *others = self.feed.outlines()
        steps = yield from self._later(largest).waited(COMPILING)
        size, placement = self.feed.batch_size, self.functions.placement
        settings = self._settings.replace(batch_size=size)
        estimate = estimated_cost(costs(self.functions.model.inference), settings, placement)
        self.cost = compiled_cost(steps, estimate, placement)
        if not self._anyway:
            yield from check_step(self.cost, size, self._cost_of if self._resizable else None)
        self._needed_soon += [self._later(part) for part in others]

    def _later(self, part: Part) -> Later[Any]:
        made = self._compiled[part.batches.shape] = Later(partial(self._steps, part))
        return made

    def _steps(self, part: Part) -> Any:
        return self._computing.compile_steps(self._outline, part.data, part.batches)

    def _cost_of(self, batch_size: int) -> StepCost | None:
        """What a step with other batches would cost."""
        steps = self._steps(self.feed.resized(batch_size).outlines()[0])
        return compiled_cost(steps, placement=self.functions.placement)

    def run(self, call: Call) -> Generator[Event, None, Made]:
        part, bounds = call.part, (np.int32(call.done), np.int32(call.stop))
        steps = yield from self._compiled[part.batches.shape].waited(COMPILING)
        start = time.perf_counter()
        place = (*bounds, np.int32(call.first_step), call.key, np.float32(call.rate), np.bool_(call.careful))
        self._learner, found, reached = steps(self._learner, part.data, part.batches, *place)
        figures = jax.tree.map(lambda log: np.asarray(log)[call.done : call.stop].astype(float), found)
        self._pace.took(call.stop - call.done, time.perf_counter() - start)
        for later in self._needed_soon:  # not before the first steps, whose point is waited for
            later.begin()
        return Made(figures, int(reached))

    def close(self) -> None:
        """Leave what was not needed."""
        for later in self._needed_soon:
            later.drop()

    def judge(self, samples: Samples | None, batch_size: int = KERAS_BATCH) -> Judge | None:
        if samples is None:
            return None
        judge = Judge(self._computing, self.learner.variables, samples, batch_size)
        if self.functions.placement.processes == 1:  # else who asks the others must do so in turn
            self._needed_soon.append(judge.compiled)
        return judge
