"""The notes and frames of a scene, in step with the document, and the edits of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF

from engine.graph import Edge
from engine.layout import Position, Remark, RemarkColor
from graph_editor.document import ProjectDocument
from graph_editor.editing import tr, without_parts
from graph_editor.items import NodeItem
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH, snap
from graph_editor.remark_items import TITLE, Part, RemarkItem

if TYPE_CHECKING:
    from graph_editor.scene import GraphScene

NOTE_SIZE = (220.0, 100.0)
_FRAME_SIZE = (420.0, 280.0)
_ASIDE, _ABOVE = 24.0, 8.0
"""Room between a frame and the cards in it: no more above them than rows leave for a title."""
_LEAST = (80.0, 50.0)
_GAP, _STEP = 10.0, 40.0
"""Around a new note, and from one place that is tried for it to the next."""
_PARTS = [number / 12 for number in range(-12, 13)]
_NEARBY = sorted(((dx, dy) for dx in _PARTS for dy in _PARTS), key=lambda way: abs(way[0]) + abs(way[1]))
"""Ways from the middle of what is seen towards its edges, the shortest first."""


class Remarks(QObject):
    """Shows the notes and frames of a document in a scene."""

    def __init__(self, scene: GraphScene) -> None:
        super().__init__(scene)
        self._scene = scene
        self.items: dict[str, RemarkItem] = {}
        scene.document.project_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the remarks of the document."""
        remarks = self._scene.document.layout.remarks
        for key in [key for key in self.items if key not in remarks]:
            self._scene.removeItem(self.items.pop(key))
        for key, remark in remarks.items():
            if key not in self.items:
                self.items[key] = RemarkItem(key, remark, self._scene.theme)
                self._scene.addItem(self.items[key])
            else:
                self.items[key].show_remark(remark, self._scene.theme)
        self._scene.overview.tell()

    def place(self, remarks: Mapping[str, Remark]) -> None:
        """Show remarks elsewhere while a drag goes on."""
        for key, remark in remarks.items():
            self.items[key].show_remark(remark, self._scene.theme)
        self._scene.overview.tell()

    def selected(self) -> tuple[str, ...]:
        """The selected remarks."""
        return tuple(key for key, item in self.items.items() if item.isSelected())

    def at(self, spot: QPointF) -> tuple[str, Part] | None:
        """The remark that a press takes hold of, notes before frames."""
        found: list[tuple[float, str, Part]] = []
        for key, item in self.items.items():
            if (part := item.part_at(spot)) is not None:
                found.append((item.zValue(), key, part))
        return max(found, key=lambda entry: entry[0])[1:] if found else None

    def select(self, keys: Iterable[str]) -> None:
        """Select these and no others."""
        wanted = set(keys)
        for key, item in self.items.items():
            item.setSelected(key in wanted)
        self._scene.overview.tell()

    def free_middle(self, seen: QRectF) -> QPointF:
        """Where the middle of a new note covers nothing: near the middle of what is seen, else right of it."""
        note = QRectF(QPointF(), QSizeF(NOTE_SIZE[0] + 2 * _GAP, NOTE_SIZE[1] + 2 * _GAP))
        middle = seen.center()
        across, down = (seen.width() - note.width()) / 2, (seen.height() - note.height()) / 2
        for dx, dy in _NEARBY:
            note.moveCenter(middle + QPointF(dx * across, dy * down))
            if min(across, down) >= 0 and not self._covers(note):
                return note.center()
        note.moveCenter(middle)
        while self._covers(note):
            note.translate(_STEP, 0)
        return note.center()

    def _covers(self, note: QRectF) -> bool:
        """Whether a note here would lie over a card, another note or the title of a frame."""
        for item in self._scene.items(note):
            if isinstance(item, NodeItem) and item.whole_rect().intersects(note):
                return True
            if isinstance(item, RemarkItem) and item.text_rect.intersects(note):
                return True
        return False

    def rect(self) -> QRectF:
        """The rectangle around all remarks."""
        rect = QRectF()
        for item in self.items.values():
            rect = rect.united(item.rect)
        return rect


# Edits


def add_note(document: ProjectDocument, place: Position) -> str:
    """Put an empty note on the canvas, its middle at a place; returns its key."""
    width, height = NOTE_SIZE
    x, y = snap(place[0] - width / 2), snap(place[1] - height / 2)
    return _add(document, tr("Add a note"), Remark("note", "", (x, y, width, height)))


