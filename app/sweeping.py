"""The sweep that goes on, or went on last. There is never more than one at a time, and none beside a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.settings import runs_place
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
    """The sweep was brought to the project's file."""
    happened = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread: TaskThread | None = None
        self.stopping = False
        self.place: Path | None = None
        """The project file beside which it lies; None for a project that had none when it began."""
        self.state: SweepState | None = None
        """As far as it has been told."""
        self._forgotten = False  # another project is shown than the one that it belongs to

    @property
    def running(self) -> bool:
        return self._thread is not None

    def start(self, plan: Plan, project: Project, path: Path | None) -> None:
        """Begin a sweep."""
        from engine.sweeps.sweep import sweep

        self._run(sweep(runs_place(path), plan, project), path)

    def go_on(self, name: str, path: Path | None, trials: int | None = None) -> None:
        """Go on with an earlier one."""
        from engine.sweeps.sweep import sweep_on

        self._run(sweep_on(runs_place(path), name, trials), path)

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

    def state_for(self, path: Path | None) -> SweepState | None:
        """The sweep if it is one of the project that is shown, whose file this is."""
        here = path is not None and path == self.place
        own = here or (not self._forgotten and (self.place is None or self.running))
        return self.state if own else None

    def forget(self) -> None:
        """Another project is shown from now on."""
        self._forgotten = True

    @property
    def unsaved(self) -> str:
        """The name of the sweep where it has ended, and its project had no file; empty otherwise."""
        ended = not self.running and not self._forgotten and self.place is None
        return self.state.name if ended and self.state is not None else ""

    def was_moved(self, state: SweepState, path: Path) -> None:
        """The sweep lies beside the project's file now."""
        self.state, self.place = state, path
        self.moved.emit()

    def _run(self, job: Job, path: Path | None) -> None:
        if self._thread is not None:
            return
        self.stopping, self._forgotten = False, False
        self.place, self.state = path, None
        self._thread = TaskThread(job, self)
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
            self._thread.deleteLater()
            self._thread = None
            self.running_changed.emit(False)
