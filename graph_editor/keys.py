"""What the keys do on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from graph_editor.keyboard import ARROWS, neighbour
from graph_editor.layout import GRID

if TYPE_CHECKING:
    from graph_editor.view import GraphView

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_STANDARD = {
    QKeySequence.StandardKey.Copy: "copy",
    QKeySequence.StandardKey.Cut: "cut",
    QKeySequence.StandardKey.Paste: "paste",
    QKeySequence.StandardKey.SelectAll: "select_all",
    QKeySequence.StandardKey.ZoomIn: "zoom_in",
    QKeySequence.StandardKey.ZoomOut: "zoom_out",
}
_DUPLICATE = {
    Qt.KeyboardModifier.ControlModifier: "duplicate",
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier: "duplicate_linked",
}
_PLAIN = {
    Qt.Key.Key_Delete: "delete_selected",
    Qt.Key.Key_Backspace: "delete_selected",
    Qt.Key.Key_Plus: "zoom_in",
    Qt.Key.Key_Minus: "zoom_out",
    Qt.Key.Key_0: "reset_zoom",
    Qt.Key.Key_F: "fit",
    Qt.Key.Key_Tab: "quick_add_here",
}


def handle_key(view: GraphView, event: QKeyEvent) -> bool:
    """Do what a key stands for; False where it stands for nothing here."""
    if view.connecting is not None:
        return _connecting(view, event)
    key, held = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    for standard, name in _STANDARD.items():
        if event.matches(standard):
            getattr(view, name)()
            return True
    if key in ARROWS:
        return _arrow(view, ARROWS[key], held)
    if key == Qt.Key.Key_D and held in _DUPLICATE:
        getattr(view, _DUPLICATE[held])()
        return True
    if held not in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
        return False
    if key in _PLAIN:
        getattr(view, _PLAIN[key])()
        return True
    return _single(view, key)


def _single(view: GraphView, key: Qt.Key) -> bool:
    """Keys that work on the one selected card, and Escape."""
    selected = view.selected_node()
    if key == Qt.Key.Key_Escape:
        _escape(view)
    elif key in _ENTER and selected is not None and view.open_group(selected):
        pass
    elif key in (Qt.Key.Key_F2, *_ENTER) and selected is not None:
        view.rename(selected)
    elif key == Qt.Key.Key_C and selected is not None:
        view.start_connecting(selected)
    elif key == Qt.Key.Key_W:
        _next_wire(view)
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


def _next_wire(view: GraphView) -> None:
    """Select a wire of the selected card, then the next one of the graph."""
    edges = view.document.graph.edges
    selected, wires = view.selected_node(), view.graph_scene.selected_edges()
    if not edges:
        return
    if selected is not None:
        graph = view.document.graph
        own = (*graph.outgoing(selected), *graph.incoming(selected))
        chosen = own[0] if own else edges[0]
    else:
        chosen = edges[(edges.index(wires[-1]) + 1) % len(edges)] if wires else edges[0]
    view.graph_scene.select([], [chosen])
    view.ensureVisible(view.graph_scene.edge_items[chosen])


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
