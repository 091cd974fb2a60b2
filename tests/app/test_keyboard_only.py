"""The main job without a mouse: from an empty canvas to a file that Keras opens, each step by keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from PySide6.QtCore import QDeadlineTimer, Qt, QTimer
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

import app.exports
from app.export_dialogs import ask_keras_options
from app.session import RunState
from app.window import MainWindow
from engine.layers.core import Dense

KEY, HELD = Qt.Key, Qt.KeyboardModifier
_DIALOG_MS = 20_000


class Keyboard:
    """Keys that go to whatever has the focus, as those of a person do."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot = qtbot
        self.window = window

    @property
    def focus(self) -> QWidget:
        found = QApplication.focusWidget()
        assert found is not None
        return found

    def press(self, key: Qt.Key, held: Qt.KeyboardModifier = HELD.NoModifier, times: int = 1) -> None:
        for _ in range(times):
            self.qtbot.keyClick(self.focus, key, held)
            QApplication.processEvents()

    def type(self, text: str) -> None:
        self.qtbot.keyClicks(self.focus, text)

    def add(self, text: str) -> None:
        """Tab on the canvas, the layer in words, Enter."""
        assert self.focus is self.window.work.view
        self.press(KEY.Key_Tab)
        assert isinstance(self.focus, QLineEdit)
        self.type(text)
        self.press(KEY.Key_Return)
        self.qtbot.waitUntil(lambda: self.focus is self.window.work.view)

    def in_dialogs(self, *steps: Callable[[QDialog], None]) -> None:
        """What is done in the dialogs that come up, one after the other, each once it has the focus.

        One that stays open for all that is called off: its test fails, instead of waiting for a person.
        """
        waiting, seen = list(steps), list[QDialog]()
        patience = QDeadlineTimer(_DIALOG_MS)

        def look() -> None:
            dialog = QApplication.activeModalWidget()
            open_one = isinstance(dialog, QDialog) and dialog.isVisible()
            if open_one and dialog not in seen and dialog.isActiveWindow() and dialog.focusWidget() is not None:
                seen.append(dialog)
                patience.setRemainingTime(_DIALOG_MS)
                if waiting:
                    waiting.pop(0)(dialog)
            if open_one and patience.hasExpired():
                dialog.reject()
            if waiting or dialog is not None:
                QTimer.singleShot(50, self.window, look)

        QTimer.singleShot(50, self.window, look)  # ends with its window


