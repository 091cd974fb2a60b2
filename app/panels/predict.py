"""The Predict tab: draw, type, or pick a sample, and see at once what the trained network makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QColorDialog,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.dialogs import sentence
from app.panels.draw_field import DrawField
from app.panels.readiness import as_trained, fits, lacking
from app.panels.sample_fields import OtherSample, RowFields, TextField
from app.panels.share_bars import ShareBars
from app.session import TrainedRun, TrainingSession
from app.task import Job, TaskThread
from app.texts import count, shape_text
from engine.data.images import ENDINGS
from engine.events import EpochDone, Event, Finished, Result
from engine.graph import Graph
from graph_editor import theme as themes
from graph_editor.document import ProjectDocument

if TYPE_CHECKING:
    from app.panels.questions import Answer, Material, Question

Array = np.ndarray[Any, Any]

_DEBOUNCE_MS = 30
_FEW = 8
"""Numbers of an answer that are all shown."""
_ROW_MOST = 64
"""Numbers of a sample that have a field each."""


class PredictPanel(QWidget):
    """Asks in the background, one question at a time, and always the last one in the end."""

    train_wanted = Signal()

    def __init__(self, document: ProjectDocument, session: TrainingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("predictPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self._document, self._session = document, session
        self.material: Material | None = None
        self.answer: Answer | None = None
        self._of: tuple[TrainedRun, Graph] | None = None
        """What was trained and the graph, of `material` or of the job that makes it."""
        self._job: TaskThread | None = None
        self._question: Question | None = None
        self._looked_for = -1
        """The class that overlays are of; -1 for the one with the largest share."""
        self._folder = ""
        self._delay = QTimer(self, singleShot=True, interval=_DEBOUNCE_MS)
        self._delay.timeout.connect(self._start)
        self._make_widgets()
        self._lay_out()
        document.project_changed.connect(self.refresh)
        session.state_changed.connect(self.refresh)
        session.happened.connect(self._heard)

    def _make_widgets(self) -> None:
        self.word = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.word.setProperty("muted", True)
        self.lead = QPushButton(self.tr("Train"))
        self.lead.setProperty("primary", True)
        self.lead.clicked.connect(self.train_wanted)
        self.field = DrawField()
        self.field.changed.connect(self._drawn)
        self.text, self.row, self.other = TextField(), RowFields(), OtherSample()
        self.text.changed.connect(self._typed)
        self.row.changed.connect(self._typed)
        self.clear = QPushButton(self.tr("Clear"))
        self.clear.clicked.connect(self.field.clear)
        self.color = QPushButton(self.tr("Colour…"))
        self.color.clicked.connect(self._choose_color)
        self.open = QPushButton(self.tr("Open a picture…"))
        self.open.setToolTip(self.tr("It may also be dropped here"))
        self.open.clicked.connect(self._open)
        self.number = QSpinBox(minimum=1)
        self.number.setAccessibleName(self.tr("Sample of the data"))
        self.number.valueChanged.connect(self._pick)
        self.sample_text, self.of = QLabel(self.tr("Sample")), QLabel()
        self.of.setProperty("muted", True)
        self.true = QLabel()
        self.output = QComboBox()
        self.output.setAccessibleName(self.tr("Which Output"))
        self.output.activated.connect(self._ask_again)
        self.result = QLabel(wordWrap=True)
        font = themes.tabular(self.result.font())
        font.setPointSize(font.pointSize() + 8)
        font.setBold(True)
        self.result.setFont(font)
        self.bars = ShareBars()
        self.bars.chosen.connect(self._look_for)
        self.overlay = QComboBox()
        for text in (self.tr("No overlay"), self.tr("Saliency"), self.tr("Grad-CAM")):
            self.overlay.addItem(text)
        self.overlay.setToolTip(
            self.tr("Where the network looks: pixels that count (saliency), or places of the last convolution")
        )
        self.overlay.activated.connect(self._ask_again)
        self.hint = QLabel(wordWrap=True)
        self.hint.setProperty("muted", True)

    def _lay_out(self) -> None:
        empty = QWidget()
        column = QVBoxLayout(empty)
        column.addStretch()
        column.addWidget(self.word)
        column.addSpacing(8)
        column.addWidget(self.lead, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        top = QHBoxLayout()
        top.setSpacing(8)
        for widget in (self.sample_text, self.number, self.of, self.true):
            top.addWidget(widget)
        top.addStretch()
        self.inputs = QStackedWidget()
        for widget in (self.field, self.text, self.row, self.other):
            self.inputs.addWidget(widget)
        below = QHBoxLayout()
        for widget in (self.clear, self.color, self.open):
            below.addWidget(widget)
        below.addStretch()
        below.addWidget(self.overlay)
        left = QVBoxLayout()
        left.addLayout(top)
        left.addLayout(below)
        left.addWidget(self.inputs, 1)
        right = QVBoxLayout()
        right.addWidget(self.output)
        right.addWidget(self.result)
        right.addWidget(self.bars)
        right.addWidget(self.hint)
        right.addStretch()
        page = QWidget()
        both = QHBoxLayout(page)
        both.setContentsMargins(12, 12, 12, 12)
        both.setSpacing(24)
        both.addLayout(left, 1)
        both.addLayout(right, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(empty)
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
            self._forget()
            self._say(lacking(self._session, project), leads=not self._session.running)
            return
        assert trained is not None
        current = self._of is not None and self._of[0] is trained and self._of[1] == project.graph
        if not current and self._job is None:
            self._prepare(trained)

    def _forget(self) -> None:
        self.material, self.answer, self._of, self._question = None, None, None, None

    def _say(self, text: str, *, leads: bool = False) -> None:
        self.word.setText(text)
        self.lead.setVisible(leads)
        self.stack.setCurrentIndex(0)

    def _prepare(self, trained: TrainedRun) -> None:
        from app.panels.questions import material_job

        project = self._document.project
        self._of = trained, project.graph
        if self.material is None:
            self._say(self.tr("Preparing…"))
        self._run(material_job(as_trained(trained, project), trained.weights))

    def _run(self, job: Job) -> None:
        self._job = TaskThread(job, self)
        self._job.happened.connect(self._take)
        self._job.failed.connect(self._failed)
        self._job.ended.connect(self._ended)
        self._job.start()

    def _take(self, event: Event) -> None:
        from app.panels.questions import Answer, Material

        if not isinstance(event, Result) or self._of is None:
            return
        if isinstance(event.value, Material):
            self._take_material(event.value)
        elif isinstance(event.value, Answer):
            self._take_answer(event.value)

    def _failed(self, error: Exception) -> None:
        if self.material is None:
            self._say(sentence(error))
        else:
            self.hint.setText(sentence(error))

    def _ended(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = None
        self.refresh()
        if self._question is not None and self.material is not None and not self._delay.isActive():
            self._start()

    def _take_material(self, material: Material) -> None:
        """Offer what one can ask about; the sample that was asked about is asked about again."""
        before, self.material = self.material, material
        size = 0 if material.samples is None else material.samples.size
        for widget in (self.sample_text, self.number, self.of):
            widget.setVisible(size > 0)
        self.of.setText(self.tr("of {0}").format(count(size)))
        self.number.blockSignals(True)
        self.number.setMaximum(max(size, 1))
        self.number.blockSignals(False)
        names = [node.name for node in material.oracle.model.outputs]
        if [self.output.itemText(place) for place in range(self.output.count())] != names:
            self.output.clear()
            self.output.addItems(names)
        self.output.setVisible(len(names) > 1)
        editor = self._editor(material)
        for widget in (self.clear, self.open, self.overlay):
            widget.setVisible(editor is self.field)
        self.color.setVisible(editor is self.field and self._channels(material) > 1)
        self.stack.setCurrentIndex(1)
        same = before is not None and self.answer is not None and self.inputs.currentWidget() is editor
        self.inputs.setCurrentWidget(editor)
        if same and self.answer is not None and _shapes(before) == _shapes(material):
            self._ask_again()
        elif size:
            self._pick()
        else:
            self._begin_empty(material)

    def _editor(self, material: Material) -> QWidget:
        if material.picture is not None:
            return self.field
        inputs = material.oracle.model.inputs
        layer: Any = inputs[0].layer
        if len(inputs) == 1 and layer.dtype == "string" and layer.shape in ((), (1,)):
            return self.text
        row = len(layer.shape) == 1 and layer.shape[0] is not None and layer.shape[0] <= _ROW_MOST
        return self.row if len(inputs) == 1 and row and layer.dtype != "string" else self.other

    @staticmethod
    def _channels(material: Material) -> int:
        shape = getattr(getattr(material.picture, "layer", None), "shape", ())
        return shape[2] if len(shape) == 3 else 1

    def _begin_empty(self, material: Material) -> None:
        """Begin with an empty editor, where the data has no samples to begin with."""
        layer: Any = material.oracle.model.inputs[0].layer
        editor = self.inputs.currentWidget()
        if editor is self.field:
            height, width = (side or 64 for side in layer.shape[:2])
            self.field.set_shape((height, width, self._channels(material)))
        elif editor is self.row:
            self.row.show_values(np.zeros(layer.shape))
            self._typed()
        elif editor is self.other:
            self.hint.setText(self.tr("The data has no samples that could be predicted."))

    # Asking

    def _ask(self, **what: Any) -> None:
        from app.panels.questions import Question

        self._question = Question(**what)
        if not self._delay.isActive():
            self._delay.start()

    def _start(self) -> None:
        """Ask the last question, unless one is being answered: then it is asked next."""
        if self._job is not None or self._question is None or self.material is None:
            return
        from app.panels.questions import asking_job

        kind = self.overlay.currentIndex() if self.inputs.currentWidget() is self.field else 0
        question = replace(
            self._question, output=self.output.currentText(), index=self._looked_for, overlays=kind > 0
        )
        self._question = None
        self._run(asking_job(self.material, question))

    def _ask_again(self, *_: object) -> None:
        """Ask about the same sample, for the class with the largest share."""
        self._look_for(-1)

    def _look_for(self, index: int) -> None:
        """Look where the network looks for a class."""
        self._looked_for = index
        if self.answer is not None:
            self._ask(sample=self.answer.sample, true=self.answer.true)

    def _pick(self, *_: object) -> None:
        self._looked_for = -1
        self._ask(number=self.number.value() - 1)

    def _drawn(self) -> None:
        from engine.asking import scaled

        if self.material is None or self.material.picture is None:
            return
        shape: Any = getattr(self.material.picture.layer, "shape", ())
        pixels = self.field.pixels()
        pixels = pixels if len(shape) == 3 else pixels[..., 0]
        self._ask(sample={self.material.picture.name: scaled(pixels, self.material.reach)})

    def _typed(self) -> None:
        if self.material is None:
            return
        node = self.material.oracle.model.inputs[0]
        shape: Any = getattr(node.layer, "shape", ())
        editor = self.inputs.currentWidget()
        value = np.array(self.text.text()).reshape(shape) if editor is self.text else self.row.values()
        self._ask(sample={node.name: value})

    def _choose_color(self) -> None:
        chosen = QColorDialog.getColor(self.field.color, self, self.tr("Colour to draw with"))
        if QColor.isValid(chosen):
            self.field.color = chosen

    def _open(self) -> None:
        kinds = self.tr("Pictures ({0})").format(" ".join(f"*{ending}" for ending in ENDINGS))
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Open a picture"), self._folder, kinds)
        if name:
            self.take_picture(Path(name))

    def take_picture(self, path: Path) -> None:
        """Ask about a picture in a file."""
        self._folder = str(path.parent)
        self._looked_for = -1
        self._ask(path=path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = self._dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.take_picture(path)

    def _dropped(self, event: QDropEvent) -> Path | None:
        """The picture that is dropped, where the network takes one."""
        urls = event.mimeData().urls()
        path = Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
        fitting = self.material is not None and self.material.picture is not None
        return path if fitting and path is not None and path.suffix.lower() in ENDINGS else None

    # Answers

    def _take_answer(self, answer: Answer) -> None:
        if self.material is None:
            return
        self.answer = answer
        if answer.question.number is not None or answer.question.path is not None:
            self._show_sample(self.material, answer.sample)
        self._show_given(self.material, answer)
        if self.inputs.currentWidget() is self.field:
            maps = (None, answer.overlays.saliency, answer.overlays.grad_cam)
            self.field.show_overlay(maps[self.overlay.currentIndex()])
            if self.overlay.currentIndex() == 2 and answer.overlays.grad_cam is None:
                self.hint.setText(self.tr("Grad-CAM needs a convolution, and the network has none."))

    def _show_sample(self, material: Material, sample: Mapping[str, Array]) -> None:
        editor = self.inputs.currentWidget()
        values = next(iter(sample.values()))
        if editor is self.field:
            low, high = material.reach
            pixels = np.clip((values.astype(np.float64) - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
            self.field.show_pixels(pixels if pixels.ndim == 3 else pixels[..., None])
        elif editor is self.text:
            self.text.show_text(str(values.reshape(-1)[0]))
        elif editor is self.row:
            self.row.show_values(values)
        else:
            self.other.show_sample(sample, material.meaning)

    def _show_given(self, material: Material, answer: Answer) -> None:
        from app.panels.questions import named_shares, true_text

        name = self.output.currentText()
        given, classes = answer.given[name], material.classes(name)
        shares = named_shares(given, classes)
        proper = shares is not None and all(-1e-4 <= share <= 1 + 1e-4 for _, share in shares)
        true = true_text(answer.true.get(name), classes)
        self.true.setText(self.tr("true: {0}").format(true) if true else "")
        self.bars.setVisible(proper)
        self.hint.setText("")
        if shares is not None and proper:
            best = max(shares, key=lambda pair: pair[1])
            self.result.setText(best[0] if len(given) > 1 or len(classes) == 2 else "")
            marked = answer.index if answer.question.overlays else -1
            self.bars.show_shares(shares, marked)
            if answer.question.overlays:
                self.hint.setText(self.tr("A click on a bar shows where the network looks for that class."))
        elif given.size <= _FEW:
            self.result.setText(", ".join(f"{value:.5g}" for value in given.reshape(-1).tolist()))
        else:
            low, high = float(given.min()), float(given.max())
            self.result.setText(shape_text(given.shape))
            self.hint.setText(self.tr("numbers from {0} to {1}").format(f"{low:.4g}", f"{high:.4g}"))

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self._delay.stop()
        self._question = None
        if self._job is not None:
            self._job.close()


def _shapes(material: Material | None) -> object:
    if material is None:
        return None
    return {node.name: node.layer for node in material.oracle.model.inputs}
