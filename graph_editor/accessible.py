"""The canvas for those who do not see it: cards as items of a list, with names, states and places.

A screen reader goes through the layers in the order in which they are computed, and hears of each what a card
shows: its name, type and settings, what it gives and to whom, whether it is selected, and what is wrong with it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, QRect
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface, QWindow
from PySide6.QtWidgets import QAccessibleWidget

from engine.layers.nested import Functional
from engine.shapes import show_shape
from graph_editor.captions import caption
from graph_editor.words import said

if TYPE_CHECKING:
    from graph_editor.view import GraphView

_kept: list[QAccessibleInterface] = []
"""Qt keeps what it was once given, and does not say when it no longer needs it: so is it kept here."""


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Accessible", text)


class CardInterface(QAccessibleInterface):
    """One card: an item of the canvas that can be selected."""

    def __init__(self, view: GraphView, node_id: str) -> None:
        super().__init__()
        self._view = view
        self.node_id = node_id
        _kept.append(self)

    def isValid(self) -> bool:
        return shiboken6.isValid(self._view) and self.node_id in self._view.document.graph

    def object(self) -> QObject | None:  # type: ignore[override]
        return None

    def window(self) -> QWindow:
        return self.parent().window()

    def parent(self) -> QAccessibleInterface:
        return QAccessible.queryAccessibleInterface(self._view)

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def indexOfChild(self, arg__1: QAccessibleInterface) -> int:
        return -1

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def rect(self) -> QRect:
        if not self.isValid():
            return QRect()
        item = self._view.graph_scene.node_items[self.node_id]
        inside = self._view.mapFromScene(item.card_rect()).boundingRect()
        return QRect(self._view.viewport().mapToGlobal(inside.topLeft()), inside.size())

    def text(self, t: QAccessible.Text) -> str:
        if not self.isValid():
            return ""
        if t == QAccessible.Text.Name:
            return card_name(self._view, self.node_id)
        return card_description(self._view, self.node_id) if t == QAccessible.Text.Description else ""

    def setText(self, t: QAccessible.Text, text: str) -> None:
        """Names are changed in the inspector."""

    def state(self) -> QAccessible.State:
        found = QAccessible.State()
        if not self.isValid():
            found.invalid = True
            return found
        chosen = self._view.graph_scene.selected_nodes()
        layer, layout = self._view.document.graph[self.node_id].layer, self._view.document.layout
        found.expandable = isinstance(layer, Functional)
        found.expanded = found.expandable and self.node_id in layout.expanded
        found.collapsed = found.expandable and not found.expanded
        found.selectable = found.focusable = found.multiSelectable = True
        found.selected = self.node_id in chosen
        found.focused = self._view.hasFocus() and chosen[-1:] == (self.node_id,)
        found.offscreen = (
            not self._view.viewport()
            .rect()
            .intersects(QRect(self._view.viewport().mapFromGlobal(self.rect().topLeft()), self.rect().size()))
        )
        return found


def card_name(view: GraphView, node_id: str) -> str:
    """What a card is: "dense, Dense, 64 · relu"."""
    node = view.document.graph[node_id]
    return ", ".join(filter(None, (node.name, node.layer.shown_class, caption(node.layer))))


def card_description(view: GraphView, node_id: str) -> str:
    """What else a card shows: shapes, parameters, wires, weights that are shared, problems."""
    graph, facts = view.document.graph, view.document.inference[node_id]
    node = graph[node_id]
    givers = ", ".join(dict.fromkeys(graph[edge.source].name for edge in graph.incoming(node_id)))
    takers = ", ".join(dict.fromkeys(graph[edge.target].name for edge in graph.outgoing(node_id)))
    shapes = ", ".join(map(show_shape, facts.shapes)) if node.layer.has_output else ""
    parts = (
        tr("gives {0}").format(shapes) if shapes else "",
        tr("{0} parameters").format(f"{facts.parameters:,}") if facts.parameters else "",
        tr("from {0}").format(givers) if givers else "",
        tr("to {0}").format(takers) if takers else "",
        tr("uses the weights of {0}").format(graph.owner(node_id).name) if node.shares is not None else "",
        *(said(problem.message) for problem in facts.problems),
    )
    return "; ".join(part for part in parts if part)


class CanvasInterface(QAccessibleWidget):
    """The canvas: a list of cards."""

    def __init__(self, view: GraphView) -> None:
        super().__init__(view, QAccessible.Role.List, view.accessibleName())
        self._view = view
        self._cards: dict[str, CardInterface] = {}
        _kept.append(self)

    def card(self, node_id: str) -> CardInterface:
        """What speaks for a card."""
        if node_id not in self._cards:
            self._cards[node_id] = CardInterface(self._view, node_id)
        return self._cards[node_id]

    def childCount(self) -> int:
        return len(self._view.document.graph)

    def child(self, index: int) -> CardInterface | None:  # type: ignore[override]
        order = self._view.document.graph.order
        return self.card(order[index]) if 0 <= index < len(order) else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        order = self._view.document.graph.order
        node_id = child.node_id if isinstance(child, CardInterface) else ""
        return order.index(node_id) if node_id in order else -1

    def childAt(self, x: int, y: int) -> CardInterface | None:  # type: ignore[override]
        spot = self._view.viewport().mapFromGlobal(QRect(x, y, 1, 1).topLeft())
        item = self._view.graph_scene.node_at(self._view.mapToScene(spot))
        return None if item is None else self.card(item.node_id)

    def focusChild(self) -> CardInterface | None:  # type: ignore[override]
        chosen = self._view.graph_scene.selected_nodes()
        return self.card(chosen[-1]) if chosen else None


@cache
def install() -> None:
    """Let Qt ask here what speaks for a canvas."""
    QAccessible.installFactory(_interface_for)


def _interface_for(_class_name: str, thing: QObject) -> QAccessibleInterface | None:
    from graph_editor.view import GraphView

    return CanvasInterface(thing) if isinstance(thing, GraphView) else None


def tell_selected(view: GraphView, node_ids: tuple[str, ...]) -> None:
    """Let a screen reader say which card is the selected one now."""
    if not QAccessible.isActive() or not node_ids or not view.hasFocus():
        return
    canvas = QAccessible.queryAccessibleInterface(view)
    if isinstance(canvas, CanvasInterface):
        event = QAccessibleEvent(canvas.card(node_ids[-1]), QAccessible.Event.Focus)
        QAccessible.updateAccessibility(event)
