"""What was trained before a project had a file: it is brought beside the file once there is one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.dialogs import sentence
from app.files import ProjectFiles
from app.jobs import run_job
from app.past import keep_run
from app.places import forget_place, note_home, places_of
from app.session import RunState, TrainingSession
from app.sweeping import SweepSession
from app.task import result_of
from engine.past_runs import run_folders
from graph_editor.document import ProjectDocument
from graph_editor.words import said


class Following(QObject):
    """Brings runs that have ended, sweeps, once none goes on, and the weights of a model file."""

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
        self._due: dict[Path, Path] = {}  # files, by the places where runs of their projects may still lie
        self._bringing = False
        files.settled.connect(self._settled)
        files.saved.connect(lambda _path: self.bring())
        files.project_replaced.connect(lambda _opened: self._opened())
        session.started.connect(lambda _project: files.trained())
        session.state_changed.connect(lambda state: self._soon() if state is RunState.IDLE else None)
        sweeps.running_changed.connect(lambda running: files.trained() if running else self._soon())

    def bring(self) -> None:
        """Let what there is lie beside the files of its projects, as far as they have some."""
        begins = self._session.running and self._session.folder is None  # and lies nowhere yet
        if self._bringing or self._sweeps.running or begins:
            return
        self._bringing = True
        try:
            self._tried(self._keep_weights)
            for place in list(self._due):
                self._tried(partial(self._move, place))
        finally:
            self._bringing = False

    def _tried(self, bring: Callable[[], None]) -> None:
        try:
            bring()
        except Exception as error:
            self.refused.emit(sentence(error))

    def _move(self, place: Path) -> None:
        from engine.sweeps.moving import move_all

        path = self._due[place]
        live = self._session.folder if self._session.running else None
        moved = run_job(self._window, self.tr("Saving…"), result_of(move_all, place, path, live))
        self._sweeps.take_moved(place, path, moved.sweeps)
        if moved.problems:
            self.refused.emit(said(moved.problems[0]))
        elif not run_folders(place):
            del self._due[place]
            forget_place(place)

    def _settled(self, place: Path, path: Path) -> None:
        self._due[place] = path
        self._session.settle(place, path)
        self._sweeps.settle(place, path)
        if self._session.running or self._sweeps.running:
            self._tried(partial(note_home, place, path))

    def _opened(self) -> None:
        """Bring what a program that broke off meanwhile has left in the place of this project."""
        path = self._files.path
        self._due |= dict.fromkeys(places_of(path), path) if path is not None else {}
        if self._due:
            self._soon()

    def _soon(self) -> None:
        """The project may have been saved meanwhile; where the window closes, it calls by itself."""
        QTimer.singleShot(0, self, lambda: self.bring() if self._window.isVisible() else None)

    def _keep_weights(self) -> None:
        """Weights that came from a model file are a run of the project, once it has a file."""
        path, project, trained = self._files.path, self._document.project, self._session.trained
        origin = self._session.foreign_origin(project.graph)
        if path is None or trained is None or not origin:
            return
        self._session.kept()
        run_job(self._window, self.tr("Saving…"), result_of(keep_run, trained, project, origin, path))
