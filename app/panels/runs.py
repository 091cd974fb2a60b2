"""The Runs tab: the runs of the project, their curves in one plot, and what they differ in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QFile, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app.dialogs import choose, sentence, tell_error
from app.file_dialogs import ask_folder, ask_save
from app.jobs import run_job
from app.panels.curves import Curves
from app.panels.run_difference import difference_page, run_page
from app.panels.run_figures import RunFigures
from app.panels.runs_model import RunsModel
from app.panels.runs_reading import Looked, listing, looking
from app.panels.runs_table import RunsTable
from app.places import is_unsaved, place_of
from app.session import TrainingSession
from app.task import Background, Job, result_of
from app.texts import count
from engine.errors import FileError, LayerloomError
from engine.events import Event, Result
from engine.files import write_text
from engine.history import Row
from engine.past_runs import Remarks, RunRecord, write_remarks
from engine.runs import delete_run
from graph_editor import theme as themes
from graph_editor.words import counted

if TYPE_CHECKING:
    from app.panels.plot import OtherRun

_LOOK_MS = 2000
"""How often the folders of the runs are looked at while the tab is seen."""

_MOST_CURVES = 8


def to_trash(folder: Path) -> bool:
    """Move a folder to the trash of the system; False where there is none."""
    return QFile(str(folder)).moveToTrash()


class RunsPanel(QWidget):
    """Reads the runs in the background, again and again while it is seen."""

    open_wanted = Signal(object)
    """The person wants a run opened as it was; its folder."""
    pinned_changed = Signal(object)
    """The runs to be shown beside the live curves: a list of `OtherRun`."""

    def __init__(self, session: TrainingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runsPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session = session
        self._place: Path | None = None
        self._listed: Path | None = None  # the place that is read, or was last
        self._followed: tuple[Path, ...] = ()
        self._wanted: Path | None = None  # the run that is to be selected once it is listed
        self._listing, self._looking = Background(self), Background(self)
        self._looked = Looked({})
        self._selected: tuple[Path, ...] = ()
        self.model = RunsModel(self)
        self._make_widgets()
        self._lay_out()
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._connect()
        self._show_buttons()

    def _make_widgets(self) -> None:
        self.filter = QLineEdit(clearButtonEnabled=True)
        self.filter.setPlaceholderText(self.tr("Filter runs"))
        self.table = RunsTable(self.model)
        self.state = QLabel()
        self.state.setProperty("muted", True)
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # it widens no window
        self.open_button = QPushButton(self.tr("Open as it was"))
        self.open_button.setToolTip(self.tr("Show the project of the run on the canvas, with its weights"))
        self.follow_button = QPushButton(self.tr("Follow…"))
        self.follow_button.setToolTip(self.tr("Show a run that another program or machine writes, by its folder"))
        self.export_button = QPushButton(self.tr("Save as CSV…"))
        self.export_button.setToolTip(self.tr("Write the list of the runs to a file"))
        self.delete_button = QPushButton(self.tr("Delete"))
        self.delete_button.setToolTip(self.tr("Move the folders of the selected runs to the trash"))
        self.curves = Curves(self.tr("Select runs to see their curves"))
        self.page = QTextBrowser()
        self.page.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.page.document().setDocumentMargin(10)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(12, 8, 10, 8)
        row.setSpacing(10)
        row.addWidget(self.filter)
        row.addWidget(self.state, 1)
        row.addWidget(self.curves.tools.button)
        for button in (self.open_button, self.follow_button, self.export_button, self.delete_button):
            row.addWidget(button)
        self.filter.setFixedWidth(200)
        below = QSplitter(Qt.Orientation.Horizontal)
        plots = QWidget()
        around = QVBoxLayout(plots)
        around.setContentsMargins(10, 6, 6, 4)
        around.addWidget(self.curves)
        below.addWidget(plots)
        below.addWidget(self.page)
        below.setSizes([620, 320])
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.table)
        parts.addWidget(below)
        parts.setSizes([300, 280])
        for splitter in (below, parts):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(parts, 1)

    def _connect(self) -> None:
        self.filter.textChanged.connect(self.table.rows.setFilterFixedString)
        self.open_button.clicked.connect(self._open)
        self.follow_button.clicked.connect(self._follow)
        self.export_button.clicked.connect(self._export)
        self.delete_button.clicked.connect(self._delete)
        self.table.selectionModel().selectionChanged.connect(self._selection_changed)
        self.model.remarked.connect(self._remark)
        self.model.pinned_changed.connect(self._look)
        self._timer.timeout.connect(self.refresh)
        self._listing.happened.connect(self._take_listed)
        self._listing.ended.connect(self._listing_ended)
        self._looking.happened.connect(self._take_looked)
        self._looking.ended.connect(self._look)
        for job in (self._listing, self._looking):
            job.failed.connect(lambda error: self.state.setText(sentence(error)))
        self._session.state_changed.connect(lambda _state: self.refresh())
        themes.theme_notifier.changed.connect(self._show_curves)

    # Reading

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def show_project(self, place: Path) -> None:
        """Show the runs that lie beside this project file; those left behind where there is no file."""
        if place == self._place:
            return
        self._place, self._followed = place, ()
        self._listing.cancel()
        self.model.pinned.clear()
        self._show_runs(())
        self.refresh()

    def refresh(self) -> None:
        """Read what is new or changed, where the tab is seen."""
        if self._place is None or self._listing.busy or not self.isVisible():
            return
        self._listed = self._place
        live = self._session.live(self._place)
        others = self._followed if live is None else (*self._followed, live)
        self._listing.begin(listing(self._place, self.model.runs, others))

    def _take_listed(self, event: Event) -> None:
        if isinstance(event, Result) and self._listed == self._place:
            self._show_runs(event.value)

    def _listing_ended(self) -> None:
        if self._listed != self._place:
            self.refresh()

    def close_jobs(self) -> None:
        """End what goes on in the background."""
        self._timer.stop()
        self._listing.close()
        self._looking.close()

    def _show_runs(self, runs: Sequence[RunRecord]) -> None:
        before = self.model.runs, dict(self.model.lives)
        kept, widths = self._selected, len(self.model.columns)
        if self._wanted is not None and self._wanted in [run.folder for run in runs]:
            kept, self._wanted = (self._wanted,), None
        self.model.show_runs(runs)
        if runs and kept == self._selected and before == (self.model.runs, self.model.lives):
            return
        if len(self.model.columns) != widths or widths == 0 or not kept:
            self.table.resizeColumnsToContents()
        self.table.select(kept)
        self._selection_changed()
        self.state.setText(self._state_text())
        self._show_buttons()

    def _state_text(self) -> str:
        number = len(self.model.runs)
        if not number:
            return self.tr("There are no runs yet")
        places = {place_of(run.folder) for run in self.model.runs if run.folder not in self._followed}
        if self._place is not None and is_unsaved(self._place) and places and self._place not in places:
            one = self.tr("{0} run of an unsaved project")
            return counted(number, one, self.tr("{0} runs of unsaved projects"))
        return counted(number, self.tr("{0} run"), self.tr("{0} runs"))

    @property
    def selected(self) -> tuple[RunRecord, ...]:
        """The selected runs, the oldest first."""
        return self.table.selected

    def _selection_changed(self) -> None:
        self._selected = tuple(run.folder for run in self.selected)
        self._show_buttons()
        self._look()

    def _show_buttons(self) -> None:
        runs = self.selected
        self.open_button.setEnabled(len(runs) == 1 and runs[0].project is not None)
        self.delete_button.setEnabled(bool(runs) and not any(map(self._goes_on, runs)))
        self.export_button.setEnabled(bool(self.model.runs))

    def _goes_on(self, run: RunRecord) -> bool:
        here = self._session.running and run.folder == self._session.folder
        return here or self.model.lives.get(run.folder) in ("here", "elsewhere")

    # Curves and differences

    def _look(self) -> None:
        """Read what the selected and ticked runs need, then show it."""
        if self._looking.busy:
            return  # it looks again when it is done
        runs = [run for run in self._curved() if self._looked.histories.get(run.folder, (None,))[0] != run.stamp]
        pair = self._pair()
        if runs or (pair and self._looked.pair != pair):
            self._looking.begin(looking(runs, pair))
        else:
            self._show_curves()

    def _take_looked(self, event: Event) -> None:
        if isinstance(event, Result):
            found: Looked = event.value
            self._looked = replace(found, histories=self._looked.histories | found.histories)

    def _curved(self) -> tuple[RunRecord, ...]:
        pinned = [run for run in self.model.runs if run.folder in self.model.pinned]
        return tuple({run.folder: run for run in (*self.selected[-_MOST_CURVES:], *pinned)}.values())

    def _pair(self) -> tuple[RunRecord, ...]:
        runs = self.selected
        return runs if len(runs) == 2 and all(run.project for run in runs) else ()

    def _show_curves(self) -> None:
        runs = self.selected
        self.curves.show_others([self._other(run) for run in runs[-_MOST_CURVES:] if self._rows(run)])
        self.pinned_changed.emit(
            [self._other(run) for run in self.model.runs if run.folder in self.model.pinned and self._rows(run)]
        )
        pair = self._pair()
        if pair and self._looked.pair == pair:
            self.page.setHtml(difference_page(pair[0], pair[1], self._looked.differences))
        elif len(runs) == 1:
            self.page.setHtml(run_page(runs[0], self.model.end(runs[0])))
        elif runs:
            self.page.setHtml(self.tr("{0} runs are selected").format(count(len(runs))))
        else:
            self.page.clear()

    def _rows(self, run: RunRecord) -> tuple[Row, ...]:
        return self._looked.histories.get(run.folder, ((), ()))[1]

    def _other(self, run: RunRecord) -> OtherRun:
        from app.panels.plot import OtherRun

        name = f"{run.when:%m-%d %H:%M:%S}" + (f" ({', '.join(run.remarks.tags)})" if run.remarks.tags else "")
        figures = RunFigures(run.outcome.steps_per_epoch, history=self._rows(run))
        return OtherRun(name, self.model.color(run), figures)

    # What a person does with runs

    def _remark(self, run: RunRecord, remarks: Remarks) -> None:
        self._do(self.tr("Cannot write this"), result_of(write_remarks, run.folder, remarks))

    def _open(self) -> None:
        self.open_wanted.emit(self.selected[0].folder)

    def _follow(self) -> None:
        folder = ask_folder(self, self.tr("Follow a run: its folder"))
        if folder is not None:
            self.follow(folder)

    def follow(self, folder: Path) -> None:
        """List a run that lies elsewhere, too, and show its curves as they grow."""
        if not (folder / "project.loom").exists():
            why = self.tr("is not a run folder: it holds no project.loom.")
            tell_error(self, self.tr("Cannot follow this"), FileError(folder, why))
            return
        self._followed = tuple(dict.fromkeys((folder, *self._followed)))
        self._wanted = folder
        self.refresh()

    def _delete(self) -> None:
        left = [run for run in self.selected if not to_trash(run.folder)]
        if left:
            text = counted(len(left), self.tr("Delete {0} run for good?"), self.tr("Delete {0} runs for good?"))
            detail = self.tr("There is no trash that they could be moved to.")
            title, delete = self.tr("Delete"), self.tr("Delete")
            if choose(self, title, text, [delete], detail) == 0:
                for run in left:
                    self._do(self.tr("Cannot delete this run"), result_of(delete_run, run.folder))
        self.refresh()

    def _export(self) -> None:
        path = ask_save(self, self.tr("Save the list of the runs"), "runs.csv", ".csv", "*.csv")
        if path is not None:
            self.write(path)

    def write(self, path: Path) -> None:
        """Write the list as it is seen, atomically."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows(self.table.texts())
        self._do(self.tr("Cannot save"), result_of(write_text, path, text.getvalue()))

    def _do(self, title: str, job: Job) -> None:
        try:
            run_job(self, self.tr("Saving…"), job)
        except LayerloomError as error:
            tell_error(self, title, error)
        self.refresh()
