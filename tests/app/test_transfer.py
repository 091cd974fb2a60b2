"""Weights that fit in part, at the window: taken, frozen, gone on with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.session import RunState
from app.window import MainWindow
from engine.layer import Weighted
from engine.layers.core import Dense, Output
from tests.app.conftest import Answers
from tests.app.test_window import save_to, train


def _last_layer(window: MainWindow) -> str:
    (output,) = window.document.graph.of_type(Output)
    return window.document.graph.incoming(output.id)[0].source


def _hidden_layer(window: MainWindow) -> str:
    return window.document.graph.incoming(_last_layer(window))[0].source


def test_weights_that_fit_in_part_are_taken_and_frozen_in_one_step_back(
    qtbot: QtBot, window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(qtbot, window)
    trained = window.session.trained
    assert trained is not None
    save_to(monkeypatch, tmp_path / "net.keras")
    assert window.exports.keras_model()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(tmp_path / "net.keras"), ""))
    document, hidden = window.document, _hidden_layer(window)
    head = _last_layer(window)
    document.edit_graph("Units", document.graph.set_layer(head, document.graph[head].layer.replace(units=7)))
    before = document.project
    answers.answer = None
    assert not window.files.load_weights()
    assert "layers fit the weights of net.keras" in answers.asked[-1]
    assert document.project == before
    answers.answer = 1
    assert window.files.load_weights()
    layer = document.graph[hidden].layer
    assert isinstance(layer, Weighted)
    assert not layer.trainable
    assert window.session.trained is not None
    np.testing.assert_array_equal(
        window.session.trained.weights[hidden]["kernel"], trained.weights[hidden]["kernel"]
    )
    document.undo_stack.undo()
    assert document.project == before


def test_training_goes_on_with_the_weights_that_an_edit_has_left(
    qtbot: QtBot, window: MainWindow, answers: Answers
) -> None:
    train(qtbot, window)
    first = window.session.trained
    assert first is not None
    document, hidden, view = window.document, _hidden_layer(window), window.work.view
    document.edit_graph("Wider", document.graph.set_layer(hidden, Dense(units=5, activation="relu")))
    answers.answer = None
    window.actions_["go_on"].trigger()
    assert not window.session.running
    assert "layers fit them." in answers.asked[-1]
    answers.answer = 0
    with qtbot.waitSignal(
        window.session.state_changed, timeout=120_000, check_params_cb=lambda s: s is RunState.IDLE
    ):
        window.actions_["go_on"].trigger()
    second = window.session.trained
    assert second is not None
    assert second.weights[hidden]["kernel"].shape[1] == 5
    assert second.position.epoch == first.position.epoch  # a run of its own
    view.graph_scene.select([_last_layer(window)])
    window.actions_["freeze_before"].trigger()
    frozen = document.graph[hidden].layer
    assert isinstance(frozen, Weighted)
    assert not frozen.trainable
    answers.answer = None
    window.actions_["train"].trigger()
    assert "they would keep the random weights" in answers.asked[-1]
    assert not window.session.running
    window.actions_["freeze"].trigger()
    window.actions_["freeze"].trigger()
    document.undo_stack.undo()
    document.undo_stack.undo()
    document.undo_stack.undo()
    thawed = document.graph[hidden].layer
    assert isinstance(thawed, Weighted)
    assert thawed.trainable
