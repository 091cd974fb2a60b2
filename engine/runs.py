"""Runs on disk: one folder per training, with the project as it was, its history and its weights.

name.runs/20261121-093000-1/
    project.loom   the project that was trained, with what its layers learned from the data (vocabularies)
    history.csv    a row per epoch, those before a run that goes on included
    result.json    how far it came, with which figures (outcome.py)
    best.h5        the weights of the best epoch, by the figure that the callbacks watch: a Keras model
    last.h5        the last weights: a Keras model, with the optimizer's state and where the run stands
    epoch-00010.h5 the weights after an epoch, where such files are wanted
    tensorboard/   the figures for TensorBoard, where they are wanted
    log.txt        what happened, in sentences
    pulse.json     who trains, while that goes on (pulse.py)
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from engine.board import Board
from engine.callbacks import Waiting
from engine.errors import Cancelled, FileError, LayerloomError, MemoryShortError
from engine.events import (
    Altered,
    Compiled,
    EpochDone,
    Event,
    Finished,
    Halfway,
    HostWeights,
    Learned,
    OptimizerState,
    Remarked,
    RunPosition,
    Started,
)
from engine.files import write_text
from engine.formats import models, project_file
from engine.formats.keras_h5 import load_checkpoint, save_checkpoint, save_model
from engine.formats.loaded import LoadedModel
from engine.history import Row, read_history, until, write_history
from engine.ledger import NEW
from engine.outcome import Outcome, RunEnd, write_outcome
from engine.project import Project
from engine.pulse import beating
from engine.start import Start, identifiers
from engine.transfer import by_name, transferred

RUN_FILES = ("project.loom", "last.h5", "best.h5")
"""The files of a run that are read back."""

RUNS = ".runs"
"""The ending of the folder that they lie in."""

SAVE_SECONDS = 5.0
"""Weights are written at most this often while a run goes on, and at its end."""


def runs_folder(project_path: Path) -> Path:
    """Where the runs of a project lie: `name.runs` beside `name.loom`."""
    return project_path.with_suffix(RUNS)


def new_run_folder(project_path: Path) -> Path:
    """Make a new folder for a run of a project; raises `FileError`."""
    parent = runs_folder(project_path)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    number = 1
    while True:
        folder = parent / f"{stamp}-{number}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise FileError(folder, f"could not be made: {error.strerror}.") from error
        else:
            return folder


@dataclass(frozen=True)
class Run:
    """A run read back: the project that was trained, and where another run can go on from it."""

    project: Project
    start: Start

    @property
    def weights(self) -> HostWeights:
        return self.start.weights


def read_run(folder: Path) -> Run:
    """The project and last weights of a run; raises `FileError` where the folder holds no finished run."""
    if not folder.is_dir():
        raise FileError(folder, "there is no such run folder.")
    if not (folder / "project.loom").exists():
        raise FileError(folder, "is not a run folder: it holds no project.loom.")
    project = project_file.load(folder / "project.loom")
    weights_file = next((folder / name for name in ("last.h5", "best.h5") if (folder / name).exists()), None)
    if weights_file is None:
        raise FileError(folder, "holds no weights: the run ended before its first epoch.")
    found = load_checkpoint(weights_file)
    start = _start_for(project, found.model, found.position, weights_file)
    ledger = found.ledger or NEW.model_copy(update={"rows": _history(folder, found.position.epoch)})
    best = _best_weights(project, folder)
    if best is None:  # the next epoch is the best that there is
        ledger = ledger.model_copy(update={"best": Waiting()})
    return Run(project, replace(start, ledger=ledger, best=best))


def _history(folder: Path, epoch: int) -> tuple[Row, ...]:
    """The epochs up to the one of the weights; none where they cannot be read: they are only looked at."""
    try:
        return until(read_history(folder / "history.csv"), epoch)
    except FileError:
        return ()


def _best_weights(project: Project, folder: Path) -> HostWeights | None:
    """The weights of the best epoch; none where they were not kept or cannot be read: one can go on without."""
    path = folder / "best.h5"
    try:
        return _start_for(project, models.load(path), RunPosition(), path).weights if path.exists() else None
    except FileError:
        return None


def start_from(project: Project, path: Path) -> Start:
    """Where a run of a project goes on: from the folder of an earlier run, or from a model file.

    Layers are matched by their names. Where not all of them fit, those that do take their weights, the others
    begin with new ones, and so does the optimizer (`Start.note` says it). Raises `FileError` where none fits.
    """
    if path.is_dir():
        run = read_run(path)
        before, start = run.project, run.start
    else:
        loaded = models.load(path)
        before, start = loaded.project, Start(loaded.weights, loaded.optimizer_state)
    found = transferred(project.graph, by_name(before.graph, start.weights), project.training.seed)
    if not found.taken:
        raise FileError(
            path, "holds the weights of another network: none of its layers fits one here by its name."
        )
    if not found.whole:
        return Start(found.weights, taken=found.taken, note=found.summary)
    matched = replace(_matched(start, identifiers(before.graph, project.graph), path), taken=found.taken)
    return matched.moved(before, project) if path.is_dir() else matched


def _start_for(project: Project, loaded: LoadedModel, position: RunPosition, path: Path) -> Start:
    start = Start(loaded.weights, loaded.optimizer_state, position)
    return _matched(start, identifiers(loaded.graph, project.graph), path)


def _matched(start: Start, owners: Mapping[str, str], path: Path) -> Start:
    """A start by the identifiers of other nodes."""
    if not start.weights.keys() <= owners.keys():
        raise FileError(path, "holds the weights of another network than the project's.")
    weights = {owners[key]: arrays for key, arrays in start.weights.items()}
    state = start.optimizer_state
    best = None if start.best is None else {owners[key]: arrays for key, arrays in start.best.items()}
    return replace(start, weights=weights, optimizer_state=state and state.moved(owners), best=best)


def keep_weights(
    project_path: Path,
    project: Project,
    weights: HostWeights,
    origin: str,
    optimizer_state: OptimizerState | None = None,
) -> Path:
    """Put weights from elsewhere beside a project as a run of it; gives the folder. Raises `FileError`."""
    folder = new_run_folder(project_path)
    try:
        project_file.save(project, folder / "project.loom")
        save_model(
            folder / "last.h5",
            project.graph,
            weights,
            project.compiling,
            optimizer_state=optimizer_state,
            name=project.name,
        )
        write_text(folder / "log.txt", f"{datetime.now():%Y-%m-%d %H:%M:%S}  The weights come from {origin}.\n")
    except BaseException:
        _remove(folder)
        raise
    return folder


def delete_run(folder: Path) -> None:
    """Take a run away for good; raises `FileError`."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise FileError(folder, f"could not be deleted: {error.strerror or error}.") from error


