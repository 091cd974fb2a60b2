"""One small editor per kind of setting. Each shows a value, and tells when the user has made another."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QWidget,
)

from engine.fields import FieldSpec
from graph_editor.theme import tabular

ENGLISH = QLocale(QLocale.Language.English, QLocale.Country.UnitedStates)

FIELD_HEIGHT = 26


class FieldEditor(QWidget):
    """Base of all editors. `edited` carries a raw value that the settings have yet to accept."""

    edited = Signal(object)
    finished = Signal()
    """The user has left the field or pressed Enter: what is wrong now, is meant."""
    misread = Signal(str)
    """The text cannot be read as a value; says why."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.spec = spec
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(4)

    def set_value(self, value: Any) -> None:
        """Show a value without telling anyone."""
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

    def __init__(self, choices: tuple[str, ...]) -> None:
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


class IntEditor(FieldEditor):
    """A whole number within limits."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.spin = SpinBox(spec.minimum, spec.maximum, spec.exclusive)
        self.spin.valueChanged.connect(self.edited.emit)
        self.spin.editingFinished.connect(self.finished)
        self.row.addWidget(self.spin)
        self.setFocusProxy(self.spin)

    def set_value(self, value: Any) -> None:
        if value != self.spin.value():
            self.spin.blockSignals(True)
            self.spin.setValue(value)
            self.spin.blockSignals(False)


class TupleEditor(FieldEditor):
    """Several whole numbers, as many as the setting has."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.spins: list[SpinBox] = []
        for index in range(spec.length or 1):
            if index:
                self.row.addWidget(QLabel("×"))
            spin = SpinBox(spec.minimum, spec.maximum, spec.exclusive)
            spin.valueChanged.connect(self._tell)
            spin.editingFinished.connect(self.finished)
            self.spins.append(spin)
            self.row.addWidget(spin)
        self.setFocusProxy(self.spins[0])

    def _tell(self) -> None:
        self.edited.emit(tuple(spin.value() for spin in self.spins))

    def set_value(self, value: Any) -> None:
        for spin, number in zip(self.spins, value, strict=True):
            if spin.value() != number:
                spin.blockSignals(True)
                spin.setValue(number)
                spin.blockSignals(False)


class BoolEditor(FieldEditor):
    """Yes or no."""

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


class ChoiceEditor(FieldEditor):
    """One of a few texts."""

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


class ChoicesEditor(FieldEditor):
    """Any of a few texts, to be ticked."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.boxes: dict[str, QCheckBox] = {}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        columns = 1 if any(len(choice) > 12 for choice in spec.choices) else 2
        for index, choice in enumerate(spec.choices):
            box = QCheckBox(choice.replace("_", " "))
            box.toggled.connect(self._tell)
            self.boxes[choice] = box
            grid.addWidget(box, index // columns, index % columns)
        self.row.addLayout(grid)
        self.setFocusProxy(next(iter(self.boxes.values()), None))  # pyright: ignore[reportArgumentType]

    def _tell(self) -> None:
        self.edited.emit(tuple(name for name, box in self.boxes.items() if box.isChecked()))
        self.finished.emit()

    def set_value(self, value: Any) -> None:
        for name, box in self.boxes.items():
            box.blockSignals(True)
            box.setChecked(name in value)
            box.blockSignals(False)


class LineEditor(FieldEditor):
    """A text that is read as a value; what is typed stays as it is while it means the value that is set."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.line = QLineEdit()
        self.line.setFont(tabular(self.line.font()))
        self.line.setMinimumHeight(FIELD_HEIGHT)
        self.line.textEdited.connect(self._typed)
        self.line.editingFinished.connect(self.finished)
        self.row.addWidget(self.line)
        self.setFocusProxy(self.line)

    def read(self, text: str) -> Any:
        """The value that a text means; raises `ValueError` with the reason."""
        return text

    def write(self, value: Any) -> str:
        """A value as text."""
        return str(value)

    def _typed(self, text: str) -> None:
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


