"""Shortcuts: which keys do what, looked up and changed."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from app.settings import AppSettings
from app.shortcut_editor import ShortcutEditor
from app.window import MainWindow
from graph_editor.document import ProjectDocument
from graph_editor.keys import BINDINGS
from tests.app.conftest import small_project

NONE, CONTROL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
)


@pytest.fixture
def editor(qtbot: QtBot, window: MainWindow) -> ShortcutEditor:
    qtbot.waitUntil(window.isActiveWindow)
    found = ShortcutEditor(window.actions_, window)
    qtbot.addWidget(found)
    found.show()
    qtbot.waitUntil(found.isActiveWindow)
    return found


def rows(editor: ShortcutEditor) -> dict[str, str]:
    items = [editor.list.topLevelItem(row) for row in range(editor.list.topLevelItemCount())]
    return {item.text(0): item.text(1) for item in items if not item.isHidden()}


def choose(qtbot: QtBot, editor: ShortcutEditor, text: str) -> None:
    editor.search.setText(text)
    visible = [editor.list.topLevelItem(row) for row in range(editor.list.topLevelItemCount())]
    (item,) = (item for item in visible if item.text(0) == text)
    editor.list.setCurrentItem(item)


def give(
    qtbot: QtBot, editor: ShortcutEditor, name: str, key: Qt.Key, held=Qt.KeyboardModifier.NoModifier
) -> None:
    """Set the keys of an action as a person does: choose it, press the keys, press Enter."""
    choose(qtbot, editor, name)
    editor.field.setFocus()
    qtbot.keyClick(editor.field, key, held)
    qtbot.keyClick(editor.field, Qt.Key.Key_Return)


def leave(qtbot: QtBot, editor: ShortcutEditor, window: MainWindow) -> None:
    editor.close()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)


def test_no_keys_belong_to_two_actions(window: MainWindow) -> None:
    counts = Counter(
        keys for action in window.actions_.all() for keys in window.actions_.keys(action.objectName())
    )
    assert [keys for keys, count in counts.items() if count > 1] == []
    assert all(QKeySequence(keys).toString() == keys for keys in counts)


def test_the_window_has_the_keys_that_a_bare_canvas_has(window: MainWindow) -> None:
    known = {keys for action in window.actions_.all() for keys in window.actions_.keys(action.objectName())}
    assert {keys for several in BINDINGS.values() for keys in several} <= known
    assert window.work.view.bindings == {}


def test_typed_keys_work_on_the_canvas_only(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(window.isActiveWindow)
    view = window.work.view
    view.setFocus()
    view.graph_scene.select([view.document.graph.by_name("dense").id])
    qtbot.keyClick(view, Qt.Key.Key_W)
    assert len(view.graph_scene.selected_edges()) == 1
    before = view.scale_now()
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    qtbot.waitUntil(lambda: view.scale_now() > before)
    window.work.palette_panel.focus_search()
    now = view.scale_now()
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Plus)
    assert view.scale_now() == now


def test_keys_are_looked_up_by_name_and_by_keys(editor: ShortcutEditor) -> None:
    editor.search.setText("zoom ctrl")
    assert rows(editor) == {"Zoom in": "Ctrl++, Ctrl+=, +", "Zoom out": "Ctrl+-, -", "Zoom to selection": "Ctrl+2"}
    editor.search.setText("ctrl+shift+p")
    assert list(rows(editor)) == ["Command palette"]
    editor.search.setText("arrows")
    assert len(rows(editor)) == 3


def test_new_keys_work_at_once_and_at_the_next_start(
    qtbot: QtBot, editor: ShortcutEditor, window: MainWindow
) -> None:
    give(qtbot, editor, "Select all", Qt.Key.Key_J, CONTROL)
    assert rows(editor)["Select all"] == "Ctrl+J"
    leave(qtbot, editor, window)
    window.work.view.setFocus()
    qtbot.keyClick(window.work.view, Qt.Key.Key_A, CONTROL)
    assert window.work.view.graph_scene.selected_nodes() == ()
    qtbot.keyClick(window.work.view, Qt.Key.Key_J, CONTROL)
    assert len(window.work.view.graph_scene.selected_nodes()) == len(window.document.graph)
    window.settings.save()
    again = MainWindow(ProjectDocument(small_project()), AppSettings())
    qtbot.addWidget(again)
    assert again.actions_["select_all"].shortcut().toString() == "Ctrl+J"


def test_typed_keys_can_be_given_too(qtbot: QtBot, editor: ShortcutEditor, window: MainWindow) -> None:
    give(qtbot, editor, "Next wire", Qt.Key.Key_N)
    leave(qtbot, editor, window)
    window.work.view.setFocus()
    qtbot.keyClick(window.work.view, Qt.Key.Key_W)
    assert window.work.view.graph_scene.selected_edges() == ()
    qtbot.keyClick(window.work.view, Qt.Key.Key_N)
    assert len(window.work.view.graph_scene.selected_edges()) == 1


def test_keys_that_another_action_has_are_taken_from_it_when_that_was_said(
    qtbot: QtBot, editor: ShortcutEditor, window: MainWindow
) -> None:
    choose(qtbot, editor, "Fit to window")
    editor.field.setFocus()
    qtbot.keyClick(editor.field, Qt.Key.Key_Z, CONTROL)
    assert editor.note.text() == "Ctrl+Z belongs to “Undo”, which loses it."
    editor.set.click()
    assert window.actions_.keys("undo") == ()
    assert window.actions_.keys("fit") == ("Ctrl+Z",)
    editor.reset_all.click()
    assert window.actions_.keys("undo") == ("Ctrl+Z",)
    assert window.actions_.keys("fit") == ("Ctrl+0", "F")
    assert not any(window.actions_.changed(action.objectName()) for action in window.actions_.all())


def test_an_action_can_be_without_keys_and_get_its_own_back(
    qtbot: QtBot, editor: ShortcutEditor, window: MainWindow
) -> None:
    choose(qtbot, editor, "Train")
    assert not editor.reset.isEnabled()
    editor.clear.click()
    assert window.actions_.keys("train") == ()
    assert window.actions_["train"].toolTip() == window.actions_["train"].whatsThis()
    window.settings.save()
    assert AppSettings().shortcuts("train") == ()
    editor.reset.click()
    assert window.actions_.keys("train") == ("F5", "Ctrl+R")


def test_what_means_the_same_everywhere_cannot_be_changed(editor: ShortcutEditor) -> None:
    editor.search.setText("alt+arrows")
    (row,) = (r for r in range(editor.list.topLevelItemCount()) if not editor.list.topLevelItem(r).isHidden())
    editor.list.setCurrentItem(editor.list.topLevelItem(row))
    assert not any(widget.isEnabled() for widget in (editor.field, editor.set, editor.clear, editor.reset))
