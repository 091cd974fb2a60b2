"""The Data tab: where the data comes from, how it is split, and a look at it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QSplitter, QVBoxLayout, QWidget

from app.consent import needs_yes
from app.dialogs import sentence
from app.fitness import gives_back
from app.known import Known
from app.panels.columns import ColumnsView
from app.panels.data_summary import DataSummary
from app.panels.look import Look
from app.panels.network_buttons import NetworkButtons
from app.panels.preview import Preview
from app.panels.preview_reading import PreviewReading
from app.panels.source_files import SourceFiles
from app.panels.source_settings import SourceSettings
from app.panels.split import SplitPanel
from app.panels.views import DataViews
from engine.data.columns import TableColumn
from engine.data.source import Column, Source
from engine.data.table import Table
from engine.errors import UnreadableError
from engine.project import DataSettings
from graph_editor.document import ProjectDocument
from graph_editor.problems import ProblemStack
from graph_editor.words import said


class DataPanel(QWidget):
    """Edits the data settings of the document, undoably, and shows the first samples."""

    learned = Signal(object)
    """What is `Known` of the data now; None where nothing is."""

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dataPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._document = document
        self._shown: DataSettings | None = None
        self.preview: Preview | None = None
        """What is shown of the data; None while that is not known."""
        self.reading = PreviewReading(document, self)
        self._make_widgets()
        self._lay_out()
        self.split.looked.connect(self._show_summary)
        self.files.allowed.connect(self._ask_for_preview)
        self.columns.changed.connect(self._columns_changed)
        self.reading.progressed.connect(self._show_progress)
        self.reading.previewed.connect(self._show_preview)
        self.reading.profiled.connect(self.views.show_profile)
        self.reading.counted.connect(self.split.take_facts)
        self.reading.failed.connect(self._failed)
        self.reading.ended.connect(self._ended)
        document.project_changed.connect(self._show)
        self._show()

    def _make_widgets(self) -> None:
        self.source = SourceSettings(self._document)
        self.files = SourceFiles(self._document)
        self.split = SplitPanel(self._document)
        self.summary = DataSummary()
        self.network = NetworkButtons(self._document)
        self.stops = ProblemStack(self._document)
        self.notes = QLabel(wordWrap=True)
        self.notes.hide()
        self.columns = ColumnsView()
        self.columns.hide()
        self.look = Look()
        self.views = DataViews(self.look, self._document)

    def _lay_out(self) -> None:
        left = QScrollArea(widgetResizable=True)
        left.setFrameShape(QScrollArea.Shape.NoFrame)
        left.setWidget(self._left_side())
        left.setFixedWidth(330)
        left.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(left)
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.columns)
        right.addWidget(self.views)
        right.setChildrenCollapsible(False)
        right.setHandleWidth(1)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(self.split.notice)
        column.addWidget(right, 1)
        layout.addLayout(column, 1)

    def _left_side(self) -> QWidget:
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        parts = (self.source.choice, self.files, self.stops, self.network, self.notes, self.source)
        self._add(layout, self.tr("Source"), *parts)
        layout.addSpacing(6)
        self.split_heading = self._add(layout, self.tr("Held back from training"), self.split)
        layout.addSpacing(6)
        self._add(layout, self.tr("What it holds"), self.summary)
        layout.addStretch()
        return body

    @staticmethod
    def _add(layout: QVBoxLayout, title: str, *content: QWidget) -> QLabel:
        """Add widgets below a heading."""
        heading = QLabel(title)
        heading.setProperty("heading", True)
        for widget in (heading, *content):
            layout.addWidget(widget)
        return heading

    # Showing

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask_for_preview()

    def _show(self) -> None:
        data = self._document.project.data
        if data != self._shown:
            source_changed = self._shown is None or self._shown.source != data.source
            self._shown = data
            if source_changed:
                self.split.forget()
            self.split.show_settings(data)
            if source_changed:
                self._show_source(data.source)
            self._show_summary()
        self._show_network()

    def _show_source(self, source: Source) -> None:
        self.source.show_source(source)
        for widget in (self.split_heading, self.split):
            widget.setVisible(not source.endless)
        self.files.show_source(source)
        if not isinstance(source, Table):
            self.columns.hide()
        self._ask_for_preview()

    def _ask_for_preview(self) -> None:
        """Load the preview once the tab is seen and the person has stopped typing; what is made, at once."""
        source = self._document.project.data.source
        waits = needs_yes(source)
        self.files.allow.setVisible(waits)
        if waits:
            self.reading.forget()
            text = self.tr("{0} is a Python file, and is not run before you allow it.")
            self._say(text.format(self.files.name.text()))
        elif self.isVisible() and source != self.reading.source:
            if not source.made:
                self._say(self.tr("Reading the data…"))
            self.reading.ask()

    def _show_progress(self, share: float) -> None:
        if self.look.currentWidget() is self.look.word:
            self.look.say(f"{self.tr('Reading the data…')} {100 * share:.0f} %")

    def _show_preview(self, preview: Preview) -> None:
        self.preview = preview
        if preview.table is not None:
            self.columns.show_look(preview.table)
            self.files.show_written(preview.written)
        self.columns.setVisible(preview.table is not None)
        self.views.show_preview(preview)
        self._learn(preview.columns, preview.stop)
        self._show_summary()
        self._show_network()

    def _learn(self, columns: tuple[dict[str, Column], dict[str, Column]], stop: str) -> None:
        """Tell what was seen of the data that was looked at."""
        assert self.reading.source is not None
        known = Known(self.reading.source, *columns, stop)
        graph = self._document.project.graph
        self.stops.show_problems(known.problems(gives_back=gives_back(graph, known.features)))
        self.learned.emit(known)

    def _failed(self, error: Exception) -> None:
        self._say(sentence(error))
        if isinstance(error, UnreadableError):
            self._learn(({}, {}), sentence(error))

    def _ended(self) -> None:
        if self._document.project.data.source != self.reading.source:
            self._ask_for_preview()

    def _say(self, text: str) -> None:
        self.preview = None
        self.views.say(text)
        self.stops.show_problems(())
        self.learned.emit(None)
        self._show_summary()

    def _show_summary(self) -> None:
        """Show what the data holds and, where it is kept in parts, how many samples go to each."""
        preview, notes = self.preview, self.preview.notes if self.preview is not None else ()
        self.notes.setText("\n".join(map(said, notes)))
        self.notes.setVisible(bool(notes))
        look = None if self._document.project.data.source.endless else self.split.look
        sizes = look.sizes if look is not None and preview is not None else ()
        self.summary.show_lines(preview.summary if preview is not None else (), sizes)

    def _show_network(self) -> None:
        self.network.show_columns(*(self.preview.columns if self.preview is not None else ({}, {})))

    # Editing

    def _columns_changed(self, columns: tuple[TableColumn, ...]) -> None:
        data = self._document.project.data
        if isinstance(data.source, Table):
            source = data.source.replace(columns=columns)
            changed = data.model_copy(update={"source": source})
            self._document.edit_data(self.tr("Change the columns"), changed)

    def take_file(self, path: Path) -> bool:
        """Learn from a file or folder from now on, undoably; says what is wrong with it itself."""
        return self.files.take_file(path)

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self.files.close_jobs()
        self.views.batch.close_jobs()
        self.split.close_jobs()
        self.reading.close_jobs()
