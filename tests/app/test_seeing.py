"""Pictures on cards and the plane beside the curves, from a run that goes on and from weights that rest."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.panels.sight_dialog import SightDialog
from app.settings import AppSettings
from app.window import MainWindow
from engine.data.toy import Moons
from engine.layers.core import Dense, Input, Output
from engine.project import DataSettings, Project
from engine.templates import chain
from graph_editor.layout import CARD_WIDTH


def trained(window: MainWindow, qtbot: QtBot) -> None:
    assert window.trainer.train()
    qtbot.waitUntil(lambda: not window.session.running, timeout=90_000)


def seen(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.work.view.sights.insight is not None, timeout=60_000)


def dense_of(window: MainWindow) -> str:
    return next(node.id for node in window.document.graph if node.layer.type_name() == "Dense")


def test_cards_show_what_layers_give_for_the_sample_that_is_chosen(window: MainWindow, qtbot: QtBot) -> None:
    view = window.work.view
    scene, sights, bar = view.graph_scene, view.sights, view.sample_bar
    trained(window, qtbot)
    assert scene.marks.sights is None
    assert bar.isHidden()
    window.actions_["sight_activations"].trigger()
    seen(window, qtbot)
    key = dense_of(window)
    place = sights.place(key)
    assert place is not None
    assert place.left() > CARD_WIDTH / 2
    assert scene.node_items[key].boundingRect().contains(place)
    assert "zeros" in scene.node_items[key].tooltip
    assert bar.text.text().startswith("Sample 1 of 15")
    first = sights.activation(key)
    assert first is not None
    with qtbot.waitSignal(window.seeing.watcher.looked, timeout=30_000):
        bar.next.click()
    second = sights.activation(key)
    assert second is not None
    assert (first.values != second.values).any()
    assert bar.text.text().startswith("Sample 2 of 15")
    window.actions_["sight_nothing"].trigger()
    assert scene.marks.sights is None
    assert sights.place(key) is None
    assert not scene.node_items[key].boundingRect().contains(place)
    assert AppSettings().word("sight", ("nothing", "activations"), "activations") == "nothing"


def test_a_card_beside_another_has_its_picture_on_itself(window: MainWindow, qtbot: QtBot) -> None:
    view = window.work.view
    trained(window, qtbot)
    window.actions_["sight_weights"].trigger()
    seen(window, qtbot)
    key = dense_of(window)
    other = next(node.id for node in window.document.graph if node.id != key)
    x, y = window.document.position(key)
    window.document.move("Move", {other: (x + CARD_WIDTH + 30, y)})
    place = view.sights.place(key)
    assert place is not None
    assert place.right() < CARD_WIDTH / 2
    assert "length of weights" in view.sights.text(key)


def test_a_double_click_on_a_picture_shows_it_large(window: MainWindow, qtbot: QtBot) -> None:
    view = window.work.view
    trained(window, qtbot)
    window.actions_["sight_activations"].trigger()
    seen(window, qtbot)
    key = dense_of(window)
    view.center_on(key)
    place = view.sights.place(key)
    assert place is not None
    spot = view.mapFromScene(view.graph_scene.node_items[key].pos() + place.center())
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    where = view.viewport().mapToGlobal(QPointF(spot))
    event = QMouseEvent(QEvent.Type.MouseButtonDblClick, QPointF(spot), where, left, left, none)
    QApplication.sendEvent(view.viewport(), event)
    (dialog,) = window.findChildren(SightDialog)
    assert dialog.node_id == key
    assert "mean" in dialog.figures.text()
    assert not dialog.grab().isNull()
    dialog.close()
    qtbot.waitUntil(lambda: not window.findChildren(SightDialog), timeout=20_000)
    window.actions_["look_into"].trigger()
    (dialog,) = window.findChildren(SightDialog)
    assert dialog.node_id == key
    dialog.close()


def test_a_run_is_looked_into_while_it_goes_on(window: MainWindow, qtbot: QtBot) -> None:
    project = window.document.project
    window.document.edit_training("Epochs", project.training.replace(epochs=5000))
    window.actions_["sight_weights"].trigger()
    assert window.trainer.train()
    qtbot.waitUntil(lambda: len(window.work.view.sights.history(dense_of(window))) >= 2, timeout=90_000)
    assert window.session.running
    window.session.stop()
    qtbot.waitUntil(lambda: not window.session.running, timeout=30_000)


def test_what_is_edited_has_no_picture_any_more(window: MainWindow, qtbot: QtBot) -> None:
    trained(window, qtbot)
    window.actions_["sight_activations"].trigger()
    seen(window, qtbot)
    key, graph = dense_of(window), window.document.graph
    window.document.edit_graph("Edit", graph.set_layer(key, Dense(units=3)))
    assert window.work.view.sights.place(key) is None


@pytest.fixture
def planar(window: MainWindow) -> MainWindow:
    graph, _ = chain(
        Input(shape=(2,)),
        Dense(units=8, activation="relu"),
        Dense(units=1, activation="sigmoid"),
        Output(loss="binary_crossentropy"),
    )
    project = Project(graph, data=DataSettings(source=Moons()))
    window.document.reset(project.with_training(epochs=3))
    return window


def test_the_plane_is_drawn_beside_the_curves(planar: MainWindow, qtbot: QtBot) -> None:
    view = planar.work.training.surface
    assert view.isHidden()
    trained(planar, qtbot)
    qtbot.waitUntil(lambda: view.surface is not None, timeout=60_000)
    assert view.surface is not None
    assert view.surface.kind == "classes"
    assert not view.grab().isNull()
    assert not view.isHidden()
    graph = planar.document.graph
    (entry,) = graph.of_type(Input)
    planar.document.edit_graph("Edit", graph.set_layer(entry.id, replace_shape(entry.layer)))
    assert view.isHidden()


def replace_shape(layer: object) -> Input:
    assert isinstance(layer, Input)
    return layer.replace(shape=(3,))
