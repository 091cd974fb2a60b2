"""How a card looks: what is written on it, and the painting of it."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPen

from engine.graph import Graph, Node
from engine.inference import NodeFacts
from engine.layer import Weighted
from engine.layers.nested import Functional
from engine.shapes import show_shape
from graph_editor.captions import caption, output_name, sentence_of, type_is_evident
from graph_editor.fonts import card_fonts
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH
from graph_editor.marks import Marks, Reading
from graph_editor.overview import frame_width
from graph_editor.ports import Port, Ports
from graph_editor.theme import Theme, category_color, color
from graph_editor.words import said

if TYPE_CHECKING:
    from graph_editor.wiring import Fit

Severity = Literal["error", "warning"]

CARD = QRectF(-CARD_WIDTH / 2, -CARD_HEIGHT / 2, CARD_WIDTH, CARD_HEIGHT)
_RADIUS = 7.0
_PORT, _SMALL_PORT = 4.5, 3.2
_BAR = 6.0
_LEFT = CARD.left() + 16
_RIGHT = CARD.right() - 12
_BADGE = QPointF(CARD.right() - 3, CARD.top() + 3)
_SHADOW = CARD.translated(0, 1.5)
HALO = 10.0
_AT_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_AT_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
CHEVRON = QRectF(CARD.left() + 8, CARD.top() + 6, 22, 22)
"""Where a press shows or hides the inside of a group."""
_MARK = 18.0
"""Room for a mark at the right end of the title."""


@dataclass(frozen=True)
class Look:
    """What a card shows of its node, cut to the room there is."""

    title: str = ""
    kind: str = ""
    detail: str = ""
    count: str = ""
    category: str = ""
    severity: Severity | None = None
    marks: tuple[Literal["linked", "frozen"], ...] = ()
    chevron: Literal["", "closed", "open"] = ""
    """Of a group: whether its inside is shown below."""
    narrow: bool = False
    """Whether the settings are written a little narrower, because they are long."""
    fill: str = ""
    """The colour of the ground, where it shows a figure."""

    def judged(self, severity: Severity | None) -> Look:
        """The same card where training has shown something to be wrong with it."""
        return replace(self, severity=worse(self.severity, severity))

    def showing(self, reading: Reading) -> Look:
        """The same card with a figure on it, in place of the number of parameters and maybe the settings."""
        count, detail = reading.figure or self.count, reading.line or self.detail
        room = _RIGHT - _LEFT - QFontMetricsF(card_fonts().detail).horizontalAdvance(count) - 10
        detail, narrow = _fitted(detail, room, self.narrow and not reading.line)
        return replace(self, count=count, detail=detail, narrow=narrow, fill=reading.fill)

    @classmethod
    def of(cls, node: Node, facts: NodeFacts, linked: bool, is_open: bool = False) -> Look:
        """The look of a node; `linked` where it shares weights with another, `is_open` where its inside is shown.

        A type that finds no room beside the name stands before the settings. Long names, which often begin alike,
        are cut in the middle.
        """
        fonts, middle = card_fonts(), Qt.TextElideMode.ElideMiddle
        title, detail = QFontMetricsF(fonts.title), QFontMetricsF(fonts.detail)
        frozen = isinstance(node.layer, Weighted) and not node.layer.trainable
        marks = (*(["frozen"] if frozen else []), *(["linked"] if linked else []))
        chevron = ("open" if is_open else "closed") if isinstance(node.layer, Functional) else ""
        width = _RIGHT - _LEFT - _MARK * len(marks) - (_MARK if chevron else 0)
        kind = "" if type_is_evident(node) else node.layer.shown_class
        said = caption(node.layer)
        if kind and title.horizontalAdvance(node.name) + 10 + detail.horizontalAdvance(kind) > width:
            kind, said = "", " · ".join(filter(None, (kind, said)))
        name = title.elidedText(node.name, middle, width)
        count = f"{facts.parameters:,}" if facts.parameters else ""
        room = _RIGHT - _LEFT - (detail.horizontalAdvance(count) + 10 if count else 0)
        shown, narrow = _fitted(said, room)
        return cls(
            name,
            kind,
            shown,
            count,
            node.layer.category,
            severity_of(facts),
            marks,  # pyright: ignore[reportArgumentType]
            chevron,
            narrow,
        )


def _fitted(text: str, room: float, narrow: bool = False) -> tuple[str, bool]:
    """The settings as they find room, and whether in the narrow font; cut where even that is too wide."""
    fonts = card_fonts()
    narrow = narrow or QFontMetricsF(fonts.detail).horizontalAdvance(text) > room
    font = fonts.narrow if narrow else fonts.detail
    return QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room), narrow


def severity_of(facts: NodeFacts) -> Severity | None:
    """How bad the worst problem of a node is."""
    if not facts.problems:
        return None
    return "error" if any(problem.severity == "error" for problem in facts.problems) else "warning"


def worse(one: Severity | None, other: Severity | None) -> Severity | None:
    """The worse of two."""
    return "error" if "error" in (one, other) else one or other


@dataclass
class Lights:
    """What of a card stands out at the moment."""

    hovered: bool = False
    selected: bool = False
    fit: Fit | None = None
    """While a wire is drawn: whether it may end here."""
    target: bool = False
    """While a wire is drawn: whether it would end here now."""
    side: Literal["in", "out"] = "in"
    """The ports that a wire that is drawn may end at."""
    hot: Port | None = None
    """The port under the pointer."""

    @property
    def now(self) -> tuple[object, ...]:
        """All of it, as a value."""
        return self.hovered, self.selected, self.fit, self.target, self.side, self.hot

    def shade(self, theme: Theme) -> str:
        """The colour of a wire that would end here."""
        return theme.warning if self.fit == "doubtful" else theme.good


def _outline() -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(CARD, _RADIUS, _RADIUS)
    return path


def _edge() -> QPainterPath:
    edge = QPainterPath()
    edge.addRect(QRectF(CARD.left(), CARD.top(), _BAR, CARD_HEIGHT))
    return _outline().intersected(edge)


_BAR_PATH: list[QPainterPath] = []  # made once there is a program


def block_color(category: str, severity: Severity | None, lights: Lights, theme: Theme, figure: str = "") -> str:
    """A card seen from far off: the colour of its figure or its category, or of what a person looks for."""
    if severity is not None:
        return theme.error if severity == "error" else theme.warning
    if lights.fit:
        return lights.shade(theme)
    return figure or category_color(category, theme)


def paint_card(painter: QPainter, look: Look, lights: Lights, theme: Theme) -> None:
    """The card itself, with the colour of its category."""
    if not _BAR_PATH:
        _BAR_PATH.append(_edge())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color("#000000", 22 if theme.name == "light" else 70))
    painter.drawRoundedRect(_SHADOW, _RADIUS, _RADIUS)
    painter.setBrush(color(look.fill or (theme.card_hover if lights.hovered else theme.card)))
    painter.drawRoundedRect(CARD, _RADIUS, _RADIUS)
    painter.setBrush(color(category_color(look.category, theme)))
    painter.drawPath(_BAR_PATH[0])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_border(look, lights, theme))
    painter.drawRoundedRect(CARD, _RADIUS, _RADIUS)
    if lights.selected:
        painter.setPen(QPen(color(theme.selection), 2))
        painter.drawRoundedRect(CARD.adjusted(-3, -3, 3, 3), _RADIUS + 3, _RADIUS + 3)


def _border(look: Look, lights: Lights, theme: Theme) -> QPen:
    if lights.target:
        return QPen(color(lights.shade(theme)), 2)
    if look.severity:
        return QPen(color(theme.error if look.severity == "error" else theme.warning), 1.8)
    return QPen(color(theme.muted if lights.hovered else theme.card_border), 1)


def paint_texts(painter: QPainter, look: Look, theme: Theme) -> None:
    """Name and type, the settings that matter, the number of parameters."""
    fonts = card_fonts()
    upper = QRectF(_LEFT, CARD.top() + 7, _RIGHT - _LEFT, 20)
    lower = QRectF(_LEFT, CARD.top() + 28, _RIGHT - _LEFT, 18)
    if not look.detail and not look.count:
        upper.moveTop(CARD.center().y() - 10)
    painter.setFont(fonts.title)
    painter.setPen(color(theme.text))
    painter.drawText(upper.adjusted(_MARK if look.chevron else 0, 0, 0, 0), _AT_LEFT, look.title)
    painter.setFont(fonts.detail)
    painter.setPen(color(theme.text if look.fill else theme.muted))
    aside = upper.adjusted(0, 0, -_MARK * len(look.marks), 0)
    painter.drawText(aside, _AT_RIGHT, look.kind)
    painter.drawText(lower, _AT_RIGHT, look.count)
    painter.setFont(fonts.narrow if look.narrow else fonts.detail)
    painter.drawText(lower, _AT_LEFT, look.detail)
    if look.chevron:
        middle = QPointF(upper.left() + 4, upper.center().y())
        _paint_chevron(painter, middle, down=look.chevron == "open", theme=theme)
    for place, mark in enumerate(reversed(look.marks)):
        spot = QPointF(upper.right() - _MARK * place, upper.center().y())
        (_paint_link if mark == "linked" else _paint_lock)(painter, spot, theme)


def _paint_chevron(painter: QPainter, middle: QPointF, *, down: bool, theme: Theme) -> None:
    """The sign that there is an inside: it points down where that is shown."""
    ends = [(-4.0, -2.0), (0.0, 2.5), (4.0, -2.0)] if down else [(-2.0, -4.0), (2.5, 0.0), (-2.0, 4.0)]
    pen = QPen(color(theme.text), 1.8)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawPolyline([middle + QPointF(*end) for end in ends])


def _paint_link(painter: QPainter, spot: QPointF, theme: Theme) -> None:
    """Two rings of a chain, left of a place: the weights are shared."""
    painter.setPen(QPen(color(theme.accent), 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(spot.x() - 14, spot.y() - 3, 8, 6), 3, 3)
    painter.drawRoundedRect(QRectF(spot.x() - 8, spot.y() - 3, 8, 6), 3, 3)


def _paint_lock(painter: QPainter, spot: QPointF, theme: Theme) -> None:
    """A lock, left of a place: training leaves the weights as they are."""
    painter.setPen(QPen(color(theme.muted), 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawArc(QRectF(spot.x() - 8, spot.y() - 6, 6, 8), 0, 180 * 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color(theme.muted))
    painter.drawRoundedRect(QRectF(spot.x() - 10, spot.y() - 1, 10, 7), 1.5, 1.5)


def paint_ports(painter: QPainter, ports: Ports, lights: Lights, theme: Theme) -> None:
    """The dots that wires start from and end at."""
    for port in ports.all():
        if not ports.spare(port) or lights.hovered or lights.fit:
            _paint_port(painter, ports, port, lights, theme)


def _paint_port(painter: QPainter, ports: Ports, port: Port, lights: Lights, theme: Theme) -> None:
    taken, hot = port in ports.taken, port == lights.hot
    lit = hot or (lights.fit is not None and port[0] == lights.side and not (taken and port[0] == "in"))
    line = lights.shade(theme) if lights.fit and lit else theme.accent if hot else theme.wire
    small = ports.optional(port) and not taken
    painter.setPen(QPen(color(line), 1.2 if small else 1.6))
    painter.setBrush(color(line if taken or hot else theme.card))
    radius = (_SMALL_PORT if small else _PORT) + (2 if hot else 1 if lit else 0)
    painter.drawEllipse(ports.place(port), radius, radius)


def outline_of(marks: Marks, node_id: str, theme: Theme) -> tuple[QRectF, str, float]:
    """The frame around a card that a search has found, or that lies on a path: where, its colour and its width."""
    around, shade = (5.0, theme.warning) if node_id in marks.found else (1.0, theme.accent)
    return CARD.adjusted(-around, -around, around, around), shade, 4.0 if marks.current == node_id else 2.0


def paint_outline(painter: QPainter, marks: Marks, node_id: str, scale: float, theme: Theme) -> None:
    """Draw the frame around a card; dashed where a search has found the card, but does not stand at it."""
    rect, shade, wide = outline_of(marks, node_id, theme)
    pen = QPen(color(shade), frame_width(wide, scale))
    if node_id in marks.found and marks.current != node_id:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    radius = _RADIUS + CARD.left() - rect.left()
    painter.drawRoundedRect(rect, radius, radius)


def paint_badge(painter: QPainter, severity: Severity, theme: Theme) -> None:
    """The sign of a problem, at a corner."""
    painter.setPen(QPen(color(theme.canvas), 1.5))
    painter.setBrush(color(theme.error if severity == "error" else theme.warning))
    painter.drawEllipse(_BADGE, 8, 8)
    painter.setFont(card_fonts().badge)
    painter.setPen(color(theme.canvas))
    rect = QRectF(_BADGE.x() - 8, _BADGE.y() - 8, 16, 16)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, "!")


def card_tooltip(graph: Graph, node: Node, facts: NodeFacts) -> str:
    """What there is to know of a node, as rich text."""
    lines = [f"<b>{_plain(node.name)}</b> – {_plain(node.layer.shown_class)}"]
    lines.append(_plain(sentence_of(type(node.layer))))
    if node.layer.has_output:
        for index, shape in enumerate(facts.shapes):
            name = output_name(node.layer, index)
            text = _tr("Output: {0}").format(show_shape(shape))
            lines.append(_plain(text if not name else f"{text} ({name})"))
    if facts.parameters:
        lines.append(_plain(_tr("Parameters: {0}").format(f"{facts.parameters:,}")))
    if isinstance(node.layer, Weighted) and not node.layer.trainable:
        lines.append(_plain(_tr("Frozen: training leaves its weights as they are")))
    if node.shares is not None:
        lines.append(_plain(_tr("Uses the weights of {0}").format(graph.owner(node.id).name)))
    lines += [f"<b>{_plain(said(problem.message))}</b>" for problem in facts.problems]
    return "<br>".join(part for part in lines if part)


def _tr(text: str) -> str:
    return QCoreApplication.translate("NodeItem", text)


def _plain(text: str) -> str:
    return html.escape(text)