def add_frame(document: ProjectDocument, node_ids: Iterable[str], place: Position) -> str:
    """Put a frame around cards, or at a place where there are none; returns its key."""
    places = [document.position(key) for key in node_ids]
    if places:
        xs, ys = zip(*places, strict=True)
        left, top = min(xs) - CARD_WIDTH / 2 - _ASIDE, min(ys) - CARD_HEIGHT / 2 - _ABOVE - TITLE
        right, bottom = max(xs) + CARD_WIDTH / 2 + _ASIDE, max(ys) + CARD_HEIGHT / 2 + _ABOVE
        rect = (left, top, right - left, bottom - top)
    else:
        width, height = _FRAME_SIZE
        rect = (snap(place[0] - width / 2), snap(place[1] - height / 2), width, height)
    return _add(document, tr("Add a frame"), Remark("frame", tr("Frame"), rect, "blue"))


def _add(document: ProjectDocument, text: str, remark: Remark) -> str:
    remarks = document.layout.remarks
    number = 1
    while f"m{number}" in remarks:
        number += 1
    edit(document, text, {f"m{number}": remark})
    return f"m{number}"


def edit(
    document: ProjectDocument,
    text: str,
    remarks: Mapping[str, Remark],
    places: Mapping[str, Position] | None = None,
) -> None:
    """Put other remarks in place of some, and move cards with them."""
    layout = document.layout.moved(places or {})
    document.edit_layout(text, document.graph, replace(layout, remarks={**layout.remarks, **remarks}))


def set_text(document: ProjectDocument, key: str, text: str) -> None:
    """Write something else on a remark."""
    remark = document.layout.remarks[key]
    edit(
        document,
        tr("Edit a note") if remark.kind == "note" else tr("Name a frame"),
        {key: replace(remark, text=text)},
    )


def set_color(document: ProjectDocument, keys: Iterable[str], color: RemarkColor) -> None:
    """Give remarks another colour."""
    remarks = document.layout.remarks
    edit(document, tr("Colour"), {key: replace(remarks[key], color=color) for key in keys})


def delete(
    document: ProjectDocument, keys: Collection[str], node_ids: Collection[str], edges: Iterable[Edge]
) -> None:
    """Take away notes and frames, and the cards and wires that are selected with them."""
    graph = without_parts(document.graph, node_ids, edges)
    kept = {key: remark for key, remark in document.layout.remarks.items() if key not in keys}
    document.edit_layout(tr("Delete"), graph, replace(document.layout, remarks=kept))


def nudge(document: ProjectDocument, keys: Iterable[str], way: Position, *, larger: bool) -> None:
    """Move notes and frames by a step, frames with what lies in them; or draw their corners out."""
    remarks = document.layout.remarks
    if larger:
        edit(document, tr("Resize"), {key: resized(remarks[key], *way) for key in keys})
        return
    chosen = set(keys)
    cards = set[str]()
    for key in tuple(chosen):
        inner, others = held(document, key)
        cards |= set(inner)
        chosen |= set(others)
    places = {card: (document.position(card)[0] + way[0], document.position(card)[1] + way[1]) for card in cards}
    edit(document, tr("Move"), {key: moved(remarks[key], *way) for key in chosen}, places)


def moved(remark: Remark, dx: float, dy: float) -> Remark:
    """A remark elsewhere."""
    x, y, width, height = remark.rect
    return replace(remark, rect=(x + dx, y + dy, width, height))


def resized(remark: Remark, dx: float, dy: float) -> Remark:
    """A remark with its lower right corner elsewhere."""
    x, y, width, height = remark.rect
    return replace(remark, rect=(x, y, max(_LEAST[0], width + dx), max(_LEAST[1], height + dy)))


def held(document: ProjectDocument, key: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cards that lie in a frame, and the other remarks in it; nothing for a note."""
    layout = document.layout
    frame = layout.remarks[key]
    if frame.kind == "note":
        return (), ()
    rect = QRectF(*frame.rect)
    cards = tuple(node for node, place in layout.positions.items() if rect.contains(QPointF(*place)))
    others = (
        other for other, remark in layout.remarks.items() if other != key and rect.contains(QRectF(*remark.rect))
    )
    return cards, tuple(others)
