"""A field to draw in with the mouse, which holds as many pixels as a network takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from graph_editor import theme as themes

Array = np.ndarray[Any, Any]

_FINE = 448
"""Pixels of the longer side that is drawn on, however few the network takes: strokes are smooth."""
_STROKE = 0.085  # of the longer side, but not less than so many of the pixels that the network takes:
_LEAST_STROKE = 1.4
_GLOW = ((0.25, 0), (1.0, 190))  # of an overlay: from how much on it is seen, and how much at most


class DrawField(QWidget):
    """A picture that can be drawn over: white on black, or in a colour; with an overlay where there is one."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.color = QColor("white")
        self._shape = (28, 28, 1)
        self._fine = QImage()
        self._overlay = QImage()
        self._last: QPointF | None = None
        self.setMinimumSize(160, 160)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(self.tr("Drawing field"))
        self.set_shape(self._shape)

    def sizeHint(self) -> QSize:
        return QSize(320, 320)

    def set_shape(self, shape: tuple[int, int, int]) -> None:
        """Hold height, width and channels from now on; empties the field."""
        self._shape = shape
        self.clear()

    def clear(self) -> None:
        """Make all black."""
        height, width, _ = self._shape
        scale = _FINE / max(height, width)
        size = QSize(max(1, round(width * scale)), max(1, round(height * scale)))
        self._fine = QImage(size, QImage.Format.Format_RGB888)
        self._fine.fill(Qt.GlobalColor.black)
        self.show_overlay(None)
        self.changed.emit()

    def pixels(self) -> Array:
        """What is drawn, as numbers from 0 to 255 in the shape that was set."""
        height, width, channels = self._shape
        kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
        small = self._fine.scaled(
            width, height, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        ).convertToFormat(kind)
        depth = 1 if channels == 1 else 3
        rows = np.frombuffer(small.constBits(), np.uint8).reshape(height, small.bytesPerLine())
        found = rows[:, : width * depth].reshape(height, width, depth).copy()
        if channels == 4:
            found = np.concatenate([found, np.full((height, width, 1), 255, np.uint8)], 2)
        return found

    def show_pixels(self, pixels: Array) -> None:
        """Show a picture of numbers from 0 to 255, to be drawn over; says nothing of it."""
        height, width, channels = pixels.shape
        self._shape = (height, width, channels)
        colors = np.repeat(pixels, 3, 2) if channels == 1 else pixels[..., :3]
        data = np.ascontiguousarray(colors, np.uint8)
        image = QImage(data.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        scale = _FINE / max(height, width)
        self._fine = image.scaled(
            max(1, round(width * scale)), max(1, round(height * scale)), Qt.AspectRatioMode.IgnoreAspectRatio
        ).convertToFormat(QImage.Format.Format_RGB888)
        self.update()

    def show_overlay(self, shares: Array | None) -> None:
        """Lay over the picture how much each place counts, from 0 to 1; None takes it away."""
        if shares is None:
            self._overlay = QImage()
        else:
            (low, _), (_, most) = _GLOW
            colour = np.zeros((*shares.shape, 4), np.uint8)
            colour[..., 0] = 255
            colour[..., 1] = np.clip(210 * (1 - shares), 0, 255)
            colour[..., 3] = np.clip((shares - low) / (1 - low), 0, 1) * most
            height, width = shares.shape
            image = QImage(colour.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
            self._overlay = image.scaled(
                self._fine.size(),
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        self.update()

    # Painting and drawing

    def frame(self) -> QRect:
        """Where the picture is seen."""
        size = self._fine.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRect((self.width() - size.width()) // 2, 0, size.width(), size.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, frame = QPainter(self), self.frame()
        painter.drawImage(frame, self._fine)
        if not self._overlay.isNull():
            painter.drawImage(frame, self._overlay)
        painter.setPen(themes.color(themes.current().border))
        painter.drawRect(QRectF(frame).adjusted(0, 0, -1, -1))
        painter.end()

    def _place(self, event: QMouseEvent) -> QPointF:
        frame = self.frame()
        scale = self._fine.width() / max(frame.width(), 1)
        return (event.position() - QPointF(frame.topLeft())) * scale

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._last = self._place(event)
            self._stroke(self._last, event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is not None:
            self._stroke(self._place(event), event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None

    def _stroke(self, to: QPointF, event: QMouseEvent) -> None:
        """Draw from where the mouse was; with the right button, erase."""
        assert self._last is not None
        erases = Qt.MouseButton.RightButton in (event.button(), event.buttons())
        painter = QPainter(self._fine)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = max(_STROKE, _LEAST_STROKE / max(self._shape[:2])) * _FINE
        pen = QPen(QColor("black") if erases else self.color, width * (2 if erases else 1))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(self._last, to + QPointF(0.01, 0))
        painter.end()
        self._last = to
        self.update()
        self.changed.emit()
