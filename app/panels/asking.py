"""The conversation with a trained network: what it is asked goes to the background, what it answers comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.panels.readiness import as_trained
from app.session import TrainedRun
from app.task import Background
from engine.events import Event, Result
from engine.graph import Graph
from engine.project import Project

if TYPE_CHECKING:
    from app.panels.questions import Answer, Material, Question

_DEBOUNCE_MS = 30


class Asking(QObject):
    """Asks in the background, one question at a time, and always the last one in the end."""

    prepared = Signal()
    """Another `material` is there; `answer` is None where the new network or data has no such sample."""
    answered = Signal()
    """Another `answer` is there."""
    failed = Signal(object)
    """The exception that a network could not be prepared for, or a question not answered."""
    freed = Signal()
    """Nothing runs: another network can be taken, before the question that waits is asked."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.material: Material | None = None
        self.answer: Answer | None = None
        self._of: tuple[TrainedRun, Graph] | None = None
        """What was trained and the graph, of `material` or of the job that makes it."""
        self._job = Background(self)
        self._job.happened.connect(self._take)
        self._job.failed.connect(self.failed)
        self._job.ended.connect(self._ended)
        self._question: Question | None = None
        """What waits to be asked."""
        self._asked: Question | None = None
        """What is being asked."""
        self._delay = QTimer(self, singleShot=True, interval=_DEBOUNCE_MS)
        self._delay.timeout.connect(self._start)

    @property
    def idle(self) -> bool:
        """Whether nothing is asked, and nothing waits to be."""
        return not self._job.busy and self._question is None

    @property
    def last(self) -> Question | None:
        """What to ask about the sample that was given last: one that is yet to be answered, or of the answer."""
        from app.panels.questions import Question

        given = self._question or self._asked
        if given is not None or self.answer is None:
            return given
        return Question(sample=self.answer.sample, true=self.answer.true)

    def take_network(self, trained: TrainedRun, project: Project) -> bool:
        """Prepare to ask this network; False where it is the one that is asked, or before `freed`."""
        from app.panels.questions import material_job

        current = self._of is not None and self._of[0] is trained and self._of[1] == project.graph
        if current or self._job.busy:
            return False
        self._of = trained, project.graph
        self._job.begin(material_job(as_trained(trained, project), trained.weights))
        return True

    def forget(self) -> None:
        """There is no network to ask; what is still being answered is not listened to."""
        self.material, self.answer, self._of, self._question, self._asked = None, None, None, None, None

    def ask(self, question: Question) -> None:
        """Ask this in a moment, in place of what waits to be asked."""
        self._question = question
        if not self._delay.isActive():
            self._delay.start()

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self._delay.stop()
        self._question = None
        self._job.close()

    def _start(self) -> None:
        """Ask the last question, unless one is being answered: then it is asked next."""
        if self._job.busy or self._question is None or self.material is None:
            return
        from app.panels.questions import asking_job

        self._asked, self._question = self._question, None
        self._job.begin(asking_job(self.material, self._asked))

    def _take(self, event: Event) -> None:
        from app.panels.questions import Answer, Material

        if not isinstance(event, Result) or self._of is None:
            return
        if isinstance(event.value, Material):
            if self.material is None or _takes(self.material) != _takes(event.value):
                self.answer, self._question = None, None
            self.material = event.value
            self.prepared.emit()
        elif isinstance(event.value, Answer):
            self.answer = event.value
            self.answered.emit()

    def _ended(self) -> None:
        self._asked = None
        self.freed.emit()
        if not self._delay.isActive():
            self._start()


def _takes(material: Material) -> object:
    """What samples are of: the Inputs, and the data that they were taken from."""
    return {node.name: node.layer for node in material.oracle.model.inputs}, material.project.data.source
