"""A line of a form: an editor, and under it what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from engine.fields import FieldSpec
from graph_editor.forms.base import FieldEditor
from graph_editor.forms.several import SeveralValues
from graph_editor.words import said

_WAIT_MS = 500
"""How long typing may pause before a half-typed value is called wrong."""


class Row(QWidget):
    """Hands on what its editor tells, and shows why it was refused."""

    def __init__(
        self, spec: FieldSpec, label: str, editor: FieldEditor, attempt: Callable[[FieldEditor, Any], str]
    ) -> None:
        super().__init__()
        self.spec = spec
        self.label = label
        self.editor = editor
        self._attempt = attempt
        self._refused = self._problem = ""
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setProperty("refused", True)
        self.note.hide()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._show_note)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(editor)
        layout.addWidget(self.note)
        self.several: SeveralValues | None = None
        self.setToolTip(tooltip(spec))
        editor.edited.connect(self._edited)
        editor.misread.connect(self._refuse)
        editor.finished.connect(self._show_note)

    def show_value(self, value: Any, problem: str) -> None:
        """Show the value that holds now; a text that was refused stays until it is corrected."""
        self._show_several(False)
        self._problem = problem
        if not self._refused or not self.editor.isAncestorOf(self._focused()):
            self._refused = ""
            self.editor.set_value(value)
        self._show_note()

    def show_several(self, values: Sequence[Any]) -> None:
        """Show that there are several values; the editor comes when another is to be set for all."""
        if self.several is None:
            self.several = SeveralValues()
            self.several.chosen.connect(self._edited)
            self.several.another.connect(self._show_editor)
            layout = self.layout()
            assert isinstance(layout, QVBoxLayout)
            layout.insertWidget(0, self.several)
        self.several.show_values(values)
        self._show_several(True)

    def _show_several(self, on: bool) -> None:
        if self.several is not None:
            self.several.setVisible(on)
            self.editor.setVisible(not on)

    def _show_editor(self) -> None:
        self._show_several(False)
        self.editor.setFocus()

    def _focused(self) -> QWidget:
        return self.focusWidget() or self.window().focusWidget() or self

    def _edited(self, value: Any) -> None:
        self._refused = ""
        refused = self._attempt(self.editor, value)
        if refused:
            self._refuse(refused)
        else:
            self._show_note()

    def _refuse(self, why: str) -> None:
        self._refused = why
        self._timer.start()

    def _show_note(self) -> None:
        self._timer.stop()
        text = f"{self.label} {self._refused}" if self._refused else self._problem
        if text != self.note.text():
            self.note.setText(text)
        self.note.setVisible(bool(text))


def _tr(text: str) -> str:
    return QCoreApplication.translate("SettingsForm", text)


def tooltip(spec: FieldSpec) -> str:
    """What a setting means, and its limits."""
    low, high = (None if v is None else f"{v:,}" for v in (spec.minimum, spec.maximum))
    limits = ""
    if low is not None and high is not None:
        limits = _tr("From {0} to {1}.").format(low, high)
    elif low is not None:
        text = _tr("More than {0}.") if spec.exclusive else _tr("At least {0}.")
        limits = text.format(low)
    return " ".join(part for part in (said(spec.description), limits) if part)