def move_run(folder: Path, project_path: Path) -> Path:
    """Bring the folder of a run to the runs of the project in a file; gives its new place. Raises `FileError`."""
    parent = runs_folder(project_path)
    target, number = parent / folder.name, 2
    while target.exists():
        target, number = parent / f"{folder.name}-{number}", number + 1
    try:
        parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder, target)
    except (OSError, shutil.Error) as error:
        raise FileError(folder, f"could not be moved to {parent}: {error}.") from error
    return target


def _remove(folder: Path) -> None:
    """Take a run away again, and the folder of runs around it where it was the only one."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.parent.suffix == RUNS:
        with contextlib.suppress(OSError):
            folder.parent.rmdir()


def latest_run(project_path: Path) -> Path | None:
    """The newest run of a project that has weights, None if there is none."""
    folder = runs_folder(project_path)
    runs = [run for run in folder.iterdir() if (run / "last.h5").exists()] if folder.is_dir() else []
    return max(runs, key=lambda run: (run / "last.h5").stat().st_mtime_ns, default=None)


def recorded(project: Project, events: Generator[Event], folder: Path) -> Generator[Event]:
    """Pass on the events of a run and write its folder meanwhile; `Cancelled`, thrown in, goes to the run."""
    record = _Record(replace(project, compiled=True), folder)
    record.begin()
    try:
        with beating(folder):
            yield from _tapped(events, record.note)
    except Cancelled:
        record.end("stopped")
        record.log("Stopped before the first step.")
        raise
    except LayerloomError as error:
        if isinstance(error, MemoryShortError) and not error.begun:
            _remove(folder)  # nothing was begun: a question is asked
            raise
        # The disk may be the cause; then the first error is the one to tell.
        with contextlib.suppress(FileError):
            record.end("failed", str(error))
            record.save_weights()
            record.log(f"Ended by an error: {error}")
        raise


def _tapped(events: Generator[Event], note: Callable[[Event], None]) -> Generator[Event]:
    """What `events` yields, each shown to `note` first; what is thrown in goes on to `events`."""
    try:
        event = next(events)
        while True:
            note(event)
            try:
                yield event
            except Cancelled as cancelled:
                event = events.throw(cancelled)
            else:
                event = next(events)
    except StopIteration:
        return


@dataclass
class _Record:
    project: Project
    folder: Path
    outcome: Outcome = field(default_factory=Outcome)
    lines: list[str] = field(default_factory=list[str])
    last: EpochDone | Halfway | None = None
    best: EpochDone | None = None
    board: Board | None = None
    saved_at: float = field(default_factory=time.monotonic)

    def begin(self) -> None:
        project_file.save(self.project, self.folder / "project.loom")
        if self.project.training.callbacks.tensorboard is not None:
            self.board = Board(self.folder / "tensorboard")
        self.log("Begun.")

    def end(self, state: RunEnd, problem: str = "") -> None:
        self.outcome = self.outcome.replace(state=state, problem=problem)
        write_outcome(self.folder, self.outcome)

    def note(self, event: Event) -> None:
        self.outcome = self.outcome.after(event)
        if isinstance(event, Learned):
            self.project = replace(self.project, graph=event.graph)
            project_file.save(self.project, self.folder / "project.loom")
        elif isinstance(event, Remarked):
            self.log(event.text)
        elif isinstance(event, Altered):
            self.log(f"From step {event.step + 1:,}: {event.text}")
        elif isinstance(event, Started):
            write_outcome(self.folder, self.outcome)
            self.log(
                f"{event.samples:,} samples to learn from, {event.validation_samples:,} for validation, "
                f"{event.test_samples:,} for the test; {event.parameters:,} parameters; {event.epochs} epochs of "
                f"{event.steps_per_epoch:,} steps."
            )
            if event.best is not None:
                self._save_model("best.h5", event.best)
        elif isinstance(event, Compiled):
            self.log(f"Compiled in {event.seconds:.2f} s. {event.note}".strip())
        elif isinstance(event, EpochDone):
            self._epoch(event)
        elif isinstance(event, Halfway):
            self.last = event
            self.save_weights()
        elif isinstance(event, Finished):
            self._finish(event)

    def _epoch(self, event: EpochDone) -> None:
        self.last = event
        if event.improved:
            self.best = event
        if self.board is not None:
            self.board.note(event.epoch, event.logs)
        self._keep(event)
        if time.monotonic() - self.saved_at > SAVE_SECONDS:
            self.save_weights()

    def _keep(self, event: EpochDone) -> None:
        """The file of an epoch, where such files are wanted; the oldest of too many goes."""
        wanted = self.project.training.callbacks.model_checkpoint
        if wanted is None or event.epoch % wanted.every:
            return
        self._save_model(f"epoch-{event.epoch:05}.h5", event.weights)
        for old in sorted(self.folder.glob("epoch-*.h5"))[: -wanted.keep]:
            with contextlib.suppress(OSError):
                old.unlink()

    def save_weights(self) -> None:
        """Write history, best and last weights as they are now: the best first, for the last tell of them."""
        write_outcome(self.folder, self.outcome)
        if self.best is not None:
            self._save_model("best.h5", self.best.weights)
            self.best = None
        if self.last is not None:
            event, self.last = self.last, None
            self._save_last(event)
        self.saved_at = time.monotonic()

    def _finish(self, event: Finished) -> None:
        self.last = None
        self.save_weights()
        self._save_last(event)
        figures = ", ".join(f"{name} {value:.4f}" for name, value in event.test.items())
        ended = "Stopped" if event.stopped else "Finished"
        if self.board is not None:
            self.board.close()
        self.log(f"{ended} after {event.epochs} epochs, {event.seconds:.1f} s. Test: {figures or 'none'}.")

    def _save_model(self, name: str, weights: HostWeights) -> None:
        project = self.project
        save_model(self.folder / name, project.graph, weights, project.training, name=project.name)

    def _save_last(self, event: EpochDone | Halfway | Finished) -> None:
        project, path = self.project, self.folder / "last.h5"
        graph, training, state = project.graph, project.training, event.optimizer_state
        save_checkpoint(path, graph, event.weights, training, state, event.position, event.ledger, project.name)
        if event.ledger.rows:
            write_history(self.folder / "history.csv", event.ledger.rows)

    def log(self, text: str) -> None:
        self.lines.append(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {text}\n")
        write_text(self.folder / "log.txt", "".join(self.lines))
