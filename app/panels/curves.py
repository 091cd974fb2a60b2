"""Live curves: the loss and another figure, side by side, of a run and of others beside it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.panels.curve_tools import CurveTools
from app.panels.key_lines import Key, KeyLines
from app.panels.run_figures import RunFigures
from engine.allowance import Allowance
from engine.events import Altered, EpochDone, Event, Started, StepsDone
from engine.history import Row
from graph_editor import theme as themes

if TYPE_CHECKING:
    from app.panels.curve_look import CurveLook
    from app.panels.plot import CurvePlot, OtherRun

_FRAME = 0.034
"""Seconds between two repaints at least; the plots take turns, so that neither holds the window for long."""

_SHARE = 0.02
"""Of a processor, that drawing takes at most while a run goes on."""


class Curves(QStackedWidget):
    """Two plots side by side, or a quiet word while there is nothing to plot."""

    look_changed = Signal(object)

    def __init__(self, word: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        word = word or self.tr("Press Train to see the curves")
        self._empty = QLabel(word, alignment=Qt.AlignmentFlag.AlignCenter)
        self._empty.setProperty("muted", True)
        self.addWidget(self._empty)
        # Plots that are not shown yet must not keep the panel from being low.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.run = RunFigures()
        self.run_name = ""
        self.others: tuple[OtherRun, ...] = ()
        self._wanted = ""  # the figure that was chosen for the second plot
        self._epochs = 1
        self._plots: tuple[CurvePlot, ...] = ()
        self._waiting: list[CurvePlot] = []
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._draw_next)
        self._scheduled = False
        self._allowance = Allowance(_SHARE, _FRAME)
        self.frames = 0
        self.tools = CurveTools(self)
        themes.theme_notifier.changed.connect(self._restyle)

    def prepare(self) -> None:
        """Make the plots, if that was not done yet; it takes a moment that the start is spared."""
        if self._plots:
            return
        from app.panels.plot import CurvePlot

        self.page = QWidget()
        column = QVBoxLayout(self.page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.legend = KeyLines()
        self.legend.hide()
        column.addWidget(self.legend)
        row = QHBoxLayout()
        row.setSpacing(12)
        column.addLayout(row, 1)
        self.loss_plot, self.metric_plot = CurvePlot("loss"), CurvePlot("accuracy")
        self._plots = (self.loss_plot, self.metric_plot)
        for plot in self._plots:
            row.addWidget(plot, 1)
            self.tools.attach(plot.view)
            plot.moved.connect(partial(self._moved, plot))
            # Later: it may be told in the midst of sharing.
            plot.readout.room_changed.connect(self._share_words, Qt.ConnectionType.QueuedConnection)
            plot.view.box.reset_wanted.connect(self.show_all)
        self.addWidget(self.page)

    @property
    def plots(self) -> tuple[CurvePlot, ...]:
        """The two plots, once they are made."""
        return self._plots

    @property
    def look(self) -> CurveLook:
        self.prepare()
        return self.loss_plot.look

    def set_look(self, **changes: Any) -> None:
        """Show the curves by step or epoch, smoother, or with a logarithmic height."""
        look = replace(self.look, **changes)
        for plot in self._plots:
            plot.set_look(look)
        self.look_changed.emit(look)

    # What is shown

    def expect(self) -> None:
        """Show empty axes where there is nothing yet, so that the first curve finds them painted."""
        self.prepare()
        if self.currentIndex() == 0:
            self._begin(RunFigures(), 1)

    def clear(self) -> None:
        """Show that there is no run to plot."""
        self._begin(RunFigures(), 1) if self.others else self.setCurrentIndex(0)

    def take(self, event: Event) -> None:
        """Show an event of a run."""
        if isinstance(event, Started):
            self._begin(RunFigures(event.steps_per_epoch, event.begins, event.history), event.epochs)
        elif isinstance(event, StepsDone | EpochDone):
            self.run.take(event)
            self._news()
        elif isinstance(event, Altered):
            self.run.mark(event)
            self._news()

    def show_history(self, history: Sequence[Row], per_epoch: int = 1) -> None:
        """Show a whole run by the figures of its epochs."""
        if history:
            run = RunFigures(per_epoch, history=history)
            run.left = max(history[0]["epoch"] - 1, 0)
            self._begin(run, int(history[-1]["epoch"]))

    def show_others(self, others: Sequence[OtherRun]) -> None:
        """Show other runs beside this one."""
        if tuple(others) == self.others:
            return
        self.prepare()
        self.others = tuple(others)
        for plot in self._plots:
            plot.set_others(self.others)
        self._choose_metric()
        if others:
            self.setCurrentIndex(1)
        elif not self.run.names:
            self.setCurrentIndex(0)
        self._show_legend()

    def _begin(self, run: RunFigures, epochs: int) -> None:
        self.prepare()
        self.run, self._epochs = run, epochs
        for plot in self._plots:
            plot.begin(run, epochs)
        self._choose_metric()
        self._show_legend()
        self.setCurrentIndex(1)

    # The figure of the second plot

    def figure_names(self) -> list[str]:
        """What the second plot can show."""
        runs = (self.run, *(other.figures for other in self.others))
        return [name for name in dict.fromkeys(name for run in runs for name in run.names) if name != "loss"]

    def choose_figure(self, name: str) -> None:
        """Show this figure in the second plot from now on, where a run has it."""
        self._wanted = name
        self._choose_metric()
        self.metric_plot.redraw()

    def _choose_metric(self) -> None:
        """Plot the figure that was chosen, else the first metric that there is: accuracy, or another."""
        names = self.figure_names()
        if not names:
            self.metric_plot.setVisible(not self.run.names)
            return
        name = self._wanted if self._wanted in names else (main_metric(names) or self._wanted)
        self.metric_plot.setVisible(bool(name))
        if name and name != self.metric_plot.name:
            self.metric_plot.rename(name)

    # Drawing

    def _news(self) -> None:
        """Have the plots drawn, soon."""
        self._waiting += [plot for plot in self._plots if plot not in self._waiting]  # each has its turn
        if not self._scheduled and self.isVisible():
            self._schedule()

    def _schedule(self) -> None:
        self._scheduled = True
        self._timer.start(math.ceil(1000 * self._allowance.wait(time.perf_counter())))

    def _draw_next(self) -> None:
        """Draw a plot, and then leave the processor to the training for a while."""
        self._scheduled = False
        if not self._waiting or not self.isVisible():
            return
        plot, start, work = self._waiting.pop(0), time.perf_counter(), time.thread_time()
        if plot is self.metric_plot:
            self._choose_metric()
        plot.redraw()
        plot.view.viewport().repaint()
        self.frames += 1
        self._allowance.spent(start, time.thread_time() - work)
        if self._waiting:
            self._schedule()

    def redraw(self) -> None:
        """Draw what has come, without waiting for the next frame."""
        for plot in self._plots:
            plot.redraw()

    def show_all(self) -> None:
        """Let all axes follow the curves again."""
        for plot in self._plots:
            plot.show_all()

    def _moved(self, plot: CurvePlot) -> None:
        for other in self._plots:
            if other is not plot:
                other.follow(plot)
        self.redraw()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.redraw()

    # What colours stand for

    def _share_words(self) -> None:
        """Say which figure is which above each plot, or once for both where there is no room for that."""
        plots = [plot for plot in self._plots if not plot.isHidden()]
        worded = not self.others and all(plot.has_room_for_words() for plot in plots)
        for plot in self._plots:
            plot.set_worded(worded)
        lines = max((plot.readout.lines_needed for plot in plots), default=1)
        for plot in self._plots:
            plot.readout.set_lines(lines)
        self.legend.setVisible(not worded)

    def _show_legend(self) -> None:
        theme = themes.current()
        names = told_apart([other.name for other in self.others])
        keys = [Key(other.color, short, name=other.name) for other, short in zip(self.others, names, strict=True)]
        if self.run.names or not self.others:
            keys.insert(0, Key(theme.plot_train, self.tr("training")))
            keys.insert(1, Key(theme.plot_validation, self.tr("validation")))
        self.legend.show_keys(keys, note=self.tr("dashed: training, solid: validation") if self.others else "")
        self._share_words()

    def _restyle(self) -> None:
        for plot in self._plots:
            plot.restyle()
        if self._plots:
            self._show_legend()


def told_apart(names: Sequence[str]) -> list[str]:
    """Names without the words that all of them begin with, as runs of one day do with its date."""
    words = [name.split(" ") for name in names]
    while len(words) > 1 and all(len(rest) > 1 and rest[0] == words[0][0] for rest in words):
        words = [rest[1:] for rest in words]
    return [" ".join(rest) for rest in words]


def main_metric(logs: Any) -> str | None:
    """The first figure that is a metric of the training data, None where there are losses only."""
    names = (name for name in logs if not name.startswith("val_"))
    return next((name for name in names if name != "loss" and not name.endswith("_loss")), None)


def curves_image(history: Mapping[str, Sequence[float]], size: QSize) -> QImage:
    """The curves of a whole run as a picture, for programs without a window."""
    epochs = max(map(len, history.values()), default=0)
    curves = Curves()
    curves.resize(size)
    palette = curves.palette()
    palette.setColor(curves.backgroundRole(), themes.color(themes.current().panel))
    curves.setPalette(palette)
    curves.setAutoFillBackground(True)
    curves.show_history(
        [
            {
                "epoch": epoch + 1,
                **{name: values[epoch] for name, values in history.items() if epoch < len(values)},
            }
            for epoch in range(epochs)
        ]
    )
    curves.redraw()
    image = curves.grab().toImage()
    curves.deleteLater()
    return image
