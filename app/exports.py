"""Taking the network away: Keras files, Python, pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.dialogs import choose, tell_error
from app.files import ProjectFiles
from app.jobs import run_job
from app.session import TrainedRun, TrainingSession
from app.settings import AppSettings
from app.task import result_of
from engine.errors import Cancelled
from engine.events import HostWeights
from engine.formats.code import Target, write_code
from engine.graph import Graph
from engine.project import Project, TrainingSettings
from graph_editor.document import ProjectDocument


class Exports(QObject):
    """Every way out, each with its file dialog; `exported` names the file that was written."""

    exported = Signal(object)

    def __init__(
        self,
        document: ProjectDocument,
        session: TrainingSession,
        files: ProjectFiles,
        settings: AppSettings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._document = document
        self._session = session
        self._files = files
        self._settings = settings
        self._window = window

    def keras_h5(self) -> bool:
        """Architecture and weights as a Keras .h5 file."""
        source = self._weights_source()
        if source is None:
            return False
        project, weights = source
        path = self._ask("Keras (*.h5)", ".h5")
        if path is None:
            return False
        job = (_write_h5, path, project.graph, weights, project.training)
        return self._write(path, *job)

    def keras_code(self) -> bool:
        """Python that builds and trains the network with Keras."""
        return self._code("keras")

    def jax_code(self) -> bool:
        """Python that builds and trains the network with JAX alone."""
        return self._code("jax")

    def png(self) -> bool:
        """The graph as a PNG picture."""
        from graph_editor import picture, theme

        return self._picture(".png", lambda path: picture.render_png(self._project, path, theme.current(), 2.0))

    def svg(self) -> bool:
        """The graph as an SVG picture."""
        from graph_editor import picture, theme

        return self._picture(".svg", lambda path: picture.render_svg(self._project, path, theme.current()))

    @property
    def _project(self) -> Project:
        return self._document.project

    # Which weights to write

    def _weights_source(self) -> tuple[Project, HostWeights | None] | None:
        trained = self._session.trained
        if trained is None:
            return self._offer_untrained()
        if trained.fits(self._project.graph):
            return self._project, trained.weights
        return self._offer_trained(trained)

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

    def _code(self, target: Target) -> bool:
        path = self._ask("Python (*.py)", ".py", f"_{target}")
        return path is not None and self._write(path, write_code, self._project, path, target)

    def _picture(self, suffix: str, draw: Callable[[Path], None]) -> bool:
        path = self._ask(f"{suffix[1:].upper()} (*{suffix})", suffix)
        if path is None:
            return False
        try:
            draw(path)
        except Exception as error:
            tell_error(self._window, self.tr("Cannot export"), error)
            return False
        return self._done(path)

    def _ask(self, kind: str, suffix: str, ending: str = "") -> Path | None:
        start = self._settings.last_folder / f"{self._files.name}{ending}{suffix}"
        name, _ = QFileDialog.getSaveFileName(self._window, self.tr("Export"), str(start), kind)
        if not name:
            return None
        path = Path(name)
        return path if path.suffix else path.with_suffix(suffix)

    def _write(self, path: Path, function: Callable[..., object], *args: object) -> bool:
        try:
            run_job(self._window, self.tr("Exporting…"), result_of(function, *args))
        except Cancelled:
            return False
        except Exception as error:
            tell_error(self._window, self.tr("Cannot export"), error)
            return False
        return self._done(path)

    def _done(self, path: Path) -> bool:
        self._settings.last_folder = path.parent
        self.exported.emit(path)
        return True


def _write_h5(path: Path, graph: Graph, weights: HostWeights | None, training: TrainingSettings) -> None:
    from engine.formats.keras_h5 import save_model
    from engine.model import compile_graph

    if weights is None:
        model = compile_graph(graph)
        weights = model.to_host(model.init(training.seed))
    save_model(path, graph, weights, training)
