"""Opening and saving projects: which file is open, whether it is saved, and the dialogs about it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtWidgets import QWidget

from app.dialogs import choose, sentence, tell_error
from app.endings import MODELS, PROJECT, WEIGHTS
from app.file_dialogs import ask_open, ask_save
from app.gallery import choose_template
from app.jobs import run_job
from app.past import PastRun, opened_run, past_run
from app.places import is_unsaved, place_of, unsaved_place
from app.settings import AppSettings
from app.task import Job, result_of
from app.transfers import ask_transfer
from engine import templates
from engine.data.hdf5_arrays import Hdf5, is_model
from engine.data.hdf5_file import Hdf5File
from engine.data.opening import source_type
from engine.errors import Cancelled, FileFormatError, LayerloomError
from engine.formats import project_file
from engine.formats.readers import in_background, warm
from engine.freezing import with_trainable
from engine.graph import Graph
from engine.inference import Inference, infer
from engine.project import Project
from engine.start import Start
from engine.transfer import Transfer
from graph_editor.document import ProjectDocument, placed


@dataclass(frozen=True)
class Opened:
    """A project that is shown from now on, and what came with it."""

    project: Project
    start: Start | None = None
    """The weights of a model file, with its optimizer's state where it has that."""
    run: PastRun | None = None
    """The last run of a project file."""
    note: str = ""
    """Why the last run could not be read."""
    notes: tuple[str, ...] = ()
    """What a model file has that this program does not, a sentence each."""
    inference: Inference | None = None
    """The facts of the graph, where they are known already."""
    same: bool = False
    """Whether it is the project that was open before, as it was in one of its runs."""


