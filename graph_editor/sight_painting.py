"""How a look into a layer is drawn: feature maps as tiles, numbers as bars or a histogram, norms as curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from engine.insight import Activation, Norms
from graph_editor.theme import Theme, color

Array = np.ndarray[Any, Any]

_GAP = 2.0
_BARS = 32
"""Up to so many numbers have a bar each; more make a histogram."""
_BINS = 32
_SCALE = ("#281d63", "#3d3f9f", "#238a8d", "#6ccb5f", "#fbe84c")
"""From the lowest number of feature maps to the highest."""


@cache
def _table() -> Array:
    """256 colours of red, green and blue."""
    shades = [QColor(name) for name in _SCALE]
    ends = np.array([[shade.red(), shade.green(), shade.blue()] for shade in shades], float)
    places = np.linspace(0, len(ends) - 1, 256)
    return np.stack([np.interp(places, range(len(ends)), part) for part in ends.T], 1).astype(np.uint8)


def images_of(activation: Activation) -> list[QImage]:
    """The feature maps as pictures in one scale of colours; that of an Input in grey, or in its own colours."""
    maps = np.nan_to_num(activation.values, posinf=0.0, neginf=0.0)
    low, high = min(0.0, float(maps.min())), float(maps.max())
    levels = np.clip((maps - low) * (255 / (high - low) if high > low else 0.0), 0, 255).astype(np.uint8)
    if activation.colours:
        return [_image(np.moveaxis(levels, 0, 2))]
    if len(levels) == 1:
        return [_image(np.repeat(levels[0][:, :, None], 3, 2))]
    return [_image(_table()[one]) for one in levels]


def _image(pixels: Array) -> QImage:
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def aspect_of(image: QImage) -> float:
    """Width by height of a tile; what is very long is drawn shorter."""
    return max(0.4, min(3.4, image.width() / image.height()))


def tiles(count: int, aspect: float, room: QSizeF, rows: int) -> tuple[QSizeF, int]:
    """How large tiles are in a room, and how many columns they make, in as few rows as all find a place in."""
    height, columns = room.height(), 1
    for number in range(1, rows + 1):
        height = (room.height() - (number - 1) * _GAP) / number
        columns = max(1, int((room.width() + _GAP) // (height * aspect + _GAP)))
        if columns * number >= count:
            break
    width = min(height * aspect, room.width())
    return QSizeF(width, width / aspect), columns


def paint_maps(painter: QPainter, rect: QRectF, images: Sequence[QImage], rows: int = 2) -> int:
    """Draw feature maps side by side, as many as find a place; how many that are."""
    if not images:
        return 0
    aspect = aspect_of(images[0])
    size, columns = tiles(len(images), aspect, rect.size(), rows)
    most = columns * max(1, int((rect.height() + _GAP) // (size.height() + _GAP)))
    for place, image in enumerate(images[:most]):
        row, column = divmod(place, columns)
        corner = QPointF(column * (size.width() + _GAP), row * (size.height() + _GAP))
        painter.drawImage(QRectF(rect.topLeft() + corner, size), image)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    return min(most, len(images))


def paint_numbers(painter: QPainter, rect: QRectF, values: Array, theme: Theme) -> None:
    """Draw a few numbers as a bar each, many as a histogram."""
    real = values[np.isfinite(values)].reshape(-1)
    if not real.size:
        return
    if values.size <= _BARS:
        heights = np.nan_to_num(values.reshape(-1), posinf=0.0, neginf=0.0).astype(float)
    else:
        heights = np.histogram(real, _BINS)[0].astype(float)
    low, high = min(0.0, float(heights.min())), max(0.0, float(heights.max()))
    scale = rect.height() / (high - low) if high > low else 0.0
    zero, step = rect.bottom() + low * scale, rect.width() / len(heights)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color(theme.plot_train))
    for place, height in enumerate(heights.tolist()):
        left = rect.left() + place * step
        painter.drawRect(QRectF(left, zero - height * scale, max(step - 1, 0.5), height * scale).normalized())
    painter.setPen(QPen(color(theme.border), 0))
    painter.drawLine(QPointF(rect.left(), zero), QPointF(rect.right(), zero))


def paint_norms(painter: QPainter, rect: QRectF, history: Sequence[Norms], theme: Theme) -> None:
    """Draw the lengths of weights and gradient over time, each from its least to its most, by their logarithms."""
    for values, shade in (
        ([one.weights for one in history], theme.plot_train),
        ([one.gradient for one in history], theme.plot_validation),
    ):
        heights = [math.log10(max(value, 1e-12)) for value in values if math.isfinite(value)]
        if not heights:
            continue
        low, high = min(heights), max(heights)
        middle, reach = (low + high) / 2, max(high - low, 0.1)
        step = rect.width() / max(len(heights) - 1, 1)
        points = [
            QPointF(rect.left() + place * step, rect.center().y() - (height - middle) / reach * rect.height())
            for place, height in enumerate(heights)
        ]
        painter.setPen(QPen(color(shade), 1.3))
        painter.drawPolyline(
            QPolygonF(points if len(points) > 1 else [points[0], QPointF(rect.right(), points[0].y())])
        )
