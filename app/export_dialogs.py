"""What is asked before an export: how the file is to be written."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from app.code_choices import CodeChoices, CodeOptions


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("ExportDialogs", text)


@dataclass(frozen=True)
class KerasOptions:
    """How a Keras file is written, and whether Keras is to open it afterwards."""

    compiled: bool = True
    check: bool = False


def ask_keras_options(parent: QWidget, start: KerasOptions) -> KerasOptions | None:
    """Ask how to write a Keras file; None where the person cancels."""
    dialog = _Dialog(parent, tr("Export a Keras model"))
    compiled = QCheckBox(tr("With optimizer, loss and metrics"))
    compiled.setToolTip(tr("Keras opens the model compiled, ready to be trained on"))
    compiled.setChecked(start.compiled)
    check = QCheckBox(tr("Check with Keras"))
    check.setToolTip(tr("Let Keras open the file and predict, and compare with the predictions here"))
    check.setChecked(start.check)
    if not dialog.ask(compiled, check):
        return None
    return KerasOptions(compiled.isChecked(), check.isChecked())


def ask_code_options(parent: QWidget, start: CodeOptions) -> CodeOptions | None:
    """Ask how to write Python; None where the person cancels."""
    dialog = _Dialog(parent, tr("Export Python"))
    choices = CodeChoices()
    choices.choose(start)
    note = QLabel(tr("The program loads the weights of an exported .h5 file of the same name beside it."))
    note.setProperty("muted", True)
    note.setWordWrap(True)
    return choices.options if dialog.ask(choices, note) else None


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
