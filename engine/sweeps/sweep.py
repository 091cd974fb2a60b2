"""Sweeps: `sweep(...)` is a generator of events that makes one run after the other, or many side by side."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import Cancelled, FileError, LayerloomError
from engine.events import Beside, EpochDone, Event, Failed, Finished, Progress, RunPosition, StepsDone
from engine.past_runs import Remarks, write_remarks
from engine.project import Project
from engine.runs import delete_run, new_run_folder, recorded, runs_folder, start_from
from engine.start import Start
from engine.sweeps.events import SweepDone, SweepStarted, TrialDone, TrialEpoch, TrialStarted
from engine.sweeps.plan import Plan
from engine.sweeps.study import Asked, Study, Trial
from engine.together import Events, comparable, position_of, train_together


def sweep(path: Path, plan: Plan, project: Project) -> Generator[Event]:
    """Make the runs of a plan, each a run of the project file `path`.

    Yields `SweepStarted`, for each run `TrialStarted`, `TrialEpoch` and `TrialDone`, and `SweepDone`. A run that
    fails is told, and does not end the sweep. `Cancelled` ends it early; `sweep_on` goes on with it. Raises
    `DataError`, `FileError` and `TrainingError` where no run could be made.
    """
    yield from _Sweep(path, Study.create(path, plan, project)).events()


def sweep_on(path: Path, name: str = "", trials: int | None = None) -> Generator[Event]:
    """Go on with a sweep of a project, the last one where none is named; to this number of trials, if one is said.

    The runs are those of the project as it was when the sweep began.
    """
    study = Study.open(path, name)
    if trials is not None:
        study.extend(trials)
    yield from _Sweep(path, study).events()


@dataclass
class _Run:
    """A trial that is being made."""

    asked: Asked
    project: Project
    folder: Path = Path()
    start: Start | None = None
    """Where it goes on, if it was broken off before."""
    began: float = field(default_factory=time.perf_counter)
    best: float | None = None
    figures: dict[str, float] = field(default_factory=dict[str, float])
    ended: bool = False


@dataclass
class _Sweep:
    path: Path
    study: Study
    stopped: bool = False

    def events(self) -> Iterator[Event]:
        self.study.put_back()
        self.rising = self.study.plan.rises(self.study.project)
        try:
            yield SweepStarted(self.study.state, runs_folder(self.path))
            while not self.stopped and (asked := self.study.ask()):
                runs: list[_Run] = []
                for one in asked:
                    yield from self._began(one, runs)
                for group in _groups(runs):
                    yield from self._made(group)
                    if self.stopped:
                        break
        except Cancelled:
            self.stopped = True
        finally:
            self.study.put_back()
        yield SweepDone(self.study.state, self.stopped)

    def _began(self, asked: Asked, runs: list[_Run]) -> Iterator[Event]:
        """Make the project of a trial, or say why it has none."""
        try:
            project = self.study.plan.project(self.study.project, asked.settings)
        except LayerloomError as error:
            yield TrialStarted(asked.number, asked.settings, "")
            yield self._ended(asked, problem=str(error))
            return
        start = self._start(asked, project)
        runs.append(_Run(asked, project, start=start))
        for row in start.history if start else ():
            self._compare(runs[-1], {name: value for name, value in row.items() if name != "epoch"})

    def _start(self, asked: Asked, project: Project) -> Start | None:
        """Where a trial that was broken off goes on; None where it begins anew: it may have been at its end."""
        if not asked.before:
            return None
        try:
            start = start_from(project, runs_folder(self.path) / asked.before)
        except LayerloomError:
            return None
        return None if start.ledger.ended or start.note else start

    def _made(self, group: Sequence[_Run]) -> Iterator[Event]:
        """Train projects side by side."""
        try:
            for run in group:
                run.folder, run.began = new_run_folder(self.path), time.perf_counter()
                self.study.begun(run.asked, run.folder.name)
                with suppress(FileError):
                    write_remarks(run.folder, Remarks(tags=(self.study.name,)))
                yield TrialStarted(run.asked.number, run.asked.settings, run.folder.name)
            job = train_together(
                [run.project for run in group],
                lambda place, events: _kept(group[place], events),
                [run.start for run in group],
            )
            yield from self._heard(job, group)
        except Cancelled:
            self.stopped = True
        except LayerloomError as error:  # none of them could begin
            for run in group:
                yield self._ended(run.asked, problem=str(error))
        finally:
            for run in group:
                if run.folder != Path() and not (run.folder / "project.loom").exists():  # it never began
                    with suppress(FileError):
                        delete_run(run.folder)

    def _heard(self, job: Generator[Event], group: Sequence[_Run]) -> Iterator[Event]:
        """What is told of runs that go on side by side; what is thrown in goes on to them."""
        try:
            event = next(job)
            while True:
                try:
                    yield from self._news(event, group)
                except Cancelled as cancelled:
                    self.stopped = True
                    event = job.throw(cancelled)
                else:
                    event = next(job)
        except StopIteration:
            return

    def _news(self, event: Event, group: Sequence[_Run]) -> Iterator[Event]:
        if not isinstance(event, Beside):
            yield event
            return
        run, event = group[event.place], event.event
        number = run.asked.number
        if isinstance(event, EpochDone):
            self._compare(run, event.logs)
            yield TrialEpoch(number, event.epoch, event.logs)
        elif isinstance(event, Finished):
            run.ended = True
            if not event.stopped:
                figures = {**run.figures, **{f"test_{name}": value for name, value in event.test.items()}}
                yield self._ended(run.asked, run.folder.name, run.best, figures, seconds=_since(run))
        elif isinstance(event, Failed):
            run.ended = True
            yield self._ended(run.asked, run.folder.name, problem=str(event.error), seconds=_since(run))
        elif isinstance(event, Progress | StepsDone) and run is next(
            (one for one in group if not one.ended), None
        ):
            yield event if isinstance(event, Progress) else Event()  # of one of them: who listens may stop all

    def _compare(self, run: _Run, figures: Mapping[str, float]) -> None:
        """Take the figures of an epoch if it is the best so far."""
        value = run.project.training.callbacks.value(figures)
        if not math.isfinite(value):
            return
        if run.best is None or (value > run.best if self.rising else value < run.best):
            run.best, run.figures = value, dict(figures)

    def _ended(
        self,
        asked: Asked,
        folder: str = "",
        value: float | None = None,
        figures: dict[str, float] | None = None,
        problem: str = "",
        seconds: float = 0.0,
    ) -> TrialDone:
        if value is None and not problem:
            problem = "No figure of it is a finite number."
        state = "failed" if problem else "finished"
        trial = Trial(asked.number, asked.settings, state, value, figures or {}, folder, problem, seconds)
        self.study.note(asked, trial)
        return TrialDone(trial)


def _since(run: _Run) -> float:
    return time.perf_counter() - run.began


def _kept(run: _Run, events: Events) -> Events:
    return recorded(run.project, events, run.folder)


def _groups(runs: Sequence[_Run]) -> list[list[_Run]]:
    """Runs that can go side by side, together; in the order of the first of each."""
    groups: list[tuple[tuple[Project, RunPosition], list[_Run]]] = []
    for run in runs:
        kind = comparable(run.project), position_of(run.start)
        for known, group in groups:
            if known == kind:
                group.append(run)
                break
        else:
            groups.append((kind, [run]))
    return [group for _, group in groups]
