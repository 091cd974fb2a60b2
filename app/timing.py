"""Times of layers, measured in the background while the canvas is edited on."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.dialogs import tell_error
from app.task import Background
from engine.events import Event, Progress, Result
from engine.inference import Inference
from engine.timing import time_layers
from graph_editor.heat import Timed
from graph_editor.view import GraphView


class LayerTimes(QObject):
    """Measures the layers of the graph that is shown; the legend tells how far that is, and ends it."""

    def __init__(self, view: GraphView, window: QWidget) -> None:
        super().__init__(window)
        self._view = view
        self._window = window
        self._job = Background(self)
        self._job.happened.connect(self._event)
        self._job.failed.connect(self._failed)
        self._job.ended.connect(view.legend.end_progress)
        self._wanted = False
        view.legend.measure_wanted.connect(self.start)
        view.legend.cancel_wanted.connect(self.cancel)
        view.document.graph_replaced.connect(self.cancel)

    @property
    def running(self) -> bool:
        """Whether layers are being measured."""
        return self._job.busy

    def start(self) -> None:
        """Run each layer of the graph as it is now, and colour cards by what it took."""
        if self._job.busy:
            return
        self._wanted = True
        self._inference, self._batch_size = self._view.document.inference, self._view.costs.batch_size
        self._job.begin(time_layers(self._inference, self._batch_size))
        self._view.legend.show_progress(0, 0)

    def cancel(self) -> None:
        """End measuring after the layer that it is at; what was measured is dropped."""
        if self._job.busy:
            self._wanted = False
            self._view.legend.show_stopping()
            self._job.cancel()

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self._wanted = False
        self._job.close()

    def _event(self, event: Event) -> None:
        if not self._wanted:
            return
        if isinstance(event, Progress):
            self._view.legend.show_progress(event.done, event.total or 0)
        elif isinstance(event, Result):
            self._view.heat.set_times(_timed(self._inference, event.value, self._batch_size))

    def _failed(self, error: Exception) -> None:
        if self._wanted:
            tell_error(self._window, self.tr("Cannot measure"), error)


def _timed(inference: Inference, seconds: dict[str, float], batch_size: int) -> dict[str, Timed]:
    return {
        node.id: Timed(seconds.get(node.id), node.layer, inference[node.id].inputs, batch_size)
        for node in inference.graph
    }
