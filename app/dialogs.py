"""Questions and bad news: the few message boxes of the program."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from engine.errors import LayerloomError
from graph_editor.words import error_said


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Dialogs", text)


def choose(parent: QWidget | None, title: str, text: str, choices: Sequence[str], detail: str = "") -> int | None:
    """Ask for one of `choices` (the first is the default); None where the person cancels."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(detail)
    role = QMessageBox.ButtonRole
    buttons = [
        box.addButton(choice, role.AcceptRole if place == 0 else role.DestructiveRole)
        for place, choice in enumerate(choices)
    ]
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(buttons[0])
    box.setEscapeButton(cancel)
    box.exec()
    clicked = box.clickedButton()
    box.deleteLater()
    return next((place for place, button in enumerate(buttons) if button is clicked), None)


def tell(parent: QWidget | None, title: str, text: str, detail: str = "") -> None:
    """Say what came of something."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Information)
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(detail)
    box.exec()
    box.deleteLater()


def tell_error(parent: QWidget | None, title: str, error: BaseException) -> None:
    """Say what went wrong: our own errors in their sentence, others with details to report."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle(title)
    box.setText(sentence(error))
    if not isinstance(error, LayerloomError):
        box.setDetailedText("".join(traceback.format_exception(error)))
    box.exec()
    box.deleteLater()


def sentence(error: BaseException) -> str:
    """An error as a sentence for the person at the window."""
    if isinstance(error, LayerloomError):
        return error_said(error)
    return tr("Something unexpected happened: {0}: {1}").format(type(error).__name__, error)
