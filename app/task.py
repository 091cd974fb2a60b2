"""One thread class for every long job: it iterates a generator of events and tells the window of each."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Generator
from typing import Any

from PySide6.QtCore import QObject, Qt, QThread, Signal

from engine.errors import Cancelled
from engine.events import Event
from engine.later import working

_NICE = 10
_PATIENCE = 5000  # ms that a job has to end in

Job = Generator[Event, None, None]

_running: set[TaskThread] = set()
"""Those that have begun, until they have ended: Qt ends the program where one is dropped before.

That is also why none has a parent, which would take it along.
"""


class TaskThread(QThread):
    """Runs a generator of events in the background.

    Signals come in the thread that this object belongs to, in order, `ended` last, whatever happens.
    """

    happened = Signal(object)
    failed = Signal(object)
    """The exception that the job ended with; not sent for `Cancelled`."""
    ended = Signal()

    _came = Signal(object)
    _broke = Signal(object)

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job
        self._going = threading.Event()
        self._going.set()
        self._cancel = threading.Event()
        self._stuck = False
        self._until: type[Event] | None = None
        self._came.connect(self.happened, Qt.ConnectionType.QueuedConnection)
        self._broke.connect(self.failed, Qt.ConnectionType.QueuedConnection)
        self.finished.connect(self._end, Qt.ConnectionType.QueuedConnection)

    # For the window

    @property
    def paused(self) -> bool:
        return not self._going.is_set()

    def pause(self) -> None:
        """Hold the job after the event it is at."""
        self._going.clear()

    def resume(self, until: type[Event] | None = None) -> None:
        """Let a held job go on, to the next event of a kind if one is named."""
        self._until = until
        self._going.set()

    def cancel(self) -> None:
        """Throw `Cancelled` into the job after the event it is at; what it still yields is sent."""
        self._cancel.set()
        self._going.set()

    def start(self, *args: Any) -> None:
        """Begin."""
        _running.add(self)
        super().start(*args)

    def close(self, milliseconds: int = _PATIENCE) -> bool:
        """Cancel and wait; False where the job did not end in that time: it then outlives its owner.

        One that was waited for in vain before is not waited for again.
        """
        self.cancel()
        if not self.wait(0 if self._stuck else milliseconds):
            self._stuck = True
            return False
        return True

    # In the thread

    def run(self) -> None:
        """Iterate the job. Called by Qt, in the new thread."""
        step_back()
        try:
            self._drain()
        except Cancelled:
            pass
        except Exception as error:
            self._broke.emit(error)
        finally:
            self._job.close()

    def _drain(self) -> None:
        thrown = False
        while True:
            self._going.wait()
            try:
                if self._cancel.is_set() and not thrown:
                    thrown = True
                    event = self._job.throw(Cancelled())
                else:
                    event = next(self._job)
            except StopIteration:
                return
            if self._until is not None and isinstance(event, self._until):
                self._until = None
                self._going.clear()
            self._came.emit(event)

    def _end(self) -> None:
        self.wait()
        _running.discard(self)
        self.ended.emit()


class Background(QObject):
    """What an owner has in the background: one job at a time, whose signals it passes on."""

    happened = Signal(object)
    failed = Signal(object)
    ended = Signal()
    """Another job can begin."""

    def __init__(self, owner: QObject) -> None:
        super().__init__(owner)
        self._thread: TaskThread | None = None

    @property
    def busy(self) -> bool:
        """Whether there is a job that has not ended."""
        return self._thread is not None

    def begin(self, job: Job) -> None:
        """Begin a job; the one before must have ended."""
        assert self._thread is None
        self._thread = TaskThread(job)
        self._thread.happened.connect(self.happened)
        self._thread.failed.connect(self.failed)
        self._thread.ended.connect(self._end)
        self._thread.start()

    def cancel(self) -> None:
        """Ask the job to end early, if there is one."""
        if self._thread is not None:
            self._thread.cancel()

    def close(self) -> bool:
        """Cancel the job, if there is one, and wait; False where it did not end in time."""
        return self._thread is None or self._thread.close()

    def _end(self) -> None:
        self._thread = None
        self.ended.emit()


def close_all() -> bool:
    """Cancel all jobs and wait for them; False where one holds on, and the program cannot end by itself."""
    jobs = list(_running)
    for job in jobs:
        job.cancel()
    ended = [job.close() for job in jobs]
    return all(ended) and not working()


def step_back() -> None:
    """Let the window go first: threads that this one starts, those of XLA among them, inherit its place.

    Linux keeps a nice value for each thread; elsewhere there is none to set.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def result_of(function: Any, *args: Any) -> Job:
    """A job that calls a function and yields what it returns as its `Result`."""
    from engine.events import Result

    yield Result(function(*args))
