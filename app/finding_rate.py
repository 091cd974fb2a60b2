"""From the learning rate of a project to the finder, and back with one edit."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from app.rate_dialog import RateDialog
from app.task import Job
from engine.optimizers.schedules import Schedule
from engine.project import Project
from graph_editor.document import ProjectDocument


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("FindingRate", text)


def open_finder(document: ProjectDocument, parent: QWidget) -> RateDialog:
    """Show the finder for a document; a rate that is chosen there is one edit of it."""
    project, rate = document.project, document.project.training.optimizer.learning_rate
    note = ""
    if isinstance(rate, Schedule):
        note = tr("It becomes the highest rate of {0}.").format(rate.type)
    dialog = RateDialog(lambda: finding_job(project), parent, note=note)
    dialog.chosen.connect(lambda value: _take(document, value))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog


def finding_job(project: Project) -> Job:
    """The events of the finder on a project."""
    from engine.rate_finder import find_rate

    yield from find_rate(project)


def _take(document: ProjectDocument, value: float) -> None:
    training = document.project.training
    optimizer, rate = training.optimizer, training.optimizer.learning_rate
    wanted = rate.reaching(value) if isinstance(rate, Schedule) else value
    text = tr("Change {0}").format("learning rate")
    document.edit_training(text, training.replace(optimizer=optimizer.replace(learning_rate=wanted)))
