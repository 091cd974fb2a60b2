"""What can be done on the canvas, by name: the window makes its actions of these, the keys and menus call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QPointF, QRect, Signal
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QWidget

from engine.errors import GraphError
from engine.graph import Edge
from graph_editor import clipboard, editing
from graph_editor.canvas import Canvas
from graph_editor.document import ProjectDocument
from graph_editor.keyboard import ConnectMode
from graph_editor.layout import CARD_WIDTH, snap
from graph_editor.overlays import AdviceLabel, RenameField
from graph_editor.quick_add import QuickAdd
from graph_editor.suggestions import Spot, suggest
from graph_editor.wiring import Advice


class Commands(Canvas):
    """A canvas whose graph can be edited by calls, without mouse or keys."""

    message = Signal(str)
    """A sentence for the status bar."""

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.connecting: ConnectMode | None = None
        self.asking: QuickAdd | None = None
        self._pastes = 0
        self._committing = False
        self._advice = AdviceLabel(self.viewport())
        self._rename: RenameField | None = None
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

    # The selection

    def selected_node(self) -> str | None:
        """The selected card, if it is just one."""
        chosen = self.graph_scene.selected_nodes()
        return chosen[0] if len(chosen) == 1 else None

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
            self._pastes = 0

    def cut(self) -> None:
        """Copy the selected cards, then delete them."""
        if self.graph_scene.selected_nodes():
            self.copy()
            self.delete_selected()

    def paste(self) -> None:
        """Put in the cards that were copied, in this window or another."""
        found = clipboard.from_text(QGuiApplication.clipboard().text())
        if found is None:
            return
        part, places = found
        self._pastes += 1
        shift = 30.0 * self._pastes
        offset = (shift, shift)
        seen = self.visible_rect()
        if not any(seen.contains(x + shift, y + shift) for x, y in places.values()):
            x, y = next(iter(places.values()))
            offset = (snap(seen.center().x() - x), snap(seen.center().y() - y))
        pasted = editing.paste(self.document, part, places, offset, self.tr("Paste"))
        self.graph_scene.select(pasted)
        for node_id in pasted:
            self.ensureVisible(self.graph_scene.node_items[node_id])

    def duplicate(self) -> None:
        """Copy the selected cards beside themselves."""
        chosen = self.graph_scene.selected_nodes()
        if chosen:
            self.graph_scene.select(editing.duplicate(self.document, chosen))

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
        """Put the selected cards into one that holds them."""
        self._regroup(lambda: [editing.group(self.document, self.graph_scene.selected_nodes())])

    def ungroup_selected(self) -> None:
        """Take the selected group apart."""
        chosen = self.selected_node()
        if chosen is not None:
            self._regroup(lambda: editing.ungroup(self.document, chosen))

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

    def arrange(self) -> None:
        """Lay the graph out anew."""
        editing.tidy(self.document)
        self.fit()

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

    # The search box

    def quick_add(self, spot: Spot) -> None:
        """Ask for a layer, where it would go; then put it there."""
        self.stop()
        known = self.document.inference
        edge = spot.edge
        at = self.graph_scene.edge_items[edge].middle if edge is not None else QPointF(*spot.place)
        self.asking = QuickAdd(
            self.viewport(),
            self.mapFromScene(at),
            lambda text: suggest(known, spot, text),
            lambda layer: self._show_added(editing.add_wired(self.document, layer, spot)),
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
