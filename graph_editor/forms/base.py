"""What all editors of settings share, and the small widgets that they are made of."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QSpinBox, QWidget

from engine.fields import FieldSpec
from graph_editor.theme import tabular

ENGLISH = QLocale(QLocale.Language.English, QLocale.Country.UnitedStates)

FIELD_HEIGHT = 26


class FieldEditor(QWidget):
    """Base of all editors: shows a value, and tells when the user has made another."""

    edited = Signal(object)
    """A raw value that the settings have yet to accept."""
    finished = Signal()
    """The user has left the field or pressed Enter: what is wrong now, is meant."""
    misread = Signal(str)
    """The text cannot be read as a value; says why."""

    tall = False
    """Whether the editor needs the whole width of the form, under its label."""
    typed = True
    """Whether a value comes key by key, rather than with one click."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.spec = spec
        self.touched = ""
        """Which part of the value was edited last: ".units" of the layer it holds; "" for all of it."""
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(4)

    def set_value(self, value: Any) -> None:
        """Show a value without telling anyone."""
        raise NotImplementedError

    def offer(self, choices: tuple[str, ...] | None) -> None:
        """Show those choices only that go with the other settings; None where all do."""

    def start(self) -> Any:
        """The value to begin with where the setting was left open."""
        raise NotImplementedError


class SpinBox(QSpinBox):
    """Whole numbers, grouped; a wheel that passes by does not turn it."""

    def __init__(self, minimum: float | None, maximum: float | None, exclusive: bool = False) -> None:
        super().__init__()
        low = -(2**31) if minimum is None else int(minimum) + (1 if exclusive else 0)
        self.setRange(low, 2**31 - 1 if maximum is None else int(maximum))
        self.setLocale(ENGLISH)
        self.setGroupSeparatorShown(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFont(tabular(self.font()))
        self.setMinimumSize(56, FIELD_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ComboBox(QComboBox):
    """A choice; a wheel that passes by does not turn it."""

    def __init__(self, choices: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.addItems(list(choices))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setMinimumHeight(FIELD_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMaxVisibleItems(20)
        self.currentTextChanged.connect(self.setToolTip)

    def showPopup(self) -> None:
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 32)
        super().showPopup()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class LineEditor(FieldEditor):
    """A text that is read as a value; what is typed stays as it is while it means the value that is set."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.line = self.make_line()
        self.line.setFont(tabular(self.line.font()))
        self.line.setMinimumHeight(FIELD_HEIGHT)
        self.line.textEdited.connect(self.take)
        self.line.editingFinished.connect(self.finished)
        self.setFocusProxy(self.line)

    def make_line(self) -> QLineEdit:
        """The field to type in, put where it belongs."""
        line = QLineEdit()
        self.row.addWidget(line)
        return line

    def read(self, text: str) -> Any:
        """The value that a text means; raises `ValueError` with the reason."""
        return text

    def write(self, value: Any) -> str:
        """A value as text."""
        return str(value)

    def take(self, text: str) -> None:
        """Tell what a text means, as if it had been typed."""
        try:
            value = self.read(text)
        except ValueError as error:
            self.misread.emit(str(error))
        else:
            self.edited.emit(value)

    def set_value(self, value: Any) -> None:
        try:
            same = self.read(self.line.text()) == value and bool(self.line.text())
        except ValueError:
            same = False
        if not same:
            self.line.setText(self.write(value))

    def start(self) -> Any:
        return ""


class SteppedLine(LineEditor):
    """A line in which up and down arrows go a step."""

    def step(self, direction: int) -> None:
        """One up or down."""
        raise NotImplementedError

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.step(1 if event.key() == Qt.Key.Key_Up else -1)
            return
        super().keyPressEvent(event)
