"""The little there is to read in the program itself."""

from __future__ import annotations

import html
from importlib import metadata

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QMessageBox, QTextBrowser, QVBoxLayout, QWidget

from app.actions import Actions


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Help", text)


def show_shortcuts(parent: QWidget, actions: Actions) -> None:
    """List every action that has a shortcut."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(tr("Keyboard shortcuts"))
    dialog.resize(420, 560)
    browser = QTextBrowser()
    browser.setHtml(shortcuts_html(actions))
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addWidget(browser)
    layout.addWidget(buttons)
    dialog.exec()
    dialog.deleteLater()


def shortcuts_html(actions: Actions) -> str:
    """The shortcuts as a table."""
    rows: list[str] = []
    for action in actions.all():
        keys = ", ".join(key.toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts())
        if keys:
            text = action.whatsThis()
            rows.append(f"<tr><td><b>{html.escape(keys)}</b>&nbsp;&nbsp;</td><td>{html.escape(text)}</td></tr>")
    return f"<table cellpadding='3'>{''.join(rows)}</table>"


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
