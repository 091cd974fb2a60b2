"""Editors that offer what there is to choose from."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QCheckBox, QLineEdit

from engine.fields import FieldSpec
from graph_editor.forms.base import FIELD_HEIGHT, ComboBox, FieldEditor, LineEditor


class BoolEditor(FieldEditor):
    """Yes or no."""

    typed = False

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.box = QCheckBox()
        self.box.setMinimumHeight(FIELD_HEIGHT)
        self.box.toggled.connect(self.edited.emit)
        self.box.toggled.connect(lambda _: self.finished.emit())
        self.row.addWidget(self.box)
        self.row.addStretch()
        self.setFocusProxy(self.box)

    def set_value(self, value: Any) -> None:
        self.box.blockSignals(True)
        self.box.setChecked(bool(value))
        self.box.blockSignals(False)

    def start(self) -> bool:
        return False


class ChoiceEditor(FieldEditor):
    """One of a few texts."""

    typed = False

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.combo = ComboBox(spec.choices)
        self.combo.currentTextChanged.connect(self.edited.emit)
        self.combo.currentTextChanged.connect(lambda _: self.finished.emit())
        self.row.addWidget(self.combo)
        self.setFocusProxy(self.combo)

    def set_value(self, value: Any) -> None:
        self.combo.blockSignals(True)
        self.combo.setCurrentText(str(value))
        self.combo.blockSignals(False)

    def start(self) -> str:
        return self.spec.choices[0]


NONE = "none"
"""How a function that is left out is written."""


class CallEditor(LineEditor):
    """The name of a function, chosen or typed, with arguments if wanted: "l2(0.001)"."""

    def make_line(self) -> QLineEdit:
        self.combo = ComboBox((NONE, *self.spec.choices) if self.spec.optional else self.spec.choices)
        self.combo.setEditable(True)
        self.combo.setInsertPolicy(ComboBox.InsertPolicy.NoInsert)
        self.combo.setCompleter(None)  # pyright: ignore[reportArgumentType]
        self.combo.textActivated.connect(self._chosen)
        self.row.addWidget(self.combo)
        line = self.combo.lineEdit()
        assert line is not None
        return line

    def _chosen(self, name: str) -> None:
        self.take(name)
        self.finished.emit()

    def read(self, text: str) -> str | None:
        if self.spec.optional and text.strip().lower() in ("", NONE):
            return None
        return self.spec.call.check(text.strip()) if self.spec.call is not None else text

    def write(self, value: Any) -> str:
        return NONE if value is None else str(value)
