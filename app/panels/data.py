"""The Data tab: where the data comes from, how it is split, and a look at it."""

from __future__ import annotations

import inspect
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.consent import may_run, needs_yes
from app.dialogs import sentence, tell_error
from app.fitness import gives_back
from app.jobs import run_job
from app.known import Known
from app.panels.columns import ColumnsView
from app.panels.download import DownloadOffer
from app.panels.look import Look
from app.panels.network_buttons import NetworkButtons
from app.panels.preview import Preview, choosing_job, preview_job
from app.panels.split import SplitPanel
from app.panels.views import DataViews
from app.task import TaskThread
from app.texts import count
from engine.data.columns import TableColumn
from engine.data.leakage import SplitFacts
from engine.data.profile import Profile
from engine.data.published import PUBLISHED, at_hand
from engine.data.source import SOURCES, Column, Source, source_name
from engine.data.table import Table
from engine.errors import Cancelled, LayerloomError, UnreadableError, legible
from engine.events import Event, Progress, Result
from engine.fields import Settings, describe
from engine.project import DataSettings
from graph_editor import theme as themes
from graph_editor.document import ProjectDocument
from graph_editor.forms.form import SettingsForm
from graph_editor.problems import ProblemStack
from graph_editor.words import said

_PAUSE_MS = 250


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
        self._previewed: Source | None = None
        self._preview: Preview | None = None
        self._job: TaskThread | None = None
        self._folder = ""  # of the file that was chosen last
        self._make_widgets()
        self._lay_out()
        self._delay = QTimer(self, singleShot=True)
        self._delay.timeout.connect(self._load)
        self.source.activated.connect(self._source_chosen)
        self.source_form.changed.connect(self._source_changed)
        self.split.looked.connect(self._show_summary)
        self.choose.clicked.connect(self._choose_file)
        self.download.fetched.connect(self._fetched)
        self.choose_folder.clicked.connect(self._choose_folder)
        self.allow.clicked.connect(self._allow)
        self.columns.changed.connect(self._columns_changed)
        document.project_changed.connect(self._show)
        self._show()

    def _make_widgets(self) -> None:
        self.source = QComboBox()
        for name, cls in SOURCES.items():
            self.source.addItem(said(cls.title) or name, name)
        self.source.setToolTip(self.tr("Where the samples come from."))
        self.about = QLabel(wordWrap=True)
        self.about.setProperty("muted", True)
        self.source_form = SettingsForm()
        self.split = SplitPanel(self._document)
        self.source_form.translate_labels()
        self.summary = QGridLayout()
        self.file = QLabel(wordWrap=True)
        self.choose = QPushButton(self.tr("Choose a file…"))
        self.choose.setToolTip(self.tr("A table (CSV, Parquet) or arrays; it may also be dropped on the window"))
        self.download = DownloadOffer()
        self.choose_folder = QPushButton(self.tr("Choose a folder…"))
        self.choose_folder.setToolTip(
            self.tr("Pictures or sounds, a folder for each class; it may also be dropped on the window")
        )
        self.choices = QWidget()
        choices = QHBoxLayout(self.choices)
        choices.setContentsMargins(0, 0, 0, 0)
        choices.addWidget(self.choose)
        choices.addWidget(self.choose_folder)
        self.allow = QPushButton(self.tr("Allow to run…"))
        self.allow.setToolTip(self.tr("Samples are drawn by running this file; it is not run before you say so"))
        self.network = NetworkButtons(self._document)
        self.fit, self.begin = self.network.fit, self.network.begin
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
        for title, *content in (
            (
                self.tr("Source"),
                self.source,
                self.choices,
                self.file,
                self.download,
                self.allow,
                self.stops,
                self.network,
                self.notes,
                self.about,
                self.source_form,
            ),
            (self.tr("Held back from training"), self.split),
        ):
            heading = QLabel(title)
            heading.setProperty("heading", True)
            layout.addWidget(heading)
            for widget in content:
                layout.addWidget(widget)
            layout.addSpacing(6)
            self.split_heading = heading
        heading = QLabel(self.tr("What it holds"))
        heading.setProperty("heading", True)
        layout.addWidget(heading)
        layout.addLayout(self.summary)
        layout.addStretch()
        return body

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
        self.source.setCurrentIndex(self.source.findData(source_name(source)))
        self.about.setText(said(" ".join((inspect.getdoc(type(source)) or "").split())))
        settings = describe(type(source))
        self.source_form.setVisible(bool(settings))
        self.source_form.wrap_rows(any(spec.kind == "path" and not spec.advanced for spec in settings))
        self.source_form.show_settings(source)
        for widget in (self.split_heading, self.split):
            widget.setVisible(not source.endless)
        self._show_file()
        self.download.show_source(source)
        self._ask_for_preview()

    def _show_file(self, written: str = "") -> None:
        """Name the file that is learned from, and how it is written."""
        path = legible(getattr(self._document.project.data.source, "path", ""))
        name = Path(path).name
        self.file.setVisible(bool(name))
        self.file.setText("\n".join(filter(None, (name, written))))
        self.file.setToolTip(path)

    def _ask_for_preview(self) -> None:
        """Load the preview once the tab is seen and the person has stopped typing; what is made, at once."""
        source = self._document.project.data.source
        waits = needs_yes(source)
        self.allow.setVisible(waits)
        if waits:
            self._delay.stop()
            self._previewed = None
            self._say(
                self.tr("{0} is a Python file, and is not run before you allow it.").format(self.file.text())
            )
        elif self.isVisible() and source != self._previewed:
            if not source.made:
                self._say(self.tr("Reading the data…"))
            self._delay.start(0 if source.made else _PAUSE_MS)

    def _load(self) -> None:
        if self._job is not None:
            self._job.cancel()  # when it has ended, the source of then is loaded
            return
        self._previewed = self._document.project.data.source
        self._job = TaskThread(preview_job(self._previewed), self)
        self._job.happened.connect(self._loaded)
        self._job.failed.connect(self._failed)
        self._job.ended.connect(self._ended)
        self._job.start()

    def _loaded(self, event: Event) -> None:
        if isinstance(event, Progress) and event.total and self.look.currentWidget() is self.look.word:
            share = f"{100 * event.done / event.total:.0f} %"
            self.look.say(f"{self.tr('Reading the data…')} {share}")
        if isinstance(event, Result) and isinstance(event.value, Profile):
            self.views.show_profile(event.value)
        elif isinstance(event, Result) and isinstance(event.value, SplitFacts):
            self.split.take_facts(event.value)
        elif isinstance(event, Result):
            self._preview = event.value
            self._show_preview(event.value)

    def _show_preview(self, preview: Preview) -> None:
        if preview.table is not None:
            self.columns.show_look(preview.table)
            self._show_file(preview.written)
        self.columns.setVisible(preview.table is not None)
        self.views.show_preview(preview)
        self._learn(preview.columns, preview.stop)
        self._show_summary()
        self._show_network()

    def _learn(self, columns: tuple[dict[str, Column], dict[str, Column]], stop: str) -> None:
        """Tell what was seen of the data that was looked at."""
        assert self._previewed is not None
        known = Known(self._previewed, *columns, stop)
        graph = self._document.project.graph
        self.stops.show_problems(known.problems(gives_back=gives_back(graph, known.features)))
        self.learned.emit(known)

    def _failed(self, error: Exception) -> None:
        self._say(sentence(error))
        if isinstance(error, UnreadableError):
            self._learn(({}, {}), sentence(error))

    def _ended(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = None
        if self._document.project.data.source != self._previewed:
            self._ask_for_preview()

    def _say(self, text: str) -> None:
        self._preview = None
        self.views.say(text)
        self.stops.show_problems(())
        self.learned.emit(None)
        self._show_summary()

    def _show_summary(self) -> None:
        while (item := self.summary.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.notes.setVisible(self._preview is not None and bool(self._preview.notes))
        if self._preview is None:
            return
        self.notes.setText("\n".join(map(said, self._preview.notes)))
        lines = (*self._preview.summary, *self._shares())
        for row, (name, value) in enumerate(lines):
            key, text = QLabel(name), QLabel(value)
            key.setProperty("muted", True)
            text.setAlignment(Qt.AlignmentFlag.AlignRight)
            text.setFont(themes.tabular(text.font()))
            self.summary.addWidget(key, row, 0)
            self.summary.addWidget(text, row, 1)

    def _shares(self) -> list[tuple[str, str]]:
        """How many samples go to training, validation and test."""
        look = None if self._document.project.data.source.endless else self.split.look
        sizes = look.sizes if look is not None else ()
        names = (self.tr("to train on"), self.tr("to validate"), self.tr("to test"))
        return [(name, count(size)) for name, size in zip(names, sizes, strict=False)]

    # Editing

    def _source_chosen(self, index: int) -> None:
        name = self.source.itemData(index)
        data = self._document.project.data
        if name != source_name(data.source):
            downloaded = at_hand(name) if name in PUBLISHED else None
            changed = data.model_copy(update={"source": downloaded or SOURCES[name]()})
            self._document.edit_data(self.tr("Change the data"), changed)

    def _source_changed(self, source: Settings, field: str) -> None:
        data = self._document.project.data.model_copy(update={"source": source})
        key = f"data.source.{field}" if self.source_form.typed(field) else None
        self._document.edit_data(self.tr("Change the data"), data, key)

    def _columns_changed(self, columns: tuple[TableColumn, ...]) -> None:
        data = self._document.project.data
        if isinstance(data.source, Table):
            source = data.source.replace(columns=columns)
            changed = data.model_copy(update={"source": source})
            self._document.edit_data(self.tr("Change the columns"), changed)

    def _show_network(self) -> None:
        self.network.show_columns(*(self._preview.columns if self._preview is not None else ({}, {})))

    def _allow(self) -> None:
        if may_run(self, self._document.project.data.source):
            self._ask_for_preview()

    # Files

    def _choose_file(self) -> None:
        endings = " ".join(f"*{ending}" for cls in SOURCES.values() for ending in cls.endings)
        kinds = self.tr("Data ({0});;All files (*)").format(endings)
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Choose a file of data"), self._folder, kinds)
        if name:
            self.take_file(Path(name))

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Choose a folder of data"), self._folder)
        if name:
            self.take_file(Path(name))

    def take_file(self, path: Path) -> bool:
        """Learn from a file or folder from now on, undoably; says what is wrong with it itself."""
        data = self._document.project.data
        try:
            source = run_job(self, self.tr("Looking through the data…"), choosing_job(path, data.source))
        except Cancelled:
            return False
        except LayerloomError as error:
            folder, file = self.tr("Cannot learn from this folder"), self.tr("Cannot learn from this file")
            tell_error(self, folder if path.is_dir() else file, error)
            return False
        self._folder = str(path.parent)
        self._document.edit_data(self.tr("Choose the data"), data.model_copy(update={"source": source}))
        self._allow()
        return True

    def _fetched(self, name: str) -> None:
        """Learn from the files that were downloaded, undoably."""
        data = self._document.project.data
        source = at_hand(name, data.source) if source_name(data.source) == name else None
        if source is not None:
            self._document.edit_data(self.tr("Download the data"), data.model_copy(update={"source": source}))

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self._delay.stop()
        self.download.close_job()
        self.views.batch.close_jobs()
        self.split.close_jobs()
        if self._job is not None:
            self._job.close()
