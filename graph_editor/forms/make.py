"""Which editor a setting gets."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QCheckBox

from engine.fields import FieldSpec
from graph_editor.forms.base import FieldEditor, LineEditor
from graph_editor.forms.calls import CallsEditor
from graph_editor.forms.choices import BoolEditor, CallEditor, ChoiceEditor
from graph_editor.forms.layers import Accepts, GraphEditor, LayerEditor, LayersEditor, MakeForm
from graph_editor.forms.numbers import FloatEditor, FloatsEditor, IntEditor, IntsEditor, TupleEditor
from graph_editor.forms.rate import RateEditor
from graph_editor.forms.texts import PathEditor, TextsEditor

_KINDS: dict[str, type[FieldEditor]] = {
    "int": IntEditor,
    "float": FloatEditor,
    "bool": BoolEditor,
    "choice": ChoiceEditor,
    "ints": IntsEditor,
    "floats": FloatsEditor,
    "text": LineEditor,
    "texts": TextsEditor,
    "path": PathEditor,
    "call": CallEditor,
    "graph": GraphEditor,
}
_HOLDERS: dict[str, type[LayerEditor] | type[LayersEditor]] = {"layer": LayerEditor, "layers": LayersEditor}


class OptionalEditor(FieldEditor):
    """An editor that can also leave the setting open."""

    def __init__(self, spec: FieldSpec, inner: FieldEditor) -> None:
        super().__init__(spec)
        self.inner = inner
        self.tall = inner.tall
        self._value: Any = None
        self.box = QCheckBox(self.tr("Set"))
        self.box.setToolTip(self.tr("Off: left open."))
        self.box.toggled.connect(self._toggled)
        inner.edited.connect(self._edited)
        inner.finished.connect(self.finished)
        inner.misread.connect(self.misread)
        self.row.addWidget(self.box)
        self.row.addWidget(inner, 1)
        self.setFocusProxy(self.box)

    def _edited(self, value: Any) -> None:
        self.touched = self.inner.touched
        self.edited.emit(value)

    def _toggled(self, on: bool) -> None:
        self._enable(on)
        self.touched = ""
        self.edited.emit((self._value if self._value is not None else self.inner.start()) if on else None)
        self.finished.emit()

    def _enable(self, on: bool) -> None:
        self.inner.setEnabled(on)
        if self.tall:  # too much to be shown where it does not count
            self.inner.setVisible(on)

    def set_value(self, value: Any) -> None:
        self.box.blockSignals(True)
        self.box.setChecked(value is not None)
        self.box.blockSignals(False)
        self._enable(value is not None)
        if value is not None:
            self._value = value
            self.inner.set_value(value)


def make_editor(spec: FieldSpec, accepts: Accepts, make_form: MakeForm) -> FieldEditor:
    """The editor for a setting; one that holds layers asks what is accepted, and makes forms for them."""
    if spec.kind in _HOLDERS:
        editor: FieldEditor = _HOLDERS[spec.kind](spec, accepts, make_form)
    elif spec.kind == "rate":
        editor = RateEditor(spec, make_form)
    elif spec.kind == "calls":
        editor = CallsEditor(spec, make_form)
    elif spec.kind == "ints" and spec.length is not None and not spec.open_sizes:
        editor = TupleEditor(spec)
    else:
        editor = _KINDS[spec.kind](spec)
    return OptionalEditor(spec, editor) if spec.optional and spec.kind != "call" else editor
