"""What a few samples become in training: before and after the layers that change pictures at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app.dialogs import sentence
from app.panels.preview import Preview, images_of
from app.panels.sample_grid import SampleGrid
from app.task import Background, Job
from engine.events import Event, Progress, Result
from engine.graph import Graph
from graph_editor.document import ProjectDocument

if TYPE_CHECKING:
    from engine.augmented import Augmentation

Array = np.ndarray[Any, Any]
SHOWN = 8
"""Samples of a batch that are shown."""
_PAUSE_MS = 250


def augmentation_job(graph: Graph, known: Sequence[Augmentation], samples: Mapping[str, Array], draw: int) -> Job:
    """What becomes of samples: ends in the augmentations of a graph, and of each the pictures before and after."""
    from engine.augmented import augmentations

    yield Progress("Compiling")
    parts = tuple(known) or augmentations(graph)
    looks: list[tuple[Array, Array]] = []
    for part in parts:
        looks.append(part.look(samples, draw))
        yield Progress("Compiling")
    yield Result((parts, looks))


class BatchView(QWidget):
    """Pictures before and after augmentation; "Another" draws again. Works in a thread, while it is seen."""

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._samples: Mapping[str, Array] = {}
        self._labels: Sequence[str] = ()
        self._parts: tuple[Augmentation, ...] = ()
        self._graph: Graph | None = None  # of which `_parts` are
        self._draw = 0
        self._job = Background(self)
        self._job.happened.connect(self._take)
        self._job.failed.connect(self._failed)
        self._job.ended.connect(self._ended)
        self._wanted = False
        self.word = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.word.setProperty("muted", True)
        self.caption = QLabel(wordWrap=True)
        self.caption.setProperty("muted", True)
        self.another = QPushButton(self.tr("Another"))
        self.another.setToolTip(self.tr("Draw once more what is changed at random, as the next step would"))
        self.another.clicked.connect(self._draw_another)
        self.grids: list[SampleGrid] = []
        self._lay_out()
        self._delay = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._delay.timeout.connect(self._start)
        document.project_changed.connect(self._changed)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(12, 8, 12, 0)
        top.addWidget(self.caption, 1)
        top.addWidget(self.another)
        self._pictures = QWidget()
        self._column = QVBoxLayout(self._pictures)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self._pictures)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(scroll, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.word)
        self.stack.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.stack)

    def show_preview(self, preview: Preview) -> None:
        """Take the first samples of other data."""
        self._samples = {name: array[:SHOWN] for name, array in preview.first.items()}
        self._labels = [label for _, label in preview.images[:SHOWN]]
        self._ask()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()

    def _changed(self) -> None:
        if self._document.project.graph is not self._graph:
            self._ask()

    def _ask(self) -> None:
        self._wanted = True
        if self.isVisible():
            self._delay.start()

    def _draw_another(self) -> None:
        self._draw += 1
        self._ask()
        self._delay.stop()
        self._start()

    def _start(self) -> None:
        if self._job.busy:
            return  # when it has ended, what is wanted then is begun
        self._wanted = False
        graph = self._document.project.graph
        known = self._parts if graph is self._graph else ()
        self._graph = graph
        if not known:
            self._say(self.tr("Compiling…"))
        self._job.begin(augmentation_job(graph, known, self._samples, self._draw))

    def _take(self, event: Event) -> None:
        if isinstance(event, Result):
            self._parts, looks = event.value
            self._show_looks(looks)

    def _failed(self, error: Exception) -> None:
        self._parts, self._graph = (), None
        self._say(sentence(error))

    def _ended(self) -> None:
        if self._wanted and self.isVisible():
            self._delay.start()

    def _say(self, text: str) -> None:
        self.word.setText(text)
        self.stack.setCurrentIndex(0)

    def _show_looks(self, looks: Sequence[tuple[Array, Array]]) -> None:
        if not looks:
            self._say(
                self.tr(
                    "No layer changes these pictures in training. Put some of the Augmentation layers, such as "
                    "RandomFlip or RandomRotation, behind the Input, and see here what they do."
                )
            )
            return
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.grids = []
        for part, (before, after) in zip(self._parts, looks, strict=True):
            several = f"{part.input}: " if len(looks) > 1 else ""
            self._add(several + self.tr("Before"), before, before)
            self._add(several + self.tr("As a training step sees them"), after, before)
        self._column.addStretch()
        self.caption.setText(" → ".join(name for part in self._parts for name in part.names))
        self.stack.setCurrentIndex(1)

    def _add(self, title: str, pictures: Array, scale: Array) -> None:
        heading = QLabel(title)
        heading.setProperty("heading", True)
        heading.setContentsMargins(12, 8, 12, 0)
        grid = SampleGrid()
        labels = [*self._labels, *[""] * len(pictures)]
        grid.show_images(list(zip(images_of(pictures, scale), labels, strict=False)))
        grid.setAccessibleName(title)
        self.grids.append(grid)
        self._column.addWidget(heading)
        self._column.addWidget(grid)

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self._delay.stop()
        self._job.close()
