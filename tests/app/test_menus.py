"""The letters of menu entries: in one menu, each stands for one of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from app.language import LANGUAGES, speak
from app.settings import AppSettings
from app.window import MainWindow
from graph_editor.document import ProjectDocument
from tests.app.conftest import small_project


@pytest.fixture(params=LANGUAGES)
def spoken(request: pytest.FixtureRequest, qapp: QApplication, qtbot: QtBot) -> Iterator[MainWindow]:
    speak(request.param)
    window = MainWindow(ProjectDocument(small_project()), AppSettings())
    qtbot.addWidget(window)
    yield window
    speak("en")


def menus(menu: QMenu) -> Iterator[QMenu]:
    yield menu
    for action in menu.actions():
        if isinstance(inner := action.menu(), QMenu):
            yield from menus(inner)


def twice(texts: list[str]) -> list[str]:
    """The letters that more than one of these texts has."""
    letters = Counter(found[1].upper() for text in texts if (found := re.search(r"&(\w)", text)))
    return [letter for letter, number in letters.items() if number > 1]


def test_no_two_entries_of_a_menu_share_a_letter(spoken: MainWindow) -> None:
    bar = spoken.menuBar()
    assert twice([action.text() for action in bar.actions()]) == []
    tops = [menu for action in bar.actions() if isinstance(menu := action.menu(), QMenu)]
    shared = {menu.title(): twice([a.text() for a in menu.actions()]) for top in tops for menu in menus(top)}
    assert len(shared) > len(tops)
    assert {title: letters for title, letters in shared.items() if letters} == {}


@pytest.mark.qt_log_ignore("plugin does not support", extend=True)
def test_a_letter_goes_to_its_entry(qtbot: QtBot, window: MainWindow) -> None:
    edit = next(action.menu() for action in window.menuBar().actions() if action.text() == "&Edit")
    assert isinstance(edit, QMenu)
    window.work.view.graph_scene.select([])
    edit.popup(window.pos())
    qtbot.waitExposed(edit)
    qtbot.keyClick(edit, Qt.Key.Key_A)
    assert edit.isHidden()
    assert len(window.work.view.graph_scene.selected_nodes()) == len(window.document.graph)
