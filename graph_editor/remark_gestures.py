"""Notes and frames dragged and resized with the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from engine.layout import Position, Remark
from graph_editor import remarks
from graph_editor.editing import tr
from graph_editor.gestures import Gesture
from graph_editor.layout import snap

if TYPE_CHECKING:
    from graph_editor.view import GraphView


class DragRemark(Gesture):
    """Moves a note, or a frame with all that lies in it."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, view: GraphView, key: str) -> None:
        super().__init__(view)
        layout = self.document.layout
        cards, others = remarks.held(self.document, key)
        self._cards = {card: layout.positions[card] for card in cards}
        self._remarks = {other: layout.remarks[other] for other in (key, *others)}
        self._moved: tuple[dict[str, Remark], dict[str, Position]] = ({}, {})

    def begin(self, spot: QPointF) -> None:
        self._start = spot

    def move(self, spot: QPointF) -> None:
        dx, dy = snap(spot.x() - self._start.x()), snap(spot.y() - self._start.y())
        places = {key: (x + dx, y + dy) for key, (x, y) in self._cards.items()}
        self._moved = {key: remarks.moved(remark, dx, dy) for key, remark in self._remarks.items()}, places
        self.scene.remarks.place(self._moved[0])
        self.scene.place(places)

    def end(self, spot: QPointF) -> None:
        self.move(spot)
        self.view.commit(lambda: remarks.edit(self.document, tr("Move"), *self._moved))

    def cancel(self) -> None:
        self.scene.remarks.refresh()
        self.scene.replace_cards(self._cards)


class ResizeRemark(Gesture):
    """Draws the lower right corner of a note or frame elsewhere."""

    cursor = Qt.CursorShape.SizeFDiagCursor

    def __init__(self, view: GraphView, key: str) -> None:
        super().__init__(view)
        self._key, self._remark = key, self.document.layout.remarks[key]
        self._now = self._remark

    def begin(self, spot: QPointF) -> None:
        self._start = spot

    def move(self, spot: QPointF) -> None:
        way = spot - self._start
        self._now = remarks.resized(self._remark, snap(way.x()), snap(way.y()))
        self.scene.remarks.place({self._key: self._now})

    def end(self, spot: QPointF) -> None:
        self.move(spot)
        self.view.commit(lambda: remarks.edit(self.document, tr("Resize"), {self._key: self._now}))

    def cancel(self) -> None:
        self.scene.remarks.refresh()
