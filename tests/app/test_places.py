"""Where runs lie before their project has a file, and what becomes of them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

import engine.sweeps.moving as moving
from app.places import note_home, unsaved_place
from app.settings import data_folder
from app.window import MainWindow
from engine.errors import FileError
from engine.formats import project_file
from engine.past_runs import run_folders
from engine.pulse import PULSE_FILE, Pulse
from engine.runs import latest_run, new_run_folder, runs_folder
from engine.sweeps.moving import move_all
from engine.sweeps.study import sweeps_file
from tests.app.conftest import Answers, small_project, trained

PATIENCE = 30_000


def save_to(window: MainWindow, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, **kwargs: (str(path), ""))
    assert window.files.save()


@pytest.fixture
def left(window: MainWindow, answers: Answers) -> list[Path]:
    """Two runs of a project that was given up; another is shown."""
    project = small_project(epochs=1)
    place = window.files.place
    folders = [trained(place, project) for _ in range(2)]
    answers.answer = 1
    assert window.files.new("iris-mlp")
    assert window.files.place != place
    return folders


def shown(qtbot: QtBot, window: MainWindow, count: int) -> list[Path]:
    panel = window.work.runs
    window.actions_["show_runs"].trigger()
    qtbot.waitUntil(lambda: len(panel.model.runs) == count and not panel._listing.busy, timeout=PATIENCE)
    return sorted(run.folder for run in panel.model.runs)


def test_all_runs_come_along_when_a_project_is_first_saved(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {trained(window.files.place, small_project(epochs=1)).name for _ in range(3)}
    assert len(shown(qtbot, window, 3)) == 3
    save_to(window, monkeypatch, tmp_path / "x.loom")
    assert {folder.name for folder in run_folders(tmp_path / "x.loom")} == names
    assert not list(data_folder().glob("unsaved*"))
    assert shown(qtbot, window, 3)[0].parent == tmp_path / "x.runs"


def test_runs_that_were_left_behind_are_listed_where_there_are_no_others(
    qtbot: QtBot, window: MainWindow, left: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown(qtbot, window, 2) == sorted(left)
    assert window.work.runs.state.text() == "2 runs of unsaved projects"
    own = trained(window.files.place, small_project(epochs=1))
    window.work.runs.refresh()
    assert shown(qtbot, window, 1) == [own]
    assert window.work.runs.state.text() == "1 run"
    save_to(window, monkeypatch, tmp_path / "x.loom")
    assert [folder.name for folder in run_folders(tmp_path / "x.loom")] == [own.name]
    assert all(folder.exists() for folder in left)


def test_a_run_that_was_left_behind_brings_its_project_back(
    window: MainWindow, left: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert window.files.open_run(left[0])
    assert window.session.trained is not None
    assert window.isWindowModified()
    save_to(window, monkeypatch, tmp_path / "x.loom")
    assert {folder.name for folder in run_folders(tmp_path / "x.loom")} == {folder.name for folder in left}
    assert not any(folder.exists() for folder in left)


def test_a_run_that_goes_on_comes_to_its_project_when_another_is_shown(
    qtbot: QtBot, window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.document.reset(small_project(epochs=100_000))
    window.actions_["train"].trigger()
    qtbot.waitUntil(lambda: window.session.trained is not None, timeout=PATIENCE)
    save_to(window, monkeypatch, tmp_path / "x.loom")
    answers.answer = 1
    assert window.files.new("iris-mlp")
    window.session.stop()
    qtbot.waitUntil(lambda: latest_run(tmp_path / "x.loom") is not None, timeout=PATIENCE)
    assert run_folders(window.files.place) == []


def test_a_project_saved_during_a_run_lists_it_and_those_before(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = trained(window.files.place, small_project(epochs=1))
    window.document.reset(small_project(epochs=100_000))
    window.actions_["train"].trigger()
    qtbot.waitUntil(lambda: window.session.trained is not None, timeout=PATIENCE)
    path = tmp_path / "x.loom"
    save_to(window, monkeypatch, path)
    assert [folder.name for folder in run_folders(path)] == [before.name]
    live = window.session.folder
    assert live is not None
    assert shown(qtbot, window, 2) == sorted([live, run_folders(path)[0]])
    assert window.work.runs.state.text() == "2 runs"
    window.session.stop()
    qtbot.waitUntil(lambda: len(run_folders(path)) == 2, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not list(data_folder().glob("unsaved*")), timeout=PATIENCE)


def test_runs_of_a_program_that_broke_off_come_to_the_file_when_that_is_opened(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path, place = tmp_path / "x.loom", unsaved_place()
    project_file.save(small_project(), path)
    run, other = trained(place, small_project(epochs=1)), trained(unsaved_place(), small_project(epochs=1))
    note_home(place, path)
    window.document.set_saved()
    assert window.files.open_path(path)
    qtbot.waitUntil(lambda: len(run_folders(path)) == 1, timeout=PATIENCE)
    assert run_folders(path)[0].name == run.name
    qtbot.waitUntil(lambda: not run.parent.exists(), timeout=PATIENCE)
    assert other.exists()


# Moving


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A project file with three runs of which nothing but a note is there."""
    found = tmp_path / "a.loom"
    for number in range(3):
        (folder := new_run_folder(found)).joinpath("log.txt").write_text(str(number))
        assert folder.exists()
    return found


def logs(path: Path) -> list[str]:
    return sorted((folder / "log.txt").read_text() for folder in run_folders(path))


def test_runs_are_moved_beside_others_of_the_same_names(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.loom"
    for folder in run_folders(source):
        (runs_folder(target) / folder.name).mkdir(parents=True)
        (runs_folder(target) / folder.name / "log.txt").write_text("there")
    assert move_all(source, target).problems == ()
    assert logs(target) == ["0", "1", "2", "there", "there", "there"]
    assert not runs_folder(source).exists()


def test_a_run_that_cannot_be_moved_hinders_no_other(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays, move = run_folders(source)[1], moving.move_run

    def but_one(folder: Path, target: Path) -> Path:
        if folder == stays:
            raise FileError(folder, "is held.")
        return move(folder, target)

    monkeypatch.setattr(moving, "move_run", but_one)
    (problem,) = move_all(source, tmp_path / "b.loom").problems
    assert problem.endswith("is held.")
    assert run_folders(source) == [stays]
    assert len(logs(tmp_path / "b.loom")) == 2


def test_sweeps_that_cannot_be_read_hinder_no_run(source: Path, tmp_path: Path) -> None:
    sweeps_file(source).write_bytes(b"no sweeps" * 1000)
    (problem,) = move_all(source, tmp_path / "b.loom").problems
    assert "cannot be read" in problem
    assert len(logs(tmp_path / "b.loom")) == 3
    assert sweeps_file(source).exists()


@pytest.mark.parametrize("lives", [True, False], ids=["alive", "dead"])
def test_a_run_that_another_process_writes_is_left_to_it(source: Path, tmp_path: Path, lives: bool) -> None:
    if lives:
        pid = os.getppid()
    else:
        ended = subprocess.run(
            [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
        )
        pid = int(ended.stdout)
    written = run_folders(source)[0]
    (written / PULSE_FILE).write_text(Pulse(host=socket.gethostname(), pid=pid).model_dump_json())
    assert move_all(source, tmp_path / "b.loom").problems == ()
    assert run_folders(source) == ([written] if lives else [])
