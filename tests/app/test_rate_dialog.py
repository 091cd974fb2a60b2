"""The learning rate finder in the window: a curve, a line that is moved, one edit."""

from __future__ import annotations

import math

import pytest
from pytestqt.qtbot import QtBot

from app.finding_rate import finding_job
from app.rate_dialog import RateDialog
from app.window import MainWindow
from engine import templates
from engine.errors import TrainingError
from engine.freezing import with_trainable
from engine.layers.core import Dense
from engine.optimizers import OneCycle
from graph_editor import theme as themes

PATIENCE = 60_000


@pytest.fixture
def finder(window: MainWindow, qtbot: QtBot) -> RateDialog:
    window.work.side_tabs.setCurrentIndex(1)
    window.work.training_settings.find_button.click()
    (dialog,) = window.findChildren(RateDialog)
    return dialog


def wait(qtbot: QtBot, dialog: RateDialog) -> None:
    qtbot.waitUntil(lambda: not dialog.trying, timeout=PATIENCE)


def test_the_proposed_rate_is_used_by_one_edit(window: MainWindow, finder: RateDialog, qtbot: QtBot) -> None:
    before = window.document.project.training
    assert finder.trying
    assert not finder.use.isEnabled()
    wait(qtbot, finder)
    assert finder.curve.proposed is not None
    assert finder.value == finder.curve.proposed
    assert finder.line.value() == pytest.approx(math.log10(finder.curve.proposed))
    finder.use.click()
    assert window.document.project.training.optimizer.learning_rate == finder.curve.proposed
    assert window.session.trained is None
    assert window.session.folder is None
    window.document.undo_stack.undo()
    assert window.document.project.training == before
    assert not window.document.undo_stack.canUndo()


def test_colours_that_all_draw_with_are_left_alone(finder: RateDialog) -> None:
    opacity = themes.color(themes.current().accent).alpha()
    finder.reject()  # before anything can fail: a window does not end what a dialog still tries
    assert opacity == 255


def test_the_line_and_the_number_say_the_same(window: MainWindow, finder: RateDialog, qtbot: QtBot) -> None:
    wait(qtbot, finder)
    finder.line.setValue(-2.0)
    finder.line.sigDragged.emit(finder.line)
    assert finder.rate.read(finder.rate.line.text()) == 0.01
    finder.rate.line.setText("0.5")
    finder.rate.take("0.5")
    assert finder.line.value() == pytest.approx(math.log10(0.5))
    finder.rate.take("fast")
    assert not finder.use.isEnabled()
    finder.rate.take("0.25")
    finder.use.click()
    assert window.document.project.training.optimizer.learning_rate == 0.25


def test_a_schedule_keeps_its_kind(window: MainWindow, qtbot: QtBot) -> None:
    training = window.document.project.training
    optimizer = training.optimizer.replace(learning_rate=OneCycle(total_steps=60))
    window.document.edit_training("Change learning rate", training.replace(optimizer=optimizer))
    window.actions_["find_rate"].trigger()
    (dialog,) = window.findChildren(RateDialog)
    wait(qtbot, dialog)
    dialog.use.click()
    rate = window.document.project.training.optimizer.learning_rate
    assert rate == OneCycle(total_steps=60, max_learning_rate=dialog.value)


def test_closing_ends_the_search(window: MainWindow, finder: RateDialog, qtbot: QtBot) -> None:
    before = window.document.project
    thread = finder._thread
    assert thread is not None
    with qtbot.waitSignal(thread.ended, timeout=PATIENCE):
        finder.reject()
    qtbot.waitUntil(lambda: not window.findChildren(RateDialog), timeout=PATIENCE)
    assert window.document.project is before


def trained(window: MainWindow, qtbot: QtBot) -> None:
    assert window.trainer.train()
    qtbot.waitUntil(lambda: not window.session.running, timeout=PATIENCE)


def found(window: MainWindow, qtbot: QtBot) -> RateDialog:
    dialog = window.trainer.find_rate()
    assert dialog is not None
    wait(qtbot, dialog)
    return dialog


def test_begins_with_new_weights_or_with_those_that_are_there(window: MainWindow, qtbot: QtBot) -> None:
    window.document.edit_training("Epochs", window.document.project.training.replace(epochs=40))
    trained(window, qtbot)
    dialog = found(window, qtbot)
    assert dialog.new.isChecked()
    fresh = dialog.curve.losses[0]
    dialog.there.click()
    assert dialog.trying
    assert dialog.curve.losses == ()
    wait(qtbot, dialog)
    assert dialog.curve.losses[0] < 0.7 * fresh
    dialog.new.click()
    dialog.there.click()  # while the other is tried
    dialog.new.click()
    wait(qtbot, dialog)
    assert dialog.curve.losses[0] == fresh
    assert len(set(dialog.curve.rates)) == len(dialog.curve.rates)
    dialog.reject()


def test_without_weights_there_is_nothing_to_choose(finder: RateDialog) -> None:
    assert finder.new.isChecked()
    assert not finder.there.isEnabled()
    finder.reject()


def test_weights_of_an_edited_network_are_taken_as_far_as_they_fit(window: MainWindow, qtbot: QtBot) -> None:
    trained(window, qtbot)
    graph = window.document.graph
    first, *others = [node.id for node in graph if isinstance(node.layer, Dense)]
    assert len(others) == 2
    window.document.edit_graph("Freeze", with_trainable(graph, [first], trainable=False))
    dialog = found(window, qtbot)
    assert dialog.there.isChecked()  # frozen layers would keep what is drawn for them
    assert dialog.kept.text() == ""
    dialog.reject()
    graph = window.document.graph
    window.document.edit_graph("Edit", graph.set_layer(first, Dense(units=5)))
    dialog = found(window, qtbot)
    assert dialog.new.isChecked()
    dialog.there.click()
    wait(qtbot, dialog)
    assert dialog.kept.text() == "2 of 4 layers fit them."  # the last one, and Normalization
    assert dialog.curve.proposed is not None
    dialog.reject()


def test_weights_of_which_none_fit_are_refused_with_a_sentence(window: MainWindow, qtbot: QtBot) -> None:
    trained(window, qtbot)
    run = window.session.trained
    assert run is not None
    with pytest.raises(TrainingError, match="edited after it was trained"):
        list(finding_job(templates.make("digits-mlp"), run))


def test_it_waits_for_the_run_to_end(window: MainWindow, qtbot: QtBot) -> None:
    window.trainer.train()
    assert not window.actions_["find_rate"].isEnabled()
    assert not window.work.training_settings.find_button.isEnabled()
    assert window.trainer.find_rate() is None
    window.session.stop()
    qtbot.waitUntil(lambda: not window.session.running, timeout=PATIENCE)
    assert window.actions_["find_rate"].isEnabled()
