"""Whether there is a trained network to use, and what to do where there is none."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.session import TrainedRun, TrainingSession
from engine.project import Project


def _tr(text: str) -> str:
    return QCoreApplication.translate("Readiness", text)


def fits(session: TrainingSession, project: Project) -> bool:
    """Whether there are weights of the network as it is now."""
    return session.trained is not None and session.trained.weights_fit(project.graph)


def as_trained(trained: TrainedRun, project: Project) -> Project:
    """The project as it is now, with what its layers learned, where the weights fit."""
    return trained.completed(project) if trained.fits(project.graph) else project


def lacking(session: TrainingSession, project: Project) -> str:
    """What is missing for a trained network to be used, a sentence; empty where nothing is."""
    if session.trained is None and session.running:
        return _tr("The network is being trained. There is something to see here after the first epoch.")
    if session.trained is None:
        return _tr("Nothing is trained yet. Train the network, and see here what it can do.")
    if not fits(session, project):
        return _tr("The network was edited after it was trained, so the weights do not belong to it.")
    return ""
