"""What is asked before an export: how the file is to be written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.code_choices import CodeChoices, CodeOptions
from graph_editor.picture import PictureOptions
from graph_editor.words import noted


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("ExportDialogs", text)


@dataclass(frozen=True)
class KerasOptions:
    """How a Keras file is written, and whether Keras is to open it afterwards."""

    suffix: Literal[".keras", ".h5"] = ".keras"
    dialect: Literal["keras3", "keras2"] = "keras3"
    """Of ".h5": whose words the configuration is written in."""
    compiled: bool = True
    check: bool = False
    state: bool = False
    """With what the optimizer remembers."""
    flat: bool = False
    """With the layers of groups among the others, instead of models within the model."""


_KINDS: tuple[tuple[str, Literal[".keras", ".h5"], Literal["keras3", "keras2"]], ...] = (
    ("Keras 3 (.keras)", ".keras", "keras3"),
    (noted("HDF5 (.h5) for Keras 3"), ".h5", "keras3"),
    (noted("HDF5 (.h5) for Keras 2, tf.keras and TensorFlow.js"), ".h5", "keras2"),
)

KERAS_ENDINGS = tuple({suffix: None for _, suffix, _ in _KINDS})


def ask_keras_options(
    parent: QWidget, start: KerasOptions, *, has_state: bool = False, has_groups: bool = False
) -> KerasOptions | None:
    """Ask how to write a Keras file; None where the person cancels.

    A state is offered where there is one, to take groups apart where there are some.
    """
    dialog = _Dialog(parent, tr("Export a Keras model"))
    kind = QComboBox()
    for text, suffix, dialect in _KINDS:
        kind.addItem(tr(text), (suffix, dialect))
    kind.setCurrentIndex([row[1:] for row in _KINDS].index((start.suffix, start.dialect)))
    compiled = QCheckBox(tr("With optimizer, loss and metrics"))
    compiled.setToolTip(tr("Keras opens the model compiled, ready to be trained on"))
    compiled.setChecked(start.compiled)
    state = QCheckBox(tr("Optimizer's state"))
    state.setToolTip(tr("What the optimizer remembers, so that training goes on without a break"))
    state.setChecked(start.state and has_state)
    state.setEnabled(has_state and start.compiled)
    compiled.toggled.connect(lambda on: state.setEnabled(on and has_state))
    check = QCheckBox(tr("Check with Keras"))
    check.setToolTip(tr("Let Keras open the file and predict, and compare with the predictions here"))
    check.setChecked(start.check)
    flat = flat_box(start.flat, has_groups)
    if not dialog.ask(kind, compiled, state, flat, check):
        return None
    _, suffix, dialect = _KINDS[kind.currentIndex()]
    return KerasOptions(
        suffix,
        dialect,
        compiled.isChecked(),
        check.isChecked(),
        state.isEnabled() and state.isChecked(),
        has_groups and flat.isChecked(),
    )


def flat_box(checked: bool, has_groups: bool) -> QCheckBox:
    """Asks whether groups are taken apart; to be seen only where there are some."""
    box = QCheckBox(tr("Take groups apart"))
    box.setToolTip(tr("Write the layers of groups among the others, instead of models within the model"))
    box.setChecked(checked)
    box.setVisible(has_groups)
    return box


def ask_code_options(parent: QWidget, start: CodeOptions, *, has_groups: bool = False) -> CodeOptions | None:
    """Ask how to write Python; None where the person cancels."""
    dialog = _Dialog(parent, tr("Export Python"))
    choices = CodeChoices()
    choices.choose(start)
    note = QLabel(tr("The program loads the weights of an exported .h5 file of the same name beside it."))
    note.setProperty("muted", True)
    note.setWordWrap(True)
    flat = flat_box(start.flat, has_groups)
    if not dialog.ask(choices, flat, note):
        return None
    return replace(choices.options, flat=has_groups and flat.isChecked())


_PICTURES = ((".png", noted("PNG: pixels")), (".svg", noted("SVG: lines")), (".pdf", noted("PDF: a page")))

PICTURE_ENDINGS = tuple(ending for ending, _ in _PICTURES)


def ask_picture_options(
    parent: QWidget, suffix: str, start: PictureOptions, *, has_costs: bool = False
) -> tuple[str, PictureOptions] | None:
    """Ask how a picture is drawn, and for which kind of file; None where the person cancels.

    Costs are offered where the canvas shows some.
    """
    dialog = _Dialog(parent, tr("Export a picture"))
    kind = QComboBox()
    for ending, text in _PICTURES:
        kind.addItem(tr(text), ending)
    kind.setCurrentIndex([ending for ending, _ in _PICTURES].index(suffix))
    look = QComboBox()
    look.addItem(tr("Dark text on light ground"), "light")
    look.addItem(tr("Light text on dark ground"), "dark")
    look.setCurrentIndex(start.theme == "dark")
    scale = QDoubleSpinBox(decimals=0, minimum=5, maximum=2000, singleStep=50, value=100 * start.scale)
    scale.setPrefix(tr("Size: "))
    scale.setSuffix(" %")
    scale.setToolTip(tr("100 % is the size on the canvas; giant pictures become no larger than a file can hold"))
    shapes = QCheckBox(tr("With shapes on the wires"))
    shapes.setChecked(start.shapes)
    costs = QCheckBox(tr("With colours and figures as on the canvas"))
    costs.setToolTip(tr("What cards show of parameters, FLOPs, memory or time, and a legend"))
    costs.setChecked(start.costs)
    costs.setVisible(has_costs)
    for box, name in ((kind, tr("Kind of file")), (look, tr("Colours")), (scale, tr("Size"))):
        box.setAccessibleName(name)
    if not dialog.ask(kind, look, scale, shapes, costs):
        return None
    options = PictureOptions(look.currentData(), shapes.isChecked(), costs.isChecked(), scale.value() / 100)
    return kind.currentData(), options


class _Dialog(QDialog):
    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(380)

    def ask(self, *content: QWidget) -> bool:
        """Show this content; whether the person goes on."""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(10)
        for widget in content:
            layout.addWidget(widget)
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        buttons.button(kinds.Ok).setText(tr("Choose a file…"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        accepted = self.exec() == QDialog.DialogCode.Accepted
        self.deleteLater()
        return accepted