class FloatEditor(LineEditor):
    """A number: 0.001, 1e-07, or a fraction such as 1/255. Up and down arrows go a step."""

    def read(self, text: str) -> float:
        cleaned = text.replace(",", "").replace("−", "-").strip()
        try:
            top, slash, bottom = cleaned.partition("/")
            return float(top) / float(bottom) if slash else float(cleaned)
        except (ValueError, ZeroDivisionError):
            raise ValueError(self.tr("needs a number, such as 0.01 or 1e-4")) from None

    def write(self, value: Any) -> str:
        number = float(value)
        short = f"{number:.6g}"
        return short if float(short) == number else repr(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._step(1 if event.key() == Qt.Key.Key_Up else -1)
            return
        super().keyPressEvent(event)

    def _step(self, direction: int) -> None:
        """One up or down in the last figure that is written."""
        try:
            value = self.read(self.line.text())
        except ValueError:
            return
        match = re.fullmatch(r"-?\d+(?:\.(\d+))?(e[+-]?\d+)?", self.write(value))
        if match is None:
            return
        unit = 10.0 ** (int((match[2] or "e0")[1:]) - len(match[1] or ""))
        if value > 0 and direction < 0 and value - unit <= 0:
            unit /= 10
        self.line.setText(self.write(float(f"{value + direction * unit:.12g}")))
        self._typed(self.line.text())


class IntsEditor(LineEditor):
    """Whole numbers of any count: "8, 8, 1", or "8 × 8 × 1"."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.line.editingFinished.connect(self._tidy)

    def _tidy(self) -> None:
        with contextlib.suppress(ValueError):
            self.line.setText(self.write(self.read(self.line.text())))

    def read(self, text: str) -> tuple[int, ...]:
        parts = [part for part in re.split(r"[\s,;x×*()\[\]]+", text.replace("−", "-").lower()) if part]
        try:
            return tuple(int(part) for part in parts)
        except ValueError:
            raise ValueError(self.tr("needs whole numbers, such as 28, 28, 1")) from None

    def write(self, value: Any) -> str:
        return ", ".join(str(number) for number in value)


class PathEditor(LineEditor):
    """The name of a file, with a button to look for it."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        button = QToolButton()
        button.setText("…")
        button.setToolTip(self.tr("Browse"))
        button.clicked.connect(self._browse)
        self.row.addWidget(button)

    def _browse(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, self.spec.label, self.line.text())
        if name:
            self.line.setText(name)
            self._typed(name)
            self.finished.emit()


class CallEditor(LineEditor):
    """The name of a function, chosen or typed, with arguments if wanted: "l2(0.001)"."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.line.setToolTip(", ".join(spec.choices))
        button = QToolButton()
        button.setText("▾")
        button.setToolTip(self.tr("Choose"))
        menu = QMenu(button)
        for name in spec.choices:
            menu.addAction(name, lambda name=name: self._choose(name))
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.row.addWidget(button)

    def _choose(self, name: str) -> None:
        self.line.setText(name)
        self._typed(name)
        self.finished.emit()


class OptionalEditor(FieldEditor):
    """An editor that can also leave the setting open."""

    def __init__(self, spec: FieldSpec, inner: FieldEditor) -> None:
        super().__init__(spec)
        self.inner = inner
        self._value: Any = None
        self.box = QCheckBox(self.tr("Set"))
        self.box.setToolTip(self.tr("Off: the layer decides by itself."))
        self.box.toggled.connect(self._toggled)
        inner.edited.connect(self.edited)
        inner.finished.connect(self.finished)
        inner.misread.connect(self.misread)
        self.row.addWidget(self.box)
        self.row.addWidget(inner, 1)
        self.setFocusProxy(self.box)

    def _toggled(self, on: bool) -> None:
        self.inner.setEnabled(on)
        self.edited.emit(self._start() if on else None)
        self.finished.emit()

    def _start(self) -> Any:
        """The value to begin with when the setting is no longer left open."""
        if self._value is not None:
            return self._value
        low = self.spec.minimum if self.spec.minimum is not None else 0
        start = {"int": int(low), "float": float(low), "bool": False, "choice": (*self.spec.choices, "")[0]}
        start["call"] = start["choice"]
        if self.spec.kind == "ints":
            return (int(low),) * (self.spec.length or 1)
        return start.get(self.spec.kind, () if self.spec.kind == "choices" else "")

    def set_value(self, value: Any) -> None:
        self.box.blockSignals(True)
        self.box.setChecked(value is not None)
        self.box.blockSignals(False)
        self.inner.setEnabled(value is not None)
        if value is not None:
            self._value = value
            self.inner.set_value(value)


_KINDS: dict[str, type[FieldEditor]] = {
    "int": IntEditor,
    "float": FloatEditor,
    "bool": BoolEditor,
    "choice": ChoiceEditor,
    "choices": ChoicesEditor,
    "ints": IntsEditor,
    "text": LineEditor,
    "path": PathEditor,
    "call": CallEditor,
}


def make_editor(spec: FieldSpec) -> FieldEditor:
    """The editor for a setting."""
    kind = TupleEditor if spec.kind == "ints" and spec.length is not None else _KINDS[spec.kind]
    editor = kind(spec)
    return OptionalEditor(spec, editor) if spec.optional else editor
