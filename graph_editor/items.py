"""A layer on the canvas: a short wide card with its ports."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsSceneHoverEvent,
    QStyleOptionGraphicsItem,
    QWidget,
)

from engine.graph import Graph, Node
from engine.inference import NodeFacts
from graph_editor.canvas_item import CanvasItem
from graph_editor.card import (
    CARD,
    CHEVRON,
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
    worse,
)
from graph_editor.marks import marks_of
from graph_editor.overview import Sketch
from graph_editor.ports import Port, Ports, describe_port
from graph_editor.sprites import paint_sprite
from graph_editor.theme import Theme
from graph_editor.words import said

if TYPE_CHECKING:
    from engine.grouping import Path
    from graph_editor.interior import Interior
    from graph_editor.wiring import Fit

__all__ = ["CARD", "NodeItem", "Port"]


_SPRITE = CARD.adjusted(-10, -12, 12, 12)
"""The room that a card takes, with its ports and what may stand at its corners."""


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
        self.interior: Interior | None = None
        """What is shown below the card, where it is a group that is open."""
        self.on_hover: Callable[[str | None], object] = lambda _: None
        """Is told when the pointer comes, and None when it goes."""
        self._hovered_inside: Path = ()
        self._aside = 0.0
        self.setRect(_SPRITE)

    # Told by the scene

    def refresh(self, graph: Graph, facts: NodeFacts, linked: bool, interior: Interior | None = None) -> None:
        """Show a node as it is now; `linked` where it shares its weights with another."""
        if interior is not self.interior:
            self._show_interior(interior)
        before, self._told = self._told, (graph, graph[self.node_id], facts)
        if before is None or _from_afar(before) != _from_afar(self._told):
            self.spoil()
        self._linked = linked
        self._look = self._ports = None
        if self.lights.hovered:
            self._show_tooltip()
        self.redraw()

    def leave_aside(self, width: float) -> None:
        """Have so much room at the right of the card, to draw in."""
        if width != self._aside:
            self._aside = width
            self._take_room()

    def _show_interior(self, interior: Interior | None) -> None:
        self.interior = interior
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption, interior is not None)
        self._take_room()
        self.spoil()

    def _take_room(self) -> None:
        room = _SPRITE if self.interior is None else CARD.united(self.interior.rect).adjusted(-10, -12, 12, 12)
        self.setRect(room.united(CARD.adjusted(0, 0, self._aside, 0)) if self._aside else room)

    @property
    def look(self) -> Look:
        """What is written on the card."""
        if self._look is None and self._told is not None:
            self._look = Look.of(self._told[1], self._told[2], self._linked, self.interior is not None)
        return self._look or Look()

    @property
    def ports(self) -> Ports:
        """Where wires begin and end."""
        if self._ports is None and self._told is not None:
            below = 0.0 if self.interior is None else self.interior.rect.height()
            self._ports = Ports.of(*self._told[:2], below)
        return self._ports or Ports()

    def set_fit(
        self,
        fit: Fit | None,
        faded: bool | None = None,
        side: Literal["in", "out"] | None = None,
        *,
        target: bool = False,
    ) -> None:
        """While a wire is drawn: whether it may end here, at which side, and whether it would now.

        Cards where it may not are faded, those that its shape does not suit a little.
        """
        self.lights.fit, self.lights.target = fit, target
        self.lights.side = side or self.lights.side
        if faded is not None or fit is not None:
            self.setOpacity(0.4 if faded else 0.7 if fit == "doubtful" and not target else 1.0)
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

    def whole_rect(self) -> QRectF:
        """The card, and the inside of a group that is shown below it, in scene coordinates."""
        return self.card_rect() if self.interior is None else self.shape().boundingRect().translated(self.pos())

    def covers(self, spot: QPointF) -> bool:
        """Whether a place lies on the card, or on the inside that is shown below it."""
        return self.card_rect().contains(spot) or self.is_inside(spot) or self.sight_at(spot)

    def _sight(self) -> QRectF | None:
        """Where a picture of the inside of the layer is drawn."""
        sights = marks_of(self).sights
        return None if sights is None or not self._aside else sights.place(self.node_id)

    def sight_at(self, spot: QPointF) -> bool:
        """Whether a place lies on the picture of the inside of the layer."""
        place = self._sight()
        return place is not None and place.contains(spot - self.pos())

    def is_inside(self, scene_pos: QPointF) -> bool:
        """Whether a place lies on the inside that is shown below the card."""
        return self.interior is not None and self.interior.rect.contains(scene_pos - self.pos())

    def chevron_at(self, scene_pos: QPointF) -> bool:
        """Whether a press here shows or hides the inside of a group."""
        return bool(self.look.chevron) and CHEVRON.contains(scene_pos - self.pos())

    def inner_at(self, scene_pos: QPointF) -> Path:
        """The card inside at a place, with the groups around it; empty where there is none."""
        return () if self.interior is None else self.interior.at(scene_pos - self.pos())

    def _show_tooltip(self) -> None:
        if self._told is None:
            return
        _, node, facts = self._told
        if self.interior is not None and self._hovered_inside:
            self.setToolTip(self.interior.card(self._hovered_inside).tooltip)
        elif self.lights.hot is None:
            self.setToolTip(self.tooltip)
        else:
            name, *more = map(html.escape, describe_port(node, facts, self.ports, self.lights.hot))
            self.setToolTip(f"<b>{name}</b> – {html.escape(node.name)}<br>{'<br>'.join(more)}")

    @property
    def tooltip(self) -> str:
        """What there is to know of the node."""
        if self._told is None:
            return ""
        marks = marks_of(self)
        verdict, seen = (
            marks.verdict(self.node_id),
            "" if marks.sights is None else marks.sights.text(self.node_id),
        )
        more = "" if verdict is None else f"<br><b>{html.escape(said(verdict.text))}</b>"
        return card_tooltip(*self._told) + (f"<br>{html.escape(seen)}" if seen else "") + more

    @property
    def _severity(self) -> Literal["error", "warning"] | None:
        """How bad that is which training has shown."""
        verdict = marks_of(self).verdict(self.node_id)
        return None if verdict is None else verdict.severity

    # Qt

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(CARD.adjusted(0, -8, 0, 8))
        if (sight := self._sight()) is not None:
            path.addRect(sight)
            path.setFillRule(Qt.FillRule.WindingFill)
        if self.interior is not None:
            path.addRect(self.interior.rect.adjusted(0, 0, 0, 8))
            path.setFillRule(Qt.FillRule.WindingFill)
        return path

    def hoverEnterEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.lights.hovered = True
        self._show_tooltip()
        self.update()
        self.on_hover(self.node_id)
        super().hoverEnterEvent(event)

    def hoverMoveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        inside = self.inner_at(event.scenePos())
        if inside != self._hovered_inside:
            self._hovered_inside = inside
            self._show_tooltip()
        self.set_hot_port(self.port_at(event.scenePos()))
        super().hoverMoveEvent(event)

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.lights.hovered = False
        self._hovered_inside = ()
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
        severity = worse(severity_of(facts), self._severity)
        shade = block_color(node.layer.category, severity, self.lights, self._theme, figure)
        if self.interior is not None:
            self.interior.sketch(sketch, self.pos(), opacity)
        sketch.blocks[shade, opacity].append(card)
        if marks.outlines(self.node_id):
            rect, outline, wide = outline_of(marks, self.node_id, self._theme)
            sketch.frames[outline, wide].append(rect.translated(self.pos()))

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        try:
            self.draw(painter, option.exposedRect, on_screen=widget is not None)
        except Exception:
            logging.exception("A card could not be drawn.")

    def draw(self, painter: QPainter, exposed: QRectF, *, on_screen: bool) -> None:
        """Draw the card, and what is to be seen of a group's inside; on a screen, with pictures that are kept."""
        self.lights.selected = self.isSelected()
        marks = marks_of(self)
        before, reading = painter.opacity(), marks.reading(self.node_id)
        painter.setOpacity(before * marks.opacity(self.node_id))
        look = (self.look if reading is None else self.look.showing(reading)).judged(self._severity)
        if self.interior is not None:
            self.interior.draw(painter, exposed, selected=self.lights.selected, on_screen=on_screen)
        if on_screen and self.interior is None:
            seen = look, self.ports, self.lights.now, self._theme.name
            paint_sprite(painter, seen, _SPRITE, lambda sprite: self._paint_card(sprite, look))
        else:
            self._paint_card(painter, look)
        if marks.sights is not None and self._aside:
            marks.sights.paint(painter, self.node_id)
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
