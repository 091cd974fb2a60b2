"""The Predict tab: draw, type, or pick a sample, and see at once what the trained network makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.dialogs import sentence
from app.panels.answer_view import AnswerView
from app.panels.asking import Asking
from app.panels.readiness import fits, lacking
from app.panels.sample_editor import GRAD_CAM, NO_OVERLAY, SampleEditor
from app.panels.word_page import WordPage
from app.session import TrainingSession
from engine.events import EpochDone, Event, Finished
from graph_editor.document import ProjectDocument

if TYPE_CHECKING:
    from app.panels.questions import Question


class PredictPanel(QWidget):
    """Asks the network about the sample in the editor, and shows its answer beside it."""

    train_wanted = Signal()

    def __init__(self, document: ProjectDocument, session: TrainingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("predictPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self._document, self._session = document, session
        self._looked_for = -1
        """The class that overlays are of; -1 for the one with the largest share."""
        self.empty, self.editor, self.view = WordPage(), SampleEditor(), AnswerView()
        self.asking = Asking(self)
        self._lay_out()
        self.empty.led.connect(self.train_wanted)
        self.editor.given.connect(self._take_sample)
        self.editor.overlay_chosen.connect(self._ask_again)
        self.view.output_chosen.connect(self._ask_again)
        self.view.class_chosen.connect(self._look_for)
        self.asking.prepared.connect(self._prepared)
        self.asking.answered.connect(self._answered)
        self.asking.failed.connect(self._failed)
        self.asking.freed.connect(self.refresh)
        document.project_changed.connect(self.refresh)
        session.state_changed.connect(self.refresh)
        session.happened.connect(self._heard)

    def _lay_out(self) -> None:
        page = QWidget()
        both = QHBoxLayout(page)
        both.setContentsMargins(12, 12, 12, 12)
        both.setSpacing(24)
        both.addWidget(self.editor, 1)
        both.addWidget(self.view, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.stack)

    # What there is

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _heard(self, event: Event) -> None:
        if isinstance(event, EpochDone | Finished):
            self.refresh()

    def refresh(self) -> None:
        """Take the network as it is now, where it is trained; say what is missing where it is not."""
        if not self.isVisible():
            return
        project, trained = self._document.project, self._session.trained
        if not fits(self._session, project):
            self.asking.forget()
            self.editor.forget()
            self._say(lacking(self._session, project), "" if self._session.running else self.tr("Train"))
            return
        assert trained is not None
        if self.asking.take_network(trained, project) and self.asking.material is None:
            self._say(self.tr("Preparing…"))

    def _say(self, text: str, lead: str = "") -> None:
        self.empty.say(text, lead)
        self.stack.setCurrentIndex(0)

    def _prepared(self) -> None:
        """Offer what one can ask about; the sample that was asked about is asked about again."""
        material = self.asking.material
        assert material is not None
        self.view.show_outputs([node.name for node in material.oracle.model.outputs])
        self.editor.take_material(material)
        self.stack.setCurrentIndex(1)
        if self.asking.last is not None:
            self._ask_again()
            return
        self.view.forget()
        if not self.editor.begin():
            self.view.remark(self.tr("The data has no samples that could be predicted."))

    # Asking

    def _take_sample(self, question: Question) -> None:
        if question.sample is None:  # but another one: no class of it was looked at
            self._looked_for = -1
        self._ask(question)

    def _ask(self, question: Question) -> None:
        overlays = self.editor.overlay_wanted != NO_OVERLAY
        output = self.view.output.currentText()
        self.asking.ask(replace(question, output=output, index=self._looked_for, overlays=overlays))

    def _ask_again(self) -> None:
        """Ask about the same sample, for the class with the largest share."""
        self._look_for(-1)

    def _look_for(self, index: int) -> None:
        """Look where the network looks for a class."""
        self._looked_for = index
        if (question := self.asking.last) is not None:
            self._ask(question)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = self._dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.editor.take_picture(path)

    def _dropped(self, event: QDropEvent) -> Path | None:
        """The picture that is dropped, where the network takes one."""
        urls = event.mimeData().urls()
        path = Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
        return path if path is not None and self.editor.takes(path) else None

    # Answers

    def _answered(self) -> None:
        answer, material = self.asking.answer, self.asking.material
        assert answer is not None
        assert material is not None
        self.editor.show_answer(answer, self.view.output.currentText())
        self.view.show_answer(answer, material)
        looked = answer.question.overlays and self.editor.overlay_wanted == GRAD_CAM
        if looked and answer.overlays.grad_cam is None:
            self.view.remark(self.tr("Grad-CAM needs a convolution, and the network has none."))

    def _failed(self, error: Exception) -> None:
        if self.asking.material is None:
            self._say(sentence(error))
        else:
            self.view.remark(sentence(error))

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self.asking.close_jobs()
