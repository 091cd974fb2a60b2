"""What is asked for on the canvas itself: a layer in the search box, a name in its field, an end for a wire."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QPointF, QRect, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QWidget

from engine.grouping import Path
from graph_editor import editing, remarks
from graph_editor.blocks import Blocks
from graph_editor.canvas import Canvas
from graph_editor.document import ProjectDocument
from graph_editor.keyboard import ConnectMode
from graph_editor.layout import CARD_WIDTH
from graph_editor.overlays import AdviceLabel, NoteField, RenameField
from graph_editor.quick_add import QuickAdd
from graph_editor.suggestions import Spot, Suggestion, suggest
from graph_editor.wiring import Advice
from graph_editor.words import noted

T = TypeVar("T")

FIRST = {
    "layer": noted("Select one layer first, or several."),
    "named": noted("Select a layer, a note or a frame first."),
    "anything": noted("Select a layer, a wire, a note or a frame first."),
    "group": noted("Select a group: Ctrl+G makes one card of several layers."),
}
"""What is said where a command has nothing to work on, by what it works on."""


class AskingCanvas(Canvas):
    """A canvas with the small fields that lie over it while they are needed; one thing goes on at a time."""

    message = Signal(str)
    """A sentence for the status bar."""

    def __init__(
        self, document: ProjectDocument, parent: QWidget | None = None, blocks: Blocks | None = None
    ) -> None:
        super().__init__(document, parent)
        self.blocks = blocks or Blocks(parent=self)
        self.connecting: ConnectMode | None = None
        self.asking: QuickAdd | None = None
        self._committing = False
        self._advice = AdviceLabel(self.viewport())
        self._rename: RenameField | None = None
        self.writing: NoteField | RenameField | None = None
        document.project_changed.connect(self._document_changed)
        document.path_changed.connect(self.overview)

    def commit(self, edit: Callable[[], object]) -> None:
        """Run an edit that a gesture ends in."""
        self._committing = True
        try:
            edit()
        finally:
            self._committing = False

    def _document_changed(self) -> None:
        if not self._committing:
            self.stop()
        self.viewport().update()

    def stop(self) -> None:
        """Give up what is going on: connecting, the search box."""
        self.finish_connecting(False)
        if self.asking is not None:
            asking, self.asking = self.asking, None
            asking.leave()

    def selected_node(self) -> str | None:
        """The selected card, if it is just one."""
        chosen = self.graph_scene.selected_nodes()
        return chosen[0] if len(chosen) == 1 else None

    def needs(self, kind: str, chosen: T) -> T:
        """What a command is to work on; where there is nothing, says what is to be selected first."""
        if not chosen:
            self.message.emit(self.tr(FIRST[kind]))
        return chosen

    # The search box

    def quick_add(self, spot: Spot) -> None:
        """Ask for a layer, where it would go; then put it there."""
        self.ask_layer(
            spot, lambda found: self._show_added(editing.add_wired(self.document, found.layer, spot, found.name))
        )

    def ask_layer(self, spot: Spot, chosen: Callable[[Suggestion], object]) -> None:
        """Ask for a layer that fits a spot."""
        self.stop()
        known = self.document.inference
        edge = spot.edge
        at = self.graph_scene.edge_items[edge].middle if edge is not None else QPointF(*spot.place)
        self.asking = QuickAdd(
            self.viewport(),
            self.mapFromScene(at),
            lambda text: suggest(known, spot, text, self.blocks.all()),
            chosen,
        )

    def quick_add_here(self) -> None:
        """Ask for a layer: on the selected wire, after the selected card, else where the pointer is."""
        wires, selected = self.graph_scene.selected_edges(), self.selected_node()
        if len(wires) == 1 and selected is None:
            self.quick_add(Spot((0, 0), edge=wires[0]))
        elif selected is not None and self.document.graph[selected].layer.has_output:
            self.quick_add(editing.spot_after(self.document, selected))
        else:
            at = self.viewport().mapFromGlobal(QCursor.pos())
            inside = self.viewport().rect().contains(at)
            spot = self.mapToScene(at) if inside else self.visible_rect().center()
            self.quick_add(Spot((spot.x(), spot.y())))

    def _show_added(self, node_id: str) -> None:
        self.graph_scene.select([node_id])
        self.ensureVisible(self.graph_scene.node_items[node_id], 20, 20)

    # Renaming and connecting

    def rename(self, node_id: str) -> None:
        """Edit the name of a card in its place."""
        if node_id not in self.graph_scene.node_items:
            return
        if self._rename is not None:
            self._rename.close_field()
        card = self.graph_scene.node_items[node_id].card_rect()
        corner = self.mapFromScene(card.topLeft())
        width = max(120, int(CARD_WIDTH * self.scale_now()))
        place = QRect(corner.x(), corner.y(), width, 28)
        name = self.document.graph[node_id].name
        self._rename = RenameField(self.viewport(), name, place, lambda text: self._renamed(node_id, text))
        self._rename.destroyed.connect(self._rename_gone)

    def rename_selected(self) -> None:
        """Edit the name of the one selected card, or the text of a selected note or frame."""
        selected, written = self.selected_node(), self.graph_scene.remarks.selected()
        if selected is not None:
            self.rename(selected)
        elif self.needs("named", written):
            self.write_remark(written[-1])

    def _rename_gone(self) -> None:
        self._rename = None
        self.message.emit("")

    def _renamed(self, node_id: str, name: str) -> str | None:
        if node_id not in self.document.graph:
            return None
        refused = editing.rename(self.document, node_id, name)
        if refused:
            self.message.emit(refused)
        return refused

    def write_remark(self, key: str) -> None:
        """Edit the text of a note, or the title of a frame, in its place."""
        item = self.graph_scene.remarks.items[key]
        self.ensureVisible(item.text_rect, 20, 20)
        place = self.mapFromScene(item.text_rect).boundingRect()
        write = partial(self._write, self.document.path, key)
        if item.remark.kind == "note":
            self.writing = NoteField(self.viewport(), item, place, self.scale_now(), write)
        else:
            self.writing = RenameField(self.viewport(), item.remark.text, place, write)
        self.writing.destroyed.connect(self._written)

    def _write(self, path: Path, key: str, text: str) -> None:
        if self.document.path == path:  # else the note is out of sight, and another may have its key here
            remarks.set_text(self.document, key, text)

    def _written(self) -> None:
        self.writing = None

    def start_connecting(self, node_id: str) -> None:
        """Let the keys choose where a wire from this card ends."""
        self.stop()
        mode = ConnectMode(self, node_id)
        if mode.target is None:
            mode.finish(False)
            name = self.document.graph[node_id].name
            self.message.emit(self.tr("There is nothing that {0} could be wired to.").format(name))
            return
        self.connecting = mode
        self.message.emit(mode.hint)

    def connect_selected(self) -> None:
        """Let the keys choose where a wire from the one selected card ends."""
        selected = self.selected_node()
        if selected is None:
            self.message.emit(self.tr("Select the layer that the wire begins at."))
        else:
            self.start_connecting(selected)

    def finish_connecting(self, accept: bool) -> None:
        """End the choosing."""
        if self.connecting is not None:
            mode, self.connecting = self.connecting, None
            mode.finish(accept)

    def show_advice(self, spot: QPointF | None, advice: Advice | None) -> None:
        """Show yes or no and the reason at a place of the scene."""
        if spot is None or advice is None:
            self._advice.hide()
        else:
            self._advice.show_advice(self.mapFromScene(spot), advice, self.graph_scene.theme)
