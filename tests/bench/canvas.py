"""How quick the canvas is with many cards: a drag, panning, an edit, opening, layout and undo.

Frames are real: the mouse moves by an event, and all that is visible of the canvas is painted, off screen,
before the clock is read; a window on a screen paints less, only what changed. A card is dragged, and the canvas
panned, at each of three zooms: at its own size, at half of it, and with all cards in sight. The figure of frames
is that of the slowest of these six. The network is residual blocks of convolutions, eight cards each; what is
edited is its Input, so that every shape behind it changes. `--cpu` counts the time of the processor in place of
that of the clock, which says more on a machine that does other work besides.

    python -m tests.bench.canvas [--cards N] [--json] [--cpu]
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from engine.graph import Edge, Graph, Node
from engine.layer import Layer
from engine.layers.activations import ReLU
from engine.layers.conv import Conv2D
from engine.layers.core import Input, Output
from engine.layers.global_pooling import GlobalAveragePooling2D
from engine.layers.merging import Add
from engine.layers.normalization import BatchNormalization
from engine.layout import Layout
from engine.project import Project
from graph_editor.document import ProjectDocument
from graph_editor.layout import arrange
from graph_editor.view import GraphView
from tests.bench.report import report

SIZES = (200, 2_000, 10_000)
FRAMES = 240
clock = time.process_time if "--cpu" in sys.argv else time.perf_counter
EDITS = 15
GOALS = "2,000 cards: frame_p50 16, frame_p99 33, edit 10, open 1000, layout 500, undo 50"


def network(cards: int) -> Graph:
    """Residual blocks one behind the other, as many cards as asked for."""
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []

    def put(layer: Layer, *sources: str) -> str:
        key = f"n{len(nodes)}"
        nodes[key] = Node(key, f"{layer.type_name().lower()}_{len(nodes)}", layer)
        edges.extend(Edge(source, key, port) for port, source in enumerate(sources))
        return key

    conv = Conv2D(filters=16, padding="same")
    last = put(conv, put(Input(shape=(32, 32, 16))))
    while len(nodes) + 9 <= cards:
        x = put(ReLU(), put(BatchNormalization(), put(conv, last)))
        x = put(BatchNormalization(), put(conv, x))
        last = put(ReLU(), put(BatchNormalization(), put(Add(), x, last)))
    put(Output(loss="mean_squared_error", metrics=()), put(GlobalAveragePooling2D(), last))
    return Graph(nodes, tuple(edges))


def milliseconds(work: Callable[[], object]) -> float:
    begin = clock()
    work()
    return (clock() - begin) * 1000


def opened(project: Project) -> GraphView:
    """The canvas of a project, painted, with all its cards."""
    view = GraphView(ProjectDocument(project))
    view.resize(1366, 768)
    view.show()
    QApplication.processEvents()
    view.fit()
    view.graph_scene.complete()
    view.viewport().repaint()
    return view


class Paints(QObject):
    """Counts how often the canvas is painted."""

    def __init__(self, view: GraphView) -> None:
        super().__init__(view)
        self.count = 0
        view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return super().eventFilter(watched, event)


class Mouse:
    """Moves by events, each followed by the painting of what is in sight."""

    def __init__(self, view: GraphView, button: Qt.MouseButton) -> None:
        self._view = view
        self._button = button

    def send(self, kind: QEvent.Type, at: QPoint) -> None:
        viewport = self._view.viewport()
        event = QMouseEvent(
            kind,
            QPointF(at),
            viewport.mapToGlobal(QPointF(at)),
            self._button,
            self._button,
            Qt.KeyboardModifier(0),
        )
        QApplication.sendEvent(viewport, event)

    def drag(self, start: QPoint, step: QPoint) -> list[float]:
        """Milliseconds of each frame of a drag there and back."""
        frames: list[float] = []
        viewport = self._view.viewport()
        self.send(QEvent.Type.MouseButtonPress, start)
        for number in range(FRAMES):
            away = number if number < FRAMES / 2 else FRAMES - number
            begin = clock()
            self.send(QEvent.Type.MouseMove, start + step * away)
            viewport.update()
            QApplication.sendPostedEvents()
            frames.append((clock() - begin) * 1000)
        self.send(QEvent.Type.MouseButtonRelease, start)
        QApplication.sendPostedEvents()
        return frames


def frames_of(view: GraphView) -> dict[str, list[float]]:
    """Frames of dragging a card in the middle, and of panning, at several zooms."""
    middle = view.document.graph.order[len(view.document.graph) // 2]
    frames: dict[str, list[float]] = {}
    paints = Paints(view)
    for zoom in (1.0, 0.5, None):
        if zoom is None:
            view.fit()
        else:
            view.zoom(zoom / view.scale_now())
            view.center_on(middle)
        view.viewport().repaint()
        card = view.mapFromScene(view.graph_scene.node_items[middle].pos() + QPointF(30, 4))
        name = "all" if zoom is None else f"{zoom:g}"
        frames[f"drag_{name}"] = Mouse(view, Qt.MouseButton.LeftButton).drag(card, QPoint(2, 1))
        frames[f"pan_{name}"] = Mouse(view, Qt.MouseButton.MiddleButton).drag(QPoint(400, 400), QPoint(1, 2))
    assert paints.count >= sum(map(len, frames.values()))  # each frame was painted
    return frames


def edited(document: ProjectDocument, size: int) -> None:
    """Every picture gets another size: that of the Input reaches all the shapes behind it."""
    before = document.inference
    document.edit_graph("Size", document.graph.set_layer("n0", Input(shape=(size, size, 16))))
    last = document.graph.of_type(GlobalAveragePooling2D)[0].id
    assert document.inference[last].inputs == ((size, size, 16),) != before[last].inputs


def measure(cards: int) -> dict[str, Any]:
    graph = network(cards)
    layout_ms = min(milliseconds(lambda: arrange(graph)) for _ in range(3))
    project = Project(graph, layout=Layout(arrange(graph)))
    begin = clock()
    view = opened(project)
    open_ms = (clock() - begin) * 1000
    frames = frames_of(view)
    document = view.document
    view.reset_zoom()
    view.center_on("n2")
    edits = [milliseconds(lambda size=size: edited(document, size)) for size in range(40, 40 + EDITS)]
    undos = [milliseconds(document.undo_stack.undo) for _ in range(EDITS)]
    view.close()
    return {
        "cards": len(graph),
        "frame_p50_ms": max(map(median, frames.values())),
        "frame_p99_ms": max(quantiles(times, n=100)[98] for times in frames.values()),
        "edit_ms": median(edits),
        "open_ms": open_ms,
        "layout_ms": layout_ms,
        "undo_ms": median(undos),
        **{f"{name}_ms": median(times) for name, times in frames.items()},
    }


def main() -> None:
    app = QApplication([])
    arguments = sys.argv[1:]
    sizes = [int(arguments[arguments.index("--cards") + 1])] if "--cards" in arguments else SIZES
    report(f"The canvas; goals in ms for {GOALS}", [measure(size) for size in sizes])
    del app


if __name__ == "__main__":
    main()
