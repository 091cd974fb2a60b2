"""What the command line opens and writes: projects, models, runs, arrays."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.errors import FileError
from engine.events import HostWeights, OptimizerState
from engine.files import replacing
from engine.flattening import flattened
from engine.formats import models, project_file
from engine.formats.code import Target, write_code
from engine.formats.keras_h5 import Dialect
from engine.formats.keras_optimizer import replaced
from engine.formats.keras_styles import Style
from engine.model import compile_graph
from engine.project import Project
from engine.runs import RUN_FILES, latest_run, read_run


@dataclass(frozen=True)
class ExportOptions:
    """How a network is written: the dialect of an `.h5`, the kind of Python, the look of a picture."""

    dialect: Dialect = "keras3"
    style: Style = "functional"
    target: Target = "keras"
    with_training: bool = False
    with_optimizer: bool = False
    """With the optimizer's state, in `.keras` and `.h5`."""
    theme: Literal["light", "dark"] = "light"
    shapes: bool = True
    scale: float = 2.0


@dataclass(frozen=True)
class Network:
    """A project or model that was opened, with its weights where it has some."""

    path: Path
    project: Project
    weights: HostWeights | None
    is_model: bool = False
    run: Path | None = None
    """The run that the weights are the last of, where there is one."""
    optimizer_state: OptimizerState | None = None
    """What the optimizer remembered at those weights, where that is known."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it was read from."""
        of_run = () if self.run is None else tuple(self.run / name for name in RUN_FILES)
        return (*models.files_of(self.path), *of_run)

    def trained_weights(self) -> HostWeights:
        """The weights; raises `FileError` where there are none."""
        if self.weights is None:
            raise FileError(self.path, "has not been trained yet: `layerloom train` it, or name a run with --run.")
        return self.weights

    def flattened(self) -> Network:
        """The same network without groups."""
        flat = flattened(self.project.graph)
        return replace(
            self,
            project=replace(self.project, graph=flat.graph),
            weights=None if self.weights is None else flat.weights(self.weights),
            optimizer_state=flat.state(self.optimizer_state),
        )

    def exported_weights(self) -> HostWeights:
        """The weights that an export holds: without trained ones, those that training would start from."""
        if self.weights is not None:
            return self.weights
        model = compile_graph(self.project.graph)
        return model.to_host(model.init(self.project.training.seed))


def open_network(path: Path, run: Path | None = None) -> Network:
    """Open a project (with its latest run, or the one named) or a Keras model; raises `FileError`."""
    if models.is_model(path):
        if run is not None:
            raise FileError(path, "is a model and has no runs: leave out --run.")
        loaded = models.load(path)
        return Network(path, loaded.project, loaded.weights, is_model=True, optimizer_state=loaded.optimizer_state)
    project = project_file.load(path)
    folder = run or latest_run(path)
    if folder is None:
        return Network(path, project, None)
    found = read_run(folder)
    return Network(path, found.project, found.weights, run=folder, optimizer_state=found.start.optimizer_state)


def check_new_file(path: Path) -> None:
    """Raise `FileError` where a file is there already."""
    if path.exists():
        raise FileError(path, "exists already.")


def check_not_read(path: Path, *sources: Path) -> None:
    """Raise `FileError` where a file to write is one that is read: it would be lost."""
    if path.resolve() in [source.resolve() for source in sources]:
        raise FileError(path, "is read here, and would be overwritten: write to another file.")


def check_new_folder(folder: Path) -> None:
    """Make a folder for a run; raises `FileError` where it holds something already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileError(folder, "is not empty; a run needs a folder of its own.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(folder, f"could not be made: {error.strerror}.") from error


def write_npz(path: Path, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Write arrays to an .npz file, atomically."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # pyright: ignore[reportArgumentType]


def export_network(network: Network, path: Path, options: ExportOptions = ExportOptions()) -> Generator[str]:
    """Write a Keras model, Python or a picture, as the ending of `path` says; yields what was done."""
    project, suffix = network.project, path.suffix.lower()
    beside = path.with_suffix(".weights.h5")
    for written in (path, beside) if suffix == ".json" else (path,):
        check_not_read(written, *network.files)
    if suffix in models.SUFFIXES:
        if network.weights is None:
            yield "Not trained yet: the file holds the random weights that training would start from."
        elif network.run is not None:
            yield f"With the last weights of {network.run}."
        state = network.optimizer_state if options.with_optimizer else None
        if options.with_optimizer and state is None:
            raise FileError(network.path, "has no optimizer's state: leave out --with-optimizer.")
        models.save(
            path,
            project.graph,
            network.exported_weights(),
            project.compiling,
            dialect=options.dialect,
            optimizer_state=state,
            name=project.name,
            precision=project.training.precision,
        )
        yield from project.lost
        if project.compiled and suffix != ".json":
            yield from replaced(project.training.optimizer)
        if suffix == ".json":
            yield f"The weights are in {beside}."
    elif suffix == ".py":
        loads = write_code(project, path, options.target, style=options.style, with_training=options.with_training)
        yield f"It loads the weights of {loads}." if loads else "There is no .h5 beside it: it starts untrained."
    else:
        _draw(project, path, options)
    yield f"Wrote {path}"


def _draw(project: Project, path: Path, options: ExportOptions) -> None:
    import os

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from graph_editor.picture import PictureOptions, render

    application = QApplication.instance() or QApplication([])
    render(project, path, PictureOptions(options.theme, options.shapes, scale=options.scale))
    del application
