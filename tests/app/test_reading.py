"""The actions that read the canvas."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.window import MainWindow
from graph_editor.heat import MEASURES


def test_the_menu_colours_cards(window: MainWindow) -> None:
    heat = window.work.view.heat
    assert window.actions_["colour_category"].isChecked()
    for measure in MEASURES[:-1]:
        window.actions_[f"colour_{measure}"].trigger()
        assert heat.measure == measure


def test_times_are_measured_in_the_background(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_["colour_time"].trigger()
    heat = window.work.view.heat
    dense = window.document.graph.by_name("dense").id
    assert (heat.value(dense) or 0) > 0
    assert not heat.stale
    assert window.work.view.legend.note.text() == ""


def test_costs_on_cards_are_remembered(window: MainWindow) -> None:
    window.actions_["card_costs"].trigger()
    assert window.work.view.heat.on_cards
    assert window.settings.flag("card_costs", False)
