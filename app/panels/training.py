"""The panel below the canvas: how the run goes, its curves, and what came of it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, QSize, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from app.dialogs import sentence
from app.panels.curves import Curves, main_metric
from app.panels.surface import SurfaceView
from app.past import PastRun
from app.session import RunState, TrainingSession
from app.texts import count, duration, figure, metric_name
from engine.events import Altered, Compiled, EpochDone, Event, Finished, Progress, Remarked, Started, StepsDone
from engine.quantities import bytes_text, operations_text
from engine.step_cost import StepCost
from graph_editor import theme as themes
from graph_editor.words import said

_NEWS = 0.2  # seconds

_NEXT_MS = 30
"""The axes are shown a moment after the canvas has made room: both at once would hold the window too long."""


class Pace:
    """Steps per second of late, pauses left out, and the time that the rest of the run will take."""

    def __init__(self, total: int, done: int = 0) -> None:
        self._total = total
        self._rate = 0.0
        self._step = done
        self._since = time.monotonic()

    def skip(self) -> None:
        """Leave out the time until now."""
        self._since = time.monotonic()

    def took(self, step: int) -> bool:
        """Learn how far the run is now; False where that is too little news to be shown."""
        now = time.monotonic()
        seconds = now - self._since
        if seconds < _NEWS:
            return False
        rate = (step - self._step) / seconds
        self._rate = rate if not self._rate else 0.7 * self._rate + 0.3 * rate
        self._step, self._since = step, now
        return True

    @property
    def rate(self) -> float:
        return self._rate

    @property
    def left(self) -> float | None:
        """Seconds to the end, None while unknown."""
        return (self._total - self._step) / self._rate if self._rate else None


class Figures(QWidget):
    """Two figures in large type with what they are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 4)
        layout.setSpacing(0)
        layout.addStretch()
        self.labels: list[tuple[QLabel, QLabel]] = []
        for size in (22, 16):
            caption, value = QLabel(), QLabel()
            caption.setProperty("muted", True)
            font = themes.tabular(value.font())
            font.setPointSize(size)
            font.setBold(True)
            value.setFont(font)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(caption)
            layout.addWidget(value)
            layout.addSpacing(6)
            self.labels.append((caption, value))
        layout.addStretch()
        self.setFixedWidth(150)

    def show_logs(self, logs: Mapping[str, float], prefix: str, caption: str) -> None:
        """Show the main metric and the loss of these figures (those that begin with `prefix`)."""
        plain = {name.removeprefix(prefix): value for name, value in logs.items() if name.startswith(prefix)}
        names = [name for name in (main_metric(plain), "loss") if name in plain]
        for (title, value), name in zip(self.labels, [*names, None], strict=False):
            title.setText(caption.format(metric_name(name)) if name else "")
            value.setText(figure(name, plain[name]) if name else "")
        self.setVisible(bool(names))


