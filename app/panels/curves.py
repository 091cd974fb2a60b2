"""Live curves: the loss and the first metric, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QWidget

from engine.events import EpochDone, Event, RunPosition, Started, StepsDone
from graph_editor import theme as themes

if TYPE_CHECKING:
    from app.panels.plot import CurvePlot

_FRAME = 40  # ms between two repaints; the plots take turns, so that neither holds the window for long


class Curves(QStackedWidget):
    """Two plots side by side, or a quiet word while there is nothing to plot."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._empty = QLabel(self.tr("Press Train to see the curves"), alignment=Qt.AlignmentFlag.AlignCenter)
        self._empty.setProperty("muted", True)
        self.addWidget(self._empty)
        # Plots that are not shown yet must not keep the panel from being low.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._plots: tuple[CurvePlot, ...] = ()
        self._waiting: list[CurvePlot] = []
        self._timer = QTimer(self, interval=_FRAME, singleShot=True)
        self._timer.timeout.connect(self._draw_next)
        themes.theme_notifier.changed.connect(self._restyle)

    def prepare(self) -> None:
        """Make the plots, if that was not done yet; it takes a moment that the start is spared."""
        if self._plots:
            return
        from app.panels.plot import CurvePlot

        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self.loss_plot = CurvePlot("loss")
        self.metric_plot = CurvePlot("accuracy")
        self._plots = (self.loss_plot, self.metric_plot)
        for plot in self._plots:
            row.addWidget(plot, 1)
        self.addWidget(page)

    def expect(self) -> None:
        """Show empty axes where there is nothing yet, so that the first curve finds them painted."""
        self.prepare()
        if self.currentIndex() == 0:
            for plot in self._plots:
                plot.begin(1, 1)
            self.setCurrentIndex(1)

    def clear(self) -> None:
        """Show that there is no run to plot."""
        self.setCurrentIndex(0)

    def take(self, event: Event) -> None:
        """Show an event of a run."""
        if isinstance(event, Started):
            self.prepare()
            for plot in self._plots:
                plot.begin(event.epochs, event.steps_per_epoch, event.begins)
            self.setCurrentIndex(1)
        elif isinstance(event, StepsDone | EpochDone):
            self._choose_metric(event)
            for plot in self._plots:
                plot.take(event)
            self._waiting += [plot for plot in self._plots if plot not in self._waiting]
            if not self._timer.isActive():
                self._timer.start()

    def show_history(self, history: Sequence[Mapping[str, float]], before: int = 0) -> None:
        """Show a whole run by the figures of its epochs, the first of which comes after `before` others."""
        last = before + len(history)
        self.take(Started(last, 1, 0, 0, 0, 0, RunPosition(before)))
        for epoch, logs in enumerate(history, before + 1):
            self.take(EpochDone(epoch, epoch, logs, {}, 0.0))

    def _choose_metric(self, event: StepsDone | EpochDone) -> None:
        """Plot the first metric that the run has: accuracy, the mean absolute error, or another."""
        if self.metric_plot.name not in event.logs:
            name = main_metric(event.logs)
            self.metric_plot.setVisible(name is not None)
            self.metric_plot.rename(name or self.metric_plot.name)

    def _draw_next(self) -> None:
        self._waiting.pop(0).redraw()
        if self._waiting:
            self._timer.start()

    def redraw(self) -> None:
        """Draw what has come, without waiting for the next frame."""
        for plot in self._plots:
            plot.redraw()

    def _restyle(self) -> None:
        for plot in self._plots:
            plot.restyle()


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
            {name: values[epoch] for name, values in history.items() if epoch < len(values)}
            for epoch in range(epochs)
        ]
    )
    curves.redraw()
    image = curves.grab().toImage()
    curves.deleteLater()
    return image
