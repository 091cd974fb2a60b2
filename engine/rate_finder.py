"""Looking for a learning rate: a copy of the network is trained while the rate grows, and its loss is watched.

The range test of Smith 2017 (https://arxiv.org/abs/1506.01186, section 3.3), with a rate that grows by the same
factor at each step. It leaves no trace: no run, no weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from engine.adaptation import first_variables, learned
from engine.costs import costs
from engine.data.prepare import prepared
from engine.data.samples import Samples
from engine.errors import Cancelled, NotReadyError, TrainingError
from engine.events import Event, Progress, Result
from engine.feeding import Part, Parts, feed
from engine.judging import WAITING
from engine.model import Model, compile_graph
from engine.output_problems import nothing_to_learn
from engine.project import Project, TrainingSettings
from engine.room import check_lasting, run_out
from engine.start import Start
from engine.steps import step_functions

LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 200
"""The rates that are tried if no others are asked for, and in how many steps."""

_REMEMBERED = 0.9
"""How much of the loss so far is in its running mean: the last ten steps or so count."""

_DIVERGED = 4.0
"""Times the least loss so far: beyond that there is nothing more to be learned."""

_FALL = 0.01
"""The share of the first loss by which it must fall for a rate to be proposed."""

_SURE = 10
"""Steps after which the running mean is one."""

_NOISE = 1.5
"""Standard deviations of a batch's loss by which the mean must move to have moved.

