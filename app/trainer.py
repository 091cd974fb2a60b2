"""What starts training: a run, what goes on from weights that are there, a sweep, the learning rate finder."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.actions import Actions
from app.consent import may_run
from app.dialogs import tell, tell_error
from app.files import ProjectFiles
from app.finding_rate import open_finder
from app.jobs import run_job
from app.layout import Workplace
from app.memory_offer import MemoryOffer
from app.rate_dialog import RateDialog
from app.session import RunState, TrainingSession
from app.task import result_of
from app.transfers import ask_frozen, ask_going_on
from engine.errors import Cancelled, MemoryShortError, NotReadyError, TrainingError
from engine.freezing import any_frozen
from engine.output_problems import nothing_to_learn
from engine.start import Start
from engine.transfer import carried_over
from graph_editor.document import ProjectDocument


class Trainer(QObject):
    """Asks what there is to ask before something is trained, starts it, and shows what can be started now.

    `node_wanted` names the layer that stands in the way.
    """

    node_wanted = Signal(str)

    def __init__(
        self,
        document: ProjectDocument,
        session: TrainingSession,
        files: ProjectFiles,
        work: Workplace,
        actions: Actions,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._document = document
        self._session = session
        self._files = files
        self._work = work
        self._actions = actions
        self._window = window
        session.state_changed.connect(self.refresh)
        session.failed.connect(self._show_failure)
        work.sweeps.failed.connect(lambda error: tell_error(window, self.tr("The sweep failed"), error))
        work.sweeps.running_changed.connect(lambda _running: self.refresh())
        work.sweep.start_wanted.connect(lambda: self._ready() and work.sweep.start())
        work.sweep.go_on_wanted.connect(lambda: self._may_sweep_on() and work.sweep.go_on())
        MemoryOffer(document, session, self.train, window)
        self.refresh()

    def train(self, *, go_on: bool = False, anyway: bool = False) -> bool:
        """Train the project as it is now, on from weights that are there if asked; `anyway` if memory is short.

        False where a run goes on already, the graph has problems, or there are no weights to go on from.
        """
        if self._session.running or (go_on and self._session.trained is None):
            return False
        if not self._ready():
            return False
        if not go_on and self._session.trained is not None and any_frozen(self._document.project.graph):
            answer = ask_frozen(self._window)
            if answer is None:
                return False
            go_on = answer == 0
        start = self._start_to_go_on() if go_on else None
        if go_on and start is None:
            return False
        self._actions["curves"].setChecked(True)
        self._work.tabs.setCurrentIndex(0)
        return self._session.start(self._document.project, self._files.place, start, anyway=anyway)

    def find_rate(self) -> RateDialog | None:
        """Show the learning rate finder; None where the network cannot be trained, or is being trained."""
        if self._session.running or not self._ready():
            return None
        return open_finder(self._document, self._session.trained, self._window)

    def refresh(self) -> None:
        """Enable what can be done now; there is something to go on from where there are weights."""
        session, actions, state = self._session, self._actions, self._session.state
        running, idle = state is not RunState.IDLE, state is RunState.IDLE and not self._work.sweeps.running
        learned = session.trained is not None
        actions.set_enabled(("train", "find_rate"), idle)
        actions.set_enabled(("go_on",), idle and learned)
        actions.set_enabled(("pause", "step", "stop"), running and state is not RunState.STOPPING)
        actions.set_text("pause", self.tr("&Resume") if state is RunState.PAUSED else self.tr("&Pause"))
        actions.set_tip(
            "train",
            self.tr("Train anew, from new weights; Go on training keeps those that are there")
            if learned
            else self.tr("Train the network"),
        )
        self._work.training_settings.show_running(running, idle=idle)

    def _ready(self) -> bool:
        """Whether the network can be trained, and its data may be had; says why where it cannot."""
        if self._work.sweeps.running:
            text = self.tr("Training can begin when the sweep has ended.")
            tell(self._window, self.tr("A sweep goes on"), text)
            return False
        errors = self._document.whole.errors or nothing_to_learn(self._document.project.graph)
        if errors:
            tell_error(self._window, self.tr("Not ready to train"), NotReadyError(errors[:1]))
            if errors[0].node is not None:
                self.node_wanted.emit(errors[0].node)
            return False
        return may_run(self._window, self._document.project.data.source)

    def _may_sweep_on(self) -> bool:
        """Whether the data of the sweep that is shown may be had; its network was one that can be trained."""
        state = self._work.sweep.shown
        return state is not None and may_run(self._window, state.project.data.source)

    def _start_to_go_on(self) -> Start | None:
        """Where training goes on: from the weights that are there, or those of them that fit, if wanted."""
        trained, project = self._session.trained, self._document.project
        if trained is None or trained.weights_fit(project.graph):
            return trained and trained.start_for(project)
        job = result_of(carried_over, trained.project.graph, trained.weights, project.graph, project.training.seed)
        try:
            found = run_job(self._window, self.tr("Comparing weights…"), job)
        except Cancelled:
            return None
        if not found.taken:
            text = self.tr("The network was edited after it was trained, so the weights do not belong to it.")
            tell(self._window, self.tr("Cannot go on"), text)
            return None
        return Start(found.weights) if ask_going_on(self._window, found) else None

    def _show_failure(self, error: Exception) -> None:
        if isinstance(error, MemoryShortError):  # of that, more is asked
            return
        if isinstance(error, TrainingError) and error.node is not None and error.node in self._document.graph:
            self.node_wanted.emit(error.node)
        tell_error(self._window, self.tr("Training failed"), error)
