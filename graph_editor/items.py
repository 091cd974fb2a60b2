"""A layer on the canvas: a short wide card with its ports."""

from __future__ import annotations

import html
import logging
from typing import Literal

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsSceneHoverEvent,
    QStyleOptionGraphicsItem,
    QWidget,
)

from engine.graph import Graph, Node
from engine.inference import NodeFacts
from engine.layer import show_shape
from graph_editor.captions import caption, first_sentence, type_is_evident
from graph_editor.edge_item import TEXT_FROM
from graph_editor.fonts import card_fonts
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH
from graph_editor.theme import Theme, category_color, color

Port = tuple[Literal["in", "out"], int]

CARD = QRectF(-CARD_WIDTH / 2, -CARD_HEIGHT / 2, CARD_WIDTH, CARD_HEIGHT)
_RADIUS = 7.0
_PORT = 4.5
_PORT_REACH = 11.0
_BAR = 6.0
_LEFT = CARD.left() + 16
_RIGHT = CARD.right() - 12
_BADGE = QPointF(CARD.right() - 3, CARD.top() + 3)
_SHADOW = CARD.translated(0, 1.5)


def _outline() -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(CARD, _RADIUS, _RADIUS)
    return path


def _bar() -> QPainterPath:
    edge = QPainterPath()
    edge.addRect(QRectF(CARD.left(), CARD.top(), _BAR, CARD_HEIGHT))
    return _outline().intersected(edge)


