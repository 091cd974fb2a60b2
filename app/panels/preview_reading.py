"""What the Data tab shows is read in the background, once a person has stopped typing."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.panels.preview import preview_job
from app.task import Background
from engine.data.leakage import SplitFacts
from engine.data.profile import Profile
from engine.data.source import Source
from engine.events import Event, Progress, Result
from graph_editor.document import ProjectDocument

_PAUSE_MS = 250


class PreviewReading(QObject):
    """Reads the source that the document has when the reading begins; ends what it is at, first."""

    progressed = Signal(float)
    """How much was read of what is read, from 0 to 1."""
    previewed = Signal(object)
    """A `Preview` of the data."""
    profiled = Signal(object)
    """The `Profile` of that data, later."""
    counted = Signal(object)
    """Its `SplitFacts`, later."""
    failed = Signal(object)
    """The exception that the reading ended with."""
    ended = Signal()

    def __init__(self, document: ProjectDocument, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.source: Source | None = None
        """What was read last, or is being read; None after `forget`."""
        self._job = Background(self)
        self._job.happened.connect(self._take)
        self._job.failed.connect(self._broke)
        self._job.ended.connect(self.ended)
        self._delay = QTimer(self, singleShot=True)
        self._delay.timeout.connect(self._begin)

    @property
    def busy(self) -> bool:
        """Whether data is being read."""
        return self._job.busy

    def ask(self) -> None:
        """Read the data in a moment; what is made and not read, at once."""
        self._delay.start(0 if self._document.project.data.source.made else _PAUSE_MS)

    def forget(self) -> None:
        """Nothing is to be read now; what is still being read is not told."""
        self._delay.stop()
        self.source = None

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self._delay.stop()
        self._job.close()

    def _begin(self) -> None:
        if self._job.busy:
            self._job.cancel()  # when it has ended, the source of then is asked for
            return
        self.source = self._document.project.data.source
        self._job.begin(preview_job(self.source))

    def _take(self, event: Event) -> None:
        if self.source is None:
            return
        if isinstance(event, Progress) and event.total:
            self.progressed.emit(event.done / event.total)
        elif isinstance(event, Result) and isinstance(event.value, Profile):
            self.profiled.emit(event.value)
        elif isinstance(event, Result) and isinstance(event.value, SplitFacts):
            self.counted.emit(event.value)
        elif isinstance(event, Result):
            self.previewed.emit(event.value)

    def _broke(self, error: Exception) -> None:
        if self.source is not None:
            self.failed.emit(error)
