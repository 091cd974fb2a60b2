"""Looking into the network while it is trained, and once it is: in the background, for the cards and the plane."""

from __future__ import annotations

import statistics
import time
from collections.abc import Generator
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QTimer, Signal

from app.session import RunState, TrainingSession
from app.task import Background
from engine.allowance import Allowance
from engine.errors import LayerloomError
from engine.events import EpochDone, Event, Finished, HostWeights, InPassing, Result, StepsDone
from engine.graph import Graph
from engine.insight import Insight, Looker, Material, gather
from engine.project import DataSettings, Project
from engine.surface import Plane, Surface, is_planar
from graph_editor.document import ProjectDocument

REST = 0.3
"""Seconds between two looks at least."""

SHARE = 0.02
"""Of the time, that looks take at most while a run goes on: telling weights, looking, and drawing what is seen."""

_OF_LATE = 3
"""Looks by which the next is allowed."""


@dataclass(frozen=True)
class Wanted:
    """What someone wants to see."""

    insight: bool = False
    surface: bool = False
    sample: int = 0


@dataclass
class Subject:
    """A network that was trained on some data; what is compiled for it is kept."""

    graph: Graph
    data: DataSettings
    material: Material | None = None
    looker: Looker | None = None
    plane: Plane | None = None
    refused: bool = field(default=False)

    def looks(self, weights: HostWeights, wanted: Wanted, project: Project) -> Generator[Event]:
        """A job that ends in what is wanted, each as a `Result`."""
        if self.material is None:
            for event in gather(project):
                if isinstance(event, Result):
                    self.material = event.value
                else:
                    yield event
        material = self.material
        assert material is not None
        yield Result(material)
        if wanted.surface and is_planar(self.graph):
            self.plane = self.plane or Plane(self.graph, material)
            yield from self.plane.ask(weights)
        if wanted.insight:
            self.looker = self.looker or Looker(self.graph, material)
            yield from self.looker.look(weights, min(wanted.sample, material.size - 1))


class Watcher(QObject):
    """Takes the latest weights that there are, asks a run for newer ones, and looks at them one look at a time."""

    looked = Signal(object)
    """An `Insight`."""
    drawn = Signal(object)
    """A `Surface`."""
    found = Signal(object)
    """The `Material` that looks are made with."""
    forgotten = Signal()
    """What was seen is of another network, or another run."""
    refused = Signal(object)
    """Why nothing can be seen: an error."""

    def __init__(self, document: ProjectDocument, session: TrainingSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._session = document, session
        self._wanted = Wanted()
        self._project = session.project
        self._subject: Subject | None = None
        self._weights: HostWeights | None = None
        self._seen: tuple[HostWeights, Wanted] | None = None
        self._job = Background(self)
        self._job.happened.connect(self._found)
        self._job.failed.connect(self._failed)
        self._job.ended.connect(self._ended)
        self._of: Subject | None = None
        """That of the job."""
        self._begun = self._told = 0.0
        self.allowance = Allowance(SHARE, REST)
        """How often it looks while a run goes on."""
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._turn)
        self.costs: list[float] = []
        """Seconds that looks took of a run at most, the first of a network left out, which compiles."""
        session.happened.connect(self._heard)
        session.started.connect(self._started)
        session.state_changed.connect(self.refresh)
        document.project_changed.connect(self.refresh)

    def want(self, wanted: Wanted) -> None:
        """Look for this from now on."""
        if wanted != self._wanted:
            self._wanted = wanted
            self.refresh()

    @property
    def wanted(self) -> Wanted:
        return self._wanted

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self._wanted = Wanted()
        self._timer.stop()
        self._job.close()

    # The weights

    def _started(self, _project: Project) -> None:
        self._subject = self._weights = self._seen = None
        self.costs.clear()
        self.forgotten.emit()

    def _heard(self, event: Event) -> None:
        if isinstance(event, StepsDone):
            self._schedule()
        elif isinstance(event, InPassing | EpochDone | Finished) and event.weights:
            self._take(self._session.project, event.weights)
            if isinstance(event, InPassing):
                self._told = event.cost
                self._go()
            else:
                self._schedule()

    def refresh(self) -> None:
        """See to the network that is there now."""
        trained = self._session.trained
        if not self._session.running and trained is not None:
            self._take(trained.project, trained.weights)
            self._schedule()
        elif not self._session.running and self._weights is not None:
            self._started(self._session.project)
        else:
            self._schedule()

    def _take(self, project: Project, weights: HostWeights) -> None:
        subject = self._subject
        if subject is None or subject.graph != project.graph or subject.data != project.data:
            if subject is not None:
                self.costs.clear()
                self.forgotten.emit()
            self._subject = Subject(project.graph, project.data)
        self._project, self._weights = project, weights

    # Looking

    @property
    def _usual(self) -> float:
        """What a look costs; one that took long because the machine was held up does not count."""
        return statistics.median(self.costs[-_OF_LATE:]) if self.costs else 0.0

    def _schedule(self) -> None:
        if self._subject is not None and self._subject.refused:
            return
        if not self._job.busy and not self._timer.isActive() and (self._wanted.insight or self._wanted.surface):
            wait = self.allowance.wait(time.monotonic()) if self._session.running else 0.0
            self._timer.start(round(1000 * wait))

    def _turn(self) -> None:
        """Time for the next look: a run that goes on is asked for its weights, which come at once."""
        if self._session.state is not RunState.RUNNING:
            self._go()
        elif self._wanted.insight or is_planar(self._session.project.graph):
            self._session.ask_weights()

    def _is_seen(self) -> bool:
        return self._seen is not None and self._seen[0] is self._weights and self._seen[1] == self._wanted

    def _go(self) -> None:
        wanted, weights, subject = self._wanted, self._weights, self._subject
        if self._job.busy or weights is None or subject is None or subject.refused or self._is_seen():
            return
        if not wanted.insight and not (wanted.surface and is_planar(subject.graph)):
            return
        self._seen, self._of = (weights, wanted), subject
        self._first = subject.material is None or (wanted.insight and subject.looker is None)
        self._begun = time.monotonic()
        self._job.begin(subject.looks(weights, wanted, self._project))

    def _found(self, event: Event) -> None:
        if not isinstance(event, Result) or self._of is not self._subject:
            return
        for kind, signal in ((Material, self.found), (Insight, self.looked), (Surface, self.drawn)):
            if isinstance(event.value, kind):
                signal.emit(event.value)

    def _failed(self, error: Exception) -> None:
        if self._of is not None:
            self._of.refused = True
        if isinstance(error, LayerloomError):
            self.refused.emit(error)

    def _ended(self) -> None:
        if not self._first:  # its time holds what was drawn meanwhile, which comes before the end
            self.costs.append(self._told + time.monotonic() - self._begun)
        self._told = 0.0
        self.allowance.spent(self._begun, self._usual)
        if not self._is_seen():
            self._schedule()
