"""Cards that glide to their new places: only the picture moves, the document has the end of it already."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal
from PySide6.QtWidgets import QApplication, QStyle

from engine.layout import Position
from graph_editor.scene import GraphScene

_MS = 200
_MOST = 300
"""Cards that are moved at most; more of them would stutter."""


def wanted(count: int) -> bool:
    """Whether so many cards glide: not where the system asks for no animation."""
    style = QApplication.style()
    return 0 < count <= _MOST and style.styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) > 0


class Glide(QObject):
    """Moves the cards of a scene from where they were to where the document has them, and is gone then."""

    ended = Signal()

    def __init__(self, scene: GraphScene, start: Mapping[str, Position]) -> None:
        super().__init__(scene)
        self._scene = scene
        document = scene.document
        ends = {key: document.position(key) for key in start if key in document.graph}
        self._ways = {key: (start[key], end) for key, end in ends.items() if start[key] != end}
        self._animation = QVariantAnimation(self, duration=_MS, startValue=0.0, endValue=1.0)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._show)
        self._animation.finished.connect(self.finish)
        document.project_changed.connect(self.finish)

    def begin(self) -> None:
        """Show the cards where they were, and let them go."""
        if not wanted(len(self._ways)):
            self.finish()
            return
        self._show(0.0)
        self._animation.start()

    def _show(self, part: float) -> None:
        ways = self._ways.items()
        self._scene.place(
            {key: (x + (ex - x) * part, y + (ey - y) * part) for key, ((x, y), (ex, ey)) in ways if part < 1.0}
        )

    def finish(self) -> None:
        """Show the cards where the document has them, at once."""
        ways, self._ways = self._ways, {}
        self._animation.stop()
        self._scene.replace_cards(ways)
        self._scene.document.project_changed.disconnect(self.finish)
        self.ended.emit()
        self.deleteLater()
