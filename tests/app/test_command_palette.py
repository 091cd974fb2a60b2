"""The command palette: what it finds, and what Enter does."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.command_palette import CommandPalette
from app.window import MainWindow


@pytest.fixture
def palette(qtbot: QtBot, window: MainWindow) -> CommandPalette:
    return opened(qtbot, window)


def opened(qtbot: QtBot, window: MainWindow) -> CommandPalette:
    qtbot.waitUntil(window.isActiveWindow)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window.work.view, Qt.Key.Key_P, held)
    (found,) = window.findChildren(CommandPalette)
    assert found.isVisible()
    assert found.search.hasFocus()
    return found


def names(palette: CommandPalette) -> list[str]:
    return [palette.list.item(row).text() for row in range(palette.list.count())]


def test_all_actions_are_there_those_that_can_be_done_first(palette: CommandPalette, window: MainWindow) -> None:
    assert len(names(palette)) == len(window.actions_.all()) - 1  # all but the one that opened it
    can = [window.actions_[palette.list.item(row).data(Qt.ItemDataRole.UserRole + 3)].isEnabled()
           for row in range(palette.list.count())]  # fmt: skip
    assert can == sorted(can, reverse=True)
    assert {True, False} == set(can)


def test_enter_does_what_is_found_and_gives_the_keys_back(
    qtbot: QtBot, palette: CommandPalette, window: MainWindow
) -> None:
    qtbot.keyClicks(palette.search, "select all")
    assert names(palette)[0] == "Select all"
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert set(window.work.view.graph_scene.selected_nodes()) == set(window.document.graph.nodes)
    assert window.focusWidget() is window.work.view


def test_words_are_found_in_what_is_said_of_an_action(qtbot: QtBot, palette: CommandPalette) -> None:
    qtbot.keyClicks(palette.search, "weights keras")
    assert names(palette) == ["Load weights", "Export: Keras model"]


def test_what_cannot_be_done_now_is_not_done(qtbot: QtBot, palette: CommandPalette, window: MainWindow) -> None:
    before = window.document.project
    qtbot.keyClicks(palette.search, "undo")
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert window.document.project is before
    assert window.settings.recent_commands == []


def test_what_was_taken_lately_comes_first(qtbot: QtBot, palette: CommandPalette, window: MainWindow) -> None:
    qtbot.keyClicks(palette.search, "zoom out")
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    again = opened(qtbot, window)
    assert names(again)[0] == "Zoom out"
    qtbot.keyClick(again.search, Qt.Key.Key_Escape)
    assert not again.isVisible()
    assert window.focusWidget() is window.work.view
