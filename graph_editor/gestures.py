"""One object per gesture of the mouse: begins, moves, and ends in one edit, or is cancelled without a trace.

Dragging cards and drawing wires have files of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsRectItem

from graph_editor.theme import color

if TYPE_CHECKING:
    from graph_editor.view import GraphView


class Gesture:
    """Base: the view hands on what the mouse does, in scene coordinates."""

    cursor: Qt.CursorShape | None = None

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self.scene = view.graph_scene
        self.document = view.document

    def begin(self, spot: QPointF) -> None:
        """The button went down here."""

    def move(self, spot: QPointF) -> None:
        """The pointer is here now."""

    def end(self, spot: QPointF) -> None:
        """The button went up here."""

    def cancel(self) -> None:
        """Escape, or the document changed: leave everything as it was."""


class Pan(Gesture):
    """Shifts the canvas under the pointer."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def begin(self, spot: QPointF) -> None:
        self._held = spot

    def move(self, spot: QPointF) -> None:
        self.view.pan(self.view.mapFromScene(self._held), self.view.mapFromScene(spot))


class RubberBand(Gesture):
    """Selects the cards in a rectangle."""

    def __init__(self, view: GraphView, keep: tuple[str, ...] = ()) -> None:
        super().__init__(view)
        self._keep = keep
        self._before = self.scene.selected_nodes()
        self._band: QGraphicsRectItem | None = None

    def begin(self, spot: QPointF) -> None:
        self._start = spot
        self._band = QGraphicsRectItem()
        accent = self.scene.theme.accent
        pen = QPen(color(accent), 1)
        pen.setCosmetic(True)
        self._band.setPen(pen)
        self._band.setBrush(color(accent, 32))
        self._band.setZValue(10)
        self.scene.addItem(self._band)

    def move(self, spot: QPointF) -> None:
        if self._band is not None:
            rect = QRectF(self._start, spot).normalized()
            self._band.setRect(rect)
            self.scene.select({*self._keep, *self.scene.nodes_in(rect)})

    def end(self, spot: QPointF) -> None:
        self.move(spot)
        self._clear()

    def cancel(self) -> None:
        self._clear()
        self.scene.select(self._before)

    def _clear(self) -> None:
        if self._band is not None:
            self.scene.removeItem(self._band)
            self._band = None
