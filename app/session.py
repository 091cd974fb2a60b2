"""The training run that goes on, or went on last. There is never more than one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.task import Job, TaskThread
from engine.control import Control
from engine.errors import Cancelled
from engine.events import (
    START,
    EpochDone,
    Event,
    Finished,
    HostWeights,
    Learned,
    OptimizerState,
    RunPosition,
    Started,
    StepsDone,
)
from engine.graph import Graph
from engine.inference import infer
from engine.ledger import NEW, Ledger
from engine.project import Project, TrainingSettings
from engine.start import Start

_BREATH_MS = 90
"""The window is painted as it looks while training before the work begins, which leaves it less time."""


class RunState(Enum):
    """Where a run stands."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"


@dataclass(frozen=True)
class TrainedRun:
    """What a run has given so far: the project it was started with and the latest weights."""

    project: Project
    weights: HostWeights
    test: dict[str, float] = field(default_factory=dict)
    optimizer_state: OptimizerState | None = None
    position: RunPosition = START
    ledger: Ledger = NEW
    best: HostWeights | None = None
    """The weights of the best epoch."""

    def start_for(self, project: Project) -> Start:
        """Where a run of a project begins that goes on after this one."""
        start = Start(self.weights, self.optimizer_state, self.position, self.ledger, self.best)
        return start.moved(self.project, project)

    def fits(self, graph: Graph) -> bool:
        """Whether a graph is the one that was trained, names of its nodes aside, and what layers learned."""
        mine = self.project.graph
        for node in graph:
            if node.layer.learns and node.id in mine:
                mine = mine.set_layer(node.id, mine[node.id].layer.forgotten())
        return _structure(mine) == _structure(graph)

    def completed(self, project: Project) -> Project:
        """A project whose graph fits, with what the layers of this one learned, compiled as this one was."""
        graph = project.graph
        for node in project.graph:
            if node.layer.learns:
                graph = graph.set_layer(node.id, self.project.graph[node.id].layer)
        return replace(project, graph=graph, compiled=self.project.compiled)

    def weights_fit(self, graph: Graph) -> bool:
        """Whether a graph can use these weights: it owns some of just these names and shapes, whatever was edited.

        Where layers learn from the data besides, it must be the graph that was trained.
        """
        if self.fits(graph) or any(node.layer.learns for node in graph):
            return self.fits(graph)
        return shapes_fit(self.weights, graph)


def shapes_fit(weights: HostWeights, graph: Graph) -> bool:
    """Whether a graph owns weights of just these names and shapes."""
    known = infer(graph)
    wanted = {n.id: {w.name: w.shape for w in known[n.id].weights} for n in graph if n.shares is None}
    given = {key: {name: array.shape for name, array in own.items()} for key, own in weights.items()}
    return {key: own for key, own in wanted.items() if own} == {key: own for key, own in given.items() if own}


def _structure(graph: Graph) -> object:
    return {node.id: (node.layer, node.shares) for node in graph}, frozenset(graph.edges)


@dataclass
class RunPlace:
    """Where a run is written."""

    path: Path
    """The project file that it lies beside."""
    folder: Path | None = None
    """Known once the run has made it."""


