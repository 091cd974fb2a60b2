"""What training has shown to be wrong with layers: marked on their cards, and told among the problems."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject

from app.panels.problems import ProblemPanel
from app.session import TrainingSession
from engine.errors import TrainingError
from engine.fixes import Problem
from graph_editor.marks import Verdict
from graph_editor.scene import GraphScene


class Verdicts(QObject):
    """Keeps what a run has shown until the next one begins, or the layer is edited."""

    def __init__(self, scene: GraphScene, problems: ProblemPanel, session: TrainingSession) -> None:
        super().__init__(scene)
        self._scene, self._problems = scene, problems
        self._fault: dict[str, Verdict] = {}
        self._seen: dict[str, Verdict] = {}
        session.started.connect(self._forget)
        session.failed.connect(self._failed)
        document = scene.document
        document.graph_replaced.connect(self._forget)
        document.node_changed.connect(self._drop)
        document.node_removed.connect(self._drop)

    def judge(self, seen: Mapping[str, Verdict]) -> None:
        """Take what a look at the network has shown, by node, in place of what the last one has."""
        self._seen = {key: verdict for key, verdict in seen.items() if key in self._scene.graph}
        self._show()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, TrainingError) and error.node is not None and error.node in self._scene.graph:
            self._fault = {error.node: Verdict("error", str(error))}
            self._show()

    def _forget(self, *_: object) -> None:
        self._fault, self._seen = {}, {}
        self._show()

    def _drop(self, node_id: str) -> None:
        if node_id in self._fault or node_id in self._seen:
            self._fault.pop(node_id, None)
            self._seen.pop(node_id, None)
            self._show()

    def _show(self) -> None:
        found = {**self._seen, **self._fault}
        if found == self._scene.marks.verdicts:
            return
        self._scene.marks.verdicts = found
        self._scene.update_cards()
        problems = (Problem(key, one.text, severity=one.severity) for key, one in found.items())
        self._problems.show_run(tuple(problems))
