"""What was trained before a project had a file: it is brought beside the file once there is one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.dialogs import sentence
from app.files import Opened, ProjectFiles
from app.jobs import run_job
from app.past import bring_sweep, keep_run, move_run
from app.session import RunState, TrainingSession
from app.sweeping import SweepSession
from app.task import result_of
from graph_editor.document import ProjectDocument


class Following(QObject):
    """Brings the last run, the weights of a model file, and the last sweep; what goes on, when it has ended."""

    refused = Signal(str)
    """Why something stays where it was."""

    def __init__(
        self,
        document: ProjectDocument,
        session: TrainingSession,
        sweeps: SweepSession,
        files: ProjectFiles,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._document, self._session, self._sweeps = document, session, sweeps
        self._files, self._window = files, window
        self._bringing = False
        files.saved.connect(lambda _path: self.bring())
        files.project_replaced.connect(self._replaced)
        session.started.connect(lambda _project: files.trained())
        session.state_changed.connect(lambda state: self._soon() if state is RunState.IDLE else None)
        sweeps.running_changed.connect(lambda running: files.trained() if running else self._soon())

    def bring(self) -> None:
        """Let what there is lie beside the project's file, if it has one."""
        if self._files.path is None or self._bringing:
            return
        self._bringing = True
        try:
            self._tried(self._bring_run)
            self._tried(self._bring_sweep)
        finally:
            self._bringing = False

    def _tried(self, bring: Callable[[], None]) -> None:
        try:
            bring()
        except Exception as error:
            self.refused.emit(sentence(error))

    def _soon(self) -> None:
        """The project may have been saved meanwhile; where the window closes, it calls by itself."""
        QTimer.singleShot(0, self, lambda: self.bring() if self._window.isVisible() else None)

    def _replaced(self, opened: Opened) -> None:
        if not opened.same:
            self._sweeps.forget()

    def _bring_run(self) -> None:
        path, project, trained = self._files.path, self._document.project, self._session.trained
        folder, origin = self._session.unsaved_run(project.graph), self._session.foreign_origin(project.graph)
        if path is None or trained is None or not (folder or origin):
            return
        self._session.run_moved()
        job = result_of(move_run, folder, path) if folder else result_of(keep_run, trained, project, origin, path)
        run_job(self._window, self.tr("Saving…"), job)

    def _bring_sweep(self) -> None:
        path, name = self._files.path, self._sweeps.unsaved
        if path is not None and name:
            job = result_of(bring_sweep, name, path)
            self._sweeps.was_moved(run_job(self._window, self.tr("Saving…"), job), path)
