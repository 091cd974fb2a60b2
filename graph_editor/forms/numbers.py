"""Editors of numbers: one or several, whole or not."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from PySide6.QtWidgets import QLabel

from engine.fields import FieldSpec
from graph_editor.forms.base import FieldEditor, LineEditor, SpinBox, SteppedLine

_SEPARATORS = r"[\s,;x×*()\[\]]+"


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

    def start(self) -> int:
        return max(self.spin.minimum(), 0)


class TupleEditor(FieldEditor):
    """Several whole numbers, as many as the setting has."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.spins: list[SpinBox] = []
        for index in range(spec.length or 1):
            if index:
                self.row.addWidget(QLabel("×"))
            spin = SpinBox(spec.minimum, spec.maximum, spec.exclusive)
            spin.setMinimumWidth(44)
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

    def start(self) -> tuple[int, ...]:
        return tuple(max(spin.minimum(), 0) for spin in self.spins)


def read_number(text: str) -> float:
    """The number that a text means, perhaps as a fraction; raises `ValueError`."""
    cleaned = text.replace("−", "-").strip()
    top, slash, bottom = cleaned.partition("/")
    try:
        return float(top) / float(bottom) if slash else float(cleaned)
    except ZeroDivisionError:
        raise ValueError from None


def show_number(value: Any) -> str:
    """A number as it is written by hand."""
    number = float(value)
    short = f"{number:.6g}"
    return short if float(short) == number else repr(number)


class FloatEditor(SteppedLine):
    """A number: 0.001, 1e-07, or a fraction such as 1/255. Up and down arrows go a step."""

    def read(self, text: str) -> float:
        try:
            return read_number(text.replace(",", ""))
        except ValueError:
            raise ValueError(self.tr("needs a number, such as 0.01 or 1e-4")) from None

    def write(self, value: Any) -> str:
        return show_number(value)

    def start(self) -> float:
        low = float(self.spec.minimum or 0.0)
        if self.spec.maximum is not None:
            return (low + self.spec.maximum) / 2
        return low + 1 if self.spec.exclusive else low

    def step(self, direction: int) -> None:
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
        self.take(self.line.text())


class _ListEditor(LineEditor):
    """Numbers of any count in one line, made tidy when it is left."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.line.editingFinished.connect(self._tidy)

    def _tidy(self) -> None:
        with contextlib.suppress(ValueError):
            self.line.setText(self.write(self.read(self.line.text())))


class IntsEditor(_ListEditor):
    """Whole numbers of any count: "8, 8, 1", or "8 × 8 × 1"; "?" for a size left open, where one may be."""

    def read(self, text: str) -> tuple[int | None, ...]:
        parts = [part for part in re.split(_SEPARATORS, text.replace("−", "-").lower()) if part]
        try:
            return tuple(None if part == "?" and self.spec.open_sizes else int(part) for part in parts)
        except ValueError:
            if self.spec.open_sizes:
                raise ValueError(self.tr("needs whole numbers, or ? for an open size: 28, 28, 1")) from None
            raise ValueError(self.tr("needs whole numbers, such as 28, 28, 1")) from None

    def write(self, value: Any) -> str:
        return ", ".join("?" if number is None else str(number) for number in value)

    def start(self) -> tuple[int, ...]:
        return (int(self.spec.minimum or 0),)


class FloatsEditor(_ListEditor):
    """Numbers of any count: "0, 0.5, 1"."""

    def read(self, text: str) -> tuple[float, ...]:
        parts = [part for part in re.split(r"[\s,;()\[\]]+", text) if part]
        try:
            return tuple(read_number(part) for part in parts)
        except ValueError:
            raise ValueError(self.tr("needs numbers, such as 0, 0.5, 1")) from None

    def write(self, value: Any) -> str:
        return ", ".join(show_number(number) for number in value)

    def start(self) -> tuple[float, ...]:
        return (0.0,) * (self.spec.length or 1)
