"""The plane as the network sees it: a colour for each answer, and the samples on top."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.surface import Surface
from graph_editor import theme as themes
from graph_editor.heat import shade

Array = np.ndarray[Any, Any]

_LEVELS = 64


class SurfaceView(QWidget):
    """Draws a surface as a square, as large as there is room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.surface: Surface | None = None
        self._image = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.setAccessibleName(self.tr("What the network makes of the plane"))
        self.setToolTip(self.tr("What the network makes of each point of the plane; dots are samples"))
        themes.theme_notifier.changed.connect(self._restyle)
        self.hide()

    def show_surface(self, surface: Surface | None) -> None:
        """Show this one, or none."""
        self.surface = surface
        self.setVisible(surface is not None)
        self._restyle()

    def sizeHint(self) -> QSize:
        return QSize(190, 160)

    def _restyle(self) -> None:
        if self.surface is not None:
            self._image = image_of(self.surface, themes.current())
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        surface, theme = self.surface, themes.current()
        if surface is None:
            return
        side = min(self.width(), self.height()) - 2.0
        room = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(room, self._image)
        painter.setPen(QPen(themes.color(theme.border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(room)
        paint_points(painter, room, surface, theme)
        painter.end()


def image_of(surface: Surface, theme: themes.Theme) -> QImage:
    """The surface as a picture, upright: classes in their colours as far as they are sure, a number as heat."""
    if surface.kind == "classes":
        shares = surface.shares
        names = [themes.class_color(label, theme) for label in range(shares.shape[2])]
        pixels = np.clip(shares, 0, 1) @ _rgb(names)
        ground = _rgb([theme.panel])
        pixels = 0.55 * pixels + 0.45 * ground
    else:
        values = np.nan_to_num(surface.values[:, :, 0])
        low, high = _reach(surface)
        levels = np.clip((values - low) / (high - low), 0, 1)
        pixels = _heat(theme)[(levels * (_LEVELS - 1)).astype(int)]
    upright = np.ascontiguousarray(pixels[::-1].clip(0, 255).astype(np.uint8))
    height, width = upright.shape[:2]
    return QImage(upright.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _reach(surface: Surface) -> tuple[float, float]:
    """From the least to the greatest number of the samples."""
    low, high = float(surface.answers.min()), float(surface.answers.max())
    return low, high if high > low else low + 1


def _heat(theme: themes.Theme) -> Array:
    return _rgb([shade(level / (_LEVELS - 1), theme, block=True) for level in range(_LEVELS)])


def _rgb(names: list[str]) -> Array:
    shades = [QColor(name) for name in names]
    return np.array([[one.red(), one.green(), one.blue()] for one in shades], float)


def paint_points(painter: QPainter, room: QRectF, surface: Surface, theme: themes.Theme) -> None:
    """The samples in the colours of what they are."""
    low, high = _reach(surface)
    wide, tall = surface.right - surface.left, surface.top - surface.bottom
    painter.setPen(QPen(themes.color(theme.panel), 0.8))
    for (x, y), answer in zip(surface.points.tolist(), surface.answers.tolist(), strict=True):
        if surface.kind == "classes":
            name = themes.class_color(int(answer), theme)
        else:
            name = shade((answer - low) / (high - low), theme, block=True)
        painter.setBrush(themes.color(name))
        place = QPointF(
            room.left() + (x - surface.left) / wide * room.width(),
            room.bottom() - (y - surface.bottom) / tall * room.height(),
        )
        painter.drawEllipse(place, 2.4, 2.4)
