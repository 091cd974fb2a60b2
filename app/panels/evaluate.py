"""The Evaluate tab: how good the trained network is on a part of the data, and where it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.dialogs import sentence, tell_error
from app.jobs import run_job
from app.panels.readiness import as_trained, fits, lacking
from app.panels.scores import ScoresView
from app.session import TrainedRun, TrainingSession
from app.task import Job, TaskThread, result_of
from app.texts import count, figure, metric_label
from engine.errors import Cancelled, LayerloomError
from engine.events import EpochDone, Event, Finished, HostWeights, Progress, Result
from engine.project import Project
from engine.scoring import Regressed
from graph_editor import theme as themes
from graph_editor.document import ProjectDocument
from graph_editor.words import said

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
        self._job: TaskThread | None = None
        self._cancelled = False
        self._problem = self._leads_to = ""
        self._folder = ""
        self.view: ScoresView | None = None
        self._make_widgets()
        self._lay_out()
        document.project_changed.connect(self.refresh)
        session.state_changed.connect(self.refresh)
        session.happened.connect(self._heard)
        self.refresh()

    def _make_widgets(self) -> None:
        self.part = QComboBox()
        for name, text in (
            ("test", self.tr("Test data")),
            ("validation", self.tr("Validation data")),
            ("training", self.tr("Training data")),
        ):
            self.part.addItem(text, name)
        self.part.setAccessibleName(self.tr("Which part of the data"))
        self.part.activated.connect(self._part_chosen)
        self.output = QComboBox()
        self.output.setAccessibleName(self.tr("Which Output"))
        self.output.activated.connect(self._show_output)
        self.start = QPushButton(self.tr("Evaluate"))
        self.start.clicked.connect(self.evaluate)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self._cancel)
        self.save = QPushButton(self.tr("Save report…"))
        self.save.setToolTip(self.tr("Tables, curves and the worst mistakes as one HTML file"))
        self.save.clicked.connect(self._save)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedHeight(6)
        self.doing = QLabel()
        self.doing.setProperty("muted", True)
        self.notice = QLabel(wordWrap=True)
        self.notice.setProperty("warned", True)
        self.notice.setContentsMargins(12, 0, 12, 6)
        self.word = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.word.setProperty("muted", True)
        self.lead = QPushButton()
        self.lead.setProperty("primary", True)
        self.lead.clicked.connect(self._lead)
        self.figures = QLabel()
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.figures.setFont(themes.tabular(self.figures.font()))
        self.figures.setContentsMargins(12, 0, 12, 6)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(12, 8, 12, 6)
        top.setSpacing(8)
        for widget in (self.part, self.output, self.start, self.cancel):
            top.addWidget(widget)
        top.addWidget(self.doing)
        top.addWidget(self.bar, 1)
        top.addStretch()
        top.addWidget(self.save)
        empty = QWidget()
        column = QVBoxLayout(empty)
        column.setContentsMargins(24, 24, 24, 24)
        column.addStretch()
        column.addWidget(self.word)
        column.addSpacing(8)
        column.addWidget(self.lead, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        self._page = QVBoxLayout()
        self._page.setContentsMargins(0, 0, 0, 0)
        results = QWidget()
        results.setLayout(self._page)
        self.stack = QStackedWidget()
        self.stack.addWidget(empty)
        self.stack.addWidget(results)
        self._page.addWidget(self.figures)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(top)
        whole.addWidget(self.notice)
        whole.addWidget(self.stack, 1)

    # What there is

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        if self.found is None and self._job is None and self._usable() and not self._session.running:
            self.evaluate()

    def forget(self) -> None:
        """Another project is shown: what was found is not of it."""
        if self._job is not None:
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
        busy, usable = self._job is not None, self._usable()
        for widget in (self.cancel, self.bar, self.doing):
            widget.setVisible(busy)
        self.start.setVisible(not busy)
        self.start.setEnabled(usable)
        self.start.setText(self.tr("Evaluate") if self.found is None else self.tr("Evaluate again"))
        self.save.setVisible(self.found is not None)
        self.output.setVisible(self.found is not None and len(self.found.scores) > 1)
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
        if self._job is not None:
            text = ""
        elif project.data.source.endless:
            text = self.tr("The data is drawn without end, so no part of it is kept to evaluate on.")
        elif not usable:
            text, lead = lacking(self._session, project), "train"
        elif self._problem:
            text, lead = self._problem, "data"
        else:
            text = self.tr("Evaluate shows how good the network is on data that it has not learned from.")
        self.word.setText(text)
        self.lead.setVisible(bool(lead) and not self._session.running)
        self.lead.setText(self.tr("Train") if lead == "train" else self.tr("Go to the data"))
        self._leads_to = lead
        self.stack.setCurrentIndex(0)

    def _lead(self) -> None:
        (self.train_wanted if self._leads_to == "train" else self.data_wanted).emit()

    def _notice(self) -> str:
        """What a person should know of the figures that are shown; empty where nothing."""
        if self._of is None or self.found is None:
            return ""
        trained, evaluated = self._of
        now = self._document.project
        parts = list[str]()
        if not TrainedRun(evaluated, trained.weights).fits(now.graph):
            parts.append(self.tr("The network was edited since: these figures are of the network before."))
        elif self._session.trained is not trained:
            parts.append(self.tr("The network was trained since: these figures are of the weights before."))
        if now.data != evaluated.data:
            parts.append(self.tr("The data was changed since: these figures are of the data before."))
        if trained.project.data != evaluated.data:
            parts.append(
                self.tr(
                    "The network learned from other data or another split: it may have seen some of these samples."
                )
            )
        return " ".join(parts)

    # Evaluating

    def evaluate(self) -> None:
        """Evaluate the network as it is now, in the background."""
        trained = self._session.trained
        if self._job is not None or trained is None or not self._usable():
            return
        project = as_trained(trained, self._document.project)
        self._problem, self._cancelled = "", False
        self._pending = trained, project
        self._job = TaskThread(examination_job(project, trained.weights, self.part.currentData()), self)
        self._job.happened.connect(self._take)
        self._job.failed.connect(self._failed)
        self._job.ended.connect(self._ended)
        self.bar.setRange(0, 0)
        self.doing.setText("")
        self.refresh()
        self._job.start()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _part_chosen(self) -> None:
        self.found = None
        self._cancel_and_start()

    def _cancel_and_start(self) -> None:
        if self._job is None:
            self.evaluate()
        else:
            self._cancelled = True  # by another choice: begin with that
            self._job.cancel()

    def _take(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.doing.setText(said(event.text))
            self.bar.setRange(0, event.total or 0)
            self.bar.setValue(event.done)
        elif isinstance(event, Result) and not self._cancelled:
            self.found, self._of = event.value, self._pending
            self._fill()

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, Cancelled):
            self.found = None
            self._problem = sentence(error)

    def _ended(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = None
        again, self._cancelled = self._cancelled, False
        self.refresh()
        if again and self.isVisible():
            self.evaluate()

    # Showing

    def _fill(self) -> None:
        assert self.found is not None
        self.output.clear()
        self.output.addItems([scores.output for scores in self.found.scores])
        self._show_output()

    def _show_output(self) -> None:
        if self.found is None:
            return
        scores = self.found.scores[max(self.output.currentIndex(), 0)]
        wanted = self.view.tabs.currentIndex() if self.view is not None else 0
        self._drop_view()
        self.view = ScoresView(self.found, scores)
        self.view.tabs.setCurrentIndex(min(wanted, self.view.tabs.count() - 1))
        self._page.addWidget(self.view, 1)
        self.figures.setText(self._figures())

    def _drop_view(self) -> None:
        if self.view is not None:
            self.view.close_jobs()
            self._page.removeWidget(self.view)
            self.view.hide()
            self.view.deleteLater()
            self.view = None

    def _figures(self) -> str:
        """Loss, metrics and how many samples, in a line."""
        assert self.found is not None
        scores = self.found.scores[max(self.output.currentIndex(), 0)]
        several = len(self.found.scores) > 1
        prefix = f"{scores.output}_" if several else ""
        shown = {
            metric_label(name.removeprefix(prefix)): figure(name, value)
            for name, value in self.found.figures.items()
            if name.startswith(prefix)
        }
        if isinstance(scores, Regressed):
            shown.setdefault(metric_label("mae"), figure("mae", scores.mae))
            shown |= {"RMSE": figure("rmse", scores.rmse), "R²": figure("r2", scores.r2)}
        size = self.found.samples.size
        shown[self.tr("Samples")] = count(size)
        muted = themes.current().muted
        parts = [f'<span style="color:{muted}">{name}</span> <b>{value}</b>' for name, value in shown.items()]
        if self.found.looked_at < size:
            text = self.tr("tables and curves are of {0} of them, drawn at random").format(
                count(self.found.looked_at)
            )
            parts.append(f'<span style="color:{muted}">{text}</span>')
        return "&nbsp;&nbsp;&nbsp;&nbsp; ".join(parts)

    # The report

    def _save(self) -> None:
        if self.found is None or self._of is None:
            return
        from engine.formats.evaluation_report import write_report

        start = str(Path(self._folder) / f"{self._of[1].name}.html")
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save the report"), start, self.tr("HTML (*.html)"))
        if not name:
            return
        path = Path(name).with_suffix(".html") if not Path(name).suffix else Path(name)
        self._folder = str(path.parent)
        try:
            run_job(self, self.tr("Writing the report…"), result_of(write_report, path, self._of[1], self.found))
        except Cancelled:
            return
        except LayerloomError as error:
            tell_error(self, self.tr("The report was not written"), error)

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        if self.view is not None:
            self.view.close_jobs()
        if self._job is not None:
            self._job.close()
