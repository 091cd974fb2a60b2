"""What stands in place of an editor where several layers have several values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QPushButton

from graph_editor.captions import show_value
from graph_editor.forms.base import FIELD_HEIGHT


class SeveralValues(QPushButton):
    """Says that there are several values, and offers them: one is taken for all, or another is typed."""

    chosen = Signal(object)
    another = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setText(self.tr("several values"))
        self.setProperty("several", True)
        self.setMinimumHeight(FIELD_HEIGHT)
        self.setToolTip(self.tr("The selected layers differ here, and stay so until you choose a value for all"))
        self.choices = QMenu(self)
        self.setMenu(self.choices)

    def show_values(self, values: Sequence[Any]) -> None:
        """Offer these values."""
        self.choices.clear()
        for value in values:
            action = self.choices.addAction(self.tr("{0} for all").format(show_value(value)))
            action.triggered.connect(lambda _=False, value=value: self.chosen.emit(value))
        self.choices.addSeparator()
        self.choices.addAction(self.tr("Another…")).triggered.connect(lambda: self.another.emit())
