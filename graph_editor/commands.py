"""What can be done on the canvas, by name: the window makes its actions of these, the keys and menus call them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from PySide6.QtCore import QPointF
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QInputDialog, QMessageBox

from engine.errors import GraphError, LayerloomError
from engine.freezing import before, freezable, is_frozen
from engine.graph import Edge
from engine.grouping import Path
from engine.layer import Layer
from engine.layers.nested import Functional
from graph_editor import clipboard, copying, editing, placing, regrouping, remarks
from graph_editor.aligning import Line, Way
from graph_editor.asking import AskingCanvas
from graph_editor.clipboard import PasteError
from graph_editor.gliding import Glide
from graph_editor.overview import FAR
from graph_editor.words import error_said

_MOST_COPIES = 200


class Commands(AskingCanvas):
    """A canvas whose graph can be edited by calls, without mouse or keys."""

    _glide: Glide | None = None

    # The selection

    def select_all(self) -> None:
        """Select every card."""
        self.graph_scene.select(self.document.graph.nodes)

    def _selected_cards(self) -> tuple[str, ...]:
        """The selected cards; says that some are needed where there are none."""
        return self.needs("layer", self.graph_scene.selected_nodes())

    def next_wire(self) -> None:
        """Select a wire of the selected card, then the next one of the graph."""
        graph, edges = self.document.graph, self.document.graph.edges
        selected, wires = self.selected_node(), self.graph_scene.selected_edges()
        if not edges:
            return
        if selected is not None:
            own = (*graph.outgoing(selected), *graph.incoming(selected))
            chosen = own[0] if own else edges[0]
        else:
            chosen = edges[(edges.index(wires[-1]) + 1) % len(edges)] if wires else edges[0]
        self.graph_scene.select([], [chosen])
        self.ensureVisible(self.graph_scene.edge_items[chosen])

    def delete_selected(self) -> None:
        """Delete what is selected."""
        scene = self.graph_scene
        chosen = scene.remarks.selected()
        if not self.needs("anything", scene.selectedItems()):
            return
        if chosen:
            remarks.delete(self.document, chosen, scene.selected_nodes(), scene.selected_edges())
        else:
            editing.delete(self.document, scene.selected_nodes(), scene.selected_edges())

    def copy(self) -> None:
        """Copy the selected cards, as text."""
        chosen = self._selected_cards()
        if chosen:
            part = self.document.graph.part(chosen)
            QGuiApplication.clipboard().setText(clipboard.to_text(part, self.document.layout))

    def cut(self) -> None:
        """Copy the selected cards, then delete them."""
        if self._selected_cards():
            self.copy()
            self.delete_selected()

    def paste(self, at: QPointF | None = None) -> None:
        """Put in the cards that were copied, here or elsewhere: around a place, or near where they lay."""
        try:
            part, places = clipboard.from_text(QGuiApplication.clipboard().text())
        except PasteError as error:
            self.message.emit(error_said(error))
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
        chosen = self._selected_cards()
        if chosen:
            self._show_new(copying.duplicate(self.document, chosen))

    def duplicate_linked(self) -> None:
        """Copy the selected cards beside themselves; the copies use the weights of the originals."""
        chosen = self._selected_cards()
        if chosen and not copying.linkable(self.document.graph, chosen):
            self.message.emit(self.tr("Only layers with weights can share them."))
        elif chosen:
            self._show_new(copying.duplicate_linked(self.document, chosen))

    def make_independent(self) -> None:
        """Give the selected cards weights of their own."""
        chosen = self._selected_cards()
        if chosen and not copying.make_independent(self.document, chosen):
            self.message.emit(self.tr("The selected layers share no weights with others."))

    def take_out_selected(self) -> None:
        """Take the selected cards out of their wires, closing the gap."""
        chosen = self._selected_cards()
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
        chosen = self.needs("group", self.selected_node())
        if chosen is not None:
            self._regroup(lambda: regrouping.ungroup(self.document, chosen))

    def freeze_selected(self) -> None:
        """Freeze the selected cards; where all of them are frozen, have them trained again."""
        graph, chosen = self.document.graph, self._selected_cards()
        owners = freezable(graph, chosen)
        if owners:
            editing.freeze(self.document, owners, not all(is_frozen(graph, key) for key in owners))
        elif chosen:
            self.message.emit(self.tr("The selected layers have no weights to freeze."))

    def freeze_before(self) -> None:
        """Freeze all that the selected cards depend on, but not themselves."""
        graph, chosen = self.document.graph, self._selected_cards()
        earlier = before(graph, chosen)
        if earlier:
            editing.freeze(self.document, earlier, True)
        elif chosen:
            self.message.emit(self.tr("Nothing before the selected layers has weights to freeze."))

    def repeat_selected(self) -> None:
        """Ask how often, and put copies of the selected cards below them, wired one after another."""
        title, text = self.tr("Repeat"), self.tr("How many in a row, with those that are selected:")
        if self._selected_cards():
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
            self.message.emit(error_said(error))

    def open_group(self, node_id: str, then: Path = ()) -> bool:
        """Show what is inside a card, and what is inside a card there, and so on; False where there is nothing.

        What was shown below the card already stays where it is seen.
        """
        item = self.graph_scene.node_items[node_id]
        seen, scale = self.visible_rect().center(), self.scale_now()
        shown = item.interior is not None and scale >= FAR
        shift = item.pos() + item.interior.shift if shown and item.interior is not None else None
        if not self.document.open_group(node_id):
            return False
        if shift is not None:
            self.zoom(scale / self.scale_now())
            self.look_at(seen - shift)
        if then and not self.open_group(then[0], then[1:]):
            self.graph_scene.select(then[:1])
        return True

    def leave_group(self) -> None:
        """Show the graph that the open group is a card of."""
        path = self.document.path
        if not path:
            return
        seen, scale = self.visible_rect().center(), self.scale_now()
        self.document.leave_to(len(path) - 1)
        item = self.graph_scene.node_items[path[-1]]
        if item.interior is not None and scale >= FAR:
            self.graph_scene.select([path[-1]])
            self.zoom(scale / self.scale_now())
            self.look_at(seen + item.pos() + item.interior.shift)
        else:
            self.center_on(path[-1])

    def toggle_selected(self) -> None:
        """Show the insides of the selected groups below their cards, or hide them."""
        self.toggle_groups(self.graph_scene.selected_nodes())

    def toggle_groups(self, node_ids: Collection[str]) -> None:
        """Show the insides of groups below their cards, or hide them."""
        chosen = set(node_ids)
        if not any(isinstance(self.document.graph[key].layer, Functional) for key in chosen):
            self.needs("group", ())
            return
        self._move(lambda: regrouping.toggle(self.document, chosen))
        rects = [self.graph_scene.node_items[key].whole_rect() for key in chosen]
        for rect in (*rects, *[self.graph_scene.node_items[key].card_rect() for key in chosen][:1]):
            self.ensureVisible(rect, 20, 20)

    def replace_selected(self) -> None:
        """Ask for another layer in place of the selected ones; their wires and settings of equal name stay."""
        chosen = self._selected_cards()
        if chosen:
            self.ask_layer(
                editing.spot_of(self.document, chosen[0]), lambda found: self._replace(chosen, found.layer)
            )

    def _replace(self, node_ids: tuple[str, ...], layer: Layer) -> None:
        try:
            editing.replace_layers(self.document, node_ids, layer)
        except GraphError as error:
            self.message.emit(error_said(error))

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

    def _move(self, edit: Callable[[], object], then: Callable[[], None] = lambda: None) -> None:
        """Run an edit that moves cards, which then glide to their places."""
        self.end_gliding()
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

    def add_layer(self, key: str) -> None:
        """Add a layer, or a block, behind the selected card or on the selected wire, else in the middle."""
        made = self.blocks.made(key)
        if made is None:
            return
        layer, name = made
        wires, selected = self.graph_scene.selected_edges(), self.selected_node()
        added: str | None = None
        if len(wires) == 1 and selected is None:
            added = editing.insert_new(self.document, layer, wires[0], name)
        elif selected is not None:
            added = editing.add_after(self.document, layer, selected, name)
        if added is None:
            middle = self.visible_rect().center()
            added = editing.add_at(self.document, layer, (middle.x(), middle.y()), name)
        self._show_added(added)

    def insert_layer(self, key: str, edge: Edge) -> None:
        """Put a new layer, or a block, on a wire."""
        made = self.blocks.made(key)
        if made is not None:
            added = editing.insert_new(self.document, made[0], edge, made[1])
            if added is None:
                name = made[1] or made[0].type_name()
                self.message.emit(self.tr("{0} cannot sit on this wire.").format(name))
            else:
                self._show_added(added)

    def drop_layer(self, key: str, spot: QPointF) -> None:
        """Put a new layer, or a block, at a place of the scene."""
        made, item = self.blocks.made(key), self.graph_scene.node_at(spot)
        if made is not None:
            added = editing.add_at(self.document, made[0], (spot.x(), spot.y()), made[1])
            self.graph_scene.select([added])
            if item is not None and item.is_inside(spot):
                self.tell_inside(item.node_id)

    def tell_inside(self, node_id: str) -> None:
        """Say how to edit what is inside a group that is open."""
        name = self.document.graph[node_id].name
        self.message.emit(self.tr("Double click inside {0} to edit it there.").format(name))

    # Notes and frames

    def add_note(self, at: QPointF | None = None) -> None:
        """Put a note on the canvas, on free ground unless a place is given, and begin to write it."""
        spot = at or self.graph_scene.remarks.free_middle(self.visible_rect())
        self._add_remark(lambda: remarks.add_note(self.document, (spot.x(), spot.y())))

    def add_frame(self, at: QPointF | None = None) -> None:
        """Put a frame around the selected cards, or on the canvas, and begin to write its title."""
        spot, chosen = at or self.visible_rect().center(), self.graph_scene.selected_nodes()
        self._add_remark(lambda: remarks.add_frame(self.document, chosen, (spot.x(), spot.y())))

    def _add_remark(self, add: Callable[[], str]) -> None:
        key = add()
        self.graph_scene.select((), (), (key,))
        self.write_remark(key)

    def next_remark(self) -> None:
        """Select the next note or frame."""
        keys, chosen = tuple(self.graph_scene.remarks.items), self.graph_scene.remarks.selected()
        if keys:
            key = keys[(keys.index(chosen[-1]) + 1) % len(keys)] if chosen else keys[0]
            self.graph_scene.select((), (), (key,))
            self.ensureVisible(self.graph_scene.remarks.items[key])

    # Blocks of one's own

    def save_block(self) -> None:
        """Keep the selected group in the palette, under a name that is asked for."""
        selected = self.selected_node()
        node = None if selected is None else self.document.graph[selected]
        if node is None or not isinstance(node.layer, Functional):
            self.needs("group", ())
            return
        title = self.tr("Save as a block")
        name, given = QInputDialog.getText(self, title, self.tr("Name in the palette:"), text=node.name)
        name = name.strip()
        if not given or (name in self.blocks and not self._may_replace(name)):
            return
        try:
            self.blocks.save(name, node.layer)
        except LayerloomError as error:
            QMessageBox.warning(self, title, error_said(error))
        else:
            self.message.emit(self.tr("“{0}” is in the palette now, and in the search box.").format(name))

    def _may_replace(self, name: str) -> bool:
        question = self.tr("There is a block “{0}” already. Replace it?").format(name)
        kinds = QMessageBox.StandardButton
        return QMessageBox.question(self, self.tr("Save as a block"), question) == kinds.Yes
