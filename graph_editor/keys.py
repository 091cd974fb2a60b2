"""What the keys do on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from graph_editor import remarks
from graph_editor.keyboard import ARROWS, neighbour
from graph_editor.layout import GRID

if TYPE_CHECKING:
    from graph_editor.view import GraphView

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
BINDINGS = {
    "copy": ("Ctrl+C",),
    "cut": ("Ctrl+X",),
    "paste": ("Ctrl+V",),
    "select_all": ("Ctrl+A",),
    "duplicate": ("Ctrl+D",),
    "duplicate_linked": ("Ctrl+Shift+D",),
    "delete_selected": ("Del", "Backspace"),
    "zoom_in": ("Ctrl++", "Ctrl+=", "+"),
    "zoom_out": ("Ctrl+-", "-"),
    "reset_zoom": ("Ctrl+1", "0"),
    "fit": ("Ctrl+0", "F"),
    "rename_selected": ("F2",),
    "connect_selected": ("C",),
    "next_wire": ("W",),
    "next_remark": ("N",),
    "toggle_selected": ("X",),
}
"""The keys of commands, by the name of the command; a program that has actions of its own for them binds those."""


def bindings() -> dict[str, str]:
    """The command by its keys."""
    return {keys: name for name, several in BINDINGS.items() for keys in several}


def handle_key(view: GraphView, event: QKeyEvent) -> bool:
    """Do what a key stands for; False where it stands for nothing here."""
    if view.connecting is not None:
        return _connecting(view, event)
    key, held = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if key in ARROWS:
        return _arrow(view, ARROWS[key], held)
    command = view.bindings.get(_written(key, held)) or view.bindings.get(_written(key, held & ~_SHIFT))
    if command is not None:
        getattr(view, command)()
        return True
    if held & ~_SHIFT:
        return False
    return _fixed(view, key)


_SHIFT = Qt.KeyboardModifier.ShiftModifier


def _written(key: Qt.Key, held: Qt.KeyboardModifier) -> str:
    return QKeySequence(QKeyCombination(held, key)).toString(QKeySequence.SequenceFormat.PortableText)


def _fixed(view: GraphView, key: Qt.Key) -> bool:
    """Keys that mean the same everywhere: Enter opens, Escape leaves, Tab goes on."""
    selected = view.selected_node()
    if key == Qt.Key.Key_Escape:
        _escape(view)
    elif key == Qt.Key.Key_Tab:
        view.quick_add_here()
    elif key in _ENTER and selected is not None:
        if not view.open_group(selected):
            view.rename(selected)
    elif key in _ENTER and view.graph_scene.remarks.selected():
        view.rename_selected()
    else:
        return False
    return True


def _escape(view: GraphView) -> None:
    """Give up what is going on, then the selection, then leave the open group."""
    scene = view.graph_scene
    if view.gesture is None:
        if scene.selectedItems():
            scene.select([])
        else:
            view.leave_group()
    view.stop()


def _connecting(view: GraphView, event: QKeyEvent) -> bool:
    mode, key = view.connecting, Qt.Key(event.key())
    if mode is not None and key in ARROWS:
        mode.step(ARROWS[key])
    elif key in _ENTER:
        view.finish_connecting(True)
    elif key == Qt.Key.Key_Escape:
        view.finish_connecting(False)
    return True


def _arrow(view: GraphView, step: tuple[int, int], held: Qt.KeyboardModifier) -> bool:
    scene, document = view.graph_scene, view.document
    chosen = scene.selected_nodes()
    marked = scene.remarks.selected()
    if marked and held & Qt.KeyboardModifier.AltModifier:
        larger = bool(held & Qt.KeyboardModifier.ShiftModifier)
        remarks.nudge(document, marked, (step[0] * GRID, step[1] * GRID), larger=larger)
        return True
    if held == Qt.KeyboardModifier.AltModifier and chosen:
        dx, dy = step[0] * GRID, step[1] * GRID
        places = {key: document.position(key) for key in chosen}
        document.move(view.tr("Move"), {key: (x + dx, y + dy) for key, (x, y) in places.items()})
        return True
    if held not in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
        return False
    target = neighbour(document, chosen[-1] if chosen else None, step)
    if target is not None:
        scene.select([*chosen, target] if held else [target])
        view.ensureVisible(scene.node_items[target], 40, 40)
    return True
