"""The yes that a Python file needs before it is run: asked for, and remembered for that very content."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from app.dialogs import tell_error
from app.settings import AppSettings
from engine.data import consent
from engine.data.generator import PythonGenerator
from engine.data.source import Source
from engine.errors import LayerloomError


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Consent", text)


def needs_yes(source: Source) -> bool:
    """Whether a file would have to be run for this data, and there was no yes for it as it is now.

    A yes of an earlier start counts. A file that cannot be read needs none: it is not run.
    """
    if not isinstance(source, PythonGenerator):
        return False
    try:
        script = source.script()
    except LayerloomError:
        return False
    if not consent.allowed(script) and AppSettings().allows(script.mark):
        consent.allow(script)
    return not consent.allowed(script)


def may_run(parent: QWidget, source: Source) -> bool:
    """Whether the data may be had: where a file would be run for it, the person is asked, once for its content."""
    if not needs_yes(source):
        return True
    assert isinstance(source, PythonGenerator)
    try:
        script = source.script()
    except LayerloomError as error:
        tell_error(parent, tr("Cannot run this file"), error)
        return False
    if not ask(parent, script):
        return False
    consent.allow(script)  # what was read before the question: not what may be there by now
    AppSettings().add_allowed(script.mark)
    return True


def ask(parent: QWidget, script: consent.Script) -> bool:
    """Ask whether a file may be run; no is what Enter and Escape say."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle(tr("Run a Python file"))
    box.setText(tr("Run {0} to draw samples from it?").format(script.path.name))
    box.setInformativeText(
        tr(
            "{0}\n\nThe file and all that it imports will be run with your rights: it can read, change and delete "
            "your files, and use the network. Say yes only if you wrote it, or read it and trust it.\n\nIt will "
            "be run whenever this data is looked at or trained on; after a change to the file you are asked again."
        ).format(script.path)
    )
    yes = box.addButton(tr("Run this file"), QMessageBox.ButtonRole.AcceptRole)
    no = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(no)
    box.setEscapeButton(no)
    box.exec()
    box.deleteLater()
    return box.clickedButton() is yes
