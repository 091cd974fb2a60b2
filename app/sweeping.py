"""The sweep that goes on, or went on last. There is never more than one at a time, and none beside a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.task import Job, TaskThread
from engine.errors import Cancelled
from engine.events import Event
from engine.project import Project

if TYPE_CHECKING:
    from engine.sweeps.plan import Plan
    from engine.sweeps.study import SweepState, Trial


class SweepSession(QObject):
    """Starts and ends the sweep; tells the window what happens in it."""

    running_changed = Signal(bool)
    moved = Signal()
    """Sweeps were brought to their project's file."""
    happened = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread: TaskThread | None = None
        self.stopping = False
        self.place: Path | None = None
        """The project file beside which it lies; None where there is no sweep yet."""
        self.state: SweepState | None = None
        """As far as it has been told."""
        self._home: Path | None = None  # the place of its project; it is moved there when it has ended

    @property
    def running(self) -> bool:
        return self._thread is not None

    def start(self, plan: Plan, project: Project, place: Path) -> None:
        """Begin a sweep."""
        from engine.sweeps.sweep import sweep

        self._run(sweep(place, plan, project), place)

    def go_on(self, name: str, place: Path, trials: int | None = None) -> None:
        """Go on with an earlier one."""
        from engine.sweeps.sweep import sweep_on

        self._run(sweep_on(place, name, trials), place)

    def stop(self) -> None:
        """Ask it to end early; runs that go on end with what they have."""
        if self._thread is not None:
            self.stopping = True
            self._thread.cancel()

    def close(self) -> bool:
        """Stop, and wait for the end, five seconds at most."""
        ended = self._thread is None or self._thread.close()
        if ended:
            self._on_ended()
        return ended

    # The project that it belongs to

    def state_for(self, place: Path | None) -> SweepState | None:
        """The sweep if it is one of the project of this place."""
        return self.state if place is not None and place == self._home else None

    def settle(self, place: Path, path: Path) -> None:
        """The project of a place has a file now; a sweep that goes on stays where it lies until it has ended."""
        if self._home == place:
            self._home = path

    def take_moved(self, place: Path, path: Path, states: Mapping[str, SweepState]) -> None:
        """Sweeps of a place lie beside this file now."""
        if self.place == place and self.state is not None and self.state.name in states:
            self.state, self.place = states[self.state.name], path
        if states:
            self.moved.emit()

    def _run(self, job: Job, place: Path) -> None:
        if self._thread is not None:
            return
        self.stopping = False
        self.place, self._home, self.state = place, place, None
        self._thread = TaskThread(job)
        self._thread.happened.connect(self._on_event)
        self._thread.failed.connect(
            lambda error: None if isinstance(error, Cancelled) else self.failed.emit(error)
        )
        self._thread.ended.connect(self._on_ended)
        self.running_changed.emit(True)
        self._thread.start()

    def _on_event(self, event: Event) -> None:
        from engine.sweeps.events import SweepDone, SweepStarted, TrialDone, TrialStarted
        from engine.sweeps.study import Trial

        if isinstance(event, SweepStarted | SweepDone):
            self.state = event.state
        elif isinstance(event, TrialStarted):
            self._put(Trial(event.number, event.settings, run=event.run))
        elif isinstance(event, TrialDone):
            self._put(event.trial)
        self.happened.emit(event)

    def _put(self, trial: Trial) -> None:
        if self.state is not None:
            others = {one.number: one for one in self.state.trials}
            ordered = sorted({**others, trial.number: trial}.items())
            self.state = replace(self.state, trials=tuple(one for _, one in ordered))

    def _on_ended(self) -> None:
        if self._thread is not None:
            self._thread = None
            self.running_changed.emit(False)