@pytest.fixture
def keys(qtbot: QtBot, window: MainWindow) -> Keyboard:
    window.resize(1366, 768)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.work.view.setFocus()
    return Keyboard(qtbot, window)


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # pop-ups on no screen
def test_from_an_empty_canvas_to_a_keras_file(
    keys: Keyboard, qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", by_own_dialog)
    monkeypatch.setattr(app.exports, "ask_keras_options", ask_keras_options)
    keys.press(KEY.Key_N, HELD.ControlModifier)
    graph = lambda: window.document.graph  # noqa: E731
    assert len(graph()) == 0

    # Each layer is put behind the one before, and wired to it.
    for text in (
        "input 8x8x1",
        "rescaling 0.0625",
        "conv2d 16 3",
        "maxpooling2d",
        "flatten",
        "dense 10",
        "output",
    ):
        keys.add(text)
    assert [node.layer.type_name() for node in graph()] == [
        *("Input", "Rescaling", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Output"),
    ]
    assert len(graph().edges) == 6

    # Up to the Dense, into its settings, softmax.
    keys.press(KEY.Key_Up)
    assert graph()[window.work.view.graph_scene.selected_nodes()[0]].layer == Dense(units=10)
    keys.press(KEY.Key_Return, HELD.AltModifier)
    while not isinstance(keys.focus, QComboBox):
        keys.press(KEY.Key_Tab)
    keys.type("softmax")
    assert graph().by_name("dense").layer == Dense(units=10, activation="softmax")
    keys.press(KEY.Key_1, HELD.AltModifier)
    assert keys.focus is window.work.view

    # A branch: another Conv2D, under a name of its own, wired to a layer that adds both.
    keys.press(KEY.Key_Up, times=3)
    assert window.work.view.graph_scene.selected_nodes() == (graph().by_name("conv2d").id,)
    keys.press(KEY.Key_D, HELD.ControlModifier)
    keys.press(KEY.Key_F2)
    keys.press(KEY.Key_A, HELD.ControlModifier)
    keys.type("beside")
    keys.press(KEY.Key_Return)
    place = window.document.position(graph().by_name("beside").id)
    keys.press(KEY.Key_Right, HELD.AltModifier, times=5)
    assert window.document.position(graph().by_name("beside").id)[0] > place[0]
    window.work.view.graph_scene.select([])
    keys.press(KEY.Key_Down, times=2)  # the Input is the first that an arrow finds
    keys.press(KEY.Key_C)
    wire_to(keys, "beside")
    assert [graph()[e.source].name for e in graph().incoming(graph().by_name("beside").id)] == ["rescaling"]
    keys.press(KEY.Key_Down)
    assert window.work.view.graph_scene.selected_nodes() == (graph().by_name("conv2d").id,)
    keys.add("add")
    keys.press(KEY.Key_Escape)
    select(keys, "beside")
    keys.press(KEY.Key_C)
    wire_to(keys, "add")
    assert len(graph().incoming(graph().by_name("add").id)) == 2
    assert window.document.inference.problems == ()

    keys.press(KEY.Key_F5)
    qtbot.waitUntil(lambda: window.session.trained is not None, timeout=120_000)
    qtbot.waitUntil(lambda: window.session.state is RunState.IDLE, timeout=20_000)
    trained = window.session.trained
    assert trained is not None

    path = tmp_path / "by keys.keras"
    keys.in_dialogs(
        lambda dialog: qtbot.keyClick(dialog.focusWidget(), KEY.Key_Return),
        lambda dialog: enter(qtbot, dialog, str(path)),
    )
    keys.press(KEY.Key_E, HELD.ControlModifier)
    qtbot.waitUntil(path.exists, timeout=20_000)
    x = np.random.default_rng(0).uniform(0, 16, (5, 8, 8, 1)).astype(np.float32)
    theirs = np.asarray(keras.saving.load_model(path)(x))
    from engine.model import compile_graph

    model = compile_graph(trained.project.graph)
    (ours,) = model.predict(model.from_host(trained.weights), {"input": x}).values()
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def wire_to(keys: Keyboard, name: str) -> None:
    """With the keys choosing where a wire ends: arrows until it is this layer, then Enter."""
    mode, wanted = keys.window.work.view.connecting, keys.window.document.graph.by_name(name).id
    assert mode is not None
    for _ in mode.targets:
        if mode.target == wanted:
            break
        keys.press(KEY.Key_Right)
    keys.press(KEY.Key_Return)


def select(keys: Keyboard, name: str) -> None:
    """Find a layer by its name, which selects it, and go back to the canvas."""
    keys.press(KEY.Key_F, HELD.ControlModifier)
    keys.type(name)
    keys.press(KEY.Key_Return)
    keys.press(KEY.Key_Escape)
    graph, chosen = keys.window.document.graph, keys.window.work.view.graph_scene.selected_nodes()
    assert [graph[key].name for key in chosen] == [name]


def by_own_dialog(parent: QWidget, title: str, start: str, kinds: str) -> tuple[str, str]:
    """Qt's own file dialog, which a test can type into; that of the system is not Qt's."""
    dialog = QFileDialog(parent, title, start, kinds)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    chosen = dialog.selectedFiles()[0] if dialog.exec() else ""
    dialog.deleteLater()
    return chosen, kinds


def enter(qtbot: QtBot, dialog: QDialog, text: str) -> None:
    """Type a file name and press Enter."""
    field = dialog.findChild(QLineEdit, "fileNameEdit")
    assert field is not None
    assert field.hasFocus()  # else it takes the folders passed on the way for the file
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, KEY.Key_Return)
