"""Sounds as pictures: how loud each is over its time, with its label below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QLineF, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from engine.data.source import DataSet
from graph_editor import theme as themes

Array = np.ndarray[Any, Any]
_STEPS = 240


@dataclass(frozen=True)
class Wave:
    """The lowest and the highest value of a sound in each of many equal steps, and what it is."""

    low: Array
    high: Array
    label: str
    seconds: float


def waves_of(ds: DataSet, labels: Sequence[str]) -> tuple[Wave, ...]:
    """The sounds of a data set; none where it holds none."""
    name = next(iter(ds.sampling_rates), None)
    if name is None:
        return ()
    rate = ds.sampling_rates[name]
    sounds = np.asarray(ds.features[name])
    return tuple(
        Wave(*_bounds(sound), label, len(sound) / rate) for sound, label in zip(sounds, labels, strict=False)
    )


def _bounds(sound: Array) -> tuple[Array, Array]:
    rows = sound.reshape(len(sound), -1)
    starts = np.unique(np.linspace(0, len(rows), min(_STEPS, len(rows)), endpoint=False).astype(int))
    return np.minimum.reduceat(rows.min(1), starts), np.maximum.reduceat(rows.max(1), starts)


class WaveGrid(QWidget):
    """Sounds in rows of four, each as loud as it is."""

    PER_ROW = 4
    _GAP = 10
    _HEIGHT = 72
    _CAPTION = 20

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.waves: tuple[Wave, ...] = ()
        themes.theme_notifier.changed.connect(self.update)

    def show_waves(self, waves: Sequence[Wave]) -> None:
        """Show these sounds in place of those before."""
        self.waves = tuple(waves)
        self.setAccessibleName(", ".join(wave.label for wave in self.waves))
        self._fix_height()
        self.update()

    def _fix_height(self) -> None:
        rows = -(-len(self.waves) // self.PER_ROW)
        self.setFixedHeight(max(1, rows * (self._HEIGHT + self._CAPTION + self._GAP) + self._GAP))

    def sizeHint(self) -> QSize:
        return QSize(500, 300)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fix_height()
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        width = max(40, (self.width() - self._GAP) // self.PER_ROW - self._GAP)
        for place, wave in enumerate(self.waves):
            row, column = divmod(place, self.PER_ROW)
            x = self._GAP + column * (width + self._GAP)
            y = self._GAP + row * (self._HEIGHT + self._CAPTION + self._GAP)
            if event.rect().intersects(QRect(x, y, width, self._HEIGHT + self._CAPTION)):
                self._paint(painter, wave, QRect(x, y, width, self._HEIGHT))
        painter.end()

    def _paint(self, painter: QPainter, wave: Wave, frame: QRect) -> None:
        theme = themes.current()
        painter.fillRect(frame, themes.color(theme.field))
        middle, reach = frame.center().y() + 0.5, frame.height() / 2 - 2
        places = np.linspace(frame.left() + 1, frame.right(), len(wave.low))
        tops, feet = middle - wave.high.clip(-1, 1) * reach, middle - wave.low.clip(-1, 1) * reach
        painter.setPen(themes.color(theme.plot_train))
        lines = [QLineF(x, top, x, foot) for x, top, foot in np.stack([places, tops, feet], 1).tolist()]
        painter.drawLines(lines)
        painter.setPen(themes.color(theme.border))
        painter.drawRect(frame)
        painter.setPen(themes.color(theme.text))
        text = painter.fontMetrics().elidedText(wave.label, Qt.TextElideMode.ElideRight, frame.width())
        below = QRect(frame.x(), frame.bottom() + 1, frame.width(), self._CAPTION)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, text)
