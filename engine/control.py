"""What a person asks of a run while it goes on."""

from __future__ import annotations

from queue import Empty, SimpleQueue

from engine.project import TrainingSettings


class Control:
    """Carries wishes to a run, from any thread: it looks between two calls into the compiled steps.

    The number of epochs, the callbacks and the learning rate, where it is a number, can be changed; the rest stays
    as it was compiled.
    """

    def __init__(self) -> None:
        self._wishes: SimpleQueue[TrainingSettings] = SimpleQueue()
        self.stepwise = False
        """Whether each call makes one step only."""

    def change(self, training: TrainingSettings) -> None:
        """Ask for other settings of the run."""
        self._wishes.put(training)

    def wish(self) -> TrainingSettings | None:
        """The settings that were asked for last, if any were since the last look."""
        found = None
        while True:
            try:
                found = self._wishes.get_nowait()
            except Empty:
                return found
