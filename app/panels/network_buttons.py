"""Two buttons that bring the network to the data: one begins a network, one makes the one that is there fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.fitness import made_to_fit
from engine.data.source import Column
from engine.layout import Layout
from engine.starting import started
from graph_editor.document import ProjectDocument


class NetworkButtons(QWidget):
    """Edit the network of the document, undoably; each is seen only where it has something to do."""

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._features: Mapping[str, Column] = {}
        self._targets: Mapping[str, Column] = {}
        self.begin = QPushButton(self.tr("Create a network for this data"))
        self.begin.setToolTip(self.tr("An Input, a small network and an Output in place of what is on the canvas"))
        self.begin.clicked.connect(self._begin)
        self.fit = QPushButton(self.tr("Make the network fit the data"))
        self.fit.setToolTip(self.tr("Set the shape of the Input, and the last Dense and the loss of the Output"))
        self.fit.clicked.connect(self._fit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.begin)
        layout.addWidget(self.fit)
        self.show_columns({}, {})

    def show_columns(self, features: Mapping[str, Column], targets: Mapping[str, Column]) -> None:
        """Offer what can be done for data of these features and targets; nothing where they are not known."""
        self._features, self._targets = features, targets
        graph = self._document.project.graph
        self.begin.setVisible(bool(features and targets))
        self.fit.setVisible(bool(features) and made_to_fit(graph, features, targets) is not graph)
        self.setVisible(not (self.begin.isHidden() and self.fit.isHidden()))

    def _begin(self) -> None:
        graph = started(self._features, self._targets)
        project = replace(self._document.project, graph=graph, layout=Layout())
        self._document.edit(self.begin.text(), project)

    def _fit(self) -> None:
        project = self._document.project
        graph = made_to_fit(project.graph, self._features, self._targets)
        self._document.edit(self.fit.text(), replace(project, graph=graph))
