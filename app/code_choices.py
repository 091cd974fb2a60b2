"""How Python is to be written: for which library, in which style, with training or without."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QWidget

from engine.formats.code import Target
from engine.formats.keras_styles import Style


@dataclass(frozen=True)
class CodeOptions:
    """What generated Python is written for and how."""

    target: Target = "keras"
    style: Style = "functional"
    with_training: bool = False
    flat: bool = False
    """With the layers of groups among the others, instead of models within the model."""


class CodeChoices(QWidget):
    """The choices side by side; what has no meaning for a library is not shown with it."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.target = QComboBox()
        self.target.addItem(self.tr("Keras"), "keras")
        self.target.addItem(self.tr("JAX"), "jax")
        self.target.setToolTip(self.tr("Which library the code is written for"))
        self.style_ = QComboBox()
        self.style_.addItem(self.tr("Functional"), "functional")
        self.style_.addItem(self.tr("Sequential"), "sequential")
        self.style_.addItem(self.tr("Subclass"), "subclass")
        self.style_.setToolTip(self.tr("How the model is written: calls of layers, a list of layers, or a class"))
        self.training = QCheckBox(self.tr("With training"))
        self.training.setToolTip(self.tr("Also load the data, train, evaluate and predict"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.target, self.style_, self.training):
            row.addWidget(widget)
        self.target.currentIndexChanged.connect(self._changed)
        self.style_.currentIndexChanged.connect(self._changed)
        self.training.toggled.connect(self._changed)

    @property
    def options(self) -> CodeOptions:
        """What is chosen."""
        if self.target.currentData() == "jax":
            return CodeOptions("jax")
        return CodeOptions("keras", self.style_.currentData(), self.training.isChecked())

    def choose(self, options: CodeOptions) -> None:
        """Show these choices."""
        self.target.setCurrentIndex(self.target.findData(options.target))
        self.style_.setCurrentIndex(self.style_.findData(options.style))
        self.training.setChecked(options.with_training)

    def _changed(self) -> None:
        keras = self.target.currentData() == "keras"
        self.style_.setVisible(keras)
        self.training.setVisible(keras)
        self.changed.emit()
