"""A layer on the canvas: a short wide card with its ports."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import (
    QGraphicsSceneHoverEvent,
    QStyleOptionGraphicsItem,
    QWidget,
)

from engine.graph import Graph, Node
from engine.inference import NodeFacts
from graph_editor.canvas_item import CanvasItem
from graph_editor.card import (
    CARD,
    HALO,
    Lights,
    Look,
    block_color,
    card_tooltip,
    outline_of,
    paint_badge,
    paint_card,
    paint_outline,
    paint_ports,
    paint_texts,
    severity_of,
)
from graph_editor.marks import marks_of
from graph_editor.overview import Sketch
from graph_editor.ports import Port, Ports, describe_port
from graph_editor.sprites import paint_sprite
from graph_editor.theme import Theme

__all__ = ["CARD", "NodeItem", "Port"]


class NodeItem(CanvasItem):
    """Draws one node from what it was last told; the scene tells it.

    What follows from that is worked out when it is asked for: most cards of a large graph are out of sight.
    """

    def __init__(self, node_id: str, theme: Theme) -> None:
        super().__init__(theme)
        self.node_id = node_id
        self._look: Look | None = None
        self._ports: Ports | None = None
        self.lights = Lights()
        self._told: tuple[Graph, Node, NodeFacts] | None = None
        self._linked = False
        self.on_hover: Callable[[str | None], object] = lambda _: None
        """Is told when the pointer comes, and None when it goes."""
        self.setRect(CARD.adjusted(-10, -12, 12, 12))

    # Told by the scene

    def refresh(self, graph: Graph, facts: NodeFacts, linked: bool) -> None:
        """Show a node as it is now; `linked` where it shares its weights with another."""
        before, self._told = self._told, (graph, graph[self.node_id], facts)
        if before is None or _from_afar(before) != _from_afar(self._told):
            self.spoil()
        self._linked = linked
        self._look = self._ports = None
        if self.lights.hovered:
            self._show_tooltip()
        self.redraw()

    @property
    def look(self) -> Look:
        """What is written on the card."""
        if self._look is None and self._told is not None:
            self._look = Look.of(self._told[1], self._told[2], self._linked)
        return self._look or Look()

    @property
    def ports(self) -> Ports:
        """Where wires begin and end."""
        if self._ports is None and self._told is not None:
            self._ports = Ports.of(*self._told[:2])
        return self._ports or Ports()

    def set_fit(
        self,
        fit: Literal["fits", "target"] | None,
        faded: bool | None = None,
        side: Literal["in", "out"] | None = None,
    ) -> None:
        """While a wire is drawn: whether it may end here, and at which side; cards where it may not are faded."""
        self.lights.fit = fit
        self.lights.side = side or self.lights.side
        if faded is not None:
            self.setOpacity(0.4 if faded else 1.0)
        self.update()

    def set_hot_port(self, port: Port | None) -> None:
        """Light up the port under the pointer."""
        if port != self.lights.hot:
            self.lights.hot = port
            self._show_tooltip()
            self.update()

    # Ports

    @property
    def in_count(self) -> int:
        """How many input ports there are to wire to."""
        return self.ports.inputs

    def port_place(self, port: Port) -> QPointF:
        """Where a port is, in scene coordinates."""
        return self.pos() + self.ports.place(port)

    def port_at(self, scene_pos: QPointF) -> Port | None:
        """The port that a pointer here would take."""
        return self.ports.near(scene_pos - self.pos())

    def card_rect(self) -> QRectF:
        """The card without its ports, in scene coordinates."""
        return CARD.translated(self.pos())

    def _show_tooltip(self) -> None:
        if self._told is None:
            return
        graph, node, facts = self._told
        if self.lights.hot is None:
            self.setToolTip(card_tooltip(graph, node, facts))
        else:
            name, *more = map(html.escape, describe_port(node, facts, self.ports, self.lights.hot))
            self.setToolTip(f"<b>{name}</b> – {html.escape(node.name)}<br>{'<br>'.join(more)}")

    # Qt

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(CARD.adjusted(0, -8, 0, 8))
        return path

    def hoverEnterEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.lights.hovered = True
        self._show_tooltip()
        self.update()
        self.on_hover(self.node_id)
        super().hoverEnterEvent(event)

    def hoverMoveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.set_hot_port(self.port_at(event.scenePos()))
        super().hoverMoveEvent(event)

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.lights.hovered = False
        self.set_hot_port(None)
        self.update()
        self.on_hover(None)
        super().hoverLeaveEvent(event)

    def sketch(self, sketch: Sketch) -> None:
        if self._told is None:
            return
        marks, card = marks_of(self), self.card_rect()
        opacity = self.opacity() * marks.opacity(self.node_id)
        if self.isSelected():
            halo = card.adjusted(-HALO, -HALO, HALO, HALO)
            sketch.halos[self._theme.selection, opacity].append(halo)
        _, node, facts = self._told
        figure = marks.block(self.node_id)
        shade = block_color(node.layer.category, severity_of(facts), self.lights, self._theme, figure)
        sketch.blocks[shade, opacity].append(card)
        if marks.outlines(self.node_id):
            rect, outline, wide = outline_of(marks, self.node_id, self._theme)
            sketch.frames[outline, wide].append(rect.translated(self.pos()))

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        try:
            self._paint(painter, on_screen=widget is not None)
        except Exception:
            logging.exception("A card could not be drawn.")

    def _paint(self, painter: QPainter, *, on_screen: bool) -> None:
        self.lights.selected = self.isSelected()
        marks = marks_of(self)
        before, reading = painter.opacity(), marks.reading(self.node_id)
        painter.setOpacity(before * marks.opacity(self.node_id))
        look = self.look if reading is None else self.look.showing(reading)
        if on_screen:
            seen = look, self.ports, self.lights.now, self._theme.name
            paint_sprite(painter, seen, self.rect(), lambda sprite: self._paint_card(sprite, look))
        else:
            self._paint_card(painter, look)
        if marks.outlines(self.node_id):
            paint_outline(painter, marks, self.node_id, painter.worldTransform().m11(), self._theme)
        painter.setOpacity(before)

    def _paint_card(self, painter: QPainter, look: Look) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        paint_card(painter, look, self.lights, self._theme)
        paint_texts(painter, look, self._theme)
        paint_ports(painter, self.ports, self.lights, self._theme)
        if look.severity:
            paint_badge(painter, look.severity, self._theme)


def _from_afar(told: tuple[Graph, Node, NodeFacts]) -> tuple[object, ...]:
    """What is seen of a node from far off."""
    return told[1].layer.category, severity_of(told[2])
