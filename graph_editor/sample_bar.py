"""Which sample the pictures on the cards are of, at a corner of the canvas."""

from __future__ import annotations

import random

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton

from graph_editor.canvas import Canvas
from graph_editor.corner import CornerPanel
from graph_editor.sights import Sights


class SampleBar(CornerPanel):
    """Lies over the upper right corner of the canvas while cards show what layers give for a sample."""

    corner = Qt.Corner.TopRightCorner
    chosen = Signal(int)

    def __init__(self, sights: Sights, view: Canvas) -> None:
        super().__init__(view)
        self._sights = sights
        self.number, self.count = 0, 0
        self._true: tuple[str, ...] = ()
        self.text = QLabel()
        self.previous = self._button("‹", self.tr("The sample before"))
        self.next = self._button("›", self.tr("The next sample"))
        self.random = self._button(self.tr("Random"), self.tr("Some other sample"))
        self.previous.clicked.connect(lambda: self.choose(self.number - 1))
        self.next.clicked.connect(lambda: self.choose(self.number + 1))
        self.random.clicked.connect(lambda: self.choose(random.randrange(max(self.count, 1))))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 3, 4, 3)
        row.setSpacing(4)
        for part in (self.text, self.previous, self.next, self.random):
            row.addWidget(part)
        sights.changed.connect(self.refresh)
        self.refresh()

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(autoRaise=True)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        return button

    def offer(self, size: int, true: tuple[str, ...] = ()) -> None:
        """There are so many samples; what each of them is, where that is known."""
        self.count, self._true = size, true
        self.number = min(self.number, max(size - 1, 0))
        self.refresh()

    def choose(self, number: int) -> None:
        """Show a sample; before the first comes the last."""
        if self.count:
            self.number = number % self.count
            self.refresh()
            self.chosen.emit(self.number)

    def refresh(self) -> None:
        """Show what is shown now."""
        kind, there = self._sights.kind, self._sights.insight is not None
        self.setVisible(kind == "activations" or (kind == "weights" and not there))
        if self.isHidden():
            return
        for button in (self.previous, self.next, self.random):
            button.setVisible(there)
        true = self._true[self.number] if self.number < len(self._true) else ""
        text = self.tr("Sample {0} of {1}").format(f"{self.number + 1:,}", f"{self.count:,}")
        if not there:
            text = self.tr("There is something to see once the network is trained.")
        self.text.setText(f"{text}: {true}" if there and true else text)
        self.adjustSize()
        self.place()
