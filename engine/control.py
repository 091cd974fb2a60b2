"""What a person asks of a run while it goes on."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue

from engine.project import TrainingSettings


class Control:
    """Carries wishes to a run, from any thread: it looks between two calls into the compiled steps.

    The number of epochs, the callbacks and the learning rate, where it is a number, can be changed; the rest stays
    as it was compiled.
    """

    def __init__(self) -> None:
        self._wishes: SimpleQueue[TrainingSettings] = SimpleQueue()
        self._looked = threading.Event()
        self._stop = threading.Event()
        self.stepwise = False
        """Whether each call makes one step only."""

    def change(self, training: TrainingSettings) -> None:
        """Ask for other settings of the run."""
        self._wishes.put(training)

    def stop(self) -> None:
        """Ask the run to end early, with its result, as soon as all of its processes have heard of it."""
        self._stop.set()

    @property
    def stop_wanted(self) -> bool:
        """Whether the run was asked to end."""
        return self._stop.is_set()

    def ask_weights(self) -> None:
        """Ask for the weights as they are: the run yields them once, as `InPassing`."""
        self._looked.set()

    def weights_wanted(self) -> bool:
        """Whether the weights were asked for since the last look."""
        wanted = self._looked.is_set()
        if wanted:
            self._looked.clear()
        return wanted

    def wish(self) -> TrainingSettings | None:
        """The settings that were asked for last, if any were since the last look."""
        found = None
        while True:
            try:
                found = self._wishes.get_nowait()
            except Empty:
                return found
