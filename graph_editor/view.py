"""The canvas as a widget that edits: where mouse, keys and drops arrive."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QWidget

from engine.layer import Layer
from graph_editor import accessible, menus
from graph_editor.blocks import Blocks
from graph_editor.breadcrumb import Breadcrumb
from graph_editor.commands import Commands
from graph_editor.cost_keeper import CostKeeper
from graph_editor.document import ProjectDocument
from graph_editor.edge_item import EdgeItem
from graph_editor.find_bar import FindBar
from graph_editor.gestures import Gesture
from graph_editor.heat import Heat
from graph_editor.keys import bindings, handle_key
from graph_editor.legend import Legend
from graph_editor.minimap import Minimap
from graph_editor.palette import key_of_mime
from graph_editor.path_light import PathLight
from graph_editor.pointer import Pointer
from graph_editor.sample_bar import SampleBar
from graph_editor.sights import Sights
from graph_editor.suggestions import Spot


class GraphView(Commands):
    """Shows the graph and turns what the user does into edits of the document."""

    sight_opened = Signal(str)
    """The node whose picture is to be seen large."""

    def __init__(
        self, document: ProjectDocument, parent: QWidget | None = None, blocks: Blocks | None = None
    ) -> None:
        super().__init__(document, parent, blocks)
        self.pointer = Pointer(self)
        self.bindings = bindings()
        """The names of commands by their keys; a window that binds them itself takes these away."""
        self.costs = CostKeeper(document, self)
        self.heat = Heat(self.graph_scene, self.costs, self)
        self.legend = Legend(self.heat, self)
        self.minimap = Minimap(self)
        self.sights = Sights(self.graph_scene, self)
        self.sample_bar = SampleBar(self.sights, self)
        self.find_bar = FindBar(self)
        self.paths = PathLight(self.graph_scene, self._is_busy, self)
        self.breadcrumb = Breadcrumb(document, self)
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Canvas"))
        accessible.install()
        self.nodes_selected.connect(partial(accessible.tell_selected, self))

    @property
    def gesture(self) -> Gesture | None:
        """What the mouse is doing."""
        return self.pointer.gesture

    def _is_busy(self) -> bool:
        return self.gesture is not None or self.connecting is not None

    def stop(self) -> None:
        """Give up what is going on: a gesture, connecting, the search box."""
        self.pointer.stop()
        super().stop()

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.finish_connecting(False)
        self.end_gliding()
        self.paths.rest()
        self.pointer.press(event)
        self.paint_far()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.paths.pointer_moved(event.globalPosition().toPoint())
        if self.pointer.move(event):
            self.paint_far()
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pointer.release(event)
        self.paint_far()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        spot = self.mapToScene(event.position().toPoint())
        item = self.graph_scene.node_at(spot)
        if event.button() == Qt.MouseButton.LeftButton:
            wire = self.graph_scene.edge_at(spot)
            remark = self.graph_scene.remarks.at(spot) if item is None and wire is None else None
            if remark is not None:
                self.write_remark(remark[0])
            elif item is not None and item.sight_at(spot):
                self.sight_opened.emit(item.node_id)
            elif item is None:
                self.quick_add(Spot((spot.x(), spot.y()), edge=wire.edge if wire is not None else None))
            elif not item.chevron_at(spot) and not self.open_group(item.node_id, item.inner_at(spot)):
                self.rename(item.node_id)
        event.accept()

    # Keys

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:  # comes before any key, also before those of the window
            self.paths.key_pressed()
        return super().event(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab adds a layer; Shift+Tab goes on to the next part of the window."""
        return False if forward else super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self.pointer.hold_space(True)
            event.accept()
        elif handle_key(self, event):
            event.accept()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            if not self.pointer.hold_space(False):
                self.quick_add_here()
            event.accept()
            return
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.pointer.panning = False
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.finish_connecting(False)
        super().focusOutEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.gesture is not None:
            return
        menu, where = menus.menu_for(self, event)
        menu.setToolTipsVisible(True)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)
        event.accept()

    # Drops from the palette

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._dragged(event) is not None:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self._dragged(event) is None:
            event.ignore()
            return
        self.graph_scene.light_edge(self._wire_for(event))
        event.acceptProposedAction()

    def _dragged(self, event: QDropEvent) -> Layer | None:
        """The layer that is dragged here from the palette."""
        made = self.blocks.made(key_of_mime(event.mimeData()))
        return None if made is None else made[0]

    def _wire_for(self, event: QDropEvent) -> EdgeItem | None:
        """The wire that the dragged layer would be put on."""
        layer = self._dragged(event)
        spot = self.mapToScene(event.position().toPoint())
        if layer is None or layer.max_inputs == 0 or not layer.has_output:
            return None
        return None if self.graph_scene.node_at(spot) else self.graph_scene.edge_at(spot, 14)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.graph_scene.light_edge(None)

    def dropEvent(self, event: QDropEvent) -> None:
        key, wire = key_of_mime(event.mimeData()), self._wire_for(event)
        self.graph_scene.light_edge(None)
        if self._dragged(event) is None:
            event.ignore()
            return
        if wire is not None:
            self.insert_layer(key, wire.edge)
        else:
            self.drop_layer(key, self.mapToScene(event.position().toPoint()))
        event.acceptProposedAction()
        self.setFocus()
