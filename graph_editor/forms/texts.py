"""Editors of texts: names of files, and lists of words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
)

from engine.fields import FieldSpec
from graph_editor.forms.base import FIELD_HEIGHT, FieldEditor, LineEditor


class PathEditor(LineEditor):
    """The name of a file, with a button to look for it; another looks for a folder, where that will do."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._add_button("…", self.tr("Browse"), self._browse)
        if spec.folder:
            self._add_button("…/", self.tr("Choose a folder"), self._browse_folder)

    def _add_button(self, text: str, tip: str, slot: Callable[[], None]) -> None:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(slot)
        self.row.addWidget(button)

    def _browse(self) -> None:
        self._choose(QFileDialog.getOpenFileName(self, self.spec.label, self.line.text())[0])

    def _browse_folder(self) -> None:
        self._choose(QFileDialog.getExistingDirectory(self, self.spec.label, self.line.text()))

    def _choose(self, name: str) -> None:
        if name:
            self.line.setText(name)
            self.take(name)
            self.finished.emit()


class TextsEditor(FieldEditor):
    """Words of any number: says how many there are; a window of its own edits them, one a line."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._value: tuple[str, ...] = ()
        self.count = QLabel()
        self.button = QPushButton(self.tr("Edit…"))
        self.button.setMinimumHeight(FIELD_HEIGHT)
        self.button.clicked.connect(self._edit)
        self.row.addWidget(self.count, 1)
        self.row.addWidget(self.button)
        self.setFocusProxy(self.button)

    def set_value(self, value: Any) -> None:
        self._value = tuple(value)
        number = len(self._value)
        self.count.setText(self.tr("none") if not number else f"{number:,}")
        self.count.setToolTip(", ".join(self._value[:20]) + (" …" if number > 20 else ""))

    def start(self) -> tuple[str, ...]:
        return ()

    def _edit(self) -> None:
        dialog = TextsDialog(self, self.spec.label, self._value)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.edited.emit(dialog.texts())
            self.finished.emit()
        dialog.deleteLater()


class TextsDialog(QDialog):
    """A list of words, one a line."""

    def __init__(self, parent: FieldEditor, title: str, texts: tuple[str, ...]) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(420, 460)
        self.box = QPlainTextEdit("\n".join(texts))
        self.box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        note = QLabel(self.tr("One a line. Empty lines are left out."))
        note.setProperty("muted", True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.box, note, buttons):
            layout.addWidget(widget)

    def texts(self) -> tuple[str, ...]:
        """The words as they are now."""
        return tuple(line for line in self.box.toPlainText().split("\n") if line)
