"""What stands in place of a tab's content while there is none: a word, and a button that leads on."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class WordPage(QWidget):
    """A word in the middle, with a button below where there is something to be done first."""

    led = Signal()
    """The button was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.word = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.word.setProperty("muted", True)
        self.lead = QPushButton()
        self.lead.setProperty("primary", True)
        self.lead.clicked.connect(self.led)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.addStretch()
        column.addWidget(self.word)
        column.addSpacing(8)
        column.addWidget(self.lead, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()

    def say(self, text: str, lead: str = "") -> None:
        """Show a word, and what is written on the button; there is none where that is empty."""
        self.word.setText(text)
        self.lead.setText(lead)
        self.lead.setVisible(bool(lead))
