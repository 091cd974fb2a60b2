"""What a network gave for a sample: the class or the number, a bar for each class, and a word about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from app.panels.share_bars import ShareBars
from app.texts import shape_text
from graph_editor import theme as themes

if TYPE_CHECKING:
    from app.panels.questions import Answer, Material

_FEW = 8
"""Numbers of an answer that are all shown."""


class AnswerView(QWidget):
    """Shows an answer for one Output at a time."""

    output_chosen = Signal()
    class_chosen = Signal(int)
    """The number of a class whose bar was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.output = QComboBox()
        self.output.setAccessibleName(self.tr("Which Output"))
        self.output.activated.connect(self.output_chosen)
        self.result = QLabel(wordWrap=True)
        font = themes.tabular(self.result.font())
        font.setPointSize(font.pointSize() + 8)
        font.setBold(True)
        self.result.setFont(font)
        self.bars = ShareBars()
        self.bars.chosen.connect(self.class_chosen)
        self.hint = QLabel(wordWrap=True)
        self.hint.setProperty("muted", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(24)
        for widget in (self.output, self.result, self.bars, self.hint):
            column.addWidget(widget)
        column.addStretch()

    def show_outputs(self, names: Sequence[str]) -> None:
        """Offer these Outputs; the one that was chosen stays where they are the same."""
        if [self.output.itemText(place) for place in range(self.output.count())] != names:
            self.output.clear()
            self.output.addItems(names)
        self.output.setVisible(len(names) > 1)

    def forget(self) -> None:
        """There is no answer."""
        self.result.clear()
        self.bars.hide()
        self.remark("")

    def remark(self, text: str) -> None:
        """Say something about the answer, or why there is none."""
        self.hint.setText(text)

    def show_answer(self, answer: Answer, material: Material) -> None:
        """Show what was given for the Output that is chosen."""
        from app.panels.questions import named_shares

        name = self.output.currentText()
        given, classes = answer.given[name], material.classes(name)
        shares = named_shares(given, classes)
        proper = shares is not None and all(-1e-4 <= share <= 1 + 1e-4 for _, share in shares)
        self.bars.setVisible(proper)
        self.remark("")
        if shares is not None and proper:
            best = max(shares, key=lambda pair: pair[1])
            self.result.setText(best[0] if len(given) > 1 or len(classes) == 2 else "")
            marked = answer.index if answer.question.overlays else -1
            self.bars.show_shares(shares, marked)
            if answer.question.overlays:
                self.remark(self.tr("A click on a bar shows where the network looks for that class."))
        elif given.size <= _FEW:
            self.result.setText(", ".join(f"{value:.5g}" for value in given.reshape(-1).tolist()))
        else:
            low, high = float(given.min()), float(given.max())
            self.result.setText(shape_text(given.shape))
            self.remark(self.tr("numbers from {0} to {1}").format(f"{low:.4g}", f"{high:.4g}"))
