"""Data as a picture: points in a plane by their classes, and a series with the window that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.data.source import DataSet
from graph_editor import theme as themes

Array = np.ndarray[Any, Any]
_POINTS = 3000
_VALUES = 1000
_MARKS = ("o", "x", "t1", "s", "+", "d", "star", "h", "t", "p")
"""One for each class, as pyqtgraph calls them; neighbours differ most."""


@dataclass(frozen=True)
class Points:
    """Some points in a plane, and the name of the class of each row of `groups`."""

    groups: tuple[tuple[str, Array], ...]


@dataclass(frozen=True)
class Stretch:
    """A series in its order of time, how many values a window has, and where each part begins and ends.

    The parts are those to train on, to validate and to test.
    """

    values: Array
    window: int
    parts: tuple[tuple[int, int], ...]


def points_of(ds: DataSet) -> Points | None:
    """The samples as points, where each is two numbers with a class; None where they are anything else."""
    if len(ds.features) != 1 or len(ds.targets) != 1:
        return None
    (x,), ((name, y),) = ds.features.values(), ds.targets.items()
    classes = ds.classes.get(name, ())
    if x.shape[1:] != (2,) or x.dtype.kind not in "fiu" or y.shape[1:] or not 2 <= len(classes) <= len(_MARKS):
        return None
    x, y = x[:_POINTS], y[:_POINTS]
    return Points(tuple((name, x[y == label]) for label, name in enumerate(classes)))


def stretch_of(ds: DataSet) -> Stretch | None:
    """The series that the samples are windows of, each a step after the one before; None where they are not."""
    if len(ds.features) != 1 or len(ds.targets) != 1:
        return None
    (x_name,), (y_name,) = ds.features, ds.targets
    x, y = ds.features[x_name], ds.targets[y_name]
    if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray):
        return None
    if x.ndim != 3 or x.shape[2] != 1 or x.dtype.kind != "f" or y.shape != x.shape[:1] or len(x) < 2:
        return None
    if not (np.array_equal(x[1:, -1, 0], y[:-1]) and np.array_equal(x[1:, :-1], x[:-1, 1:])):
        return None
    pieces = [np.concatenate([x[0, :, 0], y]), *(part[y_name] for part in (ds.validation, ds.test) if part)]
    held = iter(np.cumsum([len(piece) for piece in pieces]).tolist())
    bounds, last = list[tuple[int, int]](), 0
    for part in (ds.features, ds.validation, ds.test):
        stop = min(next(held), _VALUES) if part else last
        bounds.append((last, stop))
        last = stop
    return Stretch(np.concatenate(pieces)[:_VALUES], x.shape[1], tuple(bounds))


@dataclass(frozen=True)
class Entry:
    """A line of a legend: what is meant, its colour, and its mark; "-" is a stroke."""

    text: str
    color: str
    mark: str = "-"


class Legend(QWidget):
    """What marks and colours mean, in a row that leaves the picture free."""

    _GAP = 16
    _MARK = 18

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries: tuple[Entry, ...] = ()

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Explain these."""
        self.entries = tuple(entries)
        self.setAccessibleName(", ".join(entry.text for entry in entries))
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, middle = 12, self.height() / 2
        for entry in self.entries:
            painter.save()
            painter.translate(left + self._MARK / 2, middle)
            pen, brush = pen_and_brush(entry.color)
            if entry.mark == "-":
                painter.setPen(pg.mkPen(entry.color, width=2))
                painter.drawLine(-7, 0, 7, 0)
            else:
                drawSymbol(painter, entry.mark, 9, pen, brush)
            painter.restore()
            room = max(self.width() - left - self._MARK - 3, 0)
            text = self.fontMetrics().elidedText(entry.text, Qt.TextElideMode.ElideRight, room)
            width = self.fontMetrics().horizontalAdvance(text)
            painter.setPen(themes.color(themes.current().text))
            painter.drawText(
                left + self._MARK + 3, 0, width + 2, self.height(), Qt.AlignmentFlag.AlignVCenter, text
            )
            left += self._MARK + 3 + width + self._GAP
        painter.end()


def pen_and_brush(color: str) -> tuple[Any, Any]:
    """How a mark is drawn: a firm edge, a light inside."""
    return pg.mkPen(themes.color(color, 220), width=1.4), pg.mkBrush(themes.color(color, 90))


