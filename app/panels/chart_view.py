"""Charts of scores on the screen: painted from the same values as those of a report."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from engine.charts import Chart, Series, tick_text, ticks
from graph_editor import theme as themes
from graph_editor.words import said

_CENTER = Qt.AlignmentFlag.AlignCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ChartView(QWidget):
    """A chart with its title above, and what its colours mean below."""

    _PAD = 10
    _SCALE = 46  # for the ticks at the left
    _TALLEST = 1.2  # of a plot, in widths

    def __init__(self, chart: Chart, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chart = chart
        self.setFont(themes.tabular(self.font()))
        self.setAccessibleName(
            ", ".join([said(chart.title), *(said(entry.text) for entry in chart.legend)]),
        )
        self.setMinimumSize(200, 230)
        themes.theme_notifier.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(320, 340)

    @property
    def _line(self) -> int:
        return self.fontMetrics().height() + 2

    @property
    def _columns(self) -> int:
        """In how many columns the legend is."""
        widest = max((self.fontMetrics().horizontalAdvance(said(s.text)) for s in self.chart.legend), default=0)
        return max(1, min(len(self.chart.legend), (self.width() - self._PAD) // (widest + 34)))

    def plot(self) -> QRect:
        """Where the data is drawn."""
        legend = -(-len(self.chart.legend) // self._columns) * self._line
        below = 2 * self._line + legend + 6
        side = self._PAD + self._line + self._SCALE
        left_and_right = self.width() - side - self._PAD - 6
        above = self._PAD + self._line + 6
        height = min(self.height() - above - below, round(self._TALLEST * left_and_right))
        return QRect(side, above, max(left_and_right, 20), max(height, 20))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme, plot = QPainter(self), themes.current(), self.plot()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._titles(painter, theme, plot)
        self._scales(painter, theme, plot)
        painter.save()
        painter.setClipRect(plot.adjusted(-4, -4, 5, 5))
        for series in self.chart.series:
            self._draw(painter, theme, plot, series)
        painter.restore()
        self._legend(painter, theme, plot)
        painter.end()

    def _titles(self, painter: QPainter, theme: themes.Theme, plot: QRect) -> None:
        bold = painter.font()
        bold.setBold(True)
        painter.save()
        painter.setFont(bold)
        painter.setPen(themes.color(theme.text))
        painter.drawText(QRect(plot.left(), self._PAD, plot.width(), self._line), _LEFT, said(self.chart.title))
        painter.restore()
        painter.setPen(themes.color(theme.muted))
        line = QRect(
            plot.left() - self._SCALE, plot.bottom() + self._line + 4, plot.width() + self._SCALE, self._line
        )
        painter.drawText(line, _CENTER, self._cut(said(self.chart.x_title), line.width()))
        painter.save()
        painter.translate(self._PAD, plot.bottom())
        painter.rotate(-90)
        title = self._cut(said(self.chart.y_title), plot.height())
        painter.drawText(QRect(0, 0, plot.height(), self._line), _CENTER, title)
        painter.restore()

    def _cut(self, text: str, room: int) -> str:
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)

    def _scales(self, painter: QPainter, theme: themes.Theme, plot: QRect) -> None:
        chart = self.chart
        grid, muted = themes.color(theme.border), themes.color(theme.muted)
        across = ticks(*chart.x_range, max(2, plot.width() // 60))
        for value in across:
            x = self._x(plot, value)
            painter.setPen(grid)
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
            painter.setPen(muted)
            painter.drawText(QRectF(x - 30, plot.bottom() + 3, 60, self._line), _CENTER, tick_text(value, across))
        upwards = ticks(*chart.y_range, max(2, plot.height() // 36))
        for value in upwards:
            y = self._y(plot, value)
            painter.setPen(grid)
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(muted)
            box = QRectF(plot.left() - self._SCALE - 6, y - 10, self._SCALE, 20)
            painter.drawText(box, _RIGHT, tick_text(value, upwards))

    def _x(self, plot: QRect, value: Any) -> Any:
        low, high = self.chart.x_range
        return plot.left() + (value - low) / (high - low) * plot.width()

    def _y(self, plot: QRect, value: Any) -> Any:
        low, high = self.chart.y_range
        return plot.bottom() - (value - low) / (high - low) * plot.height()

    def _draw(self, painter: QPainter, theme: themes.Theme, plot: QRect, series: Series) -> None:
        color = themes.class_color(series.color, theme)
        x = self._x(plot, np.asarray(series.x, float)).tolist()
        y = self._y(plot, np.asarray(series.y, float)).tolist()
        if series.mark == "bars":
            ground = self._y(plot, 0.0)
            for left, right, top in zip(x[:-1], x[1:], y, strict=True):
                painter.fillRect(
                    QRectF(left, top, max(right - left - 1, 0.5), ground - top), themes.color(color, 220)
                )
            return
        points = [QPointF(left, top) for left, top in zip(x, y, strict=True)]
        if series.mark == "dots":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(themes.color(color, 150))
            for point in points:
                painter.drawEllipse(point, 2.6, 2.6)
            return
        guide = series.mark == "guide"
        pen = QPen(themes.color(theme.muted if guide else color), 1.0 if guide else 1.8)
        pen.setStyle(Qt.PenStyle.DashLine if guide else Qt.PenStyle.SolidLine)
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(points))

    def _legend(self, painter: QPainter, theme: themes.Theme, plot: QRect) -> None:
        columns, top = self._columns, plot.bottom() + 2 * self._line + 8
        width = (self.width() - self._PAD) // columns
        for place, series in enumerate(self.chart.legend):
            row, column = divmod(place, columns)
            left, middle = self._PAD + column * width, top + row * self._line + self._line // 2
            painter.setPen(QPen(themes.color(themes.class_color(series.color, theme)), 2))
            painter.drawLine(left, middle, left + 14, middle)
            painter.setPen(themes.color(theme.text))
            box = QRect(left + 19, middle - self._line // 2, width - 24, self._line)
            painter.drawText(box, _LEFT, self._cut(said(series.text), box.width()))
