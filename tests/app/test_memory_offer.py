"""What a step costs is said before a run, and where it does not fit, other batches are offered."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

import app.memory_offer
from app.session import RunState
from app.window import MainWindow
from engine.errors import MemoryShortError
from engine.events import Progress
from engine.step_cost import StepCost
from tests.app.conftest import Answers

PATIENCE = 60_000


@pytest.fixture(autouse=True)
def asked(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The ways out that are offered; the first is taken unless an answer is set."""
    found: list[list[str]] = []

    def choose(parent: object, title: str, text: str, choices: list[str], detail: str = "") -> int | None:
        found.append(list(choices))
        return answers.choose(parent, title, text, choices)

    monkeypatch.setattr(app.memory_offer, "choose", choose)
    monkeypatch.setattr(app.memory_offer, "tell_error", answers.tell)
    return found


def wait_asked(qtbot: QtBot, asked: list[list[str]], times: int = 1) -> None:
    qtbot.waitUntil(lambda: len(asked) == times, timeout=PATIENCE)


def wait_idle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.session.running, timeout=PATIENCE)


def short_by(monkeypatch: pytest.MonkeyPatch, batch_size: int) -> None:
    """There is room for batches of a size, and for no larger ones."""

    def check(cost: StepCost, size: int, _cost_of: object) -> Generator[Progress]:
        yield Progress("Looking for a batch that fits")
        if size > batch_size:
            raise MemoryShortError(f"There is too little memory. Batches of {batch_size} fit.", batch_size)

    monkeypatch.setattr("engine.lanes.check_step", check)


def test_batches_that_fit_are_one_edit_and_train(
    window: MainWindow, answers: Answers, asked: list[list[str]], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_by(monkeypatch, 4)
    before = window.document.project.training
    assert before.batch_size > 4
    answers.answer = 0
    window.trainer.train()
    wait_asked(qtbot, asked)
    assert asked == [["Train with batches of 4", "Train anyway"]]
    assert "Batches of 4 fit" in answers.asked[0]
    assert window.document.project.training == before.replace(batch_size=4)
    qtbot.waitUntil(lambda: window.session.trained is not None, timeout=PATIENCE)
    wait_idle(qtbot, window)
    assert window.session.trained is not None
    assert window.session.trained.project.training.batch_size == 4
    window.document.undo_stack.undo()
    assert window.document.project.training == before
    assert not window.document.undo_stack.canUndo()


def test_trains_anyway(
    window: MainWindow, answers: Answers, asked: list[list[str]], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_by(monkeypatch, 4)
    answers.answer = 1
    window.trainer.train()
    wait_asked(qtbot, asked)
    qtbot.waitUntil(lambda: window.session.trained is not None, timeout=PATIENCE)
    wait_idle(qtbot, window)
    assert not window.document.undo_stack.canUndo()
    assert len(asked) == 1


def test_nothing_happens_where_it_is_cancelled(
    window: MainWindow, answers: Answers, asked: list[list[str]], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_by(monkeypatch, 4)
    answers.answer = None
    window.trainer.train()
    wait_asked(qtbot, asked)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.MetaCall)
    assert window.session.state is RunState.IDLE
    assert window.session.trained is None
    assert window.session.folder is None
    assert answers.told == []


def test_a_run_that_ran_out_goes_on_with_smaller_batches(
    window: MainWindow, answers: Answers, asked: list[list[str]], qtbot: QtBot
) -> None:
    window.trainer.train()
    qtbot.waitUntil(lambda: window.session.trained is not None, timeout=PATIENCE)
    wait_idle(qtbot, window)
    answers.answer = 0
    window.session.failed.emit(MemoryShortError("The machine ran out of memory.", 8, begun=True))
    window.session.state_changed.emit(RunState.IDLE)
    wait_asked(qtbot, asked)
    assert asked == [["Go on with batches of 8"]]
    qtbot.waitUntil(lambda: window.session.running, timeout=PATIENCE)
    assert window.session.goes_on
    assert window.document.project.training.batch_size == 8


def test_where_nothing_can_be_offered_it_is_told(
    window: MainWindow, answers: Answers, asked: list[list[str]], qtbot: QtBot
) -> None:
    window.session.failed.emit(MemoryShortError("The machine ran out of memory.", begun=True))
    window.session.state_changed.emit(RunState.IDLE)
    qtbot.waitUntil(lambda: bool(answers.told), timeout=PATIENCE)
    assert asked == []


def test_the_cost_is_said_before_and_after_compiling(window: MainWindow, qtbot: QtBot) -> None:
    remark = window.work.training.remark
    qtbot.waitUntil(lambda: remark.aside.startswith("A step will take about "), timeout=PATIENCE)
    before = remark.aside
    assert remark.isVisible()
    training = window.document.project.training
    window.document.edit_training("Change batch size", training.replace(batch_size=64))
    qtbot.waitUntil(lambda: remark.aside not in ("", before), timeout=PATIENCE)
    window.trainer.train()
    qtbot.waitUntil(lambda: remark.aside.startswith("Step: "), timeout=PATIENCE)
    assert "FLOP" in remark.aside
    assert "iB" in remark.aside