class ElidedLabel(QWidget):
    """A line of text that takes the room there is, cut short where it needs more; the tooltip has it whole."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel(self)
        self._label.setProperty("muted", True)
        self.text = ""
        self.aside = ""
        """What is shown where there is no text."""

    def show_text(self, text: str) -> None:
        """Show the first sentence of a text."""
        self.text = text
        self._show()

    def show_aside(self, text: str) -> None:
        """Show the first sentence of a text where there is nothing else to be shown."""
        self.aside = text
        self._show()

    def _show(self) -> None:
        whole = self.text or self.aside
        self.setToolTip(whole)
        self.setVisible(bool(whole))
        self._elide()

    def clear(self) -> None:
        """Show no text."""
        self.show_text("")

    def shown(self) -> str:
        """What there is room for."""
        return self._label.text()

    def _elide(self) -> None:
        first = re.split(r"(?<=[.!?]) (?=[A-Z])|(?<=。)", self.text or self.aside, maxsplit=1)[0]
        right = Qt.TextElideMode.ElideRight
        self._label.setText(self._label.fontMetrics().elidedText(first, right, self.width()))
        self._label.resize(self.size())

    def sizeHint(self) -> QSize:
        return QSize(0, self._label.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingPanel", text)


def _amounts(cost: StepCost) -> str:
    """Memory and operations of a step, as far as they are known."""
    found = bytes_text(cost.memory)
    if cost.flops is not None:
        found = _tr("{0} and {1}").format(found, operations_text(cost.flops))
    return found if cost.devices == 1 else _tr("{0} on each of {1} devices").format(found, cost.devices)


class TrainingPanel(QWidget):
    """Listens to the session; it changes nothing itself."""

    def __init__(self, session: TrainingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("trainingPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session = session
        self._pace = Pace(0)
        self._failed = False
        self._epochs = self._per_epoch = 0
        self._trials = self._ended = 0  # of the sweep that goes on
        self._ahead = self._behind = 0  # steps of this run, and steps before it
        self.remark = ElidedLabel()
        self.remark.hide()
        self.state = QLabel(self.tr("Ready"))
        self.state.setObjectName("runState")
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedHeight(6)
        self.epoch, self.rate, self.left = QLabel(), QLabel(), QLabel()
        self.bar.setVisible(False)
        self.curves = Curves()
        self.surface = SurfaceView()
        self.figures = Figures()
        self.figures.hide()
        self._lay_out()
        session.started.connect(self._begin)
        session.happened.connect(self.take)
        session.failed.connect(self._fail)
        session.state_changed.connect(self._state_changed)

    def _lay_out(self) -> None:
        for label in (self.epoch, self.rate, self.left):
            label.setFont(themes.tabular(label.font()))
            label.setProperty("muted", True)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.state)
        row.addWidget(self.bar, 1)
        row.addWidget(self.remark, 1)
        row.addStretch()
        for label in (self.epoch, self.rate, self.left):
            row.addWidget(label)
        row.addWidget(self.curves.tools.button)
        below = QHBoxLayout()
        below.addWidget(self.curves, 1)
        below.addWidget(self.surface)
        below.addWidget(self.figures)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 4)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addLayout(below, 1)

    def reset(self, run: PastRun | None = None) -> None:
        """Forget the last run: another project is shown, with weights that came with it or a run beside it."""
        if not self._session.running:
            self.curves.clear()
            self.figures.hide()
            self._show_progress("", "", "")
            self.bar.hide()
            self.remark.clear()
            loaded = self._session.trained is not None
            self.state.setText(self.tr("Weights loaded") if loaded else self.tr("Ready"))
            if loaded:
                self.remark.show_text(self.tr("Train starts anew; Run > Go on training keeps the weights"))
            if run is not None:
                self._show_past(run)

    def show_estimate(self, cost: StepCost | None) -> None:
        """Say what a step will cost, as far as that is known without compiling."""
        if cost is None:
            self.remark.show_aside("")
            return
        about = self.tr("A step will take about {0}.").format(_amounts(cost))
        how = self.tr("That is worked out from the layers and the batch size; the compiler tells more.")
        self.remark.show_aside(f"{about} {how}")

    def _show_cost(self, cost: StepCost | None) -> None:
        if cost is not None:
            self.remark.show_aside(self.tr("Step: {0}").format(_amounts(cost)))

    def _show_past(self, run: PastRun) -> None:
        self.state.setText(self.tr("Trained (run of {0})").format(f"{run.when:%Y-%m-%d %H:%M}"))
        if run.start.history:
            self.curves.show_history(run.start.history)
            self.figures.show_logs(run.start.history[-1], "val_", self.tr("Validation {0}"))

    # A sweep

    def show_sweeping(self, running: bool) -> None:
        """Say that a sweep goes on, or that it has ended."""
        self.bar.setVisible(running)
        self.bar.setRange(0, 0 if running else 1)
        self.remark.clear()
        self._show_progress("", "", "")
        self.state.setText(self.tr("A sweep goes on") if running else self.tr("The sweep has ended"))

    def take_sweep(self, event: Event) -> None:
        """Show how far a sweep is."""
        from engine.sweeps.events import SweepStarted, TrialDone

        if isinstance(event, SweepStarted):
            self._trials, self._ended = event.state.plan.total, event.state.done
        elif isinstance(event, TrialDone):
            self._ended += 1
        elif not isinstance(event, Progress):
            return
        else:
            self.remark.show_text(said(event.text))
            return
        self.bar.setRange(0, self._trials)
        self.bar.setValue(self._ended)
        self._show_progress(self.tr("{0} of {1} runs").format(self._ended, self._trials), "", "")

    # Events of the run

    def take(self, event: Event) -> None:
        """Show an event."""
        self.curves.take(event)
        if isinstance(event, Progress):
            self.state.setText(f"{said(event.text)}…")
        elif isinstance(event, Remarked):
            self.remark.show_text(" ".join(filter(None, (self.remark.text, said(event.text)))))
        elif isinstance(event, Altered):
            self._show_change(event)
        elif isinstance(event, Started):
            self._show_start(event)
        elif isinstance(event, Compiled):
            self.state.setText(self.tr("Training"))
            self._show_cost(event.cost)
            self._pace.skip()
        elif isinstance(event, StepsDone):
            self._show_steps(event)
        elif isinstance(event, EpochDone):
            self.figures.show_logs(event.logs, "val_", self.tr("Validation {0}"))
        elif isinstance(event, Finished):
            self._show_result(event)

    def _begin(self) -> None:
        self._failed = False
        self.remark.clear()
        QTimer.singleShot(_NEXT_MS, self.curves.expect)
        self.bar.show()
        self.bar.setRange(0, 0)
        self._show_progress("", "", "")

    def _show_start(self, event: Started) -> None:
        self.figures.hide()
        self._epochs, self._per_epoch = event.epochs, event.steps_per_epoch
        begins = event.begins
        self._ahead = (event.epochs - begins.epoch) * event.steps_per_epoch - begins.batches
        self._behind = begins.step
        self._pace = Pace(self._behind + self._ahead, self._behind)

    def _show_change(self, event: Altered) -> None:
        self.remark.show_text(said(event.text))
        if event.epochs is not None:
            more = (event.epochs - self._epochs) * self._per_epoch
            self._epochs, self._ahead = event.epochs, self._ahead + more
            self._pace = Pace(self._behind + self._ahead, event.step)

    def _show_steps(self, event: StepsDone) -> None:
        if self._session.state is RunState.RUNNING:
            self.state.setText(self.tr("Training"))
        if not self._pace.took(event.step):
            return
        self._show_done(event.step)
        left = self._pace.left
        self._show_progress(
            self.tr("epoch {0} of {1}").format(event.epoch, self._epochs),
            self.tr("{0} steps/s").format(count(round(self._pace.rate))) if self._pace.rate else "",
            self.tr("{0} left").format(duration(left)) if left is not None else "",
        )

    def _show_result(self, event: Finished) -> None:
        self._show_done(event.step)
        self.state.setText(self.tr("Stopped early") if event.stopped else self.tr("Trained"))
        self._show_progress(
            self.tr("{0} of {1} epochs").format(event.epochs, self._epochs),
            self.tr("{0} steps").format(count(event.step)),
            self.tr("in {0}").format(duration(event.seconds)),
        )
        if event.test:
            prefix = "test_" if any(name.startswith("test_") for name in event.test) else ""
            self.figures.show_logs(event.test, prefix, self.tr("Test {0}"))

    def _show_done(self, step: int) -> None:
        self.bar.setRange(0, max(1, self._ahead))
        self.bar.setValue(step - self._behind)

    def _show_progress(self, epoch: str, rate: str, left: str) -> None:
        for label, text in ((self.epoch, epoch), (self.rate, rate), (self.left, left)):
            label.setText(text)
            label.setVisible(bool(text))

    def _fail(self, error: Exception) -> None:
        self._failed = True
        self.state.setText(self.tr("Failed"))
        if not self._per_epoch:
            self.curves.clear()
        self.remark.show_text(sentence(error))

    def _state_changed(self, state: RunState) -> None:
        if state is RunState.PAUSED:
            self.state.setText(self.tr("Paused"))
        elif state is RunState.STOPPING:
            self.state.setText(self.tr("Stopping…"))
        elif state is RunState.RUNNING:
            self._pace.skip()
            self.state.setText(self.tr("Training") if self._per_epoch else self.tr("Starting…"))
        elif self.bar.maximum() == 0:
            self.bar.setRange(0, 1)
            self.bar.hide()
            self.state.setText(self.tr("Failed") if self._failed else self.tr("Stopped"))
