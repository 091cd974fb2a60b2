"""The problem list with a line above it about data that does not fit the graph."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.fitness import misfits
from graph_editor.document import ProjectDocument
from graph_editor.problems import ProblemList


class ProblemPanel(QWidget):
    """Problems of the graph, and whether the data fits it."""

    data_wanted = Signal()
    """The person wants to see the data."""
    refreshed = Signal()

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("problemPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._document = document
        self.list = ProblemList(document)
        self.text = QLabel(wordWrap=True)
        self.button = QPushButton(self.tr("Data"))
        self.button.setToolTip(self.tr("Show the data that the network learns from"))
        self.button.clicked.connect(self.data_wanted)
        self.line = QWidget()
        row = QHBoxLayout(self.line)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.list)
        self.list.put_first(self.line)
        self.fits = True
        document.project_changed.connect(self.refresh)  # after the list's own, so that `calm` is ours to hide
        self.refresh()

    def refresh(self) -> None:
        """Show whether the data of now fits."""
        found = misfits(self._document.project, self._document.whole)
        self.fits = not found
        self.line.setVisible(bool(found))
        self.list.calm.setVisible(not found and not self._document.inference.problems)
        self.text.setText(self.tr("The data does not fit yet: {0}.").format("; ".join(found)) if found else "")
        self.refreshed.emit()
