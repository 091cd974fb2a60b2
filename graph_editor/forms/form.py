"""A form made from the settings themselves: whatever has typed fields can be edited."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QToolButton, QWidget

from engine.fields import FieldSpec, Settings, describe
from graph_editor.forms.base import FIELD_HEIGHT, FieldEditor
from graph_editor.forms.layers import GraphEditor
from graph_editor.forms.make import make_editor
from graph_editor.forms.row import Row
from graph_editor.words import noted, said

_REASONS = {
    "greater_than_equal": (noted("must be at least {0}"), "ge"),
    "greater_than": (noted("must be more than {0}"), "gt"),
    "less_than_equal": (noted("must be at most {0}"), "le"),
    "less_than": (noted("must be less than {0}"), "lt"),
    "finite_number": (noted("must be a number that is not infinite"), ""),
}


def reason(error: ValidationError) -> str:
    """Why a value is refused, in plain words."""
    first = error.errors()[0]
    template, limit = _REASONS.get(first["type"], ("", ""))
    if template:
        value = first.get("ctx", {}).get(limit, "")
        shown = f"{value:,}" if isinstance(value, int | float) else value
        return QCoreApplication.translate("SettingsForm", template).format(shown)
    return said(first["msg"].removeprefix("Value error, "))


class Fold(QToolButton):
    """The line of a form that the advanced settings are folded away behind."""

    def __init__(self) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setProperty("fold", True)
        self.setIconSize(QSize(10, 10))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setMinimumHeight(FIELD_HEIGHT)
        self.show_changed(0)
        self.toggled.connect(self._turn)
        self._turn(False)

    def show_changed(self, count: int) -> None:
        """Say how many of the settings behind it are not as they come."""
        changed = self.tr("More settings ({0} changed)").format(count)
        self.setText(changed if count else self.tr("More settings"))

    def _turn(self, unfolded: bool) -> None:
        self.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)


class SettingsForm(QWidget):
    """Edits any `Settings` value. A refused value is marked at its field; the last good one stays."""

    changed = Signal(object, str)
    """The new settings, valid, and what was edited: the name of a field, or "layer.units" for a part of it."""
    unfolded = Signal(bool)
    """The advanced settings were brought into sight, or folded away."""
    opened = Signal(str)
    """The graph that a field holds is to be shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: Settings | None = None
        self._mixed: Mapping[str, Sequence[Any]] = {}
        self.check: Callable[[str, Any], str] = lambda _name, _value: ""
        """Says why a value is refused that the settings themselves would take; nothing where it is not."""
        self._rows: dict[str, Row] = {}
        self._shown: tuple[type[Settings], frozenset[str]] | None = None
        self._fold: Fold | None = None
        self._open = False
        self._label: Callable[[FieldSpec], str] = lambda spec: spec.label
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(10)
        self._form.setVerticalSpacing(6)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)

    def focus_first(self) -> None:
        """Give the keys to the first setting."""
        row = next(iter(self._rows.values()), None)
        if row is not None:
            row.editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @property
    def settings(self) -> Settings | None:
        """The last good settings."""
        return self._settings

    def translate_labels(self) -> None:
        """Call settings by words of the language of the window: these are not named by Keras."""
        self._label = lambda spec: said(spec.label)

    def wrap_rows(self, on: bool = True) -> None:
        """Put every editor under its label, where what it holds is long, or beside it."""
        policy = QFormLayout.RowWrapPolicy
        self._form.setRowWrapPolicy(policy.WrapAllRows if on else policy.DontWrapRows)

    def unfold(self, on: bool) -> None:
        """Bring the advanced settings into sight, or fold them away."""
        self._open = on
        if self._fold is not None and self._fold.isChecked() != on:
            self._fold.setChecked(on)

    def show_settings(
        self,
        settings: Settings,
        problems: Mapping[str, str] | None = None,
        only: Collection[str] | None = None,
        mixed: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        """Show these settings (of them, only some fields if asked), and what is wrong with which field.

        `mixed` has the values of fields that stand for several settings which differ there.
        """
        names = frozenset(only if only is not None else type(settings).model_fields)
        self._settings, self._mixed = settings, mixed or {}
        if self._shown != (type(settings), names):
            self._shown = (type(settings), names)
            self._rebuild(type(settings), names)
        for name, row in self._rows.items():
            row.editor.offer(settings.offers(name))
            row.show_value(getattr(settings, name), (problems or {}).get(name, ""))
            if name in self._mixed:
                row.show_several(self._mixed[name])
        if self._fold is not None:
            hidden = (row.spec for row in self._rows.values() if row.spec.advanced)
            self._fold.show_changed(sum(getattr(settings, spec.name) != spec.default for spec in hidden))

    def editor(self, name: str) -> FieldEditor:
        """The editor of a field."""
        return self._rows[name].editor

    def typed(self, name: str) -> bool:
        """Whether a field is edited key by key, which are one edit together; a choice is one for itself."""
        return self.editor(name.partition(".")[0]).typed

    def row(self, name: str) -> Row:
        """The line of a field."""
        return self._rows[name]

    def refusal(self, name: str) -> str:
        """What is written under a field, empty where nothing is."""
        return self._rows[name].note.text()

    def _rebuild(self, settings: type[Settings], names: frozenset[str]) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self._rows, self._fold = {}, None
        for spec in describe(settings):
            if spec.name in names and spec.kind != "hidden":
                if spec.advanced and self._fold is None:
                    self._fold = self._add_fold()
                self._rows[spec.name] = self._add(spec)
        self._show_advanced(self._open)

    def _add_fold(self) -> Fold:
        fold = Fold()
        fold.setChecked(self._open)
        fold.toggled.connect(self._toggled)
        self._form.addRow(fold)
        return fold

    def _toggled(self, on: bool) -> None:
        self._open = on
        self._show_advanced(on)
        self.unfolded.emit(on)

    def _show_advanced(self, on: bool) -> None:
        for row in self._rows.values():
            if row.spec.advanced:
                self._form.setRowVisible(row, on)

    def _add(self, spec: FieldSpec) -> Row:
        editor = make_editor(spec, partial(self._accepts, spec.name), self._inner_form)
        if isinstance(editor, GraphEditor):
            editor.opened.connect(lambda: self.opened.emit(spec.name))
        row = Row(spec, self._label(spec), editor, self._try)
        label = QLabel(row.label)
        label.setToolTip(row.toolTip())
        label.setBuddy(editor)
        label.setMinimumHeight(FIELD_HEIGHT)
        editor.setAccessibleName(row.label)
        if editor.tall:
            self._form.addRow(label)
            self._form.addRow(row)
        else:
            self._form.addRow(label, row)
        return row

    def _inner_form(self) -> SettingsForm:
        form = SettingsForm()
        form.unfold(self._open)
        form.unfolded.connect(self.unfolded)
        return form

    def _accepts(self, name: str, value: Any) -> bool:
        """Whether a field would take a value."""
        assert self._settings is not None
        try:
            self._settings.replace(**{name: value})
        except ValidationError:
            return False
        return True

    def _try(self, editor: FieldEditor, value: Any) -> str:
        """Take a value if the settings accept it; the reason if they do not."""
        assert self._settings is not None
        name = editor.spec.name
        try:
            settings = self._settings.replace(**{name: value})
        except ValidationError as error:
            return reason(error)
        if refused := self.check(name, getattr(settings, name)):
            return refused
        if settings != self._settings or name in self._mixed:
            self._settings = settings
            self.changed.emit(settings, name + editor.touched)
        return ""
