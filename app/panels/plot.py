"""One live plot: a loss or a metric of a run by step and by epoch, and of other runs beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.panels.axes import PlotView
from app.panels.curve_look import CurveLook
from app.panels.key_lines import Key, KeyLines
from app.panels.run_figures import RunFigures
from app.panels.series import Array, Series, finite, upper_bound
from app.panels.trace import Stretch, Trace
from app.texts import count, figure, metric_label
from graph_editor import theme as themes
from graph_editor.words import said

_READOUT_LINES = 2


@dataclass(frozen=True)
class OtherRun:
    """A run that is shown beside the one of the plot: what it is called, its colour, its figures."""

    name: str
    color: str
    figures: RunFigures


class CurvePlot(QWidget):
    """One plot with its read-out above it: training per step and per epoch, validation per epoch."""

    moved = Signal()
    """The person zoomed or moved it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.run = RunFigures()
        self.look = CurveLook()
        self.others: Sequence[OtherRun] = ()
        self.held = False  # zoomed by hand: the axes do not follow the run
        self._other_traces: list[tuple[Trace, Trace]] = []
        self._marks: list[Any] = []
        self._epochs = 1
        self._at: float | None = None  # under the pointer, in epochs
        self.worded = True
        """Whether the read-out says in words which figure is which; else a legend does."""
        self.readout = KeyLines(most=_READOUT_LINES)
        self.view = PlotView()
        self.plot: Any = self.view
        self._item: Any = self.view.item
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.readout)
        layout.addWidget(self.view, 1)
        self._make_traces()
        self.view.box.sigRangeChangedManually.connect(self._moved_by_hand)
        self.view.box.reset_wanted.connect(self.show_all)
        self.view.left.connect(self._leave)
        self.set_look(self.look)

    def _make_traces(self) -> None:
        self._steps, self._train, self._validation = (
            Trace(self._item, dots=False),
            Trace(self._item),
            Trace(self._item),
        )
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.hide()
        self._item.addItem(self._cursor, ignoreBounds=True)
        self.plot.scene().sigMouseMoved.connect(self._hover)

    # What is shown

    def begin(self, run: RunFigures, epochs: int) -> None:
        """Show a run that ends with this epoch."""
        self.run, self._epochs = run, max(epochs, 1)
        self.show_all()

    def rename(self, name: str) -> None:
        """Plot another figure from now on."""
        self.name = name
        self.show_all()

    def set_look(self, look: CurveLook) -> None:
        """Show the curves otherwise."""
        self.look = look
        self.restyle()
        self.show_all()

    def set_others(self, others: Sequence[OtherRun]) -> None:
        """Show other runs beside this one."""
        for pair in self._other_traces:
            for trace in pair:
                trace.remove()
        self.others = others
        self._other_traces = [(Trace(self._item, dashed=True), Trace(self._item)) for _ in others]
        self.restyle()
        self.show_all()

    def show_all(self) -> None:
        """Let the axes follow the curves again."""
        self.held = False
        self._right = self._top = 0.0
        self._bottom = math.inf
        self.view.side.per_cent = self.name.endswith("accuracy")
        self.plot.side.setLogMode(x=False, y=self.look.log)
        self.redraw()

    @property
    def empty(self) -> bool:
        """Whether there is nothing of this figure in any run."""
        names = (self.name, f"val_{self.name}")
        runs = (self.run, *(other.figures for other in self.others))
        return not any(name in run.epochs or name in run.steps for run in runs for name in names)

    def _scale(self, run: RunFigures) -> float:
        return float(run.per_epoch) if self.look.unit == "step" else 1.0

    # Drawing

    def redraw(self) -> None:
        """Draw what has come since the last time."""
        seen, run = self._stretch(self.run), self.run
        by_step = self.look.unit == "step" and self.name in run.steps
        steps = self._steps.draw(run.steps.get(self.name), seen, self.look.smoothing if by_step else 0)
        train = self._train.draw(None if by_step else run.epochs.get(self.name), seen, seen.window)
        validation = self._validation.draw(run.epochs.get(f"val_{self.name}"), seen, seen.window)
        drawn = [train, validation, *self._draw_others()]
        self._draw_marks()
        if not self.held:
            self._set_range(steps, drawn)
        self._show_readout()

    def _draw_others(self) -> list[Array]:
        drawn: list[Array] = []
        for other, (train, validation) in zip(self.others, self._other_traces, strict=True):
            seen, epochs = self._stretch(other.figures), other.figures.epochs
            drawn.append(train.draw(epochs.get(self.name), seen, seen.window))
            drawn.append(validation.draw(epochs.get(f"val_{self.name}"), seen, seen.window))
        return drawn

    def _draw_marks(self) -> None:
        """A line where the run was changed; what was changed is read out beside it."""
        marks, scale = self.run.marks, self._scale(self.run)
        while len(self._marks) > len(marks):
            self._item.removeItem(self._marks.pop())
        while len(self._marks) < len(marks):
            line = pg.InfiniteLine(angle=90, movable=False)
            line.setPen(pg.mkPen(themes.current().accent, style=Qt.PenStyle.DotLine))
            self._item.addItem(line, ignoreBounds=True)
            self._marks.append(line)
        for line, (place, _) in zip(self._marks, marks, strict=True):
            line.setPos(place * scale)

    def _mark_text(self) -> str:
        """What was changed at the pointer, or beside it."""
        if self._at is None or not self.run.marks:
            return ""
        left, right = self.view.box.viewRange()[0]
        scale = self._scale(self.run)
        place, text = min(self.run.marks, key=lambda mark: abs(mark[0] * scale - (self._at or 0)))
        near = max((right - left) / 40, 0.5 * scale / self.run.per_epoch, 0.5 if scale == 1 else 0)
        return said(text) if abs(place * scale - self._at) <= near else ""

    def _stretch(self, run: RunFigures) -> Stretch:
        columns = max(60, round(self.view.box.width()) // 2)
        scale = self._scale(run)
        left, right = (0.0, math.inf)
        if self.held:
            left, right = (place / scale for place in self.view.box.viewRange()[0])
        return Stretch(left, right, columns, scale, self.look)

    def _set_range(self, steps: Array, drawn: Sequence[Array]) -> None:
        """Let the axes grow in leaps: an axis that moves at every frame is hard to read, and slow."""
        runs = [self.run, *(other.figures for other in self.others)]
        left = min(run.left * self._scale(run) for run in runs)
        reached = max(run.reached * self._scale(run) for run in runs)
        if reached > self._right or not self._right:
            own = self._scale(self.run)
            ends = max(self._epochs * own, *(run.reached * self._scale(run) for run in runs))
            self._right = min(ends, left + max(5.0 * own, 1.4 * (reached - left)))
            self._item.setXRange(left, self._right, padding=0.01)
        if self.look.log:
            self._set_log_heights(np.concatenate([steps, *drawn]))
            return
        top = upper_bound(steps, *drawn)
        if self.name.endswith("accuracy"):
            top = 1.05
        low = min((float(values.min()) for values in map(finite, drawn) if len(values)), default=0.0)
        bottom = 1.08 * low if low < 0 else -0.03 * top
        if not 0.85 * self._top < top <= self._top or bottom < self._bottom:
            self._top, self._bottom = top, bottom
            self._item.setYRange(bottom, top, padding=0)

    def _set_log_heights(self, values: Array) -> None:
        positive = values[np.isfinite(values) & (values > 0)]
        if not len(positive):
            return
        bottom, top = math.log10(float(positive.min())), math.log10(float(positive.max()))
        if top > self._top or bottom < self._bottom or not self._top:
            self._top, self._bottom = top + 0.05, bottom - 0.15
            self._item.setYRange(self._bottom, self._top, padding=0)

    def _moved_by_hand(self) -> None:
        self.held = True
        self.moved.emit()

    def follow(self, other: CurvePlot) -> None:
        """Show the same time as another plot that was zoomed or moved."""
        self.held = True
        self._item.setXRange(*other.view.box.viewRange()[0], padding=0)

    # The read-out

    def _hover(self, place: QPointF) -> None:
        box = self.view.box
        inside = box.sceneBoundingRect().contains(place) and not self.empty
        self._at = box.mapSceneToView(place).x() if inside else None
        self._cursor.setVisible(inside)
        if self._at is not None:
            self._at = self._snapped(self._at)
            self._cursor.setPos(self._at)
        self._show_readout()

    def _leave(self) -> None:
        self._at = None
        self._cursor.hide()
        self._show_readout()

    def _snapped(self, place: float) -> float:
        """The place of the figure of the run that is next to this one; without a run, the next epoch or step."""
        scale = self._scale(self.run)
        series = self.run.steps.get(self.name) if self.look.unit == "step" else None
        series = series or self.run.epochs.get(self.name) or self.run.epochs.get(f"val_{self.name}")
        nearest = None if series is None else series.nearest(place / scale)
        return round(place) if series is None or nearest is None else scale * float(series.x[nearest])

    def set_worded(self, worded: bool) -> None:
        """Have the read-out say which figure is which, or leave that to a legend."""
        self.worded = worded
        self._show_readout()

    def has_room_for_words(self) -> bool:
        """Whether all of the read-out fits into one line with words."""
        return self.readout.fits(self._keys(worded=True))

    def _show_readout(self) -> None:
        self.readout.show_keys(self._keys(self.worded), metric_label(self.name))
        self.view.tell(" – ".join(filter(None, (self._place_text(), self._mark_text()))))

    def _keys(self, worded: bool) -> list[Key]:
        theme, run = themes.current(), self.run
        by_step = self.look.unit == "step" and self._at is not None
        train = (run.steps if by_step and self.name in run.steps else run.epochs).get(self.name)
        validation = run.epochs.get(f"val_{self.name}")
        keys: list[Key] = []
        for color, text, series in (
            (theme.plot_train, self.tr("training"), train),
            (theme.plot_validation, self.tr("validation"), validation),
        ):
            if series is not None or not self.others:
                keys.append(Key(color, text if worded else "", self._figure(series, run), text))
        for other in self.others:
            epochs = other.figures.epochs
            series = epochs.get(f"val_{self.name}") or epochs.get(self.name)
            keys.append(Key(other.color, "", self._figure(series, other.figures), other.name))
        return keys

    def _place_text(self) -> str:
        number = "" if self._at is None else count(round(self._at))
        if self.look.unit == "epoch":
            return self.tr("epoch {0}").format(number) if number else self.tr("epoch")
        return self.tr("step {0}").format(number) if number else self.tr("step")

    def _figure(self, series: Series | None, run: RunFigures) -> str:
        """The last figure, or that at the pointer."""
        value = None
        if series is not None and self._at is None:
            value = series.last
        elif series is not None and self._at is not None:
            place = series.nearest(self._at / self._scale(run))
            near = place is not None and abs(series.x[place] - self._at / self._scale(run)) <= 1
            value = float(series.y[place]) if near else None
        return "" if value is None else figure(self.name, value)

    def restyle(self) -> None:
        """Take the colours of the theme."""
        theme = themes.current()
        self.view.restyle()
        plain = self.look.unit == "epoch" or not self.look.smoothing
        self._steps.paint(theme.plot_train, 1 if plain else 2, faint=self.look.unit == "epoch")
        self._train.paint(theme.plot_train)
        self._validation.paint(theme.plot_validation)
        for other, (train, validation) in zip(self.others, self._other_traces, strict=True):
            train.paint(other.color, 1)
            validation.paint(other.color)
        self._cursor.setPen(pg.mkPen(theme.muted, style=Qt.PenStyle.DashLine))
        for line in self._marks:
            line.setPen(pg.mkPen(theme.accent, style=Qt.PenStyle.DotLine))
        self._show_readout()
