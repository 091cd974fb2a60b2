"""The editor of a learning rate: a number, or a schedule with settings of its own."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.fields import FieldSpec, Settings
from engine.optimizers.schedules import LARGEST_RATE, SCHEDULES, Schedule
from graph_editor.captions import sentence_of
from graph_editor.forms.base import ComboBox, FieldEditor
from graph_editor.forms.layers import MakeForm, indented
from graph_editor.forms.numbers import FloatEditor

_START = 0.001


class RateEditor(FieldEditor):
    """How the rate goes, and beside it the number, or below it the settings of the schedule."""

    tall = True

    def __init__(self, spec: FieldSpec, make_form: MakeForm) -> None:
        super().__init__(spec)
        self._value: float | Schedule = _START
        self.kind = ComboBox((self.tr("Constant"), *SCHEDULES))
        self.kind.setAccessibleName(self.tr("How the learning rate goes"))
        for place, cls in enumerate(SCHEDULES.values(), 1):
            self.kind.setItemData(place, sentence_of(cls), Qt.ItemDataRole.ToolTipRole)
        self.kind.activated.connect(self._chosen)
        limits = FieldSpec(spec.name, "float", _START, minimum=0, maximum=LARGEST_RATE, exclusive=True)
        self.number = FloatEditor(limits)
        self.number.setAccessibleName(spec.label)
        self.number.edited.connect(self._tell)
        self.number.finished.connect(self.finished)
        self.number.misread.connect(self.misread)
        self.form = make_form()
        self.form.changed.connect(self._form_changed)
        self.below = indented(self.form)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.kind, 1)
        head.addWidget(self.number, 1)
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.below)
        self.column = column
        self.row.addLayout(column)
        self.setFocusProxy(self.kind)

    def set_value(self, value: float | Schedule) -> None:
        self._value = value
        schedule = value if isinstance(value, Schedule) else None
        self.kind.setCurrentIndex(0 if schedule is None else self.kind.findText(schedule.type))
        self.number.setVisible(schedule is None)
        self.below.setVisible(schedule is not None)
        if schedule is None:
            self.number.set_value(value)
        else:
            self.form.show_settings(schedule)

    def add_way(self, button: QWidget) -> None:
        """Put something below that leads to a rate."""
        self.column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def _chosen(self, place: int) -> None:
        first = self._value
        if isinstance(first, Schedule):
            first = first.highest or _START
        if not place:
            self._tell(first, ".type")
        elif self.kind.itemText(place) != getattr(self._value, "type", None):
            self._tell(SCHEDULES[self.kind.itemText(place)].beginning(first), ".type")

    def _form_changed(self, settings: Settings, path: str) -> None:
        self._tell(settings, f".{path}")

    def _tell(self, value: Any, touched: str = "") -> None:
        self.touched = touched
        self.edited.emit(value)
        if touched:
            self.finished.emit()
