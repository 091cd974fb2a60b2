"""What cards and wires have in common."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem

from graph_editor.overview import Patch, Sketch
from graph_editor.theme import Theme


class CanvasItem(QGraphicsRectItem):
    """Base of cards and wires: drawn by `paint` near by, and from far off as part of a patch.

    Its rectangle is the room that it takes: Qt, which asks for that at every turn, need not ask Python.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.patch: Patch | None = None
        self.setPen(Qt.PenStyle.NoPen)
        self.setAcceptHoverEvents(True)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)

    def sketch(self, sketch: Sketch) -> None:
        """Put into a sketch what is seen from far off."""
        raise NotImplementedError

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def redraw(self) -> None:
        """Draw anew what is seen near by; from far off it looks as before."""
        super().update()

    # What changes the picture spoils the patch

    def update(self, *args: Any) -> None:
        self.spoil()
        super().update(*args)

    def setPos(self, *args: Any) -> None:
        self.spoil()
        super().setPos(*args)

    def setOpacity(self, opacity: float) -> None:
        self.spoil()
        super().setOpacity(opacity)

    def setVisible(self, visible: bool) -> None:
        self.spoil()
        super().setVisible(visible)

    def setSelected(self, selected: bool) -> None:
        self.spoil()
        super().setSelected(selected)

    def spoil(self) -> None:
        """It looks different from far off, too."""
        if self.patch is not None:
            self.patch.spoil()
