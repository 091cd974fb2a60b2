"""How the data is split: its settings, what they come to, and samples that would be on both sides."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.dialogs import sentence
from app.task import Background, result_of
from engine.data.leakage import SplitFacts, SplitLook, look_at_split
from engine.events import Event, Result
from engine.fields import Settings
from engine.project import DataSettings
from graph_editor.document import ProjectDocument
from graph_editor.forms.form import SettingsForm
from graph_editor.words import said


class SplitPanel(QWidget):
    """Edits the split of the document's data, undoably. What it comes to is computed in a thread."""

    looked = Signal()
    """Another `look` is there."""

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._facts: SplitFacts | None = None
        self._settings: DataSettings | None = None  # those that `look` is of, or is going to be
        self._job = Background(self)
        self._job.happened.connect(self._take)
        self._job.failed.connect(self._failed)
        self._job.ended.connect(self._ended)
        self.look: SplitLook | None = None
        """What the split comes to, None while that is not known."""
        self.form = SettingsForm()
        self.form.translate_labels()
        self.form.changed.connect(self._changed)
        self.notice = QWidget()
        """What is wrong with the split, and what mends it; to be shown where it is seen."""
        self.warning = QLabel(wordWrap=True)
        self.warning.setProperty("warned", True)
        self.mend = QPushButton(self.tr("Keep duplicates together"))
        self.mend.setToolTip(self.tr("Samples that are the same go to the same part"))
        self.mend.clicked.connect(self._mend)
        self.notes = QLabel(wordWrap=True)
        self.notes.setProperty("muted", True)
        row = QHBoxLayout(self.notice)
        row.setContentsMargins(12, 10, 12, 4)
        row.setSpacing(12)
        row.addWidget(self.warning, 1)
        row.addWidget(self.mend)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.form)
        layout.addWidget(self.notes)
        self._show_look("")

    def show_settings(self, data: DataSettings) -> None:
        """Show these settings, and what they come to."""
        self.form.show_settings(data)
        self._ask(data)

    def forget(self) -> None:
        """Other data is to be split, of which nothing is known yet."""
        self._facts = self.look = None
        self._show_look("")

    def take_facts(self, facts: SplitFacts) -> None:
        """Split these samples from now on."""
        self._facts, self._settings = facts, None
        self._ask(self._document.project.data)

    def _ask(self, data: DataSettings) -> None:
        if self._facts is None or self._job.busy or data == self._settings:
            return  # a job that has ended asks again
        self._settings = data
        self._job.begin(result_of(look_at_split, self._facts, data))

    def _take(self, event: Event) -> None:
        if isinstance(event, Result) and self._facts is not None:
            self.look = event.value
            self._show_look("")

    def _failed(self, error: Exception) -> None:
        self.look = None
        self._show_look(sentence(error))

    def _ended(self) -> None:
        self._ask(self._document.project.data)

    def _show_look(self, error: str) -> None:
        leak = self.look.leak if self.look is not None else None
        notes = self.look.notes if self.look is not None else ()
        self.warning.setText(error or (said(str(leak)) if leak is not None else ""))
        self.notice.setVisible(bool(self.warning.text()))
        self.mend.setVisible(leak is not None and not leak.brought)
        self.notes.setText("\n".join(map(said, notes)))
        self.notes.setVisible(bool(notes))
        self.looked.emit()

    # Editing

    def _changed(self, settings: Settings, field: str) -> None:
        if isinstance(settings, DataSettings):
            key = f"data.{field}" if self.form.typed(field) else None
            self._document.edit_data(self.tr("Change the split"), settings, key)

    def _mend(self) -> None:
        data = self._document.project.data.replace(keep_duplicates_together=True)
        self._document.edit_data(self.mend.text(), data)

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self._facts = None
        self._job.close()
