"""What came of a sweep: its trials as lines, rows and curves, and what a person does with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from app.panels.curves import Curves
from app.panels.parallel import ParallelPlot, share_color
from app.panels.run_figures import RunFigures
from app.panels.sweep_picture import picture_of, value_text
from app.panels.sweep_trials import TrialsTable
from app.task import Background, Job
from engine.errors import FileError
from engine.events import EpochDone, Event, Result
from engine.history import read_history
from graph_editor import theme as themes

if TYPE_CHECKING:
    from app.panels.plot import OtherRun
    from engine.sweeps.events import TrialEpoch
    from engine.sweeps.study import SweepState, Trial

_MOST_CURVES = 8


class SweepResults(QWidget):
    """Shows the trials of one sweep as they stand."""

    open_wanted = Signal(str)
    """The person wants a run opened; the name of its folder."""
    take_wanted = Signal(object)
    """The person wants the settings of a trial."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = Path()
        self._figures: dict[str, RunFigures] = {}
        """Of trials, by the folders of their runs."""
        self._job = Background(self)
        self._job.happened.connect(self._take_histories)
        self._job.ended.connect(self._draw_curves)
        self._make_widgets()
        self._lay_out()
        self._connect()
        self.show_state(None)

    def _make_widgets(self) -> None:
        self.open_button = QPushButton(self.tr("Open as it was"))
        self.open_button.setToolTip(
            self.tr("Show the project of the selected trial on the canvas, with its weights; or of the best")
        )
        self.take_button = QPushButton(self.tr("Take the best settings"))
        self.take_button.setToolTip(
            self.tr("Give the project the settings of the selected trial; else those of the best")
        )
        self.word = QLabel(self.tr("Choose settings to vary and start: each run becomes a line here"))
        self.word.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.word.setProperty("muted", True)
        self.picture = ParallelPlot()
        self.table = TrialsTable()
        self.curves = Curves(self.tr("Select trials to see their curves; without a selection, those of the best"))
        self.views = QTabBar(drawBase=False, expanding=False)
        self.views.setAccessibleName(self.tr("Ways to look at the trials"))
        self.views.addTab(self.tr("Trials"))
        self.views.addTab(self.tr("Curves"))

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setContentsMargins(4, 2, 10, 4)
        tools.setSpacing(8)
        tools.addWidget(self.views)
        tools.addStretch()
        for button in (self.curves.tools.button, self.open_button, self.take_button):
            tools.addWidget(button)
        plots = QWidget()
        around = QVBoxLayout(plots)
        around.setContentsMargins(10, 0, 6, 4)
        around.addWidget(self.curves)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.table)
        self.stack.addWidget(plots)
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(tools)
        column.addWidget(self.stack, 1)
        self.parts = QSplitter(Qt.Orientation.Vertical)
        self.parts.addWidget(self.picture)
        self.parts.addWidget(below)
        self.parts.setSizes([240, 260])
        self.parts.setChildrenCollapsible(False)
        self.parts.setHandleWidth(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.word, 1)
        layout.addWidget(self.parts, 1)

    def _connect(self) -> None:
        self.views.currentChanged.connect(self._turned)
        self.open_button.clicked.connect(self._open_chosen)
        self.take_button.clicked.connect(self._take_chosen)
        self.picture.chosen.connect(lambda number: self.table.select([number]))
        self.picture.opened.connect(self._open_number)
        self.picture.narrowed.connect(self._narrowed)
        self.table.doubleClicked.connect(lambda _index: self._open_chosen())
        self.table.activated_by_key.connect(self._open_chosen)
        self.table.selectionModel().selectionChanged.connect(self._selection_changed)
        themes.theme_notifier.changed.connect(self._restyle)

    # What is shown

    @property
    def state(self) -> SweepState | None:
        """The sweep that is shown."""
        return self.table.trials.state

    def show_project(self, folder: Path) -> None:
        """Show nothing yet; the runs of the sweeps to come lie in this folder."""
        self._folder = folder
        self._figures.clear()
        self.show_state(None)

    def show_state(self, state: SweepState | None) -> None:
        """Show a sweep as it stands."""
        self.word.setVisible(state is None)
        self.parts.setVisible(state is not None)
        self.table.show_state(state)
        axes, lines = picture_of(state) if state else ([], [])
        self.picture.show_lines(axes, lines)
        self._show_buttons()
        self._draw_curves()

    def _restyle(self) -> None:
        self.show_state(self.state)

    def take_epoch(self, run: str, event: TrialEpoch) -> None:
        """Note the figures of an epoch of a run."""
        figures = self._figures.setdefault(run, RunFigures())
        figures.take(EpochDone(event.epoch, event.epoch, event.logs, {}, 0.0))

    def _chosen(self) -> Trial | None:
        """The selected trial; where none is selected, the best."""
        selected = self.table.selected
        if selected:
            return selected[0] if len(selected) == 1 else None
        return self.state.best if self.state else None

    def _show_buttons(self) -> None:
        chosen = self._chosen()
        self.open_button.setEnabled(chosen is not None and bool(chosen.run) and chosen.state != "running")
        self.take_button.setEnabled(chosen is not None)
        selected = bool(self.table.selected)
        self.take_button.setText(self.tr("Take these settings") if selected else self.tr("Take the best settings"))

    def _turned(self, view: int) -> None:
        self.stack.setCurrentIndex(view)
        self._draw_curves()

    def _selection_changed(self) -> None:
        self.picture.show_selected(trial.number for trial in self.table.selected)
        self._show_buttons()
        self._draw_curves()

    def _narrowed(self) -> None:
        """Select the trials whose lines are left."""
        within = [line.number for line in self.picture.lines if self.picture.within(line)]
        self.table.select(within if self.picture.brushes else [])

    # Curves

    def _draw_curves(self) -> None:
        if self.stack.currentIndex() != 1 or self.state is None or self._job.busy:
            return
        trials = [trial for trial in (self.table.selected or self.state.ranked) if trial.run][:_MOST_CURVES]
        missing = [trial.run for trial in trials if trial.run not in self._figures and trial.state != "running"]
        if missing:
            self._job.begin(_histories(self._folder, missing))
            return
        shares = {line.number: line.share for line in self.picture.lines}
        known = [trial for trial in trials if trial.run in self._figures]
        self.curves.show_others([self._other(trial, shares.get(trial.number)) for trial in known])
        self.curves.redraw()

    def _take_histories(self, event: Event) -> None:
        if isinstance(event, Result):
            self._figures |= event.value

    def close_jobs(self) -> None:
        """End what goes on in the background."""
        self._job.close()

    def _other(self, trial: Trial, share: float | None) -> OtherRun:
        from app.panels.plot import OtherRun

        settings = ", ".join(value_text(value) for value in trial.settings.values())
        color = themes.current().muted if share is None else share_color(share)
        return OtherRun(f"#{trial.number} ({settings})", color, self._figures[trial.run])

    # What a person does with trials

    def _open_chosen(self) -> None:
        trial = self._chosen()
        if trial is not None and trial.run:
            self.open_wanted.emit(trial.run)

    def _open_number(self, number: int) -> None:
        trials = self.state.trials if self.state else ()
        run = next((trial.run for trial in trials if trial.number == number), "")
        if run:
            self.open_wanted.emit(run)

    def _take_chosen(self) -> None:
        trial = self._chosen()
        if trial is not None:
            self.take_wanted.emit(trial)


def _histories(folder: Path, runs: list[str]) -> Job:
    """Read the figures of runs."""
    found: dict[str, RunFigures] = {}
    for run in runs:
        try:
            found[run] = RunFigures(history=read_history(folder / run / "history.csv"))
        except FileError:
            found[run] = RunFigures()
        yield Event()
    yield Result(found)
