"""The Sweep tab: many runs with some settings different, and what comes of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.dialogs import sentence, tell_error
from app.panels.sweep_results import SweepResults
from app.panels.sweep_settings import SweepSettings
from app.session import TrainingSession
from app.sweeping import SweepSession
from app.task import Background, Job
from app.texts import figure, metric_name
from engine.errors import LayerloomError
from engine.events import Event, Progress, Result
from engine.runs import runs_folder
from graph_editor.document import ProjectDocument
from graph_editor.words import said

if TYPE_CHECKING:
    from engine.sweeps.study import SweepState, Trial

_DRAW_MS = 400
"""How often what has come is shown."""


class SweepPanel(QWidget):
    """What is asked of a sweep beside what came of it: of that which goes on, or of one that was chosen."""

    open_wanted = Signal(object)
    """The person wants a run opened as it was; its folder."""
    start_wanted = Signal()
    go_on_wanted = Signal()

    def __init__(
        self,
        document: ProjectDocument,
        session: TrainingSession,
        sweeps: SweepSession,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("sweepPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._document, self._session, self._sweeps = document, session, sweeps
        self._place: Path | None = None
        self._states: dict[str, SweepState] = {}
        self._job = Background(self)
        self._read_of: Path | None = None  # the place that is read
        self._make_widgets()
        self._lay_out()
        self._timer = QTimer(self, interval=_DRAW_MS, singleShot=True)
        self._connect()
        self._fill_choice()
        self._show_state(None)

    def _make_widgets(self) -> None:
        self.settings, self.results = SweepSettings(), SweepResults()
        self.start_button = QPushButton(self.tr("Start the sweep"))
        self.start_button.setProperty("primary", True)
        self.stop_button = QPushButton(self.tr("Stop"))
        self.stop_button.setToolTip(self.tr("End the sweep early; it can be gone on with"))
        self.go_on_button = QPushButton(self.tr("Go on"))
        self.go_on_button.setToolTip(self.tr("Make the runs of this sweep that are left"))
        self.choice = QComboBox()
        self.choice.setAccessibleName(self.tr("Sweeps of this project"))
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedHeight(6)
        self.status = QLabel()
        self.status.setProperty("muted", True)

    def _lay_out(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(12, 10, 12, 10)
        column.addWidget(self.settings)
        column.addSpacing(4)
        buttons = QHBoxLayout()
        for button in (self.start_button, self.stop_button):
            buttons.addWidget(button)
        column.addLayout(buttons)
        column.addStretch()
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(left)
        area.setMinimumWidth(250)
        row = QHBoxLayout()
        row.setContentsMargins(10, 8, 10, 4)
        row.setSpacing(10)
        for widget in (self.choice, self.go_on_button):
            row.addWidget(widget)
        row.addWidget(self.bar, 1)
        row.addWidget(self.status)
        row.addStretch()
        right = QWidget()
        around = QVBoxLayout(right)
        around.setContentsMargins(0, 0, 0, 0)
        around.setSpacing(0)
        around.addLayout(row)
        around.addWidget(self.results, 1)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(area)
        parts.addWidget(right)
        parts.setStretchFactor(1, 1)
        parts.setSizes([270, 570])
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(parts)

    def _connect(self) -> None:
        self.settings.changed.connect(self._show_buttons)
        self.start_button.clicked.connect(self.start_wanted)
        self.go_on_button.clicked.connect(self.go_on_wanted)
        self.stop_button.clicked.connect(self._sweeps.stop)
        self.stop_button.clicked.connect(self._show_buttons)
        self.choice.activated.connect(lambda _index: self._chosen())
        self.results.open_wanted.connect(lambda run: self.open_wanted.emit(self._folder / run))
        self.results.take_wanted.connect(self.take_settings)
        self._timer.timeout.connect(self._draw)
        self._job.happened.connect(self._take_read)
        self._job.failed.connect(lambda error: self.status.setText(sentence(error)))
        self._job.ended.connect(self._read_ended)
        self._sweeps.happened.connect(self._take)
        self._sweeps.running_changed.connect(self._running_changed)
        self._sweeps.moved.connect(self._moved)
        self._session.state_changed.connect(lambda _state: self._show_buttons())
        self._document.project_changed.connect(self._show_settings)

    # The project

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_settings()
        self._read()

    def show_project(self, place: Path) -> None:
        """Show the sweeps that lie beside this project file."""
        if place == self._place:
            return
        self._place = place
        self._states.clear()
        self.results.show_project(self._folder)
        self._fill_choice()
        self._show_state(None)
        self._read()

    def _show_settings(self) -> None:
        if self.isVisible():
            self.settings.show_project(self._document.project)

    def _read(self) -> None:
        """Read the sweeps there are, in the background."""
        place = self._place
        if place is None or self._job.busy or self._sweeps.running or not self.isVisible():
            return
        self._read_of = place
        self._job.begin(_reading(place))

    def _take_read(self, event: Event) -> None:
        if isinstance(event, Result) and self._read_of == self._place and not self._sweeps.running:
            self._states = {state.name: state for state in event.value}
            self._fill_choice()
            self._chosen()

    def _read_ended(self) -> None:
        if self._read_of != self._place:
            self._read()

    def close_jobs(self) -> None:
        """End what goes on in the background."""
        self._timer.stop()
        self.results.close_jobs()
        self._job.close()

    def _fill_choice(self) -> None:
        wanted = self.shown.name if self.shown else ""
        self.choice.clear()
        for state in self._states.values():
            text = self.tr("{0}: {1} of {2}").format(state.name, state.done, state.plan.total)
            self.choice.addItem(text, state.name)
        self.choice.setCurrentIndex(max(0, self.choice.findData(wanted)))
        self.choice.setVisible(self.choice.count() > 0)

    def _chosen(self) -> None:
        self._show_state(self._states.get(str(self.choice.currentData())))

    # The sweep that goes on

    def start(self) -> None:
        """Begin the sweep that is asked for, where that can be."""
        plan = self.settings.plan()
        if plan is not None and self._place is not None and not self._busy:
            self._sweeps.start(plan, self._document.project, self._place)

    def go_on(self) -> None:
        """Go on with the sweep that is shown."""
        if self.shown is not None and self._place is not None and not self._busy:
            self._sweeps.go_on(self.shown.name, self._place)

    @property
    def _busy(self) -> bool:
        return self._sweeps.running or self._session.running

    @property
    def _live(self) -> SweepState | None:
        """The sweep that goes on or went on last, if it is one of this project."""
        return self._sweeps.state_for(self._place)

    @property
    def _folder(self) -> Path:
        """Where the runs lie: those of a sweep that goes on stay where it began."""
        live = self._sweeps.running and self._live is not None
        place = self._sweeps.place if live else self._place
        return Path() if place is None else runs_folder(place)

    def _running_changed(self, running: bool) -> None:
        self.settings.setEnabled(not running)
        self.choice.setEnabled(not running)
        self.bar.setRange(0, 0)
        self.status.setText(self.tr("Starting…") if running else "")
        self._timer.stop()
        if not running:
            self._take_state()
        self._show_buttons()

    def _take(self, event: Event) -> None:
        from engine.sweeps.events import TrialEpoch

        state = self._live
        if isinstance(event, Progress):
            if self._sweeps.state is None or not self._sweeps.state.done:
                self.status.setText(f"{said(event.text)}…")
            return
        if isinstance(event, TrialEpoch) and state is not None:
            run = next((trial.run for trial in state.trials if trial.number == event.number), "")
            self.results.take_epoch(run, event)
        if type(event) is not Event and not self._timer.isActive():
            self._timer.start()

    def _moved(self) -> None:
        """Show the sweep where it lies now."""
        self.results.show_project(self._folder)
        self._take_state()
        self._read()

    def _take_state(self) -> None:
        state = self._live
        if state is not None:
            self._states = {state.name: state, **{n: s for n, s in self._states.items() if n != state.name}}
            self._show_state(state)
            self._fill_choice()

    def _draw(self) -> None:
        """Show what has come."""
        state = self._live
        if self._sweeps.running and state is not None:
            self.bar.setRange(0, state.plan.total)
            self.bar.setValue(state.done)
            text = self.tr("{0} of {1}").format(state.done, state.plan.total)
            self.status.setText("  ·  ".join(filter(None, (text, self._best_text(state)))))
            self._take_state()

    # Showing

    @property
    def shown(self) -> SweepState | None:
        """The sweep that is shown."""
        return self.results.state

    def _show_state(self, state: SweepState | None) -> None:
        self.results.show_state(state)
        if not self._sweeps.running:
            self.status.setText(self._ended_text(state) if state else "")
        self._show_buttons()

    def _best_text(self, state: SweepState) -> str:
        best = state.best
        if best is None or best.value is None:
            return ""
        return self.tr("best {0} {1}").format(metric_name(state.watched), figure(state.watched, best.value))

    def _ended_text(self, state: SweepState) -> str:
        failed = sum(trial.state == "failed" for trial in state.trials)
        parts = [self._best_text(state), self.tr("{0} failed").format(failed) if failed else ""]
        return "  ·  ".join(filter(None, parts))

    def _show_buttons(self) -> None:
        state, why_not = self.shown, self.settings.why_not
        if self._session.running:
            why_not = self.tr("A run goes on")
        self.start_button.setEnabled(not self._busy and not why_not)
        self.start_button.setToolTip(why_not or self.tr("Make these runs"))
        self.stop_button.setEnabled(self._sweeps.running and not self._sweeps.stopping)
        left = state is not None and state.done < state.plan.total
        self.go_on_button.setVisible(left and not self._sweeps.running)
        self.go_on_button.setEnabled(not self._busy)
        self.bar.setVisible(self._sweeps.running)

    def take_settings(self, trial: Trial) -> None:
        """Give the project the settings of a trial, as one edit."""
        from engine.sweeps.plan import read_values
        from engine.sweeps.variables import varied

        project = self._document.project
        try:
            after = varied(project, read_values(project, trial.settings))
        except LayerloomError as error:
            tell_error(self, self.tr("Cannot take these settings"), error)
            return
        self._document.edit(self.tr("Take the settings of trial {0}").format(trial.number), after)


def _reading(path: Path) -> Job:
    from engine.sweeps.study import sweep_states

    yield Result(sweep_states(path))
