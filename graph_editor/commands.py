"""What can be done on the canvas, by name: the window makes its actions of these, the keys and menus call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QPointF
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QInputDialog, QWidget

from engine.errors import GraphError
from engine.graph import Edge
from engine.layer import Layer
from engine.layers.nested import Functional
from graph_editor import clipboard, copying, editing, placing, regrouping
from graph_editor.aligning import Line, Way
from graph_editor.asking import AskingCanvas
from graph_editor.clipboard import PasteError
from graph_editor.document import ProjectDocument
from graph_editor.gliding import Glide

_MOST_COPIES = 200


class Commands(AskingCanvas):
    """A canvas whose graph can be edited by calls, without mouse or keys."""

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._glide: Glide | None = None

    # The selection

    def select_all(self) -> None:
        """Select every card."""
        self.graph_scene.select(self.document.graph.nodes)

    def delete_selected(self) -> None:
        """Delete what is selected."""
        scene = self.graph_scene
        editing.delete(self.document, scene.selected_nodes(), scene.selected_edges())

    def copy(self) -> None:
        """Copy the selected cards, as text."""
        chosen = self.graph_scene.selected_nodes()
        if chosen:
            part = self.document.graph.part(chosen)
            QGuiApplication.clipboard().setText(clipboard.to_text(part, self.document.layout))

    def cut(self) -> None:
        """Copy the selected cards, then delete them."""
        if self.graph_scene.selected_nodes():
            self.copy()
            self.delete_selected()

    def paste(self, at: QPointF | None = None) -> None:
        """Put in the cards that were copied, here or elsewhere: around a place, or near where they lay."""
        try:
            part, places = clipboard.from_text(QGuiApplication.clipboard().text())
        except PasteError as error:
            self.message.emit(str(error))
            return
        seen = self.visible_rect()
        if at is None and not any(seen.contains(*place) for place in places.values()):
            at = seen.center()
        middle = None if at is None else (at.x(), at.y())
        self._show_new(copying.paste(self.document, part, places, self.tr("Paste"), middle))

    def _show_new(self, node_ids: Iterable[str]) -> None:
        """Select new cards and bring them into sight."""
        new = tuple(node_ids)
        self.graph_scene.select(new)
        rects = [self.graph_scene.node_items[key].card_rect() for key in new]
        for rect in (*rects, *rects[:1]):
            self.ensureVisible(rect)

    def duplicate(self) -> None:
        """Copy the selected cards beside themselves."""
        chosen = self.graph_scene.selected_nodes()
        if chosen:
            self._show_new(copying.duplicate(self.document, chosen))

    def duplicate_linked(self) -> None:
        """Copy the selected cards beside themselves; the copies use the weights of the originals."""
        chosen = self.graph_scene.selected_nodes()
        if chosen and not copying.linkable(self.document.graph, chosen):
            self.message.emit(self.tr("Only layers with weights can share them."))
        elif chosen:
            self._show_new(copying.duplicate_linked(self.document, chosen))

    def make_independent(self) -> None:
        """Give the selected cards weights of their own."""
        if not copying.make_independent(self.document, self.graph_scene.selected_nodes()):
            self.message.emit(self.tr("The selected layers share no weights with others."))

    def take_out_selected(self) -> None:
        """Take the selected cards out of their wires, closing the gap."""
        chosen = self.graph_scene.selected_nodes()
        if chosen and not editing.take_out(self.document, chosen):
            self.message.emit(self.tr("No wires lead from here to other layers."))

    def merge_selected(self, type_name: str = "") -> None:
        """Wire the selected cards to a new one below them, which is asked for unless it is given."""
        spot = editing.spot_below(self.document, self.graph_scene.selected_nodes())
        layer = editing.new_layer(type_name)
        if spot is None:
            self.message.emit(self.tr("Select the layers whose outputs are to be merged, two at least."))
        elif layer is None:
            self.quick_add(spot)
        else:
            self._show_added(editing.add_wired(self.document, layer, spot))

    def group_selected(self) -> None:
        """Put the selected cards into one that holds them, and ask for its name."""
        self._regroup(lambda: [regrouping.group(self.document, self.graph_scene.selected_nodes())])
        made = self.selected_node()
        if made is not None and isinstance(self.document.graph[made].layer, Functional):
            self.rename(made)

    def ungroup_selected(self) -> None:
        """Take the selected group apart."""
        chosen = self.selected_node()
        if chosen is not None:
            self._regroup(lambda: regrouping.ungroup(self.document, chosen))

    def repeat_selected(self) -> None:
        """Ask how often, and put copies of the selected cards below them, wired one after another."""
        title, text = self.tr("Repeat"), self.tr("How many in a row, with those that are selected:")
        if self.graph_scene.selected_nodes():
            count, given = QInputDialog.getInt(self, title, text, 3, 2, _MOST_COPIES)
            if given:
                self.repeat(count)

    def repeat(self, count: int) -> None:
        """Have the selected cards so many times in a row."""
        chosen = self.graph_scene.selected_nodes()
        self._regroup(lambda: (*chosen, *regrouping.repeat(self.document, chosen, count)))

    def _regroup(self, edit: Callable[[], Iterable[str]]) -> None:
        try:
            self.graph_scene.select(edit())
        except GraphError as error:
            self.message.emit(str(error))

    def open_group(self, node_id: str) -> bool:
        """Show what is inside a card; False where there is nothing."""
        return self.document.open_group(node_id)

    def leave_group(self) -> None:
        """Show the graph that the open group is a card of."""
        path = self.document.path
        if path:
            self.document.leave_to(len(path) - 1)
            self.center_on(path[-1])

    def replace_selected(self) -> None:
        """Ask for another layer in place of the selected ones; their wires and settings of equal name stay."""
        chosen = self.graph_scene.selected_nodes()
        if chosen:
            self.ask_layer(editing.spot_of(self.document, chosen[0]), lambda layer: self._replace(chosen, layer))

    def _replace(self, node_ids: tuple[str, ...], layer: Layer) -> None:
        try:
            editing.replace_layers(self.document, node_ids, layer)
        except GraphError as error:
            self.message.emit(str(error))

    # Places

    def arrange(self) -> None:
        """Lay the whole graph out anew."""
        self._move(lambda: placing.tidy(self.document), self.fit)

    def arrange_selected(self) -> None:
        """Lay the selected cards out anew, where they are; the others stay."""
        self._move_selected(lambda chosen: placing.tidy(self.document, chosen))

    def align_selected(self, line: Line) -> None:
        """Bring the selected cards into line."""
        self._move_selected(lambda chosen: placing.align(self.document, chosen, line))

    def distribute_selected(self, way: Way) -> None:
        """Bring the selected cards to equal distances."""
        self._move_selected(lambda chosen: placing.distribute(self.document, chosen, way))

    def _move_selected(self, edit: Callable[[tuple[str, ...]], None]) -> None:
        chosen = self.graph_scene.selected_nodes()
        if len(chosen) < 2:
            self.message.emit(self.tr("Select the layers that are to be moved, two at least."))
        else:
            self._move(lambda: edit(chosen))

    def _move(self, edit: Callable[[], None], then: Callable[[], None] = lambda: None) -> None:
        """Run an edit that moves cards, which then glide to their places."""
        start = dict(self.document.layout.positions)
        edit()
        then()
        self._glide = Glide(self.graph_scene, start)
        self._glide.ended.connect(self._glide_ended)
        self._glide.begin()

    def _glide_ended(self) -> None:
        self._glide = None

    def end_gliding(self) -> None:
        """Let cards that glide be where they go to."""
        if self._glide is not None:
            self._glide.finish()

    def add_layer(self, type_name: str) -> None:
        """Add a layer behind the selected card or on the selected wire, else in the middle."""
        layer = editing.new_layer(type_name)
        if layer is None:
            return
        wires, selected = self.graph_scene.selected_edges(), self.selected_node()
        added: str | None = None
        if len(wires) == 1 and selected is None:
            added = editing.insert_new(self.document, layer, wires[0])
        elif selected is not None:
            added = editing.add_after(self.document, layer, selected)
        if added is None:
            middle = self.visible_rect().center()
            added = editing.add_at(self.document, layer, (middle.x(), middle.y()))
        self._show_added(added)

    def insert_layer(self, type_name: str, edge: Edge) -> None:
        """Put a new layer on a wire."""
        layer = editing.new_layer(type_name)
        if layer is not None:
            added = editing.insert_new(self.document, layer, edge)
            if added is None:
                self.message.emit(self.tr("{0} cannot sit on this wire.").format(type_name))
            else:
                self._show_added(added)

    def drop_layer(self, type_name: str, spot: QPointF) -> None:
        """Put a new layer at a place of the scene."""
        layer = editing.new_layer(type_name)
        if layer is not None:
            self.graph_scene.select([editing.add_at(self.document, layer, (spot.x(), spot.y()))])
