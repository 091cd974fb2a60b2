"""Runs that are trained side by side: they differ in nothing but their seed and a learning rate that is a number.

One compiled function makes the steps of all of them. Each is a run as by itself, with its own events: it goes on
until it wants steps, waits until the others want some too, and takes its figures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from engine.adaptation import learned
from engine.costs import costs
from engine.data.prepare import prepared
from engine.data.samples import PreparedData, Samples
from engine.errors import Cancelled, LayerloomError, NotReadyError
from engine.events import START, Beside, Event, Failed, Learned, Progress, Remarked, RunPosition
from engine.feeding import Feed, Held, feed
from engine.judging import KERAS_BATCH, Judge
from engine.lanes import Call, Lane, Made
from engine.model import Model, compile_graph
from engine.output_problems import nothing_to_learn
from engine.pace import Pace
from engine.project import Project
from engine.start import Start
from engine.steps import Learner, StepFunctions, step_functions
from engine.training import Run, readable

MOST = 32
"""How many runs go side by side at most."""

_LEARNED_BYTES = 512 * 2**20
"""Of weights and what optimizers remember of them, of all runs that go side by side."""

_STEP_FLOPS = 5e9
"""Operations of one step of them all: a quarter of a second or so, for one waits that long when one stops them."""

Events = Generator[Event]
Recorder = Callable[[int, Events], Events]
"""Makes of the events of a run, by its place, those that are passed on."""


def comparable(project: Project) -> Project:
    """The project without what runs that go side by side may differ in: equal for those that can."""
    training = project.training
    return replace(project, training=training.replace(seed=0, optimizer=training.optimizer.unscaled))


def train_together(
    projects: Sequence[Project],
    recorder: Recorder = lambda _, events: events,
    starts: Sequence[Start | None] = (),
) -> Generator[Event]:
    """Train projects that are equal as far as `comparable`; yields `Beside` for what each tells, or how it failed.

    The numbers are those of `train`. With `starts`, which must be at one position, each goes on from its own.
    `Cancelled` ends all of them early, with their results. Raises what hinders all of them.
    """
    first, starts = projects[0], starts or [None] * len(projects)
    assert all(comparable(project) == comparable(first) for project in projects)
    assert len({position_of(start) for start in starts}) == 1
    if unready := nothing_to_learn(first.graph):
        raise NotReadyError(unready)
    model = compile_graph(first.graph, precision=first.training.precision)
    data = yield from prepared(model, first.data)
    with closing(data):
        yield Progress("Preparing")
        graph = learned(model, data.training)
        news = [Remarked(note) for note in data.notes] + ([] if graph is model.graph else [Learned(graph)])
        group = _Group.of(first, compile_graph(graph, precision=model.precision), data)
        count = group.most()
        for start in range(0, len(projects), count):
            some = projects[start : start + count]
            runs = zip(some, group.open(some), starts[start : start + count], strict=True)
            jobs = {
                start + place: recorder(start + place, _run(project, data, lane, news, begins))
                for place, (project, lane, begins) in enumerate(runs)
            }
            if (yield from _in_step(jobs, group)):
                return


def position_of(start: Start | None) -> RunPosition:
    """Where a run begins."""
    return START if start is None else start.position


def _run(project: Project, data: PreparedData, lane: Lane, news: Sequence[Event], start: Start | None) -> Events:
    yield from news
    if start is not None:
        start.check(lane.functions.model)
    yield from Run(project.training, data, lane, start).events()


def _in_step(jobs: dict[int, Events], group: _Group) -> Generator[Event, None, bool]:
    """Let all jobs go on, each up to where it waits for the others; gives whether they were ended early."""
    going, stopped = dict(jobs), False
    while going:
        for place, job in list(going.items()):
            try:
                for event in job:
                    if event is _WAITS:
                        break
                    try:
                        yield Beside(place, event)
                    except Cancelled:
                        stopped = True
                        break
                else:
                    del going[place]
            except LayerloomError as error:
                del going[place]
                yield Beside(place, Failed(error))
            if stopped:
                yield from _ended(going)
                return True
        try:
            group.step()
        except (jax.errors.JaxRuntimeError, MemoryError) as error:
            yield from _ended(going, readable(error, group.feed.batch_size, begun=True))
            return False
    return False


def _ended(going: dict[int, Events], why: LayerloomError | None = None) -> Generator[Event]:
    """End jobs early; what they still tell."""
    for place, job in going.items():
        try:
            yield Beside(place, job.throw(why or Cancelled()))
            yield from (Beside(place, event) for event in job)
        except Cancelled:
            pass
        except StopIteration:
            pass
        except LayerloomError as error:
            yield Beside(place, Failed(error))


# Computing


_WAITS = Event()
"""What a lane tells when its run can go on only after the others have come as far."""


class _Shared(Lane):
    """The lane of a run that goes on beside others."""

    def __init__(self, group: _Group, place: int, functions: StepFunctions) -> None:
        self.functions, self.feed = functions, group.feed
        self._group, self._place = group, place
        self.own: Learner | None = None
        """What the run has learned, where the group does not hold it, or had to fetch it."""
        self.call: Call | None = None
        self.waits = self.ended = False
        self.made = Made({}, 0)

    @property
    def learner(self) -> Learner:
        """What the run has learned, on the host."""
        if self.own is None:
            self.own = self._group.learner(self._place)
        return self.own

    @learner.setter
    def learner(self, learner: Learner) -> None:
        self.own = learner

    @property
    def steps(self) -> int:
        return 1 if self.functions.single(self.feed.batch_size) else self._group.pace.steps

    def compile(self, first: Learner) -> Iterator[Event]:
        self.own = first
        yield _WAITS
        yield from self._group.compile()

    def run(self, call: Call) -> Generator[Event, None, Made]:
        if self.ended:
            raise Cancelled
        self.call, self.waits = call, True
        try:
            yield _WAITS
        except Cancelled:
            if self.waits:
                raise
            self.ended = True  # once the run has taken the figures of the steps that were made
        return self.made

    def judge(self, samples: Samples | None, batch_size: int = KERAS_BATCH) -> Judge | None:
        return None if samples is None else self._group.judge(samples, batch_size, self.learner)


@dataclass
class _Group:
    """Computes for all runs that go side by side."""

    functions: StepFunctions
    """Those of all, with a learning rate of 1."""
    feed: Feed
    flops: int
    """Of a step of one run."""
    pace: Pace = field(default_factory=Pace)
    lanes: tuple[_Shared, ...] = ()
    learners: Learner | None = None
    """Of all runs, on the device."""
    fetched: Learner | None = None
    """The same on the host."""
    stacked: _Stacked | None = None
    compiled: dict[tuple[int, ...], Any] = field(default_factory=dict[tuple[int, ...], Any])
    judges: dict[tuple[int, int], Judge] = field(default_factory=dict[tuple[int, int], Judge])
    """By the samples, and the size of a batch."""

    @classmethod
    def of(cls, project: Project, model: Model, data: PreparedData) -> _Group:
        size = project.training.batch_size
        functions = step_functions(model, project.training.optimizer.unscaled)
        flops = costs(model.inference).total.flops or 0
        return cls(functions, feed(model, data.training, size), 3 * flops * size)

    def most(self) -> int:
        """How many runs may go side by side."""
        if not isinstance(self.feed, Held) or self.functions.single(self.feed.batch_size):
            return 1
        model, copies = self.functions.model, 1 + len(self.functions.optimizer.slots())
        learned = 4 * copies * model.inference.parameters
        return int(max(1, min(MOST, _LEARNED_BYTES // max(learned, 1), _STEP_FLOPS // max(self.flops, 1))))

    def open(self, projects: Sequence[Project]) -> tuple[_Shared, ...]:
        """New lanes, in place of those before."""
        model = self.functions.model
        self.learners = self.fetched = self.stacked = None
        self.lanes = tuple(
            _Shared(self, place, StepFunctions(model, project.training.optimizer))
            for place, project in enumerate(projects)
        )
        return self.lanes

    def compile(self) -> Iterator[Event]:
        """Compile the steps of all, unless that is done; those that go on have said what they begin with."""
        if self.learners is not None:
            return
        given = [lane.own for lane in self.lanes if lane.own is not None]
        first = [lane.own or given[0] for lane in self.lanes]
        learners: Learner = jax.tree.map(lambda *arrays: jnp.stack(arrays), *first)
        for part in self.feed.outlines():
            batches = np.stack([part.batches] * len(self.lanes))
            if batches.shape not in self.compiled:
                self.compiled[batches.shape] = self.functions.compile_lanes(learners, part.data, batches)
        self.learners = learners
        yield Progress("Compiling")

    def learner(self, place: int) -> Learner:
        """What one run has learned, on the host."""
        if self.fetched is None:
            self.fetched = jax.tree.map(np.array, self.learners)
        return jax.tree.map(lambda array: array[place], self.fetched)

    def judge(self, samples: Samples, batch_size: int, learner: Learner) -> Judge:
        """One for all runs, which is compiled once."""
        key = id(samples), batch_size
        if key not in self.judges:
            self.judges[key] = Judge(self.functions, learner.variables, samples, batch_size)
        return self.judges[key]

    def step(self) -> None:
        """Make the steps that runs wait for; those that have ended stay as they are."""
        calls = [lane.call for lane in self.lanes if lane.waits and lane.call is not None]
        if not calls:
            return
        start, any_call = time.perf_counter(), calls[0]
        waiting = [lane.call if lane.waits and lane.call is not None else any_call for lane in self.lanes]
        stacked = self.stacked = _Stacked.of(waiting, self.stacked)
        done = np.array([call.done for call in waiting], np.int32)
        stop = np.array(
            [call.stop if lane.waits else call.done for lane, call in zip(self.lanes, waiting, strict=True)]
        )
        first = np.array([call.first_step for call in waiting], np.int32)
        rates = np.array([call.rate for call in waiting], np.float32)
        steps = self.compiled[stacked.batches.shape]
        careful = np.array([call.careful for call in waiting])
        rest = (done, stop.astype(np.int32), first, stacked.keys, rates, careful)
        self.learners, found, reached = steps(self.learners, any_call.part.data, stacked.batches, *rest)
        self.fetched = None
        logs, places = jax.tree.map(np.asarray, found), np.asarray(reached)
        for place, (lane, call) in enumerate(zip(self.lanes, waiting, strict=True)):
            if lane.waits:
                at = place, slice(call.done, call.stop)
                figures = jax.tree.map(lambda log, at=at: log[at].astype(float), logs)
                lane.made, lane.own, lane.waits = Made(figures, int(places[place])), None, False
        self.pace.took(any_call.stop - any_call.done, time.perf_counter() - start)


class _Stacked(NamedTuple):
    """The batches and keys of all runs, for the part of an epoch that they are at."""

    parts: tuple[Any, ...]
    batches: Any
    keys: jax.Array

    @classmethod
    def of(cls, calls: Sequence[Call], before: _Stacked | None) -> _Stacked:
        """Those of calls; as before, where they go on with the same part."""
        parts = tuple(call.part.batches for call in calls)
        if before is not None and all(one is other for one, other in zip(parts, before.parts, strict=True)):
            return before
        keys = jnp.stack([call.key for call in calls]) if before is None else before.keys
        return cls(parts, np.stack(parts), keys)
