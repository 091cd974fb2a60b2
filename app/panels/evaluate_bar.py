"""The bar above what the Evaluate tab shows: what is evaluated, how far that is, and what is shown of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from engine.events import Progress
from graph_editor.words import said


class EvaluateBar(QWidget):
    """Choices and buttons in a row; those that do nothing now are not seen."""

    part_chosen = Signal()
    output_chosen = Signal()
    start_wanted = Signal()
    cancel_wanted = Signal()
    save_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make_choices()
        self.start = QPushButton(self.tr("Evaluate"))
        self.start.clicked.connect(self.start_wanted)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self.cancel_wanted)
        self.save = QPushButton(self.tr("Save report…"))
        self.save.setToolTip(self.tr("Tables, curves and the worst mistakes as one HTML file"))
        self.save.clicked.connect(self.save_wanted)
        self.progress = QProgressBar(textVisible=False)
        self.progress.setFixedHeight(6)
        self.doing = QLabel()
        self.doing.setProperty("muted", True)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 6)
        row.setSpacing(8)
        for widget in (self.part, self.output, self.start, self.cancel, self.doing):
            row.addWidget(widget)
        row.addWidget(self.progress, 1)
        row.addStretch()
        row.addWidget(self.save)

    def _make_choices(self) -> None:
        self.part = QComboBox()
        for name, text in (
            ("test", self.tr("Test data")),
            ("validation", self.tr("Validation data")),
            ("training", self.tr("Training data")),
        ):
            self.part.addItem(text, name)
        self.part.setAccessibleName(self.tr("Which part of the data"))
        self.part.activated.connect(self.part_chosen)
        self.output = QComboBox()
        self.output.setAccessibleName(self.tr("Which Output"))
        self.output.activated.connect(self.output_chosen)

    def show_state(self, *, busy: bool, usable: bool, outputs: int) -> None:
        """Offer what can be done now, where so many Outputs were evaluated before."""
        for widget in (self.cancel, self.progress, self.doing):
            widget.setVisible(busy)
        self.start.setVisible(not busy)
        self.start.setEnabled(usable)
        self.start.setText(self.tr("Evaluate again") if outputs else self.tr("Evaluate"))
        self.save.setVisible(outputs > 0)
        self.output.setVisible(outputs > 1)

    def show_outputs(self, names: Sequence[str]) -> None:
        """Offer these Outputs in place of those before; the first is chosen."""
        self.output.clear()
        self.output.addItems(names)

    def begin(self) -> None:
        """Nothing is known yet of how far it is."""
        self.progress.setRange(0, 0)
        self.doing.setText("")

    def show_progress(self, event: Progress) -> None:
        """Show how far it is."""
        self.doing.setText(said(event.text))
        self.progress.setRange(0, event.total or 0)
        self.progress.setValue(event.done)
