"""The main job as a person does it: an empty canvas, drag, wire, train, watch, export; Keras agrees."""

from __future__ import annotations

import runpy
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog, QToolButton
from pytestqt.qtbot import QtBot

import app.exports
from app.code_choices import CodeOptions
from app.session import RunState
from app.window import MainWindow
from engine.data.builtin import Digits
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input
from engine.project import Project, TrainingSettings
from tests.graph_editor.conftest import Canvas

LAYERS = ("Input", "Rescaling", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Output")


@pytest.fixture
def canvas(qtbot: QtBot, window: MainWindow) -> Canvas:
    """The canvas of a window on an empty project."""
    window.resize(1366, 1100)
    window.document.reset(Project(training=TrainingSettings(epochs=3)))
    window.work.view.fit()
    return Canvas(qtbot, window.work.view)


def draw_by_hand(canvas: Canvas) -> None:
    """Drop the layers one below the other and wire each to the next, with the mouse."""
    middle = canvas.view.viewport().rect().center().x()
    for number, name in enumerate(LAYERS):
        assert canvas.drop(name, QPoint(middle + (number % 2) * 30, 40 + number * 78))
    names = [node.name for node in canvas.graph]
    for source, target in pairwise(names):
        if (source, target) not in canvas.wires():
            canvas.drag(canvas.port(source, "out"), canvas.port(target, "in"))


def click(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Click a button of the toolbar."""
    button = window.findChild(QToolButton, f"{name}Button")
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(window: MainWindow, name: str, **settings: Any) -> None:
    """Settings of a layer, as the inspector sets them."""
    graph = window.document.graph
    node = graph.by_name(name)
    window.document.edit_graph("set", graph.set_layer(node.id, node.layer.replace(**settings)))


def test_from_an_empty_canvas_to_a_keras_file(
    qtbot: QtBot, window: MainWindow, canvas: Canvas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_by_hand(canvas)
    assert len(canvas.graph.edges) == len(LAYERS) - 1
    choose(window, "input", shape=(8, 8, 1))
    choose(window, "rescaling", scale=1 / 16)
    choose(window, "conv2d", activation="relu")
    choose(window, "dense", units=10, activation="softmax")
    assert window.document.inference.problems == ()

    click(qtbot, window, "train")
    qtbot.waitUntil(lambda: window.session.state is RunState.IDLE, timeout=120_000)
    run = window.session.trained
    assert run is not None
    assert run.test["accuracy"] > 0.5
    assert len(window.work.training.curves.run.epochs["loss"].x) == 3

    written = {}
    parts = (
        ("export_model", ".h5", None),
        ("export_python", "_keras.py", CodeOptions("keras")),
        ("export_python", "_jax.py", CodeOptions("jax")),
        ("export_picture", ".svg", None),
    )
    for name, ending, options in parts:
        path = written[ending] = tmp_path / f"model{ending}"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, path=path, **__: (str(path), ""))
        monkeypatch.setattr(app.exports, "ask_code_options", lambda *_, options=options, **__: options)
        window.actions_[name].trigger()
        qtbot.waitUntil(path.exists, timeout=60_000)
    monkeypatch.chdir(tmp_path)

    images = Digits().load().features["x"][:64]
    model = keras.saving.load_model(written[".h5"])
    theirs = np.asarray(model(images))
    assert (theirs.argmax(1) == Digits().load().targets["y"][:64]).mean() > 0.5
    np.testing.assert_allclose(theirs, _ours(window, images), atol=1e-5)
    np.testing.assert_allclose(theirs, _of_jax_program(written["_jax.py"], written[".h5"], images), atol=1e-5)
    scope = runpy.run_path(str(written["_keras.py"]))
    np.testing.assert_allclose(np.asarray(scope["model"](images)), theirs, atol=1e-6)


def _ours(window: MainWindow, images: Any) -> Any:
    from engine.evaluation import predict
    from engine.events import Result

    run = window.session.trained
    assert run is not None
    *_, last = predict(run.project.graph, run.weights, {"input": images})
    assert isinstance(last, Result)
    return last.value["output"]


def _of_jax_program(program: Path, weights: Path, images: Any) -> Any:
    before = set(sys.modules)
    scope = runpy.run_path(str(program))
    assert not [name for name in set(sys.modules) - before if name.startswith("engine")]
    load = scope["load_weights"]
    return scope["predict"](load(weights), images)


def test_dropping_a_layer_on_a_wire_puts_it_between(canvas: Canvas, window: MainWindow) -> None:
    draw_by_hand(canvas)
    canvas.drop("Dropout", canvas.wire("flatten", "dense"))
    assert {("flatten", "dropout"), ("dropout", "dense")} <= canvas.wires()
    window.document.undo_stack.undo()
    assert ("flatten", "dense") in canvas.wires()


def test_everything_can_be_undone_to_the_empty_canvas_and_redone(canvas: Canvas, window: MainWindow) -> None:
    start = window.document.project
    draw_by_hand(canvas)
    end = window.document.project
    stack = window.document.undo_stack
    while stack.canUndo():
        stack.undo()
    assert window.document.project == start
    while stack.canRedo():
        stack.redo()
    assert window.document.project == end
    assert isinstance(canvas.graph.by_name("conv2d").layer, Conv2D)
    assert isinstance(canvas.graph.by_name("input").layer, Input)
    assert isinstance(canvas.graph.by_name("dense").layer, Dense)
