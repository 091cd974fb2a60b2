"""The ground of a canvas: where cards lie, and the insides of groups that are open, for wires to find a way."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping

from PySide6.QtCore import QRectF

from engine.layout import Position
from graph_editor.expansion import Room, cells
from graph_editor.layout import CARD_HEIGHT

_HALF_HEIGHT = CARD_HEIGHT / 2


class Ground:
    """Keeps what lies on it by height, so that what is in the way of a wire is found without looking at all."""

    def __init__(self, places: Mapping[str, Position] | None = None) -> None:
        self.places: dict[str, Position] = dict(places or {})
        """The middle of each card."""
        self._cells: dict[str, list[Position]] = {}
        self._by_height = sorted((y, x) for x, y in self.places.values())

    def put(self, key: str, place: Position, room: Room | None = None) -> None:
        """A card lies here now, with this room below it."""
        self.remove(key)
        self.places[key] = place
        self._add([place])
        if room is not None:
            self._cells[key] = cells(place, room)
            self._add(self._cells[key])

    def remove(self, key: str) -> None:
        """A card is gone, or lies elsewhere."""
        gone = self._cells.pop(key, [])
        if key in self.places:
            gone = [*gone, self.places.pop(key)]
        for x, y in gone:
            del self._by_height[bisect_left(self._by_height, (y, x))]

    def _add(self, places: Iterable[Position]) -> None:
        for x, y in places:
            insort(self._by_height, (y, x))

    def has_room(self, key: str) -> bool:
        """Whether the inside of a group is shown below its card."""
        return key in self._cells

    def bounds(self) -> QRectF | None:
        """The rectangle around the middles of all that lies here; None where nothing does."""
        if not self._by_height:
            return None
        xs = [x for _, x in self._by_height]
        top, left = self._by_height[0][0], min(xs)
        return QRectF(left, top, max(xs) - left, self._by_height[-1][0] - top)

    def between(self, top: float, bottom: float) -> list[Position]:
        """What lies wholly between two heights."""
        first = bisect_right(self._by_height, (top + _HALF_HEIGHT, math.inf))
        last = bisect_left(self._by_height, (bottom - _HALF_HEIGHT, -math.inf))
        return [(x, y) for y, x in self._by_height[first:last]]
