"""The little there is to read in the program itself."""

from __future__ import annotations

from importlib import metadata

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from app.actions import Actions
from app.shortcut_editor import ShortcutEditor


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Help", text)


def show_shortcuts(parent: QWidget, actions: Actions) -> None:
    """Let all shortcuts be looked up and changed."""
    dialog = ShortcutEditor(actions, parent)
    dialog.exec()
    dialog.deleteLater()


def show_about(parent: QWidget) -> None:
    """Name, version and licence."""
    text = tr("Build neural networks by wiring layers, train them, take them away as Keras files or Python.")
    QMessageBox.about(parent, tr("About Layerloom"), f"<h3>Layerloom {version()}</h3><p>{text}</p><p>MIT</p>")


def version() -> str:
    """The version that is installed."""
    try:
        return metadata.version("layerloom")
    except metadata.PackageNotFoundError:
        return ""
