"""The problem list, and above it what of the data does not fit the graph."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.fitness import judged, misfits
from app.known import Known
from engine.fixes import Problem
from graph_editor.document import ProjectDocument
from graph_editor.problems import ProblemList, ProblemStack


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
        self._calm = self.list.calm.text()
        self.misfits = ProblemStack(document)
        self.misfits.node_activated.connect(self.list.node_activated)
        self.misfits.mended.connect(self.list.mended)
        self.button = QPushButton(self.tr("Show the data"))
        self.button.setToolTip(self.tr("Show the data that the network learns from"))
        self.button.clicked.connect(self.data_wanted)
        self.first = QWidget()
        column = QVBoxLayout(self.first)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.misfits)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.list)
        self.list.put_first(self.first)
        self.fits = self._offered = True
        self._known: Known | None = None
        self.shown_by_run: tuple[Problem, ...] = ()
        """What training has shown to be wrong."""
        document.project_changed.connect(self.refresh)  # after the list's own, so that `calm` is ours to hide
        self.refresh()

    def show_button(self, on: bool) -> None:
        """Offer the way to the data, where it is not what is seen already."""
        self._offered = on
        self.button.setVisible(on and not self.fits)

    def take_known(self, known: Known | None) -> None:
        """Judge by what a look at the data has told."""
        self._known = known
        self.refresh()

    def show_run(self, problems: tuple[Problem, ...]) -> None:
        """Show what training has shown to be wrong."""
        if problems != self.shown_by_run:
            self.shown_by_run = problems
            self.refresh()

    def refresh(self) -> None:
        """Show whether the data of now fits, and what a run has shown."""
        found = misfits(self._document.project, self._document.whole, self._known)
        self.fits = not found
        self.button.setVisible(self._offered and not self.fits)
        self.first.setVisible(bool(found or self.shown_by_run))
        self.misfits.show_problems((*found, *self.shown_by_run))
        unknown = self.tr("No problems in the network. Whether the data fits is known once its file has run.")
        calm = judged(self._document.project.data.source, self._known)
        self.list.calm.setText(self._calm if calm else unknown)
        self.list.calm.setVisible(not found and not self._document.inference.problems)
        self.refreshed.emit()
