"""What a step of training will cost, said before there is a run."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.panels.training import TrainingPanel
from app.session import TrainingSession
from engine.step_cost import estimated_cost
from graph_editor.cost_keeper import CostKeeper
from graph_editor.document import ProjectDocument

_LATER_MS = 300
"""After this long without an edit the costs are counted: they are looked at before a run, not while one edits."""


class StepEstimate(QObject):
    """Keeps the line about the cost of a step true to the document, while no run goes on."""

    def __init__(self, document: ProjectDocument, session: TrainingSession, panel: TrainingPanel) -> None:
        super().__init__(panel)
        self._document = document
        self._session = session
        self._panel = panel
        self._costs = CostKeeper(document, self, whole=True, delay=_LATER_MS)
        self._costs.changed.connect(self._show)
        self._costs.want("step", True)

    def _show(self) -> None:
        if self._session.running:
            return
        found = None
        if not self._document.whole.errors and len(self._document.whole.graph):
            found = estimated_cost(self._costs.costs, self._document.project.training)
        self._panel.show_estimate(found)
