"""From the learning rate of a project to the finder, and back with one edit."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from app.rate_dialog import RateDialog
from app.session import TrainedRun
from app.task import Job
from app.transfers import fitting
from engine.errors import TrainingError
from engine.events import Remarked
from engine.freezing import any_frozen
from engine.optimizers.schedules import Schedule
from engine.project import Project
from engine.start import Start
from engine.transfer import carried_over
from graph_editor.document import ProjectDocument


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("FindingRate", text)


def open_finder(document: ProjectDocument, trained: TrainedRun | None, parent: QWidget) -> RateDialog:
    """Show the finder for a document, and the weights that are there; a rate that is chosen is one edit of it.

    It begins with new weights, as training does; where layers are frozen, with those that are there, if any are.
    """
    project, rate = document.project, document.project.training.optimizer.learning_rate
    note = ""
    if isinstance(rate, Schedule):
        note = tr("It becomes the highest rate of {0}.").format(rate.type)
    going_on = None if trained is None else partial(finding_job, project, trained)
    begins_there = any_frozen(project.graph)
    dialog = RateDialog(partial(finding_job, project), parent, going_on, begins_there=begins_there, note=note)
    dialog.chosen.connect(lambda value: _take(document, value))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog


def finding_job(project: Project, trained: TrainedRun | None = None) -> Job:
    """The events of the finder on a project: from new weights, or from those of a run, as far as they fit.

    Raises `TrainingError` where none of them does.
    """
    from engine.rate_finder import find_rate

    if trained is None:
        yield from find_rate(project)
    elif trained.weights_fit(project.graph):
        yield from find_rate(project, trained.start_for(project))
    else:
        found = carried_over(trained.project.graph, trained.weights, project.graph, project.training.seed)
        if not found.taken:
            raise TrainingError("The network was edited after it was trained, so the weights do not belong to it.")
        yield Remarked(fitting(found))
        yield from find_rate(project, Start(found.weights))


def _take(document: ProjectDocument, value: float) -> None:
    training = document.project.training
    optimizer, rate = training.optimizer, training.optimizer.learning_rate
    wanted = rate.reaching(value) if isinstance(rate, Schedule) else value
    text = tr("Change {0}").format("learning rate")
    document.edit_training(text, training.replace(optimizer=optimizer.replace(learning_rate=wanted)))