class TrainingSession(QObject):
    """Starts, holds and ends the run; tells the window what happens in it."""

    state_changed = Signal(object)
    started = Signal(object)
    """The project that is trained."""
    happened = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = RunState.IDLE
        self._thread: TaskThread | None = None
        self._control = Control()
        self._best: HostWeights | None = None
        self._project = Project()
        self._place: RunPlace | None = None
        self._home: Path | None = None  # the place of its project; the run is moved there when it has ended
        self._origin = ""  # the file that the weights came from, while they are in no run
        self._forgotten = False  # another project is shown than the one that the run goes on with
        self.goes_on = False
        """Whether the last run began with the weights of the one before."""
        self.gave_weights = False
        """Whether the last run has given weights."""
        self.trained: TrainedRun | None = None

    @property
    def state(self) -> RunState:
        return self._state

    @property
    def running(self) -> bool:
        """Whether there is a run that has not ended, paused or not."""
        return self._state is not RunState.IDLE

    @property
    def folder(self) -> Path | None:
        """The folder of the run that goes on or went on last, once it is made."""
        return None if self._place is None else self._place.folder

    def live(self, place: Path) -> Path | None:
        """The folder of the run that goes on, where it is one of the project of this place."""
        return self.folder if self.running and place == self._home else None

    def settle(self, place: Path, path: Path) -> None:
        """The project of a place has a file now; a run that goes on stays where it lies until it has ended."""
        if self._home == place:
            self._home = path

    def start(self, project: Project, path: Path, start: Start | None = None, *, anyway: bool = False) -> bool:
        """Train a project in the background, on from a start if there is one; False where one goes on already.

        The run lies beside the project file `path`. `anyway` also where there seems to be too little memory.
        """
        if self.running:
            return False
        project = replace(project, compiled=True)
        self._project, self._forgotten = project, False
        self._place, self._home, self._origin = RunPlace(path), path, ""
        self.goes_on, self.gave_weights = start is not None, False
        self._control = Control()
        self._thread = TaskThread(training_job(project, self._place, start, self._control, anyway=anyway))
        self._thread.happened.connect(self._on_event)
        self._thread.failed.connect(self._on_failed)
        self._thread.ended.connect(self._on_ended)
        self._set_state(RunState.RUNNING)
        self.started.emit(project)
        QTimer.singleShot(_BREATH_MS, self._launch)
        return True

    def _launch(self) -> None:
        if self._thread is not None and not self._thread.isRunning():
            self._thread.start()

    def toggle_pause(self) -> None:
        """Hold the run, or let it go on."""
        if self._thread is None or self._state is RunState.STOPPING:
            return
        if self._state is RunState.PAUSED:
            self._control.stepwise = False
            self._thread.resume()
            self._set_state(RunState.RUNNING)
        else:
            self._thread.pause()
            self._set_state(RunState.PAUSED)

    def step(self) -> None:
        """Let a run that is held make one step; hold one that goes on."""
        if self._thread is None or self._state is RunState.STOPPING:
            return
        self._control.stepwise = True
        if self._state is RunState.PAUSED:
            self._thread.resume(until=StepsDone)
        else:
            self._thread.pause()
            self._set_state(RunState.PAUSED)

    @property
    def project(self) -> Project:
        """The project of the run that goes on or went on last, with what its layers learned from the data."""
        return self._project

    def ask_weights(self) -> None:
        """Have the run tell its weights as they are, as an `InPassing`."""
        if self.running and not self._forgotten:
            self._control.ask_weights()

    def change(self, training: TrainingSettings) -> None:
        """Ask the run to go on with other epochs, callbacks or learning rate."""
        if self.running and not self._forgotten:
            self._control.change(training)

    def stop(self) -> None:
        """Ask the run to end early; it still gives its result."""
        if self._thread is not None and self.running:
            self._set_state(RunState.STOPPING)
            self._thread.cancel()

    def close(self) -> bool:
        """Stop and wait for the end of the run, five seconds at most."""
        if self._thread is not None and not self._thread.isRunning() and not self._thread.isFinished():
            self._on_ended()  # it was asked for, and has not begun
        ended = self._thread is None or self._thread.close()
        if ended:
            self._on_ended()
        return ended

    def leave(self) -> None:
        """Let a run that goes on be one of another project from now on, which edits do not change."""
        self._forgotten = self.running

    def adopt(self, project: Project, start: Start | None, origin: str = "") -> None:
        """Take weights that came with a project for its result; None drops that of the last run.

        `origin` names the file that they came from, where that is no run of the project.
        A run that still goes on is left to another project: its weights are no result here.
        """
        self.leave()
        self._place, self._origin = None, origin
        self.trained = (
            None
            if start is None
            else TrainedRun(
                project,
                start.weights,
                optimizer_state=start.optimizer_state,
                position=start.position,
                ledger=start.ledger,
                best=start.best,
            )
        )

    def foreign_origin(self, graph: Graph) -> str:
        """The file that the weights of this graph came from, where they are in no run yet; empty otherwise."""
        fits = not self.running and self.trained is not None and self.trained.fits(graph)
        return self._origin if fits else ""

    def kept(self) -> None:
        """The weights from elsewhere are a run of the project now."""
        self._origin = ""

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Learned):
            self._project = replace(self._project, graph=event.graph)
        if isinstance(event, Started):
            self._best = event.best
        elif isinstance(event, EpochDone) and event.improved:
            self._best = event.weights
        if not self._forgotten and isinstance(event, EpochDone | Finished) and event.weights:
            self.gave_weights = True
            self.trained = TrainedRun(
                self._project,
                event.weights,
                dict(event.test) if isinstance(event, Finished) else {},
                event.optimizer_state,
                event.position,
                event.ledger,
                self._best,
            )
        self.happened.emit(event)

    def _on_failed(self, error: Exception) -> None:
        if not isinstance(error, Cancelled):
            self.failed.emit(error)

    def _on_ended(self) -> None:
        self._thread = None
        self._set_state(RunState.IDLE)

    def _set_state(self, state: RunState) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)


def training_job(
    project: Project,
    place: RunPlace,
    start: Start | None = None,
    control: Control | None = None,
    *,
    anyway: bool = False,
) -> Job:
    """The events of a run that is also written to disk, beside its project file."""
    from engine.runs import new_run_folder, recorded
    from engine.training import train

    place.folder = new_run_folder(place.path)
    try:
        yield from recorded(project, train(project, start, control, anyway=anyway), place.folder)
    finally:
        if not place.folder.exists():  # nothing was begun
            place.folder = None
