"""Taking the network away: Keras files, Python, pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.code_choices import CodeOptions
from app.dialogs import choose, tell, tell_error
from app.export_dialogs import (
    KERAS_ENDINGS,
    PICTURE_ENDINGS,
    KerasOptions,
    ask_code_options,
    ask_keras_options,
    ask_picture_options,
)
from app.file_dialogs import ask_save
from app.files import ProjectFiles
from app.jobs import run_job
from app.session import TrainedRun, TrainingSession
from app.task import Job, result_of
from engine.errors import Cancelled
from engine.events import HostWeights, OptimizerState, Result
from engine.flattening import flattened, flattened_project, has_groups
from engine.project import Project
from graph_editor.document import ProjectDocument
from graph_editor.heat import Heat
from graph_editor.picture import PictureOptions, render
from graph_editor.theme import current
from graph_editor.words import said


class Exports(QObject):
    """Every way out, each with its file dialog; `exported` names the file that was written."""

    exported = Signal(object)

    def __init__(
        self,
        document: ProjectDocument,
        session: TrainingSession,
        files: ProjectFiles,
        heat: Heat,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._document = document
        self._session = session
        self._files = files
        self._heat = heat
        self._window = window
        self._keras_options = KerasOptions()
        self._code_options = CodeOptions()
        self._picture_options = (".png", PictureOptions(current().name))

    def keras_model(self) -> bool:
        """Architecture and weights as a file that Keras opens."""
        source = self._weights_source()
        if source is None:
            return False
        project, weights = source
        asked = replace(self._keras_options, compiled=project.compiled)
        state = self._optimizer_state(project)
        options = ask_keras_options(
            self._window, asked, has_state=state is not None, has_groups=has_groups(project.graph)
        )
        kind = None if options is None else options.suffix
        path = None if kind is None else self._ask(f"Keras (*{kind})", kind, others=KERAS_ENDINGS)
        if options is None or path is None:
            return False
        self._keras_options = options
        done, proof = self._run(path, keras_job(path, project, weights, options, state))
        if proof is not None:
            tell(self._window, self.tr("Checked with Keras"), "\n".join(map(said, str(proof).splitlines())))
        if done and options.compiled:
            self._tell_replaced(project)
        return done

    def _tell_replaced(self, project: Project) -> None:
        """Say where the file holds something else than the project has."""
        from engine.formats.keras_optimizer import replaced

        notes = replaced(project.training.optimizer)
        if notes:
            tell(self._window, self.tr("Exported with changes"), "\n".join(map(said, notes)))

    def python(self) -> bool:
        """Python that builds the network, after asking how."""
        options = ask_code_options(self._window, self._code_options, has_groups=has_groups(self._project.graph))
        return options is not None and self.code(options)

    def code(self, options: CodeOptions) -> bool:
        """Python that builds the network."""
        self._code_options = options
        path = self._ask("Python (*.py)", ".py", f"_{options.target}")
        return path is not None and self._run(path, result_of(_write_code, self._learned(), path, options))[0]

    def picture(self) -> bool:
        """The graph on the canvas as a picture, after asking how."""
        shown = self._heat.shown
        asked = ask_picture_options(self._window, *self._picture_options, has_costs=bool(shown))
        if asked is None:
            return False
        suffix, options = self._picture_options = asked
        path = self._ask(f"{suffix[1:].upper()} (*{suffix})", suffix, others=PICTURE_ENDINGS)
        if path is None:
            return False
        try:
            render(self._project, path, options, self._document.path, shown)
        except Exception as error:
            tell_error(self._window, self.tr("Cannot export"), error)
            return False
        return self._done(path)

    @property
    def _project(self) -> Project:
        return self._document.project

    def _learned(self) -> Project:
        """The project, with what its layers learned from the data where it has been trained."""
        trained = self._session.trained
        return trained.completed(self._project) if trained and trained.fits(self._project.graph) else self._project

    # Which weights to write

    def _weights_source(self) -> tuple[Project, HostWeights | None] | None:
        trained = self._session.trained
        if trained is None:
            return self._offer_untrained()
        if trained.weights_fit(self._project.graph):
            return trained.completed(self._project), trained.weights
        return self._offer_trained(trained)

    def _optimizer_state(self, project: Project) -> OptimizerState | None:
        """What the optimizer of a project remembers, where the last run has left it."""
        state = None if self._session.trained is None else self._session.trained.optimizer_state
        return state if state is not None and state.optimizer == project.training.optimizer.type else None

    def _offer_untrained(self) -> tuple[Project, None] | None:
        answer = choose(
            self._window,
            self.tr("Not trained yet"),
            self.tr("This network has not been trained yet."),
            [self.tr("Export first weights")],
            self.tr("The file will hold the weights that training would start from."),
        )
        return None if answer is None else (self._project, None)

    def _offer_trained(self, trained: TrainedRun) -> tuple[Project, HostWeights] | None:
        answer = choose(
            self._window,
            self.tr("Edited since training"),
            self.tr("The network was edited after it was trained, so the weights do not belong to it."),
            [self.tr("Export as trained")],
            self.tr("The file can hold the network as it was when the training began."),
        )
        return None if answer is None else (trained.project, trained.weights)

    # Writing

    def _ask(self, kind: str, suffix: str, ending: str = "", others: tuple[str, ...] = ()) -> Path | None:
        proposed = f"{self._files.name}{ending}{suffix}"
        return ask_save(self._window, self.tr("Export"), proposed, suffix, kind, others)

    def _run(self, path: Path, job: Job) -> tuple[bool, Any]:
        """Whether a job that writes a file came to its end, and what it gave."""
        try:
            value = run_job(self._window, self.tr("Exporting…"), job)
        except Cancelled:
            return False, None
        except Exception as error:
            tell_error(self._window, self.tr("Cannot export"), error)
            return False, None
        return self._done(path), value

    def _done(self, path: Path) -> bool:
        self.exported.emit(path)
        return True


def keras_job(
    path: Path,
    project: Project,
    weights: HostWeights | None,
    options: KerasOptions,
    state: OptimizerState | None = None,
) -> Job:
    """Write a Keras file, and let Keras open it where that is asked for: the result is the proof, or None."""
    from engine.formats import models
    from engine.formats.proof import prove
    from engine.model import compile_graph

    graph, training = project.graph, project.training
    if weights is None:
        model = compile_graph(graph)
        weights = model.to_host(model.init(training.seed))
    compiling = training if options.compiled else None
    state = state if options.state else None
    if options.flat:
        flat = flattened(graph)
        graph, weights, state = flat.graph, flat.weights(weights), flat.state(state)
    models.save(
        path,
        graph,
        weights,
        compiling,
        dialect=options.dialect,
        optimizer_state=state,
        name=project.name,
        precision=training.precision,
    )
    if options.check:
        yield from prove(path, graph, weights, precision=training.precision)
    else:
        yield Result(None)


def _write_code(project: Project, path: Path, options: CodeOptions) -> None:
    from engine.formats.code import write_code

    project = flattened_project(project) if options.flat else project
    write_code(project, path, options.target, style=options.style, with_training=options.with_training)