class NodeItem(QGraphicsItem):
    """Draws one node from what it was last told; the scene tells it."""

    def __init__(self, node_id: str, theme: Theme) -> None:
        super().__init__()
        self.node_id = node_id
        self._theme = theme
        self._title = self._kind = self._detail = self._count = ""
        self._category = ""
        self._facts: tuple[Graph, Node, NodeFacts] | None = None
        self._bar = _bar()
        self._severity: Literal["error", "warning"] | None = None
        self._linked = False
        self._taken: frozenset[int] = frozenset()
        self._in_count = 1
        self._centred = 1
        self._variadic = False
        self._has_output = True
        self._has_followers = False
        self.fit: Literal["fits", "target"] | None = None
        self.hot_port: Port | None = None
        self.hovered = False
        self.setAcceptHoverEvents(True)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)

    # Told by the scene

    def refresh(self, graph: Graph, facts: NodeFacts, linked: bool) -> None:
        """Show a node as it is now; `linked` where it shares its weights with another."""
        node = graph[self.node_id]
        self._category = node.layer.category
        self._linked = linked
        self._refresh_ports(graph, node)
        severities = [problem.severity for problem in facts.problems]
        self._severity = "error" if "error" in severities else "warning" if severities else None
        self._refresh_texts(node, facts)
        self._facts = (graph, node, facts)
        if self.hovered:
            self.setToolTip(_tooltip(*self._facts))
        self.update()

    def _refresh_ports(self, graph: Graph, node: Node) -> None:
        incoming = graph.incoming(node.id)
        self._taken = frozenset(edge.port for edge in incoming)
        self._in_count = graph.port_count(node.id)
        self._variadic = node.layer.max_inputs is None
        self._centred = max(node.layer.min_inputs, len(incoming)) if self._variadic else self._in_count
        self._has_output = node.layer.has_output
        self._has_followers = bool(graph.outgoing(node.id))

    def _refresh_texts(self, node: Node, facts: NodeFacts) -> None:
        fonts = card_fonts()
        title, detail = QFontMetricsF(fonts.title), QFontMetricsF(fonts.detail)
        width = _RIGHT - _LEFT - (18 if self._linked else 0)
        kind = "" if type_is_evident(node) else node.layer.type_name()
        room = width - min(detail.horizontalAdvance(kind) + 10, 90) if kind else width
        self._title = title.elidedText(node.name, Qt.TextElideMode.ElideRight, room)
        left = width - title.horizontalAdvance(self._title) - 10
        self._kind = detail.elidedText(kind, Qt.TextElideMode.ElideRight, left) if kind else ""
        self._count = f"{facts.parameters:,}" if facts.parameters else ""
        room = _RIGHT - _LEFT - (detail.horizontalAdvance(self._count) + 10 if self._count else 0)
        text = caption(node.layer)
        self._detail = detail.elidedText(text, Qt.TextElideMode.ElideRight, room)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def set_fit(self, fit: Literal["fits", "target"] | None, faded: bool) -> None:
        """While a wire is drawn: whether it may end here."""
        self.fit = fit
        self.setOpacity(0.4 if faded else 1.0)
        self.update()

    def set_hot_port(self, port: Port | None) -> None:
        """Light up the port under the pointer."""
        if port != self.hot_port:
            self.hot_port = port
            self.update()

    # Ports

    @property
    def in_count(self) -> int:
        """How many input ports there are to wire to."""
        return self._in_count

    def port_place(self, port: Port) -> QPointF:
        """Where a port is, in scene coordinates."""
        return self.pos() + self._port(port)

    def _port(self, port: Port) -> QPointF:
        side, index = port
        if side == "out":
            return QPointF(0, CARD.bottom())
        step = min(36.0, (CARD_WIDTH - 48) / max(self._in_count, 1))
        return QPointF((index - (self._centred - 1) / 2) * step, CARD.top())

    def ports(self) -> tuple[Port, ...]:
        """All ports, inputs first."""
        inputs: tuple[Port, ...] = tuple(("in", index) for index in range(self._in_count))
        return (*inputs, ("out", 0)) if self._has_output else inputs

    def port_at(self, scene_pos: QPointF) -> Port | None:
        """The port that a pointer here would take."""
        spot = scene_pos - self.pos()
        near = [(_distance(self._port(port), spot), port) for port in self.ports()]
        distance, port = min(near, default=(_PORT_REACH, None), key=lambda pair: pair[0])
        return port if distance < _PORT_REACH else None

    def card_rect(self) -> QRectF:
        """The card without its ports, in scene coordinates."""
        return CARD.translated(self.pos())

    # Qt

    def boundingRect(self) -> QRectF:
        return CARD.adjusted(-10, -12, 12, 12)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(CARD.adjusted(0, -8, 0, 8))
        return path

    def hoverEnterEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.hovered = True
        if self._facts is not None:
            self.setToolTip(_tooltip(*self._facts))
        self.update()
        super().hoverEnterEvent(event)

    def hoverMoveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.set_hot_port(self.port_at(event.scenePos()))
        super().hoverMoveEvent(event)

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.hovered = False
        self.set_hot_port(None)
        self.update()
        super().hoverLeaveEvent(event)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        try:
            self._paint_card(painter)
            if option.levelOfDetailFromTransform(painter.worldTransform()) >= TEXT_FROM:
                self._paint_texts(painter)
                self._paint_ports(painter)
                if self._severity:
                    self._paint_badge(painter, self._severity)
        except Exception:
            logging.exception("A card could not be drawn.")

    def _paint_card(self, painter: QPainter) -> None:
        theme = self._theme
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("#000000", 22 if theme.name == "light" else 70))
        painter.drawRoundedRect(_SHADOW, _RADIUS, _RADIUS)
        painter.setBrush(color(theme.card_hover if self.hovered else theme.card))
        painter.drawRoundedRect(CARD, _RADIUS, _RADIUS)
        painter.setBrush(color(category_color(self._category, theme)))
        painter.drawPath(self._bar)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self._border())
        painter.drawRoundedRect(CARD, _RADIUS, _RADIUS)
        if self.isSelected():
            painter.setPen(QPen(color(theme.selection), 2))
            painter.drawRoundedRect(CARD.adjusted(-3, -3, 3, 3), _RADIUS + 3, _RADIUS + 3)

    def _border(self) -> QPen:
        theme = self._theme
        if self.fit == "target":
            return QPen(color(theme.good), 2)
        if self._severity:
            return QPen(color(theme.error if self._severity == "error" else theme.warning), 1.8)
        return QPen(color(theme.muted if self.hovered else theme.card_border), 1)

    def _paint_texts(self, painter: QPainter) -> None:
        fonts, theme = card_fonts(), self._theme
        middle, align = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag
        upper = QRectF(_LEFT, CARD.top() + 7, _RIGHT - _LEFT, 20)
        lower = QRectF(_LEFT, CARD.top() + 28, _RIGHT - _LEFT, 18)
        if not self._detail and not self._count:
            upper.moveTop(CARD.center().y() - 10)
        painter.setFont(fonts.title)
        painter.setPen(color(theme.text))
        painter.drawText(upper, middle | align.AlignLeft, self._title)
        painter.setFont(fonts.detail)
        painter.setPen(color(theme.muted))
        mark = 18 if self._linked else 0
        painter.drawText(upper.adjusted(0, 0, -mark, 0), middle | align.AlignRight, self._kind)
        painter.drawText(lower, middle | align.AlignLeft, self._detail)
        painter.drawText(lower, middle | align.AlignRight, self._count)
        if self._linked:
            self._paint_link(painter, upper)

    def _paint_link(self, painter: QPainter, row: QRectF) -> None:
        """Two rings of a chain: the weights are shared."""
        painter.setPen(QPen(color(self._theme.accent), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        y = row.center().y()
        painter.drawRoundedRect(QRectF(row.right() - 14, y - 3, 8, 6), 3, 3)
        painter.drawRoundedRect(QRectF(row.right() - 8, y - 3, 8, 6), 3, 3)

    def _paint_ports(self, painter: QPainter) -> None:
        for port in self.ports():
            side, index = port
            free = self._variadic and side == "in" and index == self._in_count - 1
            if free and index >= self._centred and not (self.hovered or self.fit):
                continue
            taken = index in self._taken if side == "in" else self._has_followers
            self._paint_port(painter, port, taken)

    def _paint_port(self, painter: QPainter, port: Port, taken: bool) -> None:
        theme = self._theme
        hot = port == self.hot_port
        lit = hot or (self.fit is not None and port[0] == "in" and not taken)
        line = theme.good if self.fit and lit else theme.accent if hot else theme.wire
        painter.setPen(QPen(color(line), 1.6))
        painter.setBrush(color(line if taken or hot else theme.card))
        radius = _PORT + (2 if hot else 1 if lit else 0)
        painter.drawEllipse(self._port(port), radius, radius)

    def _paint_badge(self, painter: QPainter, severity: Literal["error", "warning"]) -> None:
        theme = self._theme
        painter.setPen(QPen(color(theme.canvas), 1.5))
        painter.setBrush(color(theme.error if severity == "error" else theme.warning))
        painter.drawEllipse(_BADGE, 8, 8)
        painter.setFont(card_fonts().badge)
        painter.setPen(color(theme.canvas))
        rect = QRectF(_BADGE.x() - 8, _BADGE.y() - 8, 16, 16)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, "!")


def _distance(a: QPointF, b: QPointF) -> float:
    return ((a.x() - b.x()) ** 2 + (a.y() - b.y()) ** 2) ** 0.5


def _tooltip(graph: Graph, node: Node, facts: NodeFacts) -> str:
    def line(text: str) -> str:
        return html.escape(text)

    tr = QCoreApplication.translate
    lines = [f"<b>{line(node.name)}</b> – {line(node.layer.type_name())}", line(first_sentence(type(node.layer)))]
    if facts.shape is not None and node.layer.has_output:
        lines.append(line(tr("NodeItem", "Output: {0}").format(show_shape(facts.shape))))
    if facts.parameters:
        lines.append(line(tr("NodeItem", "Parameters: {0}").format(f"{facts.parameters:,}")))
    if node.shares is not None:
        lines.append(line(tr("NodeItem", "Uses the weights of {0}").format(graph.owner(node.id).name)))
    lines += [f"<b>{line(problem.message)}</b>" for problem in facts.problems]
    return "<br>".join(part for part in lines if part)
