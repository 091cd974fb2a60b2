"""Python files that samples are drawn from: run after a yes, in the window and on the command line."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

import app.consent
from app.consent import ask, needs_yes
from app.window import MainWindow
from engine import templates
from engine.data import consent
from engine.data.builtin import Iris
from engine.data.consent import Script, read_script
from engine.data.generator import PythonGenerator
from engine.events import EpochDone
from engine.formats import project_file
from engine.layers.core import Dense, Input, Output
from engine.project import DataSettings, Project, TrainingSettings
from tests.app.commands import layerloom
from tests.app.conftest import Answers

TEXT = """
    import numpy as np
    open({mark!r}, "a").write("x")

    def batches():
        while True:
            y = np.random.randint(0, 3, 8)
            yield np.eye(4)[y], y
"""


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    consent.forget()


class Asked:
    """Stands in for the dialog that asks for a yes."""

    def __init__(self) -> None:
        self.answer = False
        self.scripts: list[Script] = []

    def ask(self, parent: object, script: Script) -> bool:
        self.scripts.append(script)
        return self.answer


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked()
    monkeypatch.setattr(app.consent, "ask", found.ask)
    return found


def program(folder: Path) -> Path:
    path = folder / "mine.py"
    path.write_text(textwrap.dedent(TEXT).format(mark=str(folder / "ran")))
    return path


def ran(folder: Path) -> bool:
    return (folder / "ran").exists()


def with_file(folder: Path, steps: int = 5) -> Project:
    """A project that learns from a file."""
    data = DataSettings(source=PythonGenerator(path=str(program(folder)), steps_per_epoch=steps))
    return Project(templates.make("iris-mlp").graph, data=data, training=TrainingSettings(epochs=2))


def test_a_file_is_run_and_seen_after_a_yes(
    qtbot: QtBot, window: MainWindow, asked: Asked, tmp_path: Path
) -> None:
    window.actions_["show_data"].trigger()
    panel = window.work.data
    assert panel.take_file(program(tmp_path))
    assert [script.path.name for script in asked.scripts] == ["mine.py"]
    assert panel.files.allow.isVisible()
    assert "mine.py is a Python file, and is not run before you allow it." in panel.look.word.text()
    assert not panel.split.isVisible()
    assert not ran(tmp_path)
    asked.answer = True
    panel.files.allow.click()
    qtbot.waitUntil(panel.look.table.isVisible, timeout=60_000)
    assert ran(tmp_path)
    assert not panel.files.allow.isVisible()
    assert panel.look.table.model().columnCount() == 5
    assert "Drawn to be looked at: 100 batches of 8 samples" in panel.notes.text()
    assert len(asked.scripts) == 2
    window.document.undo_stack.undo()
    assert window.document.project.data.source == Iris()
    assert panel.split.isVisible()


def test_nothing_is_claimed_of_a_file_before_it_ran_and_then_what_it_gives(
    qtbot: QtBot, window: MainWindow, asked: Asked, tmp_path: Path
) -> None:
    text, _ = templates.chain(Input(shape=(1,), dtype="string"), Dense(units=3, activation="softmax"), Output())
    window.document.edit("Change", with_file(tmp_path))
    window.document.edit_graph("Change", text)
    problems = window.work.problem_panel
    assert "can be trained" not in problems.list.calm.text()
    window.actions_["show_data"].trigger()
    asked.answer = True
    window.work.data.files.allow.click()
    qtbot.waitUntil(lambda: len(problems.misfits.cards) > 0, timeout=60_000)
    told = problems.misfits.cards[0].problem.message
    assert "input takes text, a sample of Python generator (.py) is numbers" in told
    window.document.edit_graph("Change", with_file(tmp_path).graph)
    assert "can be trained" in problems.list.calm.text()
    assert problems.fits


def test_a_yes_is_remembered_for_that_content_alone(window: MainWindow, asked: Asked, tmp_path: Path) -> None:
    asked.answer = True
    source = PythonGenerator(path=str(program(tmp_path)))
    assert app.consent.may_run(window, source)
    consent.forget()  # the next start
    assert not needs_yes(source)
    (tmp_path / "mine.py").write_text((tmp_path / "mine.py").read_text() + "\n")
    assert needs_yes(source)
    asked.answer = False
    assert not app.consent.may_run(window, source)
    assert len(asked.scripts) == 2


def test_opening_a_project_runs_nothing_and_training_asks(
    qtbot: QtBot, window: MainWindow, asked: Asked, answers: Answers, tmp_path: Path
) -> None:
    project_file.save(with_file(tmp_path), tmp_path / "p.loom")
    assert window.files.open_path(tmp_path / "p.loom")
    window.actions_["show_data"].trigger()
    panel = window.work.data
    qtbot.waitUntil(panel.files.allow.isVisible, timeout=10_000)
    window.work.tabs.setCurrentWidget(window.work.code)
    assert not window.trainer.train()
    assert (len(asked.scripts), window.session.running) == (1, False)
    assert not ran(tmp_path)
    asked.answer = True
    epochs: list[object] = []
    window.session.happened.connect(lambda event: epochs.append(event) if isinstance(event, EpochDone) else None)
    assert window.trainer.train()
    qtbot.waitUntil(lambda: not window.session.running, timeout=120_000)
    assert len(epochs) == 2
    assert not answers.told


def test_the_question_names_the_file_and_no_is_the_answer_of_enter(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    script = read_script(program(tmp_path))
    seen: list[Any] = []

    def look(press: str) -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        seen.append((box.text(), box.informativeText(), box.defaultButton().text()))
        next(button for button in box.buttons() if button.text().replace("&", "") == press).click()

    for press, answer in (("Cancel", False), ("Run this file", True)):
        QTimer.singleShot(100, lambda press=press: look(press))
        assert ask(window, script) is answer
    text, detail, default = seen[0]
    assert text == "Run mine.py to draw samples from it?"
    assert str(script.path) in detail
    assert "with your rights" in detail
    assert default.replace("&", "") == "Cancel"


def test_the_command_line_runs_a_file_where_it_is_told_to(tmp_path: Path) -> None:
    project_file.save(with_file(tmp_path), tmp_path / "p.loom")
    for command in (("train", "p.loom"), ("data", "inspect", "mine.py")):
        done = layerloom(*command, cwd=tmp_path)
        assert done.returncode == 1
        assert "mine.py is a program, and would be run with your rights" in done.stderr
        assert "--run-generators" in done.stderr
        assert not ran(tmp_path)
    done = layerloom("train", "p.loom", "--run-generators", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[1])["step"] == 10
    found = json.loads(layerloom("data", "inspect", "mine.py", "--run-generators", "--json", cwd=tmp_path).stdout)
    assert found["source"] == "generator"
    assert found["features"]["x"] == {"shape": [800, 4], "type": "float64", "missing": 0}
