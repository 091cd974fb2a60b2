"""The menus of the right button, and of the menu key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QPoint, QPointF
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QMenu

from engine.freezing import before, freezable, is_frozen
from engine.graph import Edge
from engine.layers.nested import Functional
from engine.layout import REMARK_COLORS, RemarkColor
from engine.registry import LAYERS
from graph_editor import copying, editing, remarks
from graph_editor.captions import sentence_of
from graph_editor.palette import placeable
from graph_editor.problems import apply_fix
from graph_editor.words import said

if TYPE_CHECKING:
    from graph_editor.view import GraphView


_MERGING = ("Concatenate", "Add")
"""What branches mostly end in; the search box has the others."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Menus", text)


def menu_for(view: GraphView, event: QContextMenuEvent) -> tuple[QMenu, QPoint]:
    """The menu for what is under the pointer, or for what is selected, and where it opens."""
    scene, spot = view.graph_scene, view.mapToScene(event.pos())
    item, wire = scene.node_at(spot), scene.edge_at(spot)
    where = event.globalPos()
    if event.reason() == QContextMenuEvent.Reason.Keyboard:
        selected = view.selected_node()
        item = scene.node_items[selected] if selected is not None else None
        wires = scene.selected_edges()
        wire = scene.edge_items[wires[0]] if wires else None
        at = item.pos() if item is not None else wire.middle if wire is not None else spot
        where = view.viewport().mapToGlobal(view.mapFromScene(at))
    if item is not None:
        if item.node_id not in scene.selected_nodes():
            scene.select([item.node_id])
        return card_menu(view, item.node_id), where
    if wire is not None:
        scene.select([], [wire.edge])
        return wire_menu(view, wire.edge), where
    chosen = scene.remarks.selected()
    remark = scene.remarks.at(spot)
    key = remark[0] if remark is not None else None
    if event.reason() == QContextMenuEvent.Reason.Keyboard:
        key = chosen[-1] if chosen else None
        where = view.viewport().mapToGlobal(
            view.mapFromScene(scene.remarks.items[key].rect.topLeft() if key else spot)
        )
    if key is not None:
        if key not in chosen:
            scene.select((), (), (key,))
        return remark_menu(view, key), where
    return canvas_menu(view, spot), where


def card_menu(view: GraphView, node_id: str) -> QMenu:
    """What can be done with a card."""
    menu = QMenu(view)
    document = view.document
    for problem in document.inference[node_id].problems:
        for fix in problem.fixes:
            action = menu.addAction(said(fix.text))
            action.setToolTip(said(problem.message))
            action.triggered.connect(lambda _=False, fix=fix: apply_fix(document, fix))
    if not menu.isEmpty():
        menu.addSeparator()
    grouped = isinstance(document.graph[node_id].layer, Functional)
    if grouped:
        menu.addAction(_tr("Open")).triggered.connect(lambda: view.open_group(node_id))
        text = _tr("Hide the inside") if node_id in document.layout.expanded else _tr("Show the inside here")
        menu.addAction(text).triggered.connect(lambda: view.toggle_selected())
    menu.addAction(_tr("Rename")).triggered.connect(lambda: view.rename(node_id))
    if document.graph[node_id].layer.has_output:
        menu.addAction(_tr("Connect to…")).triggered.connect(lambda: view.start_connecting(node_id))
    menu.addAction(_tr("Duplicate")).triggered.connect(lambda: view.duplicate())
    linked = menu.addAction(_tr("Duplicate linked (shares weights)"))
    linked.triggered.connect(lambda: view.duplicate_linked())
    linked.setEnabled(copying.linkable(document.graph, view.graph_scene.selected_nodes()))
    if len(document.graph.linked(node_id)) > 1:
        menu.addAction(_tr("Make independent")).triggered.connect(lambda: view.make_independent())
    if freezable(document.graph, view.graph_scene.selected_nodes()):
        frozen = is_frozen(document.graph, node_id)
        text = _tr("Unfreeze") if frozen else _tr("Freeze: training leaves the weights as they are")
        menu.addAction(text).triggered.connect(lambda: view.freeze_selected())
    if before(document.graph, view.graph_scene.selected_nodes()):
        menu.addAction(_tr("Freeze all before it")).triggered.connect(lambda: view.freeze_before())
    menu.addAction(_tr("Replace with…")).triggered.connect(lambda: view.replace_selected())
    menu.addAction(_tr("Copy")).triggered.connect(lambda: view.copy())
    menu.addSeparator()
    if len(view.graph_scene.selected_nodes()) > 1:
        _add_merge(menu, view)
    if document.graph.incoming(node_id) or document.graph.outgoing(node_id):
        menu.addAction(_tr("Take out of the wires")).triggered.connect(lambda: view.take_out_selected())
    menu.addAction(_tr("Put a frame around")).triggered.connect(lambda: view.add_frame())
    menu.addAction(_tr("Group into a model")).triggered.connect(lambda: view.group_selected())
    menu.addAction(_tr("Repeat…")).triggered.connect(lambda: view.repeat_selected())
    if grouped:
        menu.addAction(_tr("Save as a block…")).triggered.connect(lambda: view.save_block())
        menu.addAction(_tr("Ungroup")).triggered.connect(lambda: view.ungroup_selected())
    menu.addSeparator()
    menu.addAction(_tr("Delete")).triggered.connect(lambda: view.delete_selected())
    return menu


