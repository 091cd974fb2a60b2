"""Small projects are made ready to be trained while nobody waits for it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.session import TrainingSession
from app.sweeping import SweepSession
from app.task import Background
from engine.warming import warm_up
from graph_editor.document import ProjectDocument

_REST_MS = 1500
"""How long nothing is changed before what is there is compiled."""


class Ahead(QObject):
    """Compiles what training needs when a project has not changed for a while, so that a run begins at once."""

    def __init__(self, document: ProjectDocument, session: TrainingSession, sweeps: SweepSession) -> None:
        super().__init__(session)
        self._document, self._session, self._sweeps = document, session, sweeps
        self._job = Background(self)
        self._known: Any = None  # graph, data and settings that were compiled last
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._begin)
        self._rest.start()
        document.project_changed.connect(self._rest.start)
        session.state_changed.connect(lambda _: self._rest.start())
        sweeps.running_changed.connect(lambda _: self._rest.start())

    def _begin(self) -> None:
        if self._session.running or self._sweeps.running:  # their end is heard
            return
        if self._job.busy:  # one at a time: what is compiled cannot be broken off
            self._rest.start()
            return
        project = self._document.project
        known = project.graph, project.data, project.training
        if known == self._known:
            return
        self._known = known
        self._job.begin(warm_up(project))
