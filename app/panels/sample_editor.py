"""The sample that a network is asked about: drawn, typed, taken from a file, or picked from the data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QColorDialog,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.file_dialogs import ask_open
from app.panels.draw_field import DrawField
from app.panels.sample_fields import OtherSample, RowFields, TextField
from app.texts import count
from engine.data.images import ENDINGS

if TYPE_CHECKING:
    from app.panels.questions import Answer, Material

Array = np.ndarray[Any, Any]

NO_OVERLAY, _, GRAD_CAM = range(3)

_SIDE = 64  # of a field to draw in, where the network takes pictures of any size
_ROW_MOST = 64
"""Numbers of a sample that have a field each."""


class SampleEditor(QWidget):
    """Shows a sample in the field that suits what the network takes, to be changed there."""

    given = Signal(object)
    """The sample that the person gave, as a `Question` about it."""
    overlay_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._material: Material | None = None
        self._make_fields()
        self._make_tools()
        self._lay_out()

    def _make_fields(self) -> None:
        self.field = DrawField()
        self.field.changed.connect(self._drawn)
        self.text, self.row, self.other = TextField(), RowFields(), OtherSample()
        self.text.changed.connect(self._typed)
        self.row.changed.connect(self._typed)
        self.inputs = QStackedWidget()
        for widget in (self.field, self.text, self.row, self.other):
            self.inputs.addWidget(widget)

    def _make_tools(self) -> None:
        self.number = QSpinBox(minimum=1)
        self.number.setAccessibleName(self.tr("Sample of the data"))
        self.number.valueChanged.connect(self._pick)
        self.sample_text, self.of = QLabel(self.tr("Sample")), QLabel()
        self.of.setProperty("muted", True)
        self.true = QLabel()
        self.clear = QPushButton(self.tr("Clear"))
        self.clear.clicked.connect(self.field.clear)
        self.color = QPushButton(self.tr("Colour…"))
        self.color.clicked.connect(self._choose_color)
        self.open = QPushButton(self.tr("Open a picture…"))
        self.open.setToolTip(self.tr("It may also be dropped here"))
        self.open.clicked.connect(self._open)
        self.overlay = QComboBox()
        for text in (self.tr("No overlay"), self.tr("Saliency"), self.tr("Grad-CAM")):
            self.overlay.addItem(text)
        self.overlay.setToolTip(
            self.tr("Where the network looks: pixels that count (saliency), or places of the last convolution")
        )
        self.overlay.activated.connect(self.overlay_chosen)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        for widget in (self.sample_text, self.number, self.of, self.true):
            top.addWidget(widget)
        top.addStretch()
        below = QHBoxLayout()
        for widget in (self.clear, self.color, self.open):
            below.addWidget(widget)
        below.addStretch()
        below.addWidget(self.overlay)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(24)
        column.addLayout(top)
        column.addLayout(below)
        column.addWidget(self.inputs, 1)

    # What the network takes

    @property
    def overlay_wanted(self) -> int:
        """What is to be laid over the picture; `NO_OVERLAY` where the sample is none."""
        return self.overlay.currentIndex() if self.inputs.currentWidget() is self.field else NO_OVERLAY

    def forget(self) -> None:
        """There is no network to give a sample to."""
        self._material = None

    def take_material(self, material: Material) -> None:
        """Offer samples of the data, and the field that suits what this network takes."""
        self._material = material
        size = 0 if material.samples is None else material.samples.size
        for widget in (self.sample_text, self.number, self.of):
            widget.setVisible(size > 0)
        self.of.setText(self.tr("of {0}").format(count(size)))
        self.number.blockSignals(True)
        self.number.setMaximum(max(size, 1))
        self.number.blockSignals(False)
        field = self._field_for(material)
        for widget in (self.clear, self.open, self.overlay):
            widget.setVisible(field is self.field)
        self.color.setVisible(field is self.field and _channels(material) > 1)
        self.inputs.setCurrentWidget(field)

    def _field_for(self, material: Material) -> QWidget:
        if material.picture is not None:
            return self.field
        inputs = material.oracle.model.inputs
        layer: Any = inputs[0].layer
        if len(inputs) == 1 and layer.dtype == "string" and layer.shape in ((), (1,)):
            return self.text
        row = len(layer.shape) == 1 and layer.shape[0] is not None and layer.shape[0] <= _ROW_MOST
        return self.row if len(inputs) == 1 and row and layer.dtype != "string" else self.other

    def begin(self) -> bool:
        """Begin with the sample of the data that is chosen, or an empty field; False where neither can be."""
        if self._material is None:
            return False
        self.true.clear()
        if self._material.samples is not None and self._material.samples.size:
            self._pick()
            return True
        layer: Any = self._material.oracle.model.inputs[0].layer
        field = self.inputs.currentWidget()
        if field is self.field:
            height, width = (side or _SIDE for side in layer.shape[:2])
            self.field.set_shape((height, width, _channels(self._material)))
        elif field is self.row:
            self.row.show_values(np.zeros(layer.shape))
            self._typed()
        return field is not self.other

    # Giving

    def _give(self, **what: Any) -> None:
        from app.panels.questions import Question

        self.given.emit(Question(**what))

    def _pick(self) -> None:
        self._give(number=self.number.value() - 1)

    def _drawn(self) -> None:
        from engine.asking import scaled

        if self._material is None or self._material.picture is None:
            return
        shape: Any = getattr(self._material.picture.layer, "shape", ())
        pixels = self.field.pixels()
        pixels = pixels if len(shape) == 3 else pixels[..., 0]
        self._give(sample={self._material.picture.name: scaled(pixels, self._material.reach)})

    def _typed(self) -> None:
        if self._material is None:
            return
        node = self._material.oracle.model.inputs[0]
        shape: Any = getattr(node.layer, "shape", ())
        typed = self.inputs.currentWidget() is self.text
        value = np.array(self.text.text()).reshape(shape) if typed else self.row.values()
        self._give(sample={node.name: value})

    def _choose_color(self) -> None:
        chosen = QColorDialog.getColor(self.field.color, self, self.tr("Colour to draw with"))
        if QColor.isValid(chosen):
            self.field.color = chosen

    def _open(self) -> None:
        kinds = self.tr("Pictures ({0})").format(" ".join(f"*{ending}" for ending in ENDINGS))
        path = ask_open(self, self.tr("Open a picture"), kinds)
        if path is not None:
            self.take_picture(path)

    def takes(self, path: Path) -> bool:
        """Whether a file is a picture, and the network takes one."""
        fitting = self._material is not None and self._material.picture is not None
        return fitting and path.suffix.lower() in ENDINGS

    def take_picture(self, path: Path) -> None:
        """Give the picture in a file."""
        self._give(path=path)

    # What was asked about

    def show_answer(self, answer: Answer, output: str) -> None:
        """Show the sample that was asked about, what was to be predicted for an Output, and the overlay."""
        from app.panels.questions import true_text

        if self._material is None:
            return
        if answer.question.number is not None or answer.question.path is not None:
            self._show_sample(self._material, answer.sample)
        true = true_text(answer.true.get(output), self._material.classes(output))
        self.true.setText(self.tr("true: {0}").format(true) if true else "")
        if self.inputs.currentWidget() is self.field:
            maps = (None, answer.overlays.saliency, answer.overlays.grad_cam)
            self.field.show_overlay(maps[self.overlay_wanted])

    def _show_sample(self, material: Material, sample: Mapping[str, Array]) -> None:
        field = self.inputs.currentWidget()
        values = next(iter(sample.values()))
        if field is self.field:
            low, high = material.reach
            pixels = np.clip((values.astype(np.float64) - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
            self.field.show_pixels(pixels if pixels.ndim == 3 else pixels[..., None])
        elif field is self.text:
            self.text.show_text(str(values.reshape(-1)[0]))
        elif field is self.row:
            self.row.show_values(values)
        else:
            self.other.show_sample(sample, material.meaning)


def _channels(material: Material) -> int:
    shape = getattr(getattr(material.picture, "layer", None), "shape", ())
    return shape[2] if len(shape) == 3 else 1
