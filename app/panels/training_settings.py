"""How the project is trained: epochs, batch size, optimizer, callbacks."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.panels.callbacks import CallbacksForm
from engine.callbacks import Callbacks
from engine.fields import Settings
from engine.figures import figure_names
from engine.optimizers import OPTIMIZERS
from engine.project import TrainingSettings
from graph_editor.document import ProjectDocument
from graph_editor.forms.form import SettingsForm
from graph_editor.forms.rate import RateEditor


class TrainingSettingsPanel(QScrollArea):
    """Edits the training settings of the document, undoably."""

    changed = Signal(object)
    """The training settings, whoever changed them."""
    rate_wanted = Signal()
    """A learning rate is to be found."""

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._shown: TrainingSettings | None = None
        self._rate_editor: RateEditor | None = None
        self._idle = True
        """Whether nothing is trained."""
        self.run_form = SettingsForm()
        self.run_form.translate_labels()
        self.optimizer = QComboBox()
        self.optimizer.addItems(list(OPTIMIZERS))
        self.optimizer_form = SettingsForm()
        self.optimizer_form.wrap_rows()  # some names are long
        self.callbacks = CallbacksForm()
        self.running = QLabel(wordWrap=True)
        self.running.setText(
            self.tr("The run that goes on takes up another learning rate, number of epochs and callbacks at once.")
        )
        self.running.setProperty("muted", True)
        self.running.hide()
        self._lay_out()
        self.run_form.changed.connect(self._run_changed)
        self.optimizer_form.changed.connect(self._optimizer_changed)
        self.optimizer.textActivated.connect(self._optimizer_chosen)
        self.callbacks.changed.connect(self._callbacks_changed)
        document.project_changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(self.running)
        layout.addWidget(self._heading(self.tr("Run")))
        layout.addWidget(self.run_form)
        layout.addSpacing(8)
        layout.addWidget(self._heading(self.tr("Optimizer")))
        self.optimizer.setToolTip(self.tr("How the weights are changed at each step."))
        layout.addWidget(self.optimizer)
        layout.addWidget(self.optimizer_form)
        layout.addSpacing(8)
        layout.addWidget(self._heading(self.tr("Callbacks")))
        layout.addWidget(self.callbacks)
        layout.addStretch()
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)

    @staticmethod
    def _heading(text: str) -> QLabel:
        label = QLabel(text)
        label.setProperty("heading", True)
        return label

    def _show(self) -> None:
        training = self._document.project.training
        names = figure_names(self._document.project.graph)
        self.callbacks.show_callbacks(training.callbacks, [*(f"val_{name}" for name in names), *names])
        if training == self._shown:
            return
        self._shown = training
        self.changed.emit(training)
        self.run_form.show_settings(training)
        self.optimizer.setCurrentText(training.optimizer.type)
        self.optimizer_form.show_settings(training.optimizer)
        self._offer_finding()

    def _offer_finding(self) -> None:
        """Put a button below the learning rate, which is made anew with each kind of optimizer."""
        editor = self.optimizer_form.editor("learning_rate")
        if editor is self._rate_editor or not isinstance(editor, RateEditor):
            return
        self._rate_editor = editor
        self.find_button = QPushButton(self.tr("Find a rate…"))
        self.find_button.setToolTip(
            self.tr("Try growing rates on a copy of the network, and see where its loss falls")
        )
        self.find_button.clicked.connect(self.rate_wanted)
        self.find_button.setEnabled(self._idle)
        editor.add_way(self.find_button)

    def show_running(self, running: bool, *, idle: bool) -> None:
        """Say, while a run goes on, what of it can be changed; a rate is looked for while nothing is trained."""
        self.running.setVisible(running)
        self._idle = idle
        self.find_button.setEnabled(idle)

    def _run_changed(self, settings: Settings, field: str) -> None:
        if isinstance(settings, TrainingSettings):
            self._edit(settings, field)

    def _optimizer_changed(self, settings: Settings, field: str) -> None:
        self._edit(self._document.project.training.replace(optimizer=settings), f"optimizer.{field}")

    def _optimizer_chosen(self, name: str) -> None:
        training = self._document.project.training
        if training.optimizer.type != name:
            self._edit(training.replace(optimizer=OPTIMIZERS[name]()), "optimizer")

    def _callbacks_changed(self, callbacks: Callbacks, field: str) -> None:
        self._edit(self._document.project.training.replace(callbacks=callbacks), f"callbacks.{field}")

    def _edit(self, training: TrainingSettings, field: str) -> None:
        name = field.rpartition(".")[2].replace("_", " ")
        self._document.edit_training(self.tr("Change {0}").format(name), training, f"training.{field}")
