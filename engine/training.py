"""Training: `train(project)` is a generator of events."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from engine.adaptation import first_variables, learned
from engine.callbacks import Callbacks
from engine.control import Control
from engine.costs import costs
from engine.data.prepare import prepared
from engine.data.samples import PreparedData
from engine.devices import placement_of
from engine.errors import Cancelled, NotReadyError, PeerLostError, TrainingError
from engine.events import (
    START,
    Altered,
    Compiled,
    EpochDone,
    Event,
    Finished,
    Halfway,
    HostWeights,
    InPassing,
    Learned,
    OptimizerState,
    Progress,
    Remarked,
    RunPosition,
    Started,
    StepsDone,
)
from engine.feeding import Part, feed
from engine.figures import rises
from engine.first_fault import first_fault, not_finite
from engine.judging import WAITING
from engine.lanes import Call, Lane, OwnLane
from engine.ledger import NEW, Ledger
from engine.model import compile_graph
from engine.optimizers.state import state_fits, state_from_host, state_to_host
from engine.output_problems import nothing_to_learn
from engine.project import Project, TrainingSettings
from engine.room import check_lasting, run_out
from engine.start import Start
from engine.steps import Figures, Learner, StepFunctions
from engine.tallies import Tally, taken

HALFWAY_SECONDS = 30.0
"""How long an epoch goes on before it is said where the run stands."""

HALFWAY_SHARE = 0.1
"""How much of the time may be spent on saying, and writing, where it stands."""


def train(
    project: Project, start: Start | None = None, control: Control | None = None, *, anyway: bool = False
) -> Generator[Event]:
    """Train a project on its data; yields `Started`, `Compiled`, `StepsDone`, `EpochDone` and `Finished`.

    Before those, `Remarked` for what is to be known of the data, and `Learned` where layers take settings from it;
    in between `Altered` where the run is changed, by a callback or through `control`, `Halfway` in long epochs.

    With `start` the run begins with its weights in place of new ones, and goes on from its position for as many
    epochs as the settings say, or to the end of the run that was interrupted; with the optimizer's state and the
    ledger, with the numbers of a run without an interruption.

    Same project, same numbers: weights, order and dropout follow from the seeds in it. `Cancelled`, thrown in
    after the first step, ends the run early but with its result. Raises `NotReadyError`, `DataError`,
    `FileError` or `TrainingError`; of the last, `MemoryShortError` where a step does not fit into the memory:
    before the first step, which is made `anyway` where that is asked for, or when the memory runs out.
    """
    if unready := nothing_to_learn(project.graph):
        raise NotReadyError(unready)
    model = compile_graph(project.graph, precision=project.training.precision)
    data = yield from prepared(model, project.data)
    with closing(data):
        for note in data.notes:
            yield Remarked(note)
        yield Progress("Preparing")
        graph = learned(model, data.training)
        if graph is not model.graph:
            model = compile_graph(graph, precision=project.training.precision)
            yield Learned(graph)
        if start is not None:
            start.check(model)
            if start.note:
                yield Remarked(start.note)
        placement = placement_of(project.training.distribution)
        if not placement.same(*data.sizes):
            sizes = " + ".join(f"{size:,}" for size in data.sizes)
            raise TrainingError(f"The processes of the run read other data each: here there are {sizes} samples.")
        if not anyway:
            check_lasting(costs(model.inference), project.training, placement)
        run: Run | None = None
        try:
            lane = OwnLane(
                StepFunctions(model, project.training.optimizer, placement),
                feed(model, data.training, project.training.batch_size, placement),
                project.training,
                resizable=data.training.batch is None,
                anyway=anyway,
            )
            with closing(lane):
                run = Run(project.training, data, lane, start, control or Control())
                yield from run.events()
        except (jax.errors.JaxRuntimeError, MemoryError, ValueError) as error:
            if placement.lost(error):
                raise PeerLostError("Another process of the run ended, or can no longer be reached.") from error
            if isinstance(error, ValueError):
                raise
            begun = run is not None and run.step > run.begins.step
            raise readable(error, project.training.batch_size, begun=begun) from error


def readable(error: Exception, batch_size: int, *, begun: bool) -> TrainingError:
    """What went wrong in compiled functions, as a sentence; `begun` where steps were made before."""
    short = run_out(error, batch_size, begun=begun)
    return short or TrainingError(f"The compiled network failed: {str(error).splitlines()[0]}")


@dataclass
class Run:
    """One run, from the first step to the figures on the test data; its lane computes."""

    settings: TrainingSettings
    data: PreparedData
    lane: Lane
    start: Start | None = None
    control: Control = field(default_factory=Control)
    batches_done: int = 0
    """Of the epoch that has begun."""
    note: str = ""
    enough: bool = False
    """Whether a callback ends the run."""
    sums: Figures | None = None
    """The figures of the epoch that has begun."""
    halfway: float = False
    """Whether it is time to say where the run stands."""

    def __post_init__(self) -> None:
        self.functions, self.feed = self.lane.functions, self.lane.feed
        self.model = self.functions.model
        self.steps_per_epoch = self.feed.full + bool(self.feed.rest)
        self.key = jax.random.fold_in(jax.random.key(self.settings.seed), 1)
        position = self.start.position if self.start else START
        if position.batches >= self.steps_per_epoch and self._kept_sums() is None:  # its figures are not known
            position = position._replace(epoch=position.epoch + 1, batches=0)
        self.begins, self.asked = position, self.settings
        self.epochs_done, self.step, self.batches_done = position
        self.best = self.start.best if self.start else None
        self._open_ledger()

    def _open_ledger(self) -> None:
        self.settings.callbacks.check(self._watchable())
        ledger = self.start.ledger if self.start else NEW
        last = self.begins.epoch + self.settings.epochs if ledger.ended else ledger.epochs
        sums = ledger.sums if self.begins.batches else ()
        self.ledger = ledger.again().model_copy(update={"epochs": max(last, self.begins.epoch), "sums": sums})

    def _watchable(self) -> tuple[str, ...]:
        """The figures that callbacks can watch."""
        names = self.functions.names
        return (*names, *(f"val_{name}" for name in names)) if self.data.validation else names

    def _first_learner(self) -> Generator[Progress, None, Learner]:
        """The weights to begin with, and what the optimizer remembers of how they came about."""
        given = None
        if self.start is not None:
            given = jax.tree.map(jnp.array, self.model.from_host(self.start.weights))  # copies: they are used up
        variables = yield from first_variables(self.model, self.settings.seed, given, self.data.training)
        learner = self.functions.new_learner(variables)
        if self.start is None:
            return learner
        state = self.start.optimizer_state
        if state is None:
            self.note = "Goes on from weights that were there; the optimizer starts anew."
            return learner
        params = learner.variables.params
        if not state_fits(self.settings.optimizer, params, state):
            other = state.optimizer != self.settings.optimizer.type
            why = "the optimizer is another one now" if other else "other weights are trained now"
            self.note = f"Goes on from weights that were there; {why}, and the optimizer starts anew."
            return learner
        self.note = "Goes on from weights that were there, with the optimizer's state."
        return learner._replace(optimizer_state=state_from_host(self.settings.optimizer, state))

    def events(self) -> Iterator[Event]:
        yield Started(
            epochs=self.ledger.epochs,
            steps_per_epoch=self.steps_per_epoch,
            samples=self.data.training.size,
            validation_samples=self.data.validation.size if self.data.validation else 0,
            test_samples=self.data.test.size if self.data.test else 0,
            parameters=self.model.inference.parameters,
            begins=self.begins,
            history=self.ledger.rows,
            best=self.best,
            best_epoch=self.ledger.best.best_epoch,
        )
        yield from self._compile()
        stopped = False
        self.started = time.perf_counter()
        self.due = self.started + HALFWAY_SECONDS
        try:
            while self.epochs_done < self.ledger.epochs and not self.enough:
                yield from self._epoch(self.epochs_done + 1)
        except Cancelled:
            stopped = True
        seconds = time.perf_counter() - self.started
        self.lane.learner = self.functions.finished(self.lane.learner)
        if self.settings.callbacks.restores and self.best is not None and not stopped:
            variables = jax.tree.map(jnp.array, self.model.from_host(self.best))
            self.lane.learner = self.lane.learner._replace(variables=variables)
        yield self._finished(stopped, seconds)

    # Compiling

    def _compile(self) -> Iterator[Event]:
        yield Progress("Compiling")
        start = time.perf_counter()
        first = yield from self._first_learner()
        yield from self.lane.compile(first)
        self.validate = self.lane.judge(self.data.validation, self.settings.batch_size)
        yield Compiled(time.perf_counter() - start, self.note, self.lane.cost)

    def _order(self, epoch: int) -> np.ndarray[Any, Any]:
        """The samples in the order in which an epoch takes them."""
        return self.settings.order(epoch, self.data.training.size)

    # Running

    def _epoch(self, epoch: int) -> Iterator[Event]:
        self.sums = None
        if self.batches_done < self.steps_per_epoch:
            yield from self._steps(epoch)
        else:  # a run before was stopped between the last step and the end
            self.sums = self._sums_so_far()
        found = {} if self.sums is None else self.sums
        figures = {name: float(found[name].value) for name in self.functions.names if name in found}
        if self.validate is not None:
            yield from self.validate.run(self.lane.learner.variables)
            figures |= {f"val_{name}": value for name, value in self.validate.figures.items()}
        yield from self._epoch_done(epoch, figures)

    def _steps(self, epoch: int) -> Iterator[Event]:
        with closing(self.feed.parts(self._order(epoch), self.batches_done)) as parts:
            for part in parts:
                if part is None:
                    yield WAITING
                    continue
                done = part.first
                while done < part.stop:
                    yield from self._heed()
                    count = 1 if self.control.stepwise else min(self.lane.steps, part.stop - done)
                    yield from self._call(part, done, count, epoch)
                    done += count
                    yield from self._halfway()

    def _call(self, part: Part, done: int, count: int, epoch: int) -> Iterator[Event]:
        # The key of a step follows from its place in the run, not from how the steps are put into calls.
        first, rate = self.step - done, self.functions.optimizer.fixed_rate * self.ledger.rate_scale
        careful = self.settings.callbacks.terminate_on_nan is not None
        call = Call(part, done, done + count, first, self.key, rate, careful)
        steps, reached = yield from self.lane.run(call)
        if reached < call.stop:
            raise self._not_finite(call, reached, steps["loss"], epoch)
        self.step += count
        self.batches_done += count
        sums, new = self._sums_so_far(), dict[str, np.ndarray[Any, Any]]()
        for name, before in sums.items():
            new[name], sums[name] = taken(before, steps[name])
        self.sums = sums
        yield StepsDone(epoch, self.step, new, time.perf_counter() - self.started)

    def _sums_so_far(self) -> Figures:
        """The sums of the epoch that has begun; those of the ledger at the first call of a run."""
        if self.sums is not None:
            return self.sums
        leaves, structure = jax.tree.flatten(self.functions.nothing)
        if self.ledger.sums:
            leaves = self._kept_sums() or leaves
            self.ledger = self.ledger.model_copy(update={"sums": ()})
        found = jax.tree.unflatten(structure, leaves)
        return {name: found[name] for name in self.functions.names}

    def _kept_sums(self) -> list[np.ndarray[Any, Any]] | None:
        """The sums of the epoch that the run before had begun; None where there are none of these figures."""
        kept = self.start.ledger.sums if self.start else ()
        shapes = [leaf.shape for leaf in jax.tree.leaves(self.functions.nothing)]
        return [np.asarray(leaf, float) for leaf in kept] if [np.shape(leaf) for leaf in kept] == shapes else None

    # Changes on the way

    def _heed(self) -> Iterator[Event]:
        """Take up what is asked for from outside."""
        due = time.perf_counter() >= self.due
        stop, self.halfway = self.functions.placement.agreed(self.control.stop_wanted, due)
        if stop:
            raise Cancelled
        if self.control.weights_wanted():
            start = time.perf_counter()
            weights = self._weights()
            yield InPassing(self.step, weights, time.perf_counter() - start)
        wish = self.control.wish()
        if wish is None:
            return
        before, self.asked = self.asked, wish
        if wish.epochs != before.epochs:
            last = max(self.ledger.epochs + wish.epochs - before.epochs, self.epochs_done + 1)
            self.ledger = self.ledger.model_copy(update={"epochs": last})
            yield Altered(self.step, f"Ends after epoch {last:,}.", last)
        if wish.callbacks != before.callbacks:
            yield self._set_callbacks(wish.callbacks)
        rate = wish.optimizer.learning_rate
        if rate != before.optimizer.learning_rate and isinstance(rate, float):
            yield from self._set_rate(rate)

    def _set_callbacks(self, callbacks: Callbacks) -> Event:
        try:
            callbacks.check(self._watchable())
        except TrainingError as error:
            return Remarked(str(error))
        self.settings = self.settings.replace(callbacks=callbacks)
        return Altered(self.step, "Other callbacks.")

    def _weights(self) -> HostWeights:
        """The weights as they are."""
        return self.model.to_host(self.functions.placement.host(self.lane.learner.variables))

    def _rate(self) -> float:
        """The learning rate of the next step."""
        iterations = self.functions.placement.host(self.lane.learner.optimizer_state.iterations)
        return float(self.functions.optimizer.rate(iterations)) * self.ledger.rate_scale

    def _set_rate(self, rate: float, monitor: str = "") -> Iterator[Event]:
        """Another learning rate from the next step on; because of a figure, where that is why."""
        now = self._rate()
        if not now:
            yield Remarked("A learning rate of 0 cannot be changed while a run goes on.")
        elif rate != now:
            scale = self.ledger.rate_scale * (rate / now)
            self.ledger = self.ledger.model_copy(update={"rate_scale": scale})
            if monitor:
                why = f"Learning rate {rate:.4g}: {monitor} has not become better for a while."
                yield Altered(self.step, why)
            else:
                yield Altered(self.step, f"Learning rate {rate:.4g}.")

    def _halfway(self) -> Iterator[Halfway]:
        """Where a long epoch stands, now and then."""
        start = time.perf_counter()
        if not self.halfway or self.batches_done >= self.steps_per_epoch:
            return
        weights = self._weights()
        yield Halfway(weights, self._optimizer_state(), self._position(), self._standing())
        now = time.perf_counter()
        self.due = now + max(HALFWAY_SECONDS, (now - start) / HALFWAY_SHARE)

    def _position(self) -> RunPosition:
        return RunPosition(self.epochs_done, self.step, self.batches_done)

    def _standing(self, *, ended: bool = False) -> Ledger:
        """The ledger as it is written down."""
        leaves = jax.tree.leaves(self.sums) if self.batches_done and self.sums is not None else []
        sums = tuple(np.asarray(leaf).tolist() for leaf in leaves) or self.ledger.sums
        return self.ledger.model_copy(update={"sums": sums, "ended": ended})

    def _not_finite(self, call: Call, place: int, losses: Tally, epoch: int) -> TrainingError:
        """Why a step was not taken, and at which node that shows first."""
        number = call.first_step + place
        lost = not np.isfinite(np.asarray(losses.value)[place - call.done])
        placement, key = self.functions.placement, jax.random.fold_in(self.key, number)
        batch = placement.fetched(call.part.data, call.part.batches[place])
        fault = first_fault(self.model, placement.host(self.lane.learner.variables), batch, key)
        return not_finite(fault, number + 1, epoch, lost=lost)

    def _epoch_done(self, epoch: int, figures: dict[str, float]) -> Iterator[Event]:
        callbacks, rate = self.settings.callbacks, self._rate()
        rising = rises(self.model.graph, callbacks.monitor)
        self.ledger, verdict = self.ledger.after(callbacks, epoch, figures, rate, rising=rising)
        self.epochs_done, self.batches_done, self.sums = epoch, 0, None
        weights = self._weights()
        if verdict.improved and callbacks.restores:
            self.best = weights
        altered = list(self._set_rate(verdict.rate, callbacks.monitor)) if verdict.rate != rate else []
        self.enough = verdict.stop
        ledger = self._standing(ended=verdict.stop or epoch >= self.ledger.epochs)
        now = time.perf_counter()
        self.due = now + HALFWAY_SECONDS
        seconds, state = now - self.started, self._optimizer_state()
        yield EpochDone(epoch, self.step, figures, weights, seconds, verdict.improved, state, ledger)
        yield from altered
        if verdict.stop:
            yield self._why_it_stops()

    def _why_it_stops(self) -> Remarked:
        best, monitor = self.ledger.best, self.settings.callbacks.monitor
        if not self.settings.callbacks.restores:
            return Remarked(f"Early stopping: {monitor} has not become better for {best.wait} epochs.")
        return Remarked(
            f"Early stopping: {monitor} has not become better for {best.wait} epochs. The weights are those of "
            f"epoch {best.best_epoch}."
        )

    def _optimizer_state(self) -> OptimizerState:
        state = self.functions.placement.host(self.lane.learner.optimizer_state)
        return state_to_host(self.settings.optimizer, state)

    def _finished(self, stopped: bool, seconds: float) -> Finished:
        judge = self.lane.judge(self.data.test)
        if judge is not None:
            for _ in judge.run(self.lane.learner.variables):
                pass
        ledger = self._standing(ended=not stopped)
        return Finished(
            epochs=self.epochs_done,
            step=self.step,
            test=judge.figures if judge else {},
            weights=self._weights(),
            seconds=seconds,
            stopped=stopped,
            history=ledger.history,
            optimizer_state=self._optimizer_state(),
            batches=self.batches_done,
            ledger=ledger,
        )