The least of 200 running means of noise alone lies about 0.6 below the mean of the first losses; where networks
learn, the loss falls by 6 and more.
"""

_MEDIAN_STEP = 0.954
"""The median distance of two values of a normal distribution with a standard deviation of 1."""


@dataclass(frozen=True)
class RateTried(Progress):
    """A step was made with a learning rate: the loss of its batch before it, and the mean of the last losses."""

    rate: float = 0.0
    loss: float = math.nan
    smoothed: float = math.nan


@dataclass(frozen=True)
class RateCurve:
    """The rates that were tried, the loss at each, and the running mean of the losses."""

    rates: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()
    smoothed: tuple[float, ...] = ()
    diverged: bool = False

    def after(self, event: RateTried) -> RateCurve:
        """The curve with one point more."""
        return RateCurve(
            (*self.rates, event.rate), (*self.losses, event.loss), (*self.smoothed, event.smoothed), self.diverged
        )

    @cached_property
    def least(self) -> float | None:
        """The rate at which the loss is the least; None where it never fell."""
        found = self._place_of_least()
        return None if found is None else self.rates[found]

    @cached_property
    def steepest(self) -> float | None:
        """The rate at which the loss falls fastest, by the logarithm of the rate; None where it never fell."""
        end = self._place_of_least()
        if end is None:
            return None
        start = min(_SURE, end - 1)
        slopes = np.gradient(np.asarray(self.smoothed[: end + 1]), np.log(self.rates[: end + 1]))
        return self.rates[start + int(np.argmin(slopes[start:]))]

    @cached_property
    def rises(self) -> float | None:
        """The rate beyond which the loss stays above that of the beginning; None where it never does, or fell."""
        if self.least is not None or len(self.rates) <= _SURE:
            return None
        held = np.flatnonzero(np.asarray(self.smoothed) <= self._first + self._least_move)
        last = int(held[-1]) if held.size else 0
        return self.rates[last] if last > _SURE and (self.diverged or last < len(self.rates) - 1) else None

    @cached_property
    def proposed(self) -> float | None:
        """Where the loss falls fastest, but at most a tenth of the rate at which it is the least; in two digits.

        Beyond the least loss training diverges; a tenth of that rate is the customary distance to keep. Where it
        does not fall, as from weights that are well trained, it is a tenth of the rate from which it rises.
        """
        if self.steepest is not None and self.least is not None:
            found = min(self.steepest, self.least / 10)
        elif self.rises is not None:
            found = self.rises / 10
        else:
            return None
        return float(f"{max(found, self.rates[0]):.2g}")

    def _place_of_least(self) -> int | None:
        if len(self.rates) < 3:
            return None
        found = np.asarray(self.smoothed)
        place = int(np.nanargmin(found)) if np.isfinite(found).any() else 0
        return place if place > 1 and found[place] < self._first - self._least_move else None

    @property
    def _first(self) -> float:
        """The mean of the first losses."""
        return float(np.mean(self.losses[: _SURE + 1]))

    @property
    def _least_move(self) -> float:
        """By how much the mean must move to have moved: a share of the first one, and more than noise does."""
        steps = np.abs(np.diff(self.losses))
        noise = float(np.median(steps)) / _MEDIAN_STEP
        return max(_FALL * abs(self._first), _NOISE * noise)


def find_rate(
    project: Project,
    start: Start | None = None,
    *,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    steps: int = STEPS,
) -> Generator[Event]:
    """Try learning rates from the lowest to the highest, from new weights or those of `start`.

    Yields `RateTried` for each step, and ends in a `Result` with a `RateCurve`: early where the loss diverges, and
    where `Cancelled` is thrown in after the first step. Raises as `train` does.
    """
    if unready := nothing_to_learn(project.graph):
        raise NotReadyError(unready)
    model = compile_graph(project.graph, precision=project.training.precision)
    data = yield from prepared(model, project.data)
    with closing(data):
        yield Progress("Preparing")
        graph = learned(model, data.training)
        if graph is not model.graph:
            model = compile_graph(graph, precision=model.precision)
        if start is not None:
            start.check(model)
        check_lasting(costs(model.inference), project.training)
        rates = np.geomspace(lowest, highest, steps)
        try:
            yield from _tried(model, data.training, project.training, start, rates)
        except (jax.errors.JaxRuntimeError, MemoryError) as error:
            short = run_out(error, project.training.batch_size, begun=False)
            raise short or TrainingError(f"The compiled network failed: {str(error).splitlines()[0]}") from error


def _tried(
    model: Model,
    samples: Samples,
    settings: TrainingSettings,
    start: Start | None,
    rates: np.ndarray[Any, Any],
) -> Generator[Event]:
    functions = step_functions(model, settings.optimizer.replace(learning_rate=1.0))  # which is then scaled
    given = None if start is None else jax.tree.map(jnp.array, model.from_host(start.weights))
    learner = functions.new_learner((yield from first_variables(model, settings.seed, given, samples)))
    yield Progress("Compiling")
    source = feed(model, samples, settings.batch_size)
    outline = source.outlines()[0]
    run = functions.compile_steps(learner, outline.data, outline.batches)
    key = jax.random.fold_in(jax.random.key(settings.seed), 1)
    curve, mean = RateCurve(), 0.0
    try:
        batches = _batches(lambda epoch: source.parts(settings.order(epoch, samples.size)), outline)
        with closing(batches):
            for number, rate in enumerate(rates):
                while (batch := next(batches)) is None:
                    yield WAITING
                part, place = batch
                bounds = (np.int32(place), np.int32(place + 1))
                first = np.int32(number - place)
                how = (first, key, np.float32(rate), np.bool_(False))
                learner, logs, _ = run(learner, part.data, part.batches, *bounds, *how)
                loss = float(jax.tree.map(lambda log, place=place: np.asarray(log)[place], logs)["loss"].value)
                mean = _REMEMBERED * mean + (1 - _REMEMBERED) * loss
                smoothed = mean / (1 - _REMEMBERED ** (number + 1))
                tried = RateTried("Trying learning rates", number + 1, len(rates), float(rate), loss, smoothed)
                if not math.isfinite(loss):
                    curve = RateCurve(curve.rates, curve.losses, curve.smoothed, diverged=True)
                    break
                curve = curve.after(tried)
                yield tried
                if number >= _SURE and smoothed > _DIVERGED * min(curve.smoothed):
                    curve = RateCurve(curve.rates, curve.losses, curve.smoothed, diverged=True)
                    break
    except Cancelled:
        if not curve.rates:
            raise
    yield Result(curve)


def _batches(parts_of: Callable[[int], Parts], outline: Part) -> Generator[tuple[Part, int] | None]:
    """Batches of full size, for ever; None while the next is still to come."""
    epoch = 0
    while True:
        epoch += 1
        with closing(parts_of(epoch)) as parts:
            for part in parts:
                if part is None:
                    yield None
                elif part.batches.shape == outline.batches.shape:
                    for place in range(part.first, part.stop):
                        yield part, place
