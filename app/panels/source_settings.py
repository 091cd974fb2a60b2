"""Where the data comes from: which source, what it is, and its settings."""

from __future__ import annotations

import inspect

from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from engine.data.published import PUBLISHED, at_hand
from engine.data.source import SOURCES, Source, source_name
from engine.fields import Settings, describe
from graph_editor.document import ProjectDocument
from graph_editor.forms.form import SettingsForm
from graph_editor.words import said


class SourceSettings(QWidget):
    """Edits the source of the document's data, undoably."""

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.choice = QComboBox()
        """Which source; its panel lays it out, above the files."""
        for name, cls in SOURCES.items():
            self.choice.addItem(said(cls.title) or name, name)
        self.choice.setToolTip(self.tr("Where the samples come from."))
        self.choice.activated.connect(self._chosen)
        self.about = QLabel(wordWrap=True)
        self.about.setProperty("muted", True)
        self.form = SettingsForm()
        self.form.translate_labels()
        self.form.changed.connect(self._changed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.about)
        layout.addWidget(self.form)

    def show_source(self, source: Source) -> None:
        """Show this source and its settings."""
        self.choice.setCurrentIndex(self.choice.findData(source_name(source)))
        self.about.setText(said(" ".join((inspect.getdoc(type(source)) or "").split())))
        settings = describe(type(source))
        self.form.setVisible(bool(settings))
        self.form.wrap_rows(any(spec.kind == "path" and not spec.advanced for spec in settings))
        self.form.show_settings(source)

    def _chosen(self, index: int) -> None:
        name = self.choice.itemData(index)
        data = self._document.project.data
        if name != source_name(data.source):
            downloaded = at_hand(name) if name in PUBLISHED else None
            changed = data.model_copy(update={"source": downloaded or SOURCES[name]()})
            self._document.edit_data(self.tr("Change the data"), changed)

    def _changed(self, source: Settings, field: str) -> None:
        data = self._document.project.data.model_copy(update={"source": source})
        key = f"data.source.{field}" if self.form.typed(field) else None
        self._document.edit_data(self.tr("Change the data"), data, key)
