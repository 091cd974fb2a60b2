"""The path from the Inputs to a card, lit up: of the card under the pointer, or of the one that is selected."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, QTimer

from engine.graph import Graph
from graph_editor.marks import Path
from graph_editor.scene import GraphScene

_DELAY = 150
"""Milliseconds that the pointer rests on a card before its path is shown."""


def path_to(graph: Graph, node_id: str) -> Path:
    """The cards and wires that a card depends on, itself included."""
    nodes = graph.ancestors([node_id])
    return Path(nodes, frozenset(edge for key in nodes for edge in graph.incoming(key)))


class PathLight(QObject):
    """Lights up a path of a scene; nothing while `busy` says that a gesture goes on."""

    def __init__(self, scene: GraphScene, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scene = scene
        self._busy = busy
        self._under = False
        self._of_selected = False
        self._hovered: str | None = None
        self._pointer = QPoint()
        self._typing = False
        """Whether a key was the last thing that was pressed, and the pointer only lies where it was left."""
        self._shown: tuple[Graph, str] | None = None
        self._rested = QTimer(self, interval=_DELAY, singleShot=True)
        self._rested.timeout.connect(self._refresh)
        scene.card_hovered.connect(self._hover)
        scene.nodes_selected.connect(self._refresh)
        scene.document.graph_replaced.connect(self._forget)
        scene.document.project_changed.connect(self._refresh)

    def light_under_pointer(self, on: bool) -> None:
        """Show the path to the card on which the pointer rests."""
        self._under = on
        self._refresh()

    def light_selected(self, on: bool) -> None:
        """Show the path to the selected card, whatever the pointer does."""
        self._of_selected = on
        self._refresh()

    def rest(self) -> None:
        """A gesture begins: show no path until the pointer comes to another card."""
        self._rested.stop()
        self._hovered = None
        self._show(None)

    def key_pressed(self) -> None:
        """Show nothing of the card under the pointer until that moves."""
        self._typing = True
        self._refresh()

    def pointer_moved(self, place: QPoint) -> None:
        """The pointer is at a place of the screen, perhaps where it was before."""
        if self._typing and place != self._pointer:
            self._typing = False
            self._hover(self._hovered)
        self._pointer = place

    def _forget(self) -> None:
        """Another graph is shown, whose cards may be called the same."""
        self._rested.stop()
        self._hovered = None

    def _hover(self, node_id: str | None) -> None:
        self._hovered = node_id
        if not self._under:
            return
        if node_id is None and self._shown is None:
            self._rested.stop()
        else:
            self._rested.start()

    def _refresh(self) -> None:
        chosen = self._scene.selected_nodes() if self._of_selected else ()
        pointing = self._under and not self._typing and not self._rested.isActive()
        wanted = self._hovered if pointing else None
        self._show(wanted or (chosen[0] if len(chosen) == 1 else None))

    def _show(self, node_id: str | None) -> None:
        graph = self._scene.graph
        possible = node_id in graph and not self._busy()
        wanted = (graph, node_id) if possible and node_id is not None else None
        if _alike(wanted, self._shown):
            return
        self._shown = wanted
        self._scene.marks.path = None if wanted is None else path_to(*wanted)
        self._scene.update()


def _alike(one: tuple[Graph, str] | None, other: tuple[Graph, str] | None) -> bool:
    """Whether two paths are that to the same card of the same graph, which is not compared."""
    if one is None or other is None:
        return one is other
    return one[0] is other[0] and one[1] == other[1]