def _add_merge(menu: QMenu, view: GraphView) -> None:
    """The layers that several selected ones can be merged with."""
    merge = menu.addMenu(_tr("Merge with"))
    for name in _MERGING:
        merge.addAction(name).triggered.connect(lambda _=False, name=name: view.merge_selected(name))
    merge.addAction(_tr("Another layer…")).triggered.connect(lambda: view.merge_selected())


def wire_menu(view: GraphView, edge: Edge) -> QMenu:
    """What can be done with a wire."""
    menu = QMenu(view)
    menu.addAction(_tr("Delete wire")).triggered.connect(lambda: editing.delete(view.document, (), (edge,)))
    insert = menu.addMenu(_tr("Insert layer"))
    fill_layers(
        insert,
        lambda name: view.insert_layer(name, edge),
        lambda name: LAYERS[name].max_inputs != 0 and LAYERS[name].has_output,
    )
    return menu


def remark_menu(view: GraphView, key: str) -> QMenu:
    """What can be done with a note or frame."""
    menu = QMenu(view)
    menu.addAction(_tr("Edit the text")).triggered.connect(lambda: view.write_remark(key))
    shades = menu.addMenu(_tr("Colour"))
    names = (_tr("Yellow"), _tr("Green"), _tr("Blue"), _tr("Red"), _tr("Grey"))
    for shade, name in zip(REMARK_COLORS, names, strict=True):
        action = shades.addAction(name)
        action.triggered.connect(partial(_paint_remarks, view, key, shade))
    menu.addSeparator()
    menu.addAction(_tr("Delete")).triggered.connect(lambda: view.delete_selected())
    return menu


def _paint_remarks(view: GraphView, key: str, shade: RemarkColor, _checked: bool = False) -> None:
    remarks.set_color(view.document, view.graph_scene.remarks.selected() or (key,), shade)


def canvas_menu(view: GraphView, spot: QPointF) -> QMenu:
    """What can be done with the canvas."""
    menu = QMenu(view)
    add = menu.addMenu(_tr("Add layer"))
    fill_layers(add, lambda name: view.drop_layer(name, spot), lambda _: True)
    menu.addSeparator()
    menu.addAction(_tr("Add a note")).triggered.connect(lambda: view.add_note(spot))
    menu.addAction(_tr("Add a frame")).triggered.connect(lambda: view.add_frame(spot))
    menu.addSeparator()
    menu.addAction(_tr("Paste")).triggered.connect(lambda: view.paste(spot))
    menu.addAction(_tr("Select all")).triggered.connect(lambda: view.select_all())
    menu.addSeparator()
    menu.addAction(_tr("Arrange")).triggered.connect(lambda: view.arrange())
    menu.addAction(_tr("Fit")).triggered.connect(lambda: view.fit())
    return menu


def fill_layers(menu: QMenu, chosen: Callable[[str], object], wanted: Callable[[str], bool]) -> None:
    """Every layer, by category."""
    groups: dict[str, QMenu] = {}
    for name, layer in placeable().items():
        if wanted(name):
            group = groups.get(layer.category) or groups.setdefault(
                layer.category, menu.addMenu(said(layer.category))
            )
            action = group.addAction(name)
            action.setToolTip(sentence_of(layer))
            action.triggered.connect(lambda _=False, name=name: chosen(name))
