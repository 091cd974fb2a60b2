"""The window on the smallest example, with no dialog that could wait for a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import app.exports
import app.file_dialogs
import app.files
import app.task
import app.trainer
import app.transfers
import app.window
from app.settings import AppSettings
from app.window import MainWindow
from engine import templates
from engine.project import Project
from engine.runs import new_run_folder, recorded
from engine.training import train
from graph_editor import theme as themes
from graph_editor.document import ProjectDocument


class Answers:
    """Stands in for the message boxes: notes what was asked or told, and answers."""

    def __init__(self) -> None:
        self.answer: int | None = None
        self.asked: list[str] = []
        self.told: list[str] = []
        self.options: object = None

    def choose(self, parent: object, title: str, text: str, choices: object, detail: str = "") -> int | None:
        self.asked.append(text)
        return self.answer

    def say(self, parent: object, title: str, text: str, detail: str = "") -> None:
        self.told.append(f"{text} {detail}".strip())

    def tell(self, parent: object, title: str, error: BaseException) -> None:
        self.told.append(str(error))


@pytest.fixture(autouse=True, scope="session")
def _level() -> Iterator[None]:
    """Threads of the window keep their place: beside the tests of others, one that steps back hardly runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.task, "_NICE", 0)
        yield


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    found = Answers()
    for module in (app.files, app.file_dialogs, app.exports, app.window, app.transfers):
        monkeypatch.setattr(module, "choose", found.choose)
    for module in (app.files, app.exports, app.trainer):
        monkeypatch.setattr(module, "tell_error", found.tell)
    for module in (app.exports, app.window, app.trainer):
        monkeypatch.setattr(module, "tell", found.say)
    monkeypatch.setattr(app.exports, "ask_keras_options", lambda parent, start, **_: found.options or start)
    monkeypatch.setattr(app.exports, "ask_picture_options", lambda parent, *start, **_: found.options or start)
    monkeypatch.setattr(app.exports, "ask_code_options", lambda parent, start, **_: found.options or start)
    return found


def small_project(epochs: int = 2) -> Project:
    project = templates.make("iris-mlp")
    return replace(project, training=project.training.replace(epochs=epochs))


def trained(path: Path, project: Project) -> Path:
    """A run beside a project file; its folder."""
    folder = new_run_folder(path)
    for _ in recorded(project, train(project), folder):
        pass
    return folder


@pytest.fixture
def window(qtbot: QtBot, qapp: object, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setattr("app.window._FRAMED_MS", 0)  # it finds its size and view now, not in the midst of a test
    themes.apply_theme(qapp)  # type: ignore[arg-type]
    found = MainWindow(ProjectDocument(small_project()), AppSettings())
    found.resize(1200, 720)
    found.show()
    qtbot.waitExposed(found)
    QApplication.processEvents()
    yield found
    answers.answer = 1
    found.session.stop()
    found.work.sweeps.stop()
    qtbot.waitUntil(lambda: not found.session.running and not found.work.sweeps.running, timeout=20_000)
    found.document.set_saved()
    found.close()
    found.deleteLater()