class ProjectFiles(QObject):
    """The file behind the document. Everything here says what went wrong itself and answers with a bool."""

    path_changed = Signal()
    recent_changed = Signal()
    replacing = Signal()
    """Another project is about to be shown."""
    project_replaced = Signal(object)
    """Another project is shown: an `Opened`."""
    weights_loaded = Signal(object, object)
    """A file, and the weights in it, which belong to the network that is shown."""
    settled = Signal(object, object)
    """A project that had no file has one: the place where its runs lay, and the file."""
    saved = Signal(object)
    """The project was saved; its path."""

    def __init__(self, document: ProjectDocument, settings: AppSettings, window: QWidget) -> None:
        super().__init__(window)
        self._document = document
        self._settings = settings
        self._window = window
        self._path: Path | None = None
        self._place = unsaved_place()
        self._origin: Path | None = None  # the model file that the project came from
        self._foreign = False  # more than the document holds, and in no file of ours: closing asks

    @property
    def path(self) -> Path | None:
        return self._path

    @property
    def place(self) -> Path:
        """The project file that runs and sweeps lie beside; where the project has none, one for itself alone."""
        return self._place

    @property
    def name(self) -> str:
        """The name of the project, which files of it are named after."""
        found = self._path or self._origin
        return self.tr("Untitled") if found is None else found.stem

    @property
    def title(self) -> str:
        """The name as the title of the window shows it."""
        return self._origin.name if self._origin is not None and self._path is None else self.name

    @property
    def modified(self) -> bool:
        return self._document.modified or self._foreign

    # Opening

    def new(self, template: str | None = None) -> bool:
        """Start an empty project, or one from a template."""
        if not self.may_discard():
            return False
        title, text = self.tr("Cannot make this network"), self.tr("Opening…")
        opened = self._try(title, text, result_of(_make, template)) if template else Opened(Project())
        if opened is None:
            return False
        self._show(opened, None)
        return True

    def new_from_template(self) -> bool:
        """Let the person choose a template, and start from it."""
        name = choose_template(self._window)
        return name is not None and self.new(name)

    def open(self) -> bool:
        """Ask for a file and open it."""
        warm()  # while the person looks for the file
        endings = " ".join(f"*{suffix}" for suffix in (PROJECT, *MODELS))
        kinds = self.tr("Projects and Keras models ({0});;All files (*)").format(endings)
        path = ask_open(self._window, self.tr("Open"), kinds)
        return path is not None and self.open_path(path)

    def open_path(self, path: Path) -> bool:
        """Open a file that is known; asks about unsaved changes, once it is sure that the file can be read."""
        if self._path is not None and path.resolve() == self._path.resolve():
            return self.may_discard() and self._open(path)  # saving changes what there is to read
        return self._open(path, ask=True)

    def _open(self, path: Path, *, ask: bool = False) -> bool:
        keras = path.suffix.lower() in MODELS
        title, text = self.tr("Cannot open this file"), self.tr("Opening…")
        if not keras:
            opened = self._try(title, text, in_background(_read_project, path))
        elif (weights := self._weights_beside(path)) is None:
            return False
        else:
            opened = self._try(title, text, in_background(_read_keras, path, *weights))
        if opened is None or (ask and not self.may_discard()):
            return False
        self._settings.last_folder = path.parent
        self._show(opened, None if keras else path, origin=path if keras else None)
        self._remember(path)
        return True

    def open_run(self, folder: Path) -> bool:
        """Show the project of a run as it was, with its weights, after asking about unsaved changes.

        It stays the project of its file: saving makes it that of now. Where there is no file, and the run was left
        by a project that had none either, it becomes that project, and all its runs come along.
        """
        title, text = self.tr("Cannot open this run"), self.tr("Opening…")
        opened = self._try(title, text, in_background(_read_run, folder))
        if opened is None or not self.may_discard():
            return False
        if self._path is None and is_unsaved(place_of(folder)):
            self._place = place_of(folder)
        self._show(replace(opened, same=True), self._path, origin=self._origin)
        self._foreign = True
        self.path_changed.emit()
        return True

    def is_data(self, path: Path) -> bool:
        """Whether a file that may be a model by its name holds data; what is wrong with it, opening it says."""
        if source_type(path) is not Hdf5:
            return False
        try:
            return run_job(self._window, self.tr("Opening…"), in_background(_holds_data, path))
        except LayerloomError:
            return False

    def _weights_beside(self, path: Path) -> tuple[Path, ...] | None:
        """The file of the weights of a model that has none in it, asked for where none lies beside it.

        Empty where there is nothing to name, None where the person gives up.
        """
        names = (path.with_suffix(".weights.h5"), path.with_suffix(".h5"))
        if path.suffix.lower() != ".json" or any(name.exists() for name in names):
            return ()
        found = self._ask_weights(self.tr("Where are the weights of {0}?").format(path.name))
        return None if found is None else (found,)

    def _ask_weights(self, title: str) -> Path | None:
        endings = " ".join(f"*{suffix}" for suffix in WEIGHTS)
        kinds = self.tr("Weights of Keras models ({0});;All files (*)").format(endings)
        return ask_open(self._window, title, kinds)

    def load_weights(self) -> bool:
        """Ask for a file of weights and take them for the network that is shown."""
        path = self._ask_weights(self.tr("Load weights"))
        if path is None:
            return False
        project = self._document.project
        title, text = self.tr("Cannot load these weights"), self.tr("Loading weights…")
        found = self._try(title, text, in_background(_read_weights, path, project))
        if found is None or self._document.project is not project:
            return False
        graph, transfer = found
        answer = 0 if transfer.whole else ask_transfer(self._window, path.name, transfer)
        if answer is None:
            return False
        if answer == 1:
            graph = with_trainable(graph, transfer.taken, False)
        self._document.edit(self.tr("Load weights"), replace(project, graph=graph))
        self.weights_loaded.emit(path, transfer.weights)
        return True

    def trained(self) -> None:
        """A run has begun: where the project has no file, it would be lost with the project."""
        if self._path is None:
            self._foreign = True
            self.path_changed.emit()

    def _show(self, opened: Opened, path: Path | None, origin: Path | None = None) -> None:
        self.replacing.emit()
        self._document.reset(opened.project, opened.inference)
        self._origin = origin
        self._path, self._foreign = path, opened.start is not None
        if not opened.same:
            self._place = path or unsaved_place()
        self.project_replaced.emit(opened)
        self.path_changed.emit()

    # Saving

    def save(self) -> bool:
        """Save to the file that is open, or ask for one."""
        return self.save_as() if self._path is None else self._save(self._path)

    def save_as(self) -> bool:
        """Ask for a file and save to it."""
        proposed = self._path or (self._origin or Path(self.name)).with_suffix(PROJECT)
        path = ask_save(self._window, self.tr("Save as"), proposed, PROJECT, self.tr("Projects (*.loom)"))
        return path is not None and self._save(path)

    def _save(self, path: Path) -> bool:
        project = self._document.project
        done = self._try(self.tr("Cannot save"), self.tr("Saving…"), result_of(_write, project, path))
        if done is None:
            return False
        if self._document.project is project:
            self._document.set_saved()
        before, self._path, self._place, self._foreign = self._place, path, path, False
        if is_unsaved(before):
            self.settled.emit(before, path)
        self._settings.last_folder = path.parent
        self._remember(path)
        self.path_changed.emit()
        self.saved.emit(path)
        return True

    def may_discard(self) -> bool:
        """Ask about unsaved changes where there are any; True where the project may go."""
        if not self.modified:
            return True
        answer = choose(
            self._window,
            self.tr("Unsaved changes"),
            self.tr("Save the changes to “{0}”?").format(self.name),
            [self.tr("Save"), self.tr("Discard")],
            self.tr("What is not saved is lost."),
        )
        return self.save() if answer == 0 else answer == 1

    def clear_recent(self) -> None:
        """Forget which files were open."""
        self._settings.clear_recent()
        self.recent_changed.emit()

    def _remember(self, path: Path) -> None:
        self._settings.add_recent(path)
        self.recent_changed.emit()

    def _try(self, title: str, text: str, job: Job) -> Any:
        try:
            return run_job(self._window, text, job)
        except Cancelled:
            return None
        except Exception as error:
            tell_error(self._window, title, error)
            return None


