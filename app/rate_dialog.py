"""The learning rate finder: a curve of the loss over rates, with a line that is put to the one to use."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app.dialogs import sentence
from app.panels.axes import PlotView
from app.task import Job, TaskThread
from engine.events import Event, Progress, Remarked, Result
from engine.fields import FieldSpec
from engine.optimizers.schedules import LARGEST_RATE
from engine.rate_finder import RateCurve, RateTried
from graph_editor import theme as themes
from graph_editor.forms.numbers import FloatEditor
from graph_editor.words import said

_FAINT = 80
_TICK_ROOM = 52  # pixels that a rate needs beside others
_ROOM = 0.15
"""Of the height of the curve, left free above and below it."""


class RateDialog(QDialog):
    """Tries rates in the background as soon as it is shown, and gives the one that is chosen."""

    chosen = Signal(float)

    def __init__(
        self,
        make_job: Callable[[], Job],
        parent: QWidget,
        going_on: Callable[[], Job] | None = None,
        *,
        begins_there: bool = False,
        note: str = "",
    ) -> None:
        """`going_on` makes the job that begins with the weights that are there, if there are any.

        It is the first one where `begins_there`. `note` says what becomes of the rate, where that is not plain.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Find a learning rate"))
        self._make_job, self._going_on = make_job, going_on
        self._thread: TaskThread | None = None
        self.curve = RateCurve()
        self.value = 0.0
        """The rate that the line stands at."""
        self._make_plot()
        self.state = QLabel(wordWrap=True)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedHeight(6)
        limits = FieldSpec("learning_rate", "float", 0.001, minimum=0, maximum=LARGEST_RATE, exclusive=True)
        self.rate = FloatEditor(limits)
        self.rate.setAccessibleName(self.tr("Learning rate"))
        self.rate.edited.connect(self._typed)
        self.rate.misread.connect(lambda _why: self.use.setEnabled(False))
        self.use = QPushButton(self.tr("Use this rate"))
        self.use.setProperty("primary", True)
        self.use.setDefault(True)
        self.again = QPushButton(self.tr("Try again"), autoDefault=False)
        self._make_choice(begins_there)
        self._lay_out(note)
        self.use.clicked.connect(self._use)
        self.again.clicked.connect(self.begin)
        themes.theme_notifier.changed.connect(self._restyle)
        self._restyle()
        self.rate.setFocus()
        self.begin()

    def sizeHint(self) -> QSize:
        return QSize(640, 460)

    def _make_plot(self) -> None:
        self.view = PlotView()
        item: Any = self.view.item
        plot: Any = self.view
        plot.setLogMode(x=True, y=False)
        self.view.bottom.setLabel(self.tr("learning rate"))
        self.view.bottom.tick_room = _TICK_ROOM
        self.view.side.setLabel(self.tr("loss"))
        self.view.side.setWidth(64)
        self._raw, self._smooth = item.plot(), item.plot(antialias=True)
        self.line: Any = pg.InfiniteLine(angle=90, movable=True)
        self.line.sigDragged.connect(self._moved)
        item.addItem(self.line, ignoreBounds=True)
        self.view.box.reset_wanted.connect(self._show_all)

    def _make_choice(self, begins_there: bool) -> None:
        """With which weights the copy begins."""
        self.new = QRadioButton(self.tr("New weights"))
        self.new.setToolTip(self.tr("Find the rate for “Train”"))
        self.there = QRadioButton(self.tr("The weights that are there"))
        self.there.setToolTip(self.tr("Find the rate for “Go on training”: those of the last run, or of the file"))
        self.kept = QLabel()
        self.kept.setProperty("muted", True)
        self.there.setEnabled(self._going_on is not None)
        (self.there if begins_there and self._going_on is not None else self.new).setChecked(True)
        self.there.toggled.connect(lambda _on: self._anew())

    def _lay_out(self, note: str) -> None:
        about = QLabel(wordWrap=True)
        about.setText(
            self.tr(
                "A copy of the network is trained for a moment while the learning rate grows. A good rate lies "
                "where the loss falls fast, well before it rises again. Runs and weights stay as they are."
            )
        )
        about.setProperty("muted", True)
        first = QHBoxLayout()
        first.setSpacing(12)
        first.addWidget(QLabel(self.tr("Begin with")))
        for widget in (self.new, self.there, self.kept):
            first.addWidget(widget)
        first.addStretch()
        row = QHBoxLayout()
        name = QLabel(self.tr("Learning rate"))
        name.setBuddy(self.rate)
        row.addWidget(name)
        self.rate.setFixedWidth(120)
        row.addWidget(self.rate)
        said_of_it = QLabel(note, wordWrap=True)
        said_of_it.setProperty("muted", True)
        row.addWidget(said_of_it, 1)
        buttons = QDialogButtonBox()
        buttons.addButton(self.use, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self.again, QDialogButtonBox.ButtonRole.ActionRole)
        close = buttons.addButton(self.tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        close.clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(about)
        layout.addLayout(first)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.state)
        layout.addLayout(row)
        layout.addWidget(buttons)

    def _restyle(self) -> None:
        theme = themes.current()
        self.view.restyle()
        self._raw.setPen(pg.mkPen(themes.color(theme.accent, _FAINT)))
        self._smooth.setPen(pg.mkPen(theme.accent, width=2))
        self.line.setPen(pg.mkPen(theme.text, width=1.5))
        self.line.setHoverPen(pg.mkPen(theme.text, width=3))

    # Trying

    @property
    def trying(self) -> bool:
        """Whether rates are still tried."""
        return self._thread is not None

    def begin(self) -> None:
        """Try all rates anew."""
        if self._thread is not None:
            return
        self.curve = RateCurve()
        self._draw()
        self.kept.clear()
        self.line.hide()
        self.use.setEnabled(False)
        self.again.setEnabled(False)
        self.bar.setRange(0, 0)
        self.bar.show()
        make = self._going_on if self.there.isChecked() and self._going_on is not None else self._make_job
        self._thread = TaskThread(make())
        self._thread.happened.connect(self._take)
        self._thread.failed.connect(self._failed)
        self._thread.ended.connect(self._ended)
        self._thread.start()

    def _anew(self) -> None:
        """Try all rates with the other weights."""
        self._drop()
        self.begin()

    def _drop(self) -> None:
        """Let go of what is tried now: it ends by itself, and is neither heard nor waited for."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.happened.disconnect(self._take)
            thread.failed.disconnect(self._failed)
            thread.ended.disconnect(self._ended)
            thread.cancel()

    def _take(self, event: Event) -> None:
        if isinstance(event, RateTried):
            self.curve = self.curve.after(event)
            self._draw()
        elif isinstance(event, Remarked):
            self.kept.setText(event.text)
        elif isinstance(event, Result):
            self.curve = event.value
            self._draw()
            self._propose()
        if isinstance(event, Progress):
            self.state.setText(f"{said(event.text)}…")
            self.bar.setRange(0, event.total or 0)
            self.bar.setValue(event.done)

    def _failed(self, error: Exception) -> None:
        self.state.setText(sentence(error))

    def _ended(self) -> None:
        if self._thread is None:
            return
        self._thread = None
        self.bar.hide()
        self.again.setEnabled(True)

    def _propose(self) -> None:
        curve = self.curve
        if curve.proposed is None:
            self.state.setText(self.tr("The loss fell at none of these rates."))
            middle = math.sqrt(curve.rates[0] * curve.rates[-1]) if curve.rates else 0.001
            self._put(float(f"{middle:.2g}"))
            return
        if curve.steepest is not None and curve.least is not None:
            text = self.tr("The loss falls fastest at {0}, and is the least at {1}. Proposed: {2}.")
            text = text.format(f"{curve.steepest:.2g}", f"{curve.least:.2g}", f"{curve.proposed:g}")
        else:
            text = self.tr("The loss fell at none of these rates; it rises from {0} on. Proposed: {1}.")
            text = text.format(f"{curve.rises:.2g}", f"{curve.proposed:g}")
        self.state.setText(text)
        self._put(curve.proposed)

    # The rate

    def _put(self, rate: float) -> None:
        self.value = rate
        self.rate.set_value(rate)
        self.line.setValue(math.log10(rate))
        self.line.show()
        self.use.setEnabled(True)

    def _moved(self) -> None:
        self.value = min(float(f"{10 ** self.line.value():.2g}"), LARGEST_RATE)
        self.rate.set_value(self.value)
        self.use.setEnabled(True)

    def _typed(self, rate: object) -> None:
        sound = isinstance(rate, float) and 0 < rate <= LARGEST_RATE
        if isinstance(rate, float) and sound:
            self.value = rate
            self.line.setValue(math.log10(rate))
        self.use.setEnabled(sound and self.line.isVisible())

    def _use(self) -> None:
        self.chosen.emit(self.value)
        self.accept()

    # Drawing

    def _draw(self) -> None:
        rates = np.asarray(self.curve.rates)
        self._raw.setData(rates, np.asarray(self.curve.losses))
        self._smooth.setData(rates, np.asarray(self.curve.smoothed))
        self._show_all()

    def _show_all(self) -> None:
        rates, heights = self.curve.rates, self.curve.smoothed
        if len(rates) < 2:
            return
        low, high = min(heights), min(max(heights), 3 * max(heights[: max(2, len(heights) // 4)]))
        room = _ROOM * max(high - low, 1e-9)
        self.view.item.setXRange(math.log10(rates[0]), math.log10(rates[-1]), padding=0)
        self.view.item.setYRange(low - room, high + room, padding=0)

    def done(self, result: int) -> None:
        self._drop()
        super().done(result)
