"""The first samples as pictures, each with its label."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QWidget

from graph_editor import theme as themes


class SampleGrid(QWidget):
    """Pictures in rows, each with its label below; large ones are fewer in a row."""

    _SMALL = 64  # pixels of a side
    _MANY, _FEW = 8, 5
    _GAP = 10
    _CAPTION = 20

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmaps: list[QPixmap] = []
        self._labels: list[str] = []
        self._most = self._MANY  # in a row
        self._lines = 1  # of a label
        self.least = 0
        """Of a side of a picture, where their labels need room: then there are fewer in a row."""

    def show_images(self, images: Sequence[tuple[QImage, str]]) -> None:
        """Show these pictures in place of those before."""
        self._pixmaps = [QPixmap.fromImage(image) for image, _ in images]
        self._labels = [label for _, label in images]
        small = all(max(image.width(), image.height()) <= self._SMALL for image, _ in images)
        self._most = self._MANY if small else self._FEW
        self._lines = max((label.count("\n") + 1 for label in self._labels), default=1)
        self._fix_height()
        self.update()

    @property
    def _per_row(self) -> int:
        return max(1, min(self._most, (self.width() - self._GAP) // (self.least + self._GAP)))

    @property
    def _below(self) -> int:
        return self._lines * self._CAPTION if self._lines == 1 else self._lines * (self._CAPTION - 3)

    @property
    def _side(self) -> int:
        return max(24, min(110, (self.width() - self._GAP) // self._per_row - self._GAP))

    def _fix_height(self) -> None:
        rows = -(-len(self._pixmaps) // self._per_row)
        self.setFixedHeight(max(1, rows * (self._side + self._below + self._GAP) + self._GAP))

    def sizeHint(self) -> QSize:
        return QSize(500, 300)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fix_height()
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = themes.current()
        side = self._side
        for place, (pixmap, label) in enumerate(zip(self._pixmaps, self._labels, strict=True)):
            row, column = divmod(place, self._per_row)
            x = self._GAP + column * (side + self._GAP)
            y = self._GAP + row * (side + self._below + self._GAP)
            if not event.rect().intersects(QRect(x, y, side, side + self._below)):
                continue
            size = pixmap.size().scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
            frame = QRect(x + (side - size.width()) // 2, y, size.width(), size.height())
            painter.drawPixmap(frame, pixmap)
            painter.setPen(themes.color(theme.border))
            painter.drawRect(frame)
            painter.setPen(themes.color(theme.text))
            cut = painter.fontMetrics().elidedText
            text = "\n".join(cut(line, Qt.TextElideMode.ElideRight, side) for line in label.split("\n"))
            painter.drawText(QRect(x, y + side, side, self._below), Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
