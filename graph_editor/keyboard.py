"""What the mouse does, done with keys: going along wires, and drawing one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsPathItem

from engine.graph import Graph
from graph_editor import editing
from graph_editor.document import ProjectDocument
from graph_editor.theme import color
from graph_editor.wires import wire_path
from graph_editor.wiring import advise, fits_below

if TYPE_CHECKING:
    from graph_editor.asking import AskingCanvas

ARROWS = {
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
}


def neighbour(document: ProjectDocument, node_id: str | None, step: tuple[int, int]) -> str | None:
    """The card that an arrow leads to: along a wire up or down, to the nearest at the side."""
    graph = document.graph
    if node_id is None:
        return next(iter(graph.order), None)
    x, y = document.position(node_id)
    if step[1]:
        edges = graph.outgoing(node_id) if step[1] > 0 else graph.incoming(node_id)
        ends = [edge.target if step[1] > 0 else edge.source for edge in edges]
        return min(ends, key=lambda key: abs(document.position(key)[0] - x), default=None)
    aside = [key for key in graph.nodes if (document.position(key)[0] - x) * step[0] > 1]

    def distance(key: str) -> float:
        other = document.position(key)
        return abs(other[0] - x) + 4 * abs(other[1] - y)

    return min(aside, key=distance, default=None)


class ConnectMode:
    """Draws a wire from a card with the keys: arrows choose where it ends, Enter draws it, Escape ends.

    Where the card has several outputs, left and right choose among them.
    """

    def __init__(self, view: AskingCanvas, source: str) -> None:
        self.view = view
        self.source = source
        self.output = 0
        document, scene = view.document, view.graph_scene
        self.outputs = len(document.graph[source].layer.output_names)
        x, y = document.position(source)
        self._fits = fits = fits_below(document.graph, document.inference, [(source, 0)])
        near = sorted(fits, key=lambda key: self._rank(document.position(key), (x, y)))
        self.targets = [(key, port) for key in near for port in _free_ports(document.graph, key)]
        self._index = 0
        self._line = QGraphicsPathItem()
        self._line.setZValue(5)
        scene.addItem(self._line)
        scene.show_fits(fits, source)
        self._show()

    @staticmethod
    def _rank(place: tuple[float, float], origin: tuple[float, float]) -> tuple[bool, float]:
        """Those below first, the nearest of them at the front."""
        dx, dy = place[0] - origin[0], place[1] - origin[1]
        return dy < 0, abs(dx) + abs(dy)

    @property
    def target(self) -> str | None:
        """Where the wire would end."""
        return self.targets[self._index][0] if self.targets else None

    @property
    def port(self) -> int | None:
        """The input that it would end at; None for the first that is free."""
        return self.targets[self._index][1] if self.targets else None

    @property
    def hint(self) -> str:
        """What the keys do."""
        if self.outputs > 1:
            return self.view.tr("Up and down choose where to, left and right which output; Enter wires.")
        return self.view.tr("Arrows choose, Enter wires, Escape ends.")

    def step(self, by: tuple[int, int]) -> None:
        """Choose another end, or another output to begin at."""
        if self.outputs > 1 and by[0]:
            self.output = (self.output + by[0]) % self.outputs
        elif self.targets:
            self._index = (self._index + sum(by)) % len(self.targets)
        self._show()

    def _show(self) -> None:
        scene, target = self.view.graph_scene, self.target
        if target is None:
            return
        for key, _ in self.targets:
            scene.node_items[key].set_fit(self._fits[key], target=key == target)
        document = self.view.document
        advice = advise(document.graph, document.inference, self.source, target, self.port, self.output)
        item = scene.node_items[target]
        end = item.port_place(("in", advice.edge.port if advice.edge else 0))
        self._line.setPen(QPen(color(scene.theme.good if advice.verdict == "yes" else scene.theme.warning), 2.4))
        self._line.setPath(wire_path(scene.node_items[self.source].port_place(("out", self.output)), end))
        self.view.ensureVisible(item)
        self.view.show_advice(end + QPointF(0, -14), advice)

    def finish(self, accept: bool) -> None:
        """End, with or without the wire."""
        target, view = self.target, self.view
        view.show_advice(None, None)
        view.graph_scene.show_fits(None)
        view.graph_scene.removeItem(self._line)
        if accept and target is not None:
            edge = view.document.graph.check_connect(self.source, target, self.port, self.output)
            view.commit(lambda: editing.connect(view.document, [edge]))


def _free_ports(graph: Graph, node_id: str) -> list[int | None]:
    """The inputs of a card to choose from: each by itself where they have names."""
    layer = graph[node_id].layer
    if not layer.port_name(0):
        return [None]
    taken = {edge.port for edge in graph.incoming(node_id)}
    return [port for port in range(graph.port_count(node_id)) if port not in taken]