class _Plot(QWidget):
    """A plot in the colours of the window with its legend above, made when it is first shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.legend = Legend()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 8, 8, 0)
        self._layout.addWidget(self.legend)
        self._shown: Any = None
        self._made = False
        themes.theme_notifier.changed.connect(self._redraw)

    def show_picture(self, picture: Any) -> None:
        """Show this in place of what was shown before."""
        self._shown = picture
        self._redraw()

    def _redraw(self) -> None:
        if self._shown is None:
            return
        if not self._made:
            self._made = True
            self._make()
        theme = themes.current()
        self.plot.setBackground(theme.panel)
        for side in ("left", "bottom"):
            self._item.getAxis(side).setPen(pg.mkPen(theme.border))
            self._item.getAxis(side).setTextPen(pg.mkPen(theme.muted))
        self._draw(self._shown, theme)

    def _make(self) -> None:
        self._item: Any = pg.PlotItem()
        self.plot: Any = pg.PlotWidget(plotItem=self._item)
        self._item.setMenuEnabled(False)
        self._item.hideButtons()
        self._item.setMouseEnabled(False, False)
        self._item.showGrid(x=True, y=True, alpha=0.12)
        for side in ("left", "bottom"):
            self._item.getAxis(side).enableAutoSIPrefix(False)
        self._layout.addWidget(self.plot, 1)

    def _draw(self, picture: Any, theme: themes.Theme) -> None:
        raise NotImplementedError


class ScatterPlot(_Plot):
    """Points in a plane: a colour and a mark for each class."""

    def _make(self) -> None:
        super()._make()
        self._item.setAspectLocked(True)
        self.spots: list[Any] = [pg.ScatterPlotItem(symbol=mark, size=9) for mark in _MARKS]
        for spots in self.spots:
            self._item.addItem(spots)

    def _draw(self, picture: Points, theme: themes.Theme) -> None:
        entries = [
            Entry(name, themes.class_color(label, theme), _MARKS[label])
            for label, (name, _) in enumerate(picture.groups)
        ]
        for spots, (_, points), entry in zip(self.spots, picture.groups, entries, strict=False):
            pen, brush = pen_and_brush(entry.color)
            spots.setPen(pen)
            spots.setBrush(brush)
            spots.setData(points[:, 0], points[:, 1])
        for spots in self.spots[len(entries) :]:
            spots.clear()
        self.legend.show_entries(entries)


class SeriesPlot(_Plot):
    """A series as a line, a colour for each part, with its first window and the value to be predicted from it."""

    def _make(self) -> None:
        super()._make()
        self._item.setLabel("bottom", self.tr("step"))
        self.lines: list[Any] = [self._item.plot(antialias=True) for _ in range(3)]
        self._window = pg.LinearRegionItem(movable=False, pen=pg.mkPen(None))
        self._target = pg.ScatterPlotItem(symbol="o", size=10)
        self._item.addItem(self._window, ignoreBounds=True)
        self._item.addItem(self._target)

    def _draw(self, picture: Stretch, theme: themes.Theme) -> None:
        colors = theme.plot_train, theme.plot_validation, theme.plot_other[0]
        texts = self.tr("to train on"), self.tr("to validate"), self.tr("to test")
        for line, (start, stop), color in zip(self.lines, picture.parts, colors, strict=True):
            first = max(start - 1, 0)  # joined to the part before
            line.setData(np.arange(first, stop), picture.values[first:stop])
            line.setPen(pg.mkPen(color))  # a wider one is drawn ten times as slowly
        self._window.setRegion((0, picture.window - 1))
        self._window.setBrush(themes.color(theme.accent, 60))
        self._target.setData([picture.window], [picture.values[picture.window]])
        self._target.setPen(pg.mkPen(theme.panel))
        self._target.setBrush(pg.mkBrush(theme.text))
        self._item.setXRange(0, picture.parts[-1][1], padding=0.01)
        shown = [
            Entry(text, color)
            for text, color, (start, stop) in zip(texts, colors, picture.parts, strict=True)
            if start < stop
        ]
        self.legend.show_entries([*shown, Entry(self.tr("to be predicted"), theme.text, "o")])
