"""What is asked where a run needs more memory than there is: other batches, all the same, or not at all."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from app.dialogs import choose, tell_error
from app.session import RunState, TrainingSession
from engine.errors import MemoryShortError
from graph_editor.document import ProjectDocument
from graph_editor.words import error_said


class MemoryOffer(QObject):
    """Asks, once a run has ended for want of memory, and trains as it is answered."""

    def __init__(
        self, document: ProjectDocument, session: TrainingSession, train: Callable[..., object], window: QWidget
    ) -> None:
        super().__init__(window)
        self._document = document
        self._session = session
        self._train = train
        self._window = window
        self._error: MemoryShortError | None = None
        session.failed.connect(self._failed)
        session.state_changed.connect(self._state_changed)

    def _failed(self, error: Exception) -> None:
        self._error = error if isinstance(error, MemoryShortError) else None

    def _state_changed(self, state: RunState) -> None:
        if state is RunState.IDLE and self._error is not None:
            QTimer.singleShot(0, self, self._ask)

    def _ask(self) -> None:
        error, self._error = self._error, None
        if error is None or self._session.running:
            return
        size, go_on = error.batch_size, self._session.goes_on
        ways: list[tuple[str, Callable[[], object]]] = []
        if error.begun:
            go_on = go_on or self._session.gave_weights
        if size is not None:
            text = self.tr("Go on with batches of {0}") if go_on else self.tr("Train with batches of {0}")
            ways.append((text.format(f"{size:,}"), lambda: self._train_in(size, go_on=go_on)))
        if not error.begun:
            ways.append((self.tr("Train anyway"), lambda: self._train(go_on=go_on, anyway=True)))
        title = self.tr("Not enough memory")
        if not ways:
            tell_error(self._window, title, error)
            return
        answer = choose(self._window, title, error_said(error), [text for text, _ in ways])
        if answer is not None:
            ways[answer][1]()

    def _train_in(self, batch_size: int, *, go_on: bool) -> None:
        training = self._document.project.training.replace(batch_size=batch_size)
        self._document.edit_training(self.tr("Change {0}").format("batch size"), training)
        self._train(go_on=go_on)
