"""Many runs that are begun and broken off leave neither threads nor memory behind."""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path

import pytest

from engine.data.builtin import Digits
from engine.errors import Cancelled
from engine.events import Finished, StepsDone
from engine.later import working
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.reshaping import Flatten
from engine.project import DataSettings, Project, TrainingSettings
from engine.runs import recorded
from engine.templates import chain
from engine.training import train

BEFORE = 10
"""Runs after which all is loaded that is loaded once."""


def _resident() -> int:
    """Bytes of memory that the process holds, when nothing is under way."""
    while working():
        time.sleep(0.05)
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def _begun_and_stopped(folder: Path, number: int) -> None:
    graph, _ = chain(
        Input(shape=(8, 8, 1)), Conv2D(filters=4), Flatten(), Dense(units=10, activation="softmax"), Output()
    )
    settings = TrainingSettings(epochs=50, seed=number)
    project = Project(graph, data=DataSettings(source=Digits()), training=settings)
    (folder / str(number)).mkdir()
    events = recorded(project, train(project), folder / str(number))
    for event in events:
        if isinstance(event, StepsDone):
            break
    assert any(isinstance(event, Finished) for event in [events.throw(Cancelled()), *events])


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory and threads are read from /proc")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("times", [20, pytest.param(100, marks=pytest.mark.exhaustive)])
def test_starts_and_stops_leave_nothing_behind(times: int, tmp_path: Path) -> None:
    for number in range(BEFORE):
        _begun_and_stopped(tmp_path, number)
    threads, memory = _threads(), _resident()
    for number in range(BEFORE, BEFORE + times):
        _begun_and_stopped(tmp_path, number)
    end = time.monotonic() + 5
    while _threads() > threads and time.monotonic() < end:  # one that was told to end may take a moment
        time.sleep(0.05)
    assert _threads() <= threads
    assert _resident() <= 1.05 * memory
