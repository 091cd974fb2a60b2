"""The line of a wire: straight down where it can, around cards where it must."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath

from engine.layout import Position
from graph_editor.ground import Ground
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH

_HALF_WIDTH = CARD_WIDTH / 2
_HALF_HEIGHT = CARD_HEIGHT / 2
_LONG = 100.0
_MARGIN = 24.0
_TURN = 60.0
"""How far a wire that leads up again goes on down, and comes from above."""


Lane = tuple[float, float, float]
"""Where a long wire runs beside the cards in its way: x, and from which y to which."""


def is_long(down: float) -> bool:
    """Whether a wire that goes so far down, or up where that is negative, may have cards in its way."""
    return not -_LONG <= down < _LONG


def find_lane(start: QPointF, end: QPointF, ground: Ground) -> Lane | None:
    """The lane of a long wire; None if it is not long, or no card is in its way."""
    down = end.y() - start.y()
    if not is_long(down):
        return None
    if down < 0:
        return _find_gutter(start, end, ground)
    between = ground.between(start.y() - 4, end.y() + 4)
    blocking = _blocking(between, start, end)
    if not blocking:
        return None
    lanes = _free_lanes(sorted(c[0] for c in between))
    x = min(lanes, key=lambda lane: abs(lane - start.x()) + abs(lane - end.x()) - 0.001 * lane)
    tops = [c[1] for c in blocking]
    return x, min(tops) - _HALF_HEIGHT, max(tops) + _HALF_HEIGHT


def _blocking(between: list[Position], start: QPointF, end: QPointF) -> list[Position]:
    """The cards that a wire without a lane would cross."""
    x, y, across, down = start.x(), start.y(), end.x() - start.x(), end.y() - start.y()
    reach = _HALF_WIDTH + 6
    left, right = min(x, x + across) - reach, max(x, x + across) + reach
    found: list[Position] = []
    for place in between:
        if left < place[0] < right:
            t = (place[1] - y) / down
            if abs(x + across * t * t * (3 - 2 * t) - place[0]) < reach:
                found.append(place)
    return found


def _find_gutter(start: QPointF, end: QPointF, ground: Ground) -> Lane | None:
    """Where a wire runs that leads up again, between two columns of cards."""
    left, right = sorted((start.x(), end.x()))
    xs = [x for x, _ in ground.between(end.y() - 2 * CARD_HEIGHT, start.y() + 2 * CARD_HEIGHT)]
    xs = sorted({x for x in xs if left <= x <= right})
    gutters = [(a + b) / 2 for a, b in pairwise(xs) if b - a >= 2 * (_HALF_WIDTH + _MARGIN)]
    return (min(gutters, key=lambda x: abs(x - end.x())), end.y(), start.y()) if gutters else None


def _free_lanes(xs: list[float]) -> list[float]:
    """Beside which places there is no card: the outer ends, and both sides of every gap that is wide enough."""
    reach = _HALF_WIDTH + _MARGIN
    lanes = [xs[0] - reach]
    for left, right in pairwise(xs):
        if right - left >= 2 * reach:
            lanes += [left + reach, right - reach]
    return [*lanes, xs[-1] + reach]


def _x_at(y: float, start: QPointF, end: QPointF) -> float:
    t = (y - start.y()) / (end.y() - start.y())
    eased = t * t * (3 - 2 * t)
    return start.x() + (end.x() - start.x()) * eased


def wire_path(start: QPointF, end: QPointF, lane: Lane | None = None) -> QPainterPath:
    """A smooth line that leaves downwards and arrives from above."""
    path = QPainterPath(start)
    if lane is None:
        _bend(path, start, end)
        return path
    x, top, bottom = lane
    if end.y() < start.y():
        _turn(path, start, QPointF(x, start.y() - _TURN / 2), start.y() + _TURN)
        path.lineTo(x, end.y() + _TURN / 2)
        _turn(path, path.currentPosition(), end, end.y() - _TURN)
        return path
    _bend(path, start, QPointF(x, max(top, start.y() + 30)))
    path.lineTo(x, min(bottom, end.y() - 30))
    _bend(path, path.currentPosition(), end)
    return path


def _turn(path: QPainterPath, start: QPointF, end: QPointF, y: float) -> None:
    path.cubicTo(start.x(), y, end.x(), y, end.x(), end.y())


def _bend(path: QPainterPath, start: QPointF, end: QPointF) -> None:
    down = end.y() - start.y()
    reach = max(down / 2, 22.0) if down > 0 else min(60 - down / 2, 160.0)
    path.cubicTo(start.x(), start.y() + reach, end.x(), end.y() - reach, end.x(), end.y())


def label_place(start: QPointF, end: QPointF, lane: Lane | None) -> QPointF:
    """Where the shape is written: on the wire, halfway, or near the source where the way is long."""
    if lane is not None:
        return QPointF(lane[0], (lane[1] + lane[2]) / 2)
    down = end.y() - start.y()
    if down <= 0 or down < 140:
        return (start + end) / 2
    y = start.y() + 40
    return QPointF(_x_at(y, start, end), y)
