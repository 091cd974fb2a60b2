"""The actions that read the canvas."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.settings import AppSettings
from app.window import MainWindow
from graph_editor.document import ProjectDocument
from graph_editor.heat import MEASURES


def test_the_menu_colours_cards(window: MainWindow) -> None:
    heat = window.work.view.heat
    assert window.actions_["colour_category"].isChecked()
    for measure in MEASURES[:-1]:
        window.actions_[f"colour_{measure}"].trigger()
        assert heat.measure == measure


def test_times_are_measured_while_the_canvas_is_edited(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_["colour_time"].trigger()
    legend, heat, times = window.work.view.legend, window.work.view.heat, window.reading.times
    assert times.running
    assert legend.progress.isVisible()
    assert QApplication.activeModalWidget() is None
    dense, other = (window.document.graph.by_name(name).id for name in ("dense", "dense_1"))
    window.work.view.graph_scene.select([other])
    window.work.view.setFocus()
    qtbot.keyClick(window.work.view, Qt.Key.Key_Delete)
    assert other not in window.document.graph
    qtbot.waitUntil(lambda: not times.running, timeout=20_000)
    assert (heat.value(dense) or 0) > 0
    assert not legend.progress.isVisible()
    window.document.undo_stack.undo()
    assert not heat.stale
    assert (heat.value(other) or 0) > 0


def test_measuring_is_given_up_by_a_click(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_["colour_time"].trigger()
    legend, times = window.work.view.legend, window.reading.times
    qtbot.mouseClick(legend.cancel, Qt.MouseButton.LeftButton)
    assert not legend.cancel.isEnabled()
    qtbot.waitUntil(lambda: not times.running, timeout=20_000)
    assert window.work.view.heat.most == 0
    assert legend.note.text() == "Nothing has been measured yet."
    qtbot.mouseClick(legend.measure, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.work.view.heat.most > 0, timeout=20_000)


def test_another_measure_and_another_project_end_measuring(qtbot: QtBot, window: MainWindow) -> None:
    times = window.reading.times
    window.actions_["colour_time"].trigger()
    window.actions_["colour_flops"].trigger()
    qtbot.waitUntil(lambda: not times.running, timeout=20_000)
    window.actions_["colour_time"].trigger()
    window.document.reset(window.document.project)
    qtbot.waitUntil(lambda: not times.running, timeout=20_000)
    assert window.work.view.heat.most == 0


def test_the_colours_are_those_of_the_last_start(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_["colour_memory"].trigger()
    again = MainWindow(ProjectDocument(window.document.project), AppSettings())
    qtbot.addWidget(again)
    assert again.actions_["colour_memory"].isChecked()
    assert again.work.view.heat.measure == "memory"
    assert not again.work.view.legend.isHidden()


def test_costs_on_cards_are_remembered(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_["card_costs"].trigger()
    assert window.work.view.heat.shown.on_cards
    assert window.settings.flag("card_costs", False)
    again = MainWindow(ProjectDocument(window.document.project), AppSettings())
    qtbot.addWidget(again)
    assert again.work.view.heat.shown.on_cards
