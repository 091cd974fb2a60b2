"""Whether a run that has not ended lives: by its pulse, as it is heard from here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine import pulse
from engine.data.builtin import Iris
from engine.files import write_text
from engine.layers.core import Dense, Input, Output
from engine.past_runs import read_record, reading_runs
from engine.project import DataSettings, Project, TrainingSettings
from engine.pulse import PULSE_FILE, Beat, Listener, Pulse, beating, read_beat
from engine.runs import new_run_folder, recorded
from engine.templates import chain
from engine.training import train


def test_a_pulse_beats_while_it_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "BEAT_SECONDS", 0.02)
    with beating(tmp_path):
        first = read_beat(tmp_path)
        assert first is not None
        assert first.pulse.pid == os.getpid()
        until = time.monotonic() + 10
        while (found := read_beat(tmp_path)) is not None and found.changed == first.changed:
            assert time.monotonic() < until
        assert Listener().life(tmp_path, found) == "here"
    assert read_beat(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_one_elsewhere_falls_silent_when_its_file_no_longer_changes(tmp_path: Path) -> None:
    now = [1000.0]
    listener = Listener(lambda: now[0])
    far = Pulse(host="elsewhere", pid=1)
    wrong_clock = 10**9 * 3600  # an hour after 1970: the clock there is wrong, which must not matter for long
    assert listener.life(tmp_path, Beat(far, time.time_ns())) == "elsewhere"
    now[0] += pulse.SILENT_SECONDS + 1
    assert listener.life(tmp_path, Beat(far, wrong_clock)) == "elsewhere"
    now[0] += pulse.SILENT_SECONDS - 1
    assert listener.life(tmp_path, Beat(far, wrong_clock)) == "elsewhere"
    now[0] += 2
    assert listener.life(tmp_path, Beat(far, wrong_clock)) == "silent"
    assert listener.life(tmp_path, Beat(far, wrong_clock + 1)) == "elsewhere"
    assert listener.life(tmp_path, None) == "silent"
    assert Listener(lambda: now[0]).life(tmp_path, Beat(far, time.time_ns() - 10**12)) == "silent"


def test_one_whose_process_is_gone_is_silent_at_once(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        mine = Pulse(host=socket.gethostname(), pid=other.pid)
        assert Listener().life(tmp_path, Beat(mine, time.time_ns())) == "elsewhere"
        other.communicate(b"x")
    assert Listener().life(tmp_path, Beat(mine, time.time_ns())) == "silent"


def test_a_damaged_pulse_is_none(tmp_path: Path) -> None:
    write_text(tmp_path / PULSE_FILE, "{")
    assert read_beat(tmp_path) is None


def test_a_run_has_a_pulse_until_it_ends_and_is_listed_from_elsewhere(tmp_path: Path) -> None:
    made, _ = chain(Input(shape=(4,)), Dense(units=3, activation="softmax"), Output())
    project = Project(made, data=DataSettings(source=Iris()), training=TrainingSettings(epochs=2))
    folder = new_run_folder(tmp_path / "p.loom")
    job = recorded(project, train(project), folder)
    next(job)
    before = read_record(folder)
    assert read_beat(folder) is not None
    assert PULSE_FILE not in [name for name, *_ in before.stamp]
    *_, listed = reading_runs(tmp_path / "other.loom", others=[folder])
    assert [run.folder for run in listed.value] == [folder]  # type: ignore[attr-defined]
    for _ in job:
        pass
    assert read_beat(folder) is None
    assert read_record(folder).outcome.state == "finished"
