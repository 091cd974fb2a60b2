"""What the cards on the canvas cost, kept in step with the document for those who show it."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer, Signal

from engine.costs import Cost, Costs
from engine.graph import Graph
from engine.inference import Inference
from graph_editor.document import ProjectDocument

_STEP_SECONDS = 0.005
"""How long costs are counted before the window may answer."""


class CostKeeper(QObject):
    """Counts the costs of the graph that is shown, while somebody wants them; a large graph a part at a time."""

    changed = Signal()
    """The costs are those of the graph that is shown."""

    def __init__(
        self, document: ProjectDocument, parent: QObject | None = None, *, whole: bool = False, delay: int = 0
    ) -> None:
        """Of the `whole` graph, if asked, and so many milliseconds after the last edit."""
        super().__init__(parent)
        self._document = document
        self._whole = whole
        self._later = QTimer(self, singleShot=True, interval=delay)
        self._later.timeout.connect(self._begin)
        self._wanted: set[str] = set()
        self._inference = Inference(Graph())
        self._found: dict[str, Cost] = {}
        self.costs = Costs(self._inference)
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._count)
        document.project_changed.connect(self._later.start if delay else self._begin)

    @property
    def batch_size(self) -> int:
        """How many samples memory is told for."""
        return self._document.project.training.batch_size

    def want(self, name: str, wanted: bool) -> None:
        """Somebody, by a name of theirs, begins or ends to show costs."""
        if not wanted:
            self._wanted.discard(name)
        elif name not in self._wanted:
            self._wanted.add(name)
            if self._later.interval():
                self._later.start()
            else:
                self._begin()

    def cost(self, node_id: str) -> Cost | None:
        """The cost of a node of the graph; None while it is not counted yet."""
        return self.costs.nodes.get(node_id)

    def memory(self, node_id: str) -> int | None:
        """Bytes of a node for a batch; None while they are not known."""
        cost = self.cost(node_id)
        return None if cost is None else cost.memory(self.batch_size)

    def complete(self) -> None:
        """Count what is still to be counted, at once."""
        while self._timer.isActive():
            self._count()

    def _begin(self) -> None:
        if not self._wanted:
            return
        self._inference = self._document.whole if self._whole else self._document.inference
        self._found = {}
        self._waiting = iter(self._inference.graph)
        self._count()

    def _count(self) -> None:
        end = time.perf_counter() + _STEP_SECONDS
        for node in self._waiting:
            self._found[node.id] = self.costs.kept(node, self._inference[node.id])
            if time.perf_counter() > end:
                self._timer.start()
                return
        self._timer.stop()
        self.costs = Costs(self._inference, self._found)
        self.changed.emit()
