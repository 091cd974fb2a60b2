"""A sample that is no picture, to be typed in: a text, or the numbers of a row; or only to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.panels.look import Look
from app.panels.preview import make_preview
from engine.data.samples import Meaning
from engine.data.source import DataSet
from graph_editor import theme as themes

Array = np.ndarray[Any, Any]
_LARGEST = 1e12


class TextField(QPlainTextEdit):
    """A text to be typed."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(self.tr("Type a text"))
        self.setAccessibleName(self.tr("Text to predict for"))
        self.textChanged.connect(self.changed)

    def text(self) -> str:
        return self.toPlainText()

    def show_text(self, text: str) -> None:
        """Show a text; says nothing of it."""
        self.blockSignals(True)
        self.setPlainText(text)
        self.blockSignals(False)


class RowFields(QScrollArea):
    """A field for each number of a sample, in two columns."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.spins: list[QDoubleSpinBox] = []

    def values(self) -> Array:
        """What is typed."""
        return np.array([spin.value() for spin in self.spins], np.float32)

    def show_values(self, values: Array) -> None:
        """Show numbers; says nothing of them."""
        numbers = [float(value) for value in values.reshape(-1)]
        if len(numbers) != len(self.spins):
            self._make(len(numbers))
        for spin, value in zip(self.spins, numbers, strict=True):
            spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(False)

    def _make(self, number: int) -> None:
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, 0, 8, 0)
        self.spins = []
        rows = -(-number // 2)
        for place in range(number):
            name = QLabel(str(place + 1))
            name.setProperty("muted", True)
            spin = QDoubleSpinBox(minimum=-_LARGEST, maximum=_LARGEST, decimals=4)
            spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
            spin.setFont(themes.tabular(spin.font()))
            spin.setAccessibleName(self.tr("Number {0}").format(place + 1))
            spin.valueChanged.connect(self.changed)
            self.spins.append(spin)
            column = 2 * (place // rows)
            grid.addWidget(name, place % rows, column)
            grid.addWidget(spin, place % rows, column + 1)
        grid.setRowStretch(rows, 1)
        for column in (1, 3):
            grid.setColumnStretch(column, 1)
        self.setWidget(body)


class OtherSample(QWidget):
    """A sample that is only looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = Look()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.look)

    def show_sample(self, sample: Mapping[str, Array], meaning: Meaning) -> None:
        """Show this one."""
        arrays = {name: np.asarray(values)[None] for name, values in sample.items()}
        data = DataSet(arrays, {}, sampling_rates=meaning.sampling_rates, words=meaning.words)
        self.look.show_preview(make_preview(data))
