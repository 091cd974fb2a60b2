"""Projects that are compiled before anybody waits for it."""

from __future__ import annotations

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app import ahead
from app.ahead import Ahead
from app.session import RunState, TrainingSession
from app.sweeping import SweepSession
from engine.events import Progress
from engine.project import Project
from engine.templates import make
from graph_editor.document import ProjectDocument


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Project]:
    """The projects that are compiled ahead, which takes no time here."""
    projects: list[Project] = []

    def warm_up(project: Project) -> Any:
        projects.append(project)
        yield Progress("Warming up")

    monkeypatch.setattr(ahead, "warm_up", warm_up)
    monkeypatch.setattr(ahead, "_REST_MS", 20)
    return projects


def test_a_project_at_rest_is_compiled_and_so_is_what_it_becomes(qtbot: QtBot, begun: list[Project]) -> None:
    document = ProjectDocument(first := make("iris-mlp"))
    session = TrainingSession()
    Ahead(document, session, SweepSession(session))
    qtbot.waitUntil(lambda: len(begun) == 1)
    for size in (8, 9, 10):
        document.edit_training("Batch size", document.project.training.replace(batch_size=size))
    qtbot.waitUntil(lambda: len(begun) == 2)
    assert [(each.graph, each.training) for each in begun] == [
        (first.graph, first.training),
        (first.graph, first.training.replace(batch_size=10)),
    ]
    document.project_changed.emit()  # a card was moved
    qtbot.wait(100)
    assert len(begun) == 2


@pytest.mark.parametrize("kind", [TrainingSession, SweepSession])
def test_nothing_is_compiled_beside_other_work_but_after_it(
    kind: type[Any], qtbot: QtBot, begun: list[Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    document, session = ProjectDocument(make("iris-mlp")), TrainingSession()
    sweeps = SweepSession(session)
    with monkeypatch.context() as at_work:
        at_work.setattr(kind, "running", property(lambda _: True))
        Ahead(document, session, sweeps)
        qtbot.wait(100)
        assert not begun
    if kind is TrainingSession:
        session.state_changed.emit(RunState.IDLE)
    else:
        sweeps.running_changed.emit(False)
    qtbot.waitUntil(lambda: len(begun) == 1)