def _write(project: Project, path: Path) -> bool:
    project_file.save(project, path)
    return True


def _make(template: str) -> Opened:
    return _known(templates.make(template))


def _known(project: Project) -> Opened:
    """A project with all that the window would else work out while it waits."""
    return Opened(placed(project), inference=infer(project.graph))


def _read_project(path: Path) -> Opened:
    project = project_file.load(path)
    try:
        return replace(_known(project), run=past_run(path, project))
    except (LayerloomError, OSError) as error:
        return replace(_known(project), note=sentence(error))


def _read_run(folder: Path) -> Opened:
    project = project_file.load(folder / "project.loom")
    try:
        return replace(_known(project), run=opened_run(folder))
    except (LayerloomError, OSError) as error:
        return replace(_known(project), note=sentence(error))


def _read_keras(path: Path, weights: Path | None = None) -> Opened:
    from engine.formats import models

    model = models.load(path, weights)
    start = Start(model.weights, model.optimizer_state)
    return replace(_known(model.project), start=start, notes=model.notes)


def _read_weights(path: Path, project: Project) -> tuple[Graph, Transfer]:
    """The weights of a file for a project, all of them if they are of this very network, else those that fit."""
    from engine.formats import models

    if path.suffix.lower() != ".keras":
        with suppress(FileFormatError):
            graph, weights = models.load_weights(path, project.graph)
            return graph, Transfer(weights, tuple(weights))
    return project.graph, models.load_fitting(path, project.graph, project.training.seed)


def _holds_data(path: Path) -> bool:
    return not is_model(Hdf5File(path))


def dropped_data(mime: QMimeData) -> Path | None:
    """The file of data or the folder that a drag carries, None where it carries something else."""
    paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
    return paths[0] if len(paths) == 1 and (paths[0].is_dir() or source_type(paths[0]) is not None) else None


def dropped_file(mime: QMimeData) -> Path | None:
    """The file of ours or of Keras that a drag carries, None where it carries something else."""
    paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
    if len(paths) != 1 or paths[0].suffix.lower() not in (PROJECT, *MODELS):
        return None
    return paths[0]
