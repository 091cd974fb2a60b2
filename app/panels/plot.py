"""One live plot: a loss or a metric, per step and per epoch, for training and validation."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.panels.series import EpochSeries, StepSeries, upper_bound
from app.texts import figure, metric_label
from engine.events import START, EpochDone, RunPosition, StepsDone
from graph_editor import theme as themes

_DOTTED = 60  # epochs up to which each has its dot


class CurvePlot(QWidget):
    """One plot with its read-out above it: training per step and per epoch, validation per epoch."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.readout = QLabel()
        self.readout.setTextFormat(Qt.TextFormat.RichText)
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.readout.setFont(themes.tabular(self.readout.font()))
        self._item: Any = pg.PlotItem()
        self.plot: Any = pg.PlotWidget(plotItem=self._item)
        self.plot.setMinimumSize(120, 60)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.readout)
        layout.addWidget(self.plot, 1)
        self._set_up_plot()
        self.restyle()
        self.begin(1, 1)

    def _set_up_plot(self) -> None:
        item = self._item
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setMouseEnabled(False, False)
        item.showGrid(x=False, y=True, alpha=0.12)
        item.getViewBox().setDefaultPadding(0)
        for side in ("left", "bottom"):
            item.getAxis(side).enableAutoSIPrefix(False)
            item.getAxis(side).setStyle(maxTickLevel=0, hideOverlappingLabels=False, tickLength=-4)
        item.getAxis("left").setWidth(50)
        item.setContentsMargins(0, 8, 14, 0)
        item.setLabel("bottom", self.tr("epoch"))
        item.getAxis("bottom").setHeight(32)
        self._steps_line = item.plot(connect="finite")
        self._train_line = item.plot(connect="finite", antialias=True, symbolSize=4)
        self._validation_line = item.plot(connect="finite", antialias=True, symbolSize=4)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.hide()
        item.addItem(self._cursor, ignoreBounds=True)
        self.plot.scene().sigMouseMoved.connect(self._hover)

    def rename(self, name: str) -> None:
        """Plot another figure from now on."""
        self.name = name
        self.begin(self._epochs, self._per_epoch, self._begins)

    def begin(self, epochs: int, steps_per_epoch: int, begins: RunPosition = START) -> None:
        """Clear the curves for a run up to this epoch, which may go on where another ended."""
        self.steps = StepSeries()
        self.train = EpochSeries()
        self.validation = EpochSeries()
        self._epochs, self._per_epoch = max(epochs, 1), max(steps_per_epoch, 1)
        self._begins = begins
        self._first = begins.epoch + begins.batches / self._per_epoch
        self._right = self._top = 0.0
        per_cent = [[(share / 5, f"{20 * share} %") for share in range(6)]]
        self._item.getAxis("left").setTicks(per_cent if self.name == "accuracy" else None)
        self._hovered: int | None = None
        self.redraw()

    def take(self, event: StepsDone | EpochDone) -> None:
        """Keep the figures of an event; they are drawn at the next `redraw`."""
        if isinstance(event, StepsDone):
            if self.name in event.logs:
                self.steps.append(event.logs[self.name])
            return
        if self.name in event.logs:
            self.train.append(event.epoch, event.logs[self.name])
        if f"val_{self.name}" in event.logs:
            self.validation.append(event.epoch, event.logs[f"val_{self.name}"])

    def redraw(self) -> None:
        """Draw what has come since the last time."""
        x = self._first + self.steps.x / self._per_epoch
        self._steps_line.setData(x, self.steps.y)
        for line, series in ((self._train_line, self.train), (self._validation_line, self.validation)):
            epochs = series.x
            line.setSymbol("o" if len(epochs) <= _DOTTED else None)
            line.setData(epochs, series.y)
        self._set_range(max([*x[-1:], *self.train.x[-1:]], default=0.0))
        self._show_readout()

    def _set_range(self, reached: float) -> None:
        """Let the axes grow in leaps: an axis that moves at every frame is hard to read, and slow."""
        if reached > self._right or not self._right:
            left = self._begins.epoch
            self._right = min(self._epochs, left + max(5.0, 1.4 * (reached - left)))
            self._item.setXRange(left, self._right, padding=0.01)
        top = upper_bound(self.steps.y, self.train.y, self.validation.y)
        if self.name == "accuracy":
            top = 1.05
        if not 0.85 * self._top < top <= self._top:
            self._top = top
            self._item.setYRange(-0.03 * top, top, padding=0)

    # The read-out

    def _hover(self, place: QPointF) -> None:
        box = self._item.getViewBox()
        inside = self.train.last is not None and box.sceneBoundingRect().contains(place)
        epoch = round(box.mapSceneToView(place).x()) if inside else 0
        self._hovered = self.train.nearest(epoch) if inside else None
        self._cursor.setVisible(inside)
        if self._hovered is not None:
            self._cursor.setPos(self._hovered)
        self._show_readout()

    def leaveEvent(self, event: Any) -> None:
        self._hovered = None
        self._cursor.hide()
        self._show_readout()
        super().leaveEvent(event)

    def _show_readout(self) -> None:
        theme = themes.current()
        at = self._hovered
        train = self.train.last if at is None else self.train.at(at)
        validation = self.validation.last if at is None else self.validation.at(at)
        place = "" if at is None else self.tr(", epoch {0}").format(at)
        parts = [f"<b>{metric_label(self.name)}</b>{place}"]
        for color, text, value in (
            (theme.plot_train, self.tr("training"), train),
            (theme.plot_validation, self.tr("validation"), validation),
        ):
            shown = "" if value is None else f"<b>{figure(self.name, value)}</b>"
            words = (text, shown) if at is None else (shown,)
            parts.append(f'<span style="color:{color}">●</span> {" ".join(words)}')
        text = "&nbsp;&nbsp; ".join(parts)
        if text != self.readout.text():
            self.readout.setText(text)

    def restyle(self) -> None:
        """Take the colours of the theme."""
        theme = themes.current()
        self.plot.setBackground(theme.panel)
        for side in ("left", "bottom"):
            axis = self._item.getAxis(side)
            axis.setPen(pg.mkPen(theme.border))
            axis.setTextPen(pg.mkPen(theme.muted))
        self._steps_line.setPen(pg.mkPen(themes.color(theme.plot_train, 90)))
        for line, color in (
            (self._train_line, theme.plot_train),
            (self._validation_line, theme.plot_validation),
        ):
            line.setPen(pg.mkPen(color, width=2))
            line.setSymbolBrush(color)
            line.setSymbolPen(None)
        self._cursor.setPen(pg.mkPen(theme.muted, style=Qt.PenStyle.DashLine))
        if hasattr(self, "steps"):
            self._show_readout()
