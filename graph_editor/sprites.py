"""Cards, and shapes on wires, as pictures: painted once for each zoom, and from then on copied."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

_MOST = 48 * 2**20
"""Bytes of the pictures that are kept: those of a few screens full of cards."""


class Sprites:
    """Pictures by all that can be seen on them, so that none is ever out of date; the longest unused go first."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._bytes = 0
        self._kept: OrderedDict[Hashable, QPixmap] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], QPixmap]) -> QPixmap:
        """The picture of a key, made if there is none."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        self._kept[key] = found = make()
        self._bytes += _size(found)
        while self._bytes > self._most and len(self._kept) > 1:
            self._bytes -= _size(self._kept.popitem(last=False)[1])
        return found


def _size(pixmap: QPixmap) -> int:
    return 4 * pixmap.width() * pixmap.height()


_sprites = Sprites()


def paint_sprite(painter: QPainter, look: Hashable, room: QRectF, paint: Callable[[QPainter], None]) -> None:
    """Draw what `paint` draws into a room; `look` is all that this depends on besides the zoom."""
    world, ratio = painter.worldTransform(), painter.device().devicePixelRatio()
    scale = world.m11()
    pixmap = _sprites.get((look, scale, ratio), lambda: _painted(room, scale, ratio, paint))
    corner = world.map(room.topLeft())
    painter.resetTransform()
    # On whole pixels, as the picture is.
    painter.drawPixmap(QPointF(round(corner.x() * ratio) / ratio, round(corner.y() * ratio) / ratio), pixmap)
    painter.setWorldTransform(world)


def _painted(room: QRectF, scale: float, ratio: float, paint: Callable[[QPainter], None]) -> QPixmap:
    width, height = (math.ceil(size * scale * ratio) + 1 for size in (room.width(), room.height()))
    pixmap = QPixmap(width, height)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    painter.scale(scale, scale)
    painter.translate(-room.topLeft())
    paint(painter)
    painter.end()
    return pixmap
