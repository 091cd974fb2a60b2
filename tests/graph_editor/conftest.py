"""A small document and its canvas, shown off screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QDragMoveEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.reshaping import Flatten
from engine.project import Project
from engine.templates import chain, make
from graph_editor.document import ProjectDocument
from graph_editor.palette import layer_mime
from graph_editor.view import GraphView


class Canvas:
    """A canvas with the mouse of a test."""

    def __init__(self, qtbot: QtBot, view: GraphView) -> None:
        self.bot = qtbot
        self.document = view.document
        self.view = view
        self.scene = view.graph_scene

    @classmethod
    def of(cls, qtbot: QtBot, project: Project) -> Canvas:
        """A canvas of its own, outside of any window."""
        view = GraphView(ProjectDocument(project))
        qtbot.addWidget(view)
        view.resize(900, 800)
        view.show()
        qtbot.waitExposed(view)
        view.fit()
        return cls(qtbot, view)

    @property
    def graph(self):
        return self.document.graph

    def id(self, name: str) -> str:
        return self.graph.by_name(name).id

    def names(self) -> set[str]:
        return {node.name for node in self.graph}

    def wires(self) -> set[tuple[str, str]]:
        return {(self.graph[e.source].name, self.graph[e.target].name) for e in self.graph.edges}

    def card(self, name: str) -> QPoint:
        item = self.scene.node_items[self.id(name)]
        return self.view.mapFromScene(item.pos() + QPointF(40, 4))

    def port(self, name: str, side: str, index: int = 0) -> QPoint:
        return self.view.mapFromScene(self.scene.node_items[self.id(name)].port_place((side, index)))

    def wire(self, source: str, target: str) -> QPoint:
        ends = (self.id(source), self.id(target))
        edge = next(e for e in self.graph.edges if (e.source, e.target) == ends)
        return self.view.mapFromScene(self.scene.edge_items[edge].middle)

    def mouse(self, kind: QEvent.Type, at: QPoint, button=Qt.MouseButton.LeftButton, keys=None) -> None:
        viewport = self.view.viewport()
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
        down = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else button
        place = QPointF(at)
        event = QMouseEvent(
            kind,
            place,
            viewport.mapToGlobal(place),
            down,
            held,
            keys or Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(viewport, event)

    def press(self, at: QPoint, keys=None, button=Qt.MouseButton.LeftButton) -> None:
        self.mouse(QEvent.Type.MouseButtonPress, at, button, keys)

    def move(self, at: QPoint, button=Qt.MouseButton.LeftButton) -> None:
        self.mouse(QEvent.Type.MouseMove, at, button)

    def release(self, at: QPoint, button=Qt.MouseButton.LeftButton) -> None:
        self.mouse(QEvent.Type.MouseButtonRelease, at, button)

    def drag(self, start: QPoint, end: QPoint, keys=None, button=Qt.MouseButton.LeftButton) -> None:
        self.press(start, keys, button)
        for step in range(1, 6):
            self.move(start + (end - start) * step / 5, button)
        self.release(end, button)

    def click(self, at: QPoint, keys=None) -> None:
        self.press(at, keys)
        self.release(at)

    def drop(self, type_name: str, at: QPoint) -> bool:
        mime = layer_mime(type_name)
        args = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        viewport: QWidget = self.view.viewport()
        self.view.dragMoveEvent(QDragMoveEvent(at, *args))
        event = QDropEvent(QPointF(at), *args)
        event.ignore()
        self.view.dropEvent(event)
        viewport.update()
        return event.isAccepted()

    def key(self, key: Qt.Key, keys=Qt.KeyboardModifier.NoModifier) -> None:
        self.bot.keyClick(self.view, key, keys)


@pytest.fixture
def canvas_of(qtbot: QtBot) -> Callable[[Project], Canvas]:
    return lambda project: Canvas.of(qtbot, project)


@pytest.fixture
def canvas(qtbot: QtBot) -> Canvas:
    """input, flatten, dense, output in a column."""
    graph, _ = chain(Input(shape=(8, 8, 1)), Flatten(), Dense(units=10, activation="softmax"), Output())
    return Canvas.of(qtbot, Project(graph))


@pytest.fixture
def branched(qtbot: QtBot) -> Canvas:
    return Canvas.of(qtbot, make("digits-two-branch"))


@pytest.fixture
def loose(qtbot: QtBot) -> Canvas:
    """input to dense, and conv2d without a wire to the right of them."""
    graph, _ = chain(Input(shape=(64,)), Dense())
    graph = graph.add(graph.new_node(Conv2D()))
    return Canvas.of(qtbot, Project(graph))
