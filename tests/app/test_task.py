from __future__ import annotations

import os
import subprocess
import sys
import threading
import weakref
from dataclasses import dataclass

import pytest
import shiboken6
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.jobs import run_job
from app.task import Background, Job, TaskThread, result_of
from engine.errors import Cancelled, DataError
from engine.events import Event, Progress


@dataclass(frozen=True)
class Number(Event):
    value: int


def counting(limit: int, last: list[str] | None = None) -> Job:
    """Counts; where it is cancelled it still says so."""
    try:
        for value in range(limit):
            yield Number(value)
    except Cancelled:
        yield Progress("cancelled")
    finally:
        if last is not None:
            last.append("closed")


@pytest.fixture
def heard() -> list[object]:
    return []


def listen(thread: TaskThread, heard: list[object]) -> None:
    thread.happened.connect(heard.append)
    thread.failed.connect(lambda error: heard.append(("failed", error)))
    thread.ended.connect(lambda: heard.append("ended"))


def test_events_come_in_order_and_in_the_window_thread_with_the_end_last(
    qtbot: QtBot, heard: list[object]
) -> None:
    threads: set[int] = set()
    thread = TaskThread(counting(50))
    listen(thread, heard)
    thread.happened.connect(lambda _: threads.add(threading.get_ident()))
    with qtbot.waitSignal(thread.ended):
        thread.start()
    assert heard == [*(Number(value) for value in range(50)), "ended"]
    assert threads == {threading.get_ident()}
    assert thread.isFinished()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no nice value")
def test_the_thread_of_a_job_lets_the_window_go_first(
    qtbot: QtBot, heard: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.task._NICE", 7)
    before = os.getpriority(os.PRIO_PROCESS, 0)

    def asking() -> Job:
        yield Number(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = TaskThread(asking())
    listen(thread, heard)
    with qtbot.waitSignal(thread.ended):
        thread.start()
    assert heard == [Number(7), "ended"]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_pause_holds_the_job_and_resume_lets_it_go_on(qtbot: QtBot, heard: list[object]) -> None:
    thread = TaskThread(counting(5))
    listen(thread, heard)
    thread.pause()
    assert thread.paused
    thread.start()
    qtbot.wait(50)
    assert heard == []
    with qtbot.waitSignal(thread.ended):
        thread.resume()
    assert len(heard) == 6


def test_cancel_reaches_a_held_job_which_may_still_yield(qtbot: QtBot, heard: list[object]) -> None:
    closed: list[str] = []
    thread = TaskThread(counting(10**9, closed))
    listen(thread, heard)
    with qtbot.waitSignal(thread.happened):
        thread.start()
    thread.pause()
    with qtbot.waitSignal(thread.ended):
        thread.cancel()
    assert heard[-2:] == [Progress("cancelled"), "ended"]
    assert closed == ["closed"]


def test_a_job_that_is_cancelled_before_it_begins_just_ends(qtbot: QtBot, heard: list[object]) -> None:
    thread = TaskThread(counting(5))
    listen(thread, heard)
    thread.cancel()
    with qtbot.waitSignal(thread.ended):
        thread.start()
    assert heard == ["ended"]


def test_an_exception_is_told_before_the_end(qtbot: QtBot, heard: list[object]) -> None:
    def failing() -> Job:
        yield Number(1)
        raise DataError("no data")

    thread = TaskThread(failing())
    listen(thread, heard)
    with qtbot.waitSignal(thread.ended):
        thread.start()
    first, failed, ended = heard
    assert first == Number(1)
    assert isinstance(failed, tuple)
    assert str(failed[1]) == "no data"
    assert ended == "ended"


def test_no_thread_is_left(qtbot: QtBot) -> None:
    before, gone = threading.active_count(), list[weakref.ref[TaskThread]]()
    owner = QObject()
    background = Background(owner)
    for _ in range(20):
        with qtbot.waitSignal(background.ended):
            background.begin(counting(3))
            gone.append(weakref.ref(background._thread))  # type: ignore[arg-type]
    assert threading.active_count() <= before + 1
    assert [ref() for ref in gone] == [None] * 20


def test_closing_ends_a_job_that_would_go_on_for_ever(qtbot: QtBot) -> None:
    thread = TaskThread(counting(10**12))
    thread.start()
    assert thread.close()


def test_waiting_for_a_job_gives_its_result_or_raises(qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QWidget

    parent = QWidget()
    qtbot.addWidget(parent)
    assert run_job(parent, "adding", result_of(lambda a, b: a + b, 1, 2)) == 3

    def refuse() -> None:
        raise DataError("no")

    with pytest.raises(DataError, match="no"):
        run_job(parent, "refusing", result_of(refuse))


@pytest.mark.parametrize("closed", [True, False])
def test_a_job_that_holds_on_outlives_its_owner(qtbot: QtBot, closed: bool) -> None:
    begun, release = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        release.wait()

    owner = QObject()
    background = Background(owner)
    background.begin(result_of(hold))
    thread = background._thread
    assert thread is not None
    assert begun.wait(10)
    if closed:
        assert not thread.close(20)
    shiboken6.delete(owner)
    assert not shiboken6.isValid(background)
    assert thread.isRunning()
    with qtbot.waitSignal(thread.ended):
        release.set()


_STUCK = """
import time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from app import program
from app.task import TaskThread, result_of

TaskThread.close.__defaults__ = (20,)
made = program.make_window

def make_window(*args):
    window = made(*args)
    job = TaskThread(result_of(time.sleep, 600))
    job.started.connect(window.close)
    QTimer.singleShot(0, job.start)
    return window

program.make_window = make_window
raise SystemExit(program.run_program(None))
"""


def test_the_program_ends_in_peace_while_a_job_holds_on() -> None:
    done = subprocess.run([sys.executable, "-c", _STUCK], capture_output=True, text=True, timeout=120, check=False)
    said = [line for line in done.stderr.splitlines() if not line.startswith("This plugin does not support")]
    assert (done.returncode, said) == (0, [])
