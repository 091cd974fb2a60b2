"""A form made from the settings themselves: whatever has typed fields can be edited."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import QCoreApplication, QTimer, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget

from engine.fields import FieldSpec, Settings, describe
from graph_editor.field_editors import FIELD_HEIGHT, FieldEditor, make_editor

_WAIT_MS = 500
"""How long typing may pause before a half-typed value is called wrong."""

_REASONS = {
    "greater_than_equal": ("must be at least {0}", "ge"),
    "greater_than": ("must be more than {0}", "gt"),
    "less_than_equal": ("must be at most {0}", "le"),
    "less_than": ("must be less than {0}", "lt"),
    "finite_number": ("must be a number that is not infinite", ""),
}


def reason(error: ValidationError) -> str:
    """Why a value is refused, in plain words."""
    first = error.errors()[0]
    template, limit = _REASONS.get(first["type"], ("", ""))
    if template:
        value = first.get("ctx", {}).get(limit, "")
        shown = f"{value:,}" if isinstance(value, int | float) else value
        return QCoreApplication.translate("SettingsForm", template).format(shown)
    return first["msg"].removeprefix("Value error, ")


class SettingsForm(QWidget):
    """Edits any `Settings` value. A refused value is marked at its field; the last good one stays."""

    changed = Signal(object, str)
    """The new settings, valid, and the name of the field that was edited."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: Settings | None = None
        self._rows: dict[str, _Row] = {}
        self._shown: tuple[type[Settings], frozenset[str]] | None = None
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(10)
        self._form.setVerticalSpacing(6)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)

    @property
    def settings(self) -> Settings | None:
        """The last good settings."""
        return self._settings

    def show_settings(
        self,
        settings: Settings,
        problems: Mapping[str, str] | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        """Show these settings (of them, only some fields if asked), and what is wrong with which field."""
        names = frozenset(only if only is not None else type(settings).model_fields)
        self._settings = settings
        if self._shown != (type(settings), names):
            self._shown = (type(settings), names)
            self._rebuild(type(settings), names)
        for name, row in self._rows.items():
            row.show_value(getattr(settings, name), (problems or {}).get(name, ""))

    def editor(self, name: str) -> FieldEditor:
        """The editor of a field."""
        return self._rows[name].editor

    def refusal(self, name: str) -> str:
        """What is written under a field, empty where nothing is."""
        return self._rows[name].note.text()

    def _rebuild(self, settings: type[Settings], names: frozenset[str]) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self._rows = {}
        for spec in describe(settings):
            if spec.name in names:
                self._rows[spec.name] = self._add(spec)

    def _add(self, spec: FieldSpec) -> _Row:
        row = _Row(spec, self._try)
        label = QLabel(QCoreApplication.translate("Settings", spec.label))
        label.setToolTip(row.toolTip())
        label.setBuddy(row.editor)
        label.setMinimumHeight(FIELD_HEIGHT)
        row.editor.setAccessibleName(spec.label)
        self._form.addRow(label, row)
        return row

    def _try(self, name: str, value: Any) -> str:
        """Take a value if the settings accept it; the reason if they do not."""
        assert self._settings is not None
        try:
            settings = self._settings.replace(**{name: value})
        except ValidationError as error:
            return reason(error)
        if settings != self._settings:
            self._settings = settings
            self.changed.emit(settings, name)
        return ""


class _Row(QWidget):
    """An editor, and under it what is wrong with it."""

    def __init__(self, spec: FieldSpec, attempt: Any) -> None:
        super().__init__()
        self.spec = spec
        self._attempt = attempt
        self._refused = self._problem = ""
        self.editor = make_editor(spec)
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
        layout.addWidget(self.editor)
        layout.addWidget(self.note)
        self.setToolTip(self._tooltip())
        self.editor.edited.connect(self._edited)
        self.editor.misread.connect(self._refuse)
        self.editor.finished.connect(self._show_note)

    def show_value(self, value: Any, problem: str) -> None:
        """Show the value that holds now; a text that was refused stays until it is corrected."""
        self._problem = problem
        if not self._refused or not self.editor.isAncestorOf(self._focused()):
            self._refused = ""
            self.editor.set_value(value)
        self._show_note()

    def _focused(self) -> QWidget:
        return self.focusWidget() or self.window().focusWidget() or self

    def _edited(self, value: Any) -> None:
        self._refused = ""
        refused = self._attempt(self.spec.name, value)
        if refused:
            self._refuse(refused)
        else:
            self._show_note()

    def _refuse(self, why: str) -> None:
        self._refused = why
        self._timer.start()

    def _show_note(self) -> None:
        self._timer.stop()
        text = f"{self.spec.label} {self._refused}" if self._refused else self._problem
        if text != self.note.text():
            self.note.setText(text)
        self.note.setVisible(bool(text))

    def _tooltip(self) -> str:
        spec, tr = self.spec, QCoreApplication.translate
        low, high = (None if v is None else f"{v:,}" for v in (spec.minimum, spec.maximum))
        limits = ""
        if low is not None and high is not None:
            limits = tr("SettingsForm", "From {0} to {1}.").format(low, high)
        elif low is not None:
            text = tr("SettingsForm", "More than {0}.") if spec.exclusive else tr("SettingsForm", "At least {0}.")
            limits = text.format(low)
        return " ".join(part for part in (spec.description, limits) if part)
