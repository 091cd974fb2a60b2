"""The Evaluate tab: how good the trained network is on a part of the data, and where it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from app.dialogs import sentence, tell_error
from app.file_dialogs import ask_save
from app.jobs import run_job
from app.panels.evaluate_bar import EvaluateBar
from app.panels.examined import ExaminedView, outdated
from app.panels.readiness import as_trained, fits, lacking
from app.panels.word_page import WordPage
from app.session import TrainedRun, TrainingSession
from app.task import Background, Job, result_of
from engine.errors import Cancelled, LayerloomError
from engine.events import EpochDone, Event, Finished, HostWeights, Progress, Result
from engine.project import Project
from graph_editor.document import ProjectDocument

if TYPE_CHECKING:
    from engine.evaluation import PartName
    from engine.examination import Examination


def examination_job(project: Project, weights: HostWeights, part: PartName) -> Job:
    """Examine what weights make of a part of the data."""
    from engine.examination import examine

    yield from examine(project, weights, part)


class EvaluatePanel(QWidget):
    """Examines the trained network in the background, and says where what it shows is no longer true."""

    train_wanted = Signal()
    data_wanted = Signal()

    def __init__(self, document: ProjectDocument, session: TrainingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evaluatePanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._document, self._session = document, session
        self.found: Examination | None = None
        self._of: tuple[TrainedRun, Project] | None = None
        """What was trained, and the project that it was evaluated as: of `found`, or of the job."""
        self._pending = self._of
        self._job = Background(self)
        self._job.happened.connect(self._take)
        self._job.failed.connect(self._failed)
        self._job.ended.connect(self._ended)
        self._cancelled = False
        self._problem = self._leads_to = ""
        self._lay_out()
        self.bar.part_chosen.connect(self._part_chosen)
        self.bar.output_chosen.connect(self._show_output)
        self.bar.start_wanted.connect(self.evaluate)
        self.bar.cancel_wanted.connect(self._job.cancel)
        self.bar.save_wanted.connect(self._save)
        self.empty.led.connect(self._lead)
        document.project_changed.connect(self.refresh)
        session.state_changed.connect(self.refresh)
        session.happened.connect(self._heard)
        self.refresh()

    def _lay_out(self) -> None:
        self.bar, self.empty, self.results = EvaluateBar(), WordPage(), ExaminedView()
        self.notice = QLabel(wordWrap=True)
        self.notice.setProperty("warned", True)
        self.notice.setContentsMargins(12, 0, 12, 6)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.results)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.bar)
        whole.addWidget(self.notice)
        whole.addWidget(self.stack, 1)

    # What there is

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        if self.found is None and not self._job.busy and self._usable() and not self._session.running:
            self.evaluate()

    def forget(self) -> None:
        """Another project is shown: what was found is not of it."""
        self._job.cancel()
        self.found, self._of = None, None
        self.refresh()

    def _heard(self, event: Event) -> None:
        if isinstance(event, EpochDone | Finished):
            self.refresh()

    def _usable(self) -> bool:
        """Whether there are weights of the network as it is now, and data that has parts."""
        project = self._document.project
        return fits(self._session, project) and not project.data.source.endless

    def refresh(self) -> None:
        """Show what can be evaluated now, and whether what was found is still true."""
        if not self.isVisible():
            return
        busy, usable = self._job.busy, self._usable()
        outputs = len(self.found.scores) if self.found is not None else 0
        self.bar.show_state(busy=busy, usable=usable, outputs=outputs)
        notice = self._notice() if self.found is not None and not busy else ""
        self.notice.setText(notice)
        self.notice.setVisible(bool(notice))
        if self.found is None:
            self._show_word(usable=usable)
        else:
            self.stack.setCurrentIndex(1)

    def _show_word(self, *, usable: bool) -> None:
        """Say what is missing, and lead to where it is made."""
        project, lead = self._document.project, ""
        if self._job.busy:
            text = ""
        elif project.data.source.endless:
            text = self.tr("The data is drawn without end, so no part of it is kept to evaluate on.")
        elif not usable:
            text, lead = lacking(self._session, project), "train"
        elif self._problem:
            text, lead = self._problem, "data"
        else:
            text = self.tr("Evaluate shows how good the network is on data that it has not learned from.")
        self._leads_to = lead
        way = self.tr("Train") if lead == "train" else self.tr("Go to the data")
        self.empty.say(text, way if lead and not self._session.running else "")
        self.stack.setCurrentIndex(0)

    def _lead(self) -> None:
        (self.train_wanted if self._leads_to == "train" else self.data_wanted).emit()

    def _notice(self) -> str:
        """What a person should know of the figures that are shown; empty where nothing."""
        if self._of is None or self.found is None:
            return ""
        return outdated(*self._of, self._document.project, self._session.trained)

    # Evaluating

    def evaluate(self) -> None:
        """Evaluate the network as it is now, in the background."""
        trained = self._session.trained
        if self._job.busy or trained is None or not self._usable():
            return
        project = as_trained(trained, self._document.project)
        self._problem, self._cancelled = "", False
        self._pending = trained, project
        self._job.begin(examination_job(project, trained.weights, self.bar.part.currentData()))
        self.bar.begin()
        self.refresh()

    def _part_chosen(self) -> None:
        self.found = None
        self._cancel_and_start()

    def _cancel_and_start(self) -> None:
        if not self._job.busy:
            self.evaluate()
        else:
            self._cancelled = True  # by another choice: begin with that
            self._job.cancel()

    def _take(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.bar.show_progress(event)
        elif isinstance(event, Result) and not self._cancelled:
            self._show_found(event.value)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, Cancelled):
            self.found = None
            self._problem = sentence(error)

    def _ended(self) -> None:
        again, self._cancelled = self._cancelled, False
        self.refresh()
        if again and self.isVisible():
            self.evaluate()

    def _show_found(self, found: Examination) -> None:
        self.found, self._of = found, self._pending
        self.bar.show_outputs([scores.output for scores in found.scores])
        self._show_output()

    def _show_output(self) -> None:
        if self.found is not None:
            self.results.show_output(self.found, max(self.bar.output.currentIndex(), 0))

    # The report

    def _save(self) -> None:
        if self.found is None or self._of is None:
            return
        from engine.formats.evaluation_report import write_report

        title, name = self.tr("Save the report"), f"{self._of[1].name}.html"
        path = ask_save(self, title, name, ".html", self.tr("HTML (*.html)"))
        if path is None:
            return
        try:
            run_job(self, self.tr("Writing the report…"), result_of(write_report, path, self._of[1], self.found))
        except Cancelled:
            return
        except LayerloomError as error:
            tell_error(self, self.tr("The report was not written"), error)

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self.results.close_jobs()
        self._job.close()
