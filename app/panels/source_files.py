"""The files that the data is read from: chosen, downloaded, and allowed where they are programs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.consent import may_run
from app.dialogs import tell_error
from app.file_dialogs import ask_folder, ask_open
from app.jobs import run_job
from app.panels.download import DownloadOffer
from app.panels.preview import choosing_job
from engine.data.published import at_hand
from engine.data.source import SOURCES, Source, source_name
from engine.errors import Cancelled, LayerloomError, legible
from graph_editor.document import ProjectDocument


class SourceFiles(QWidget):
    """Edits which file or folder the document's data is read from, undoably."""

    allowed = Signal()
    """What is chosen may be read: where it is a program, the person said so."""

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.choose = QPushButton(self.tr("Choose a file…"))
        self.choose.setToolTip(self.tr("A table (CSV, Parquet) or arrays; it may also be dropped on the window"))
        self.choose.clicked.connect(self._choose_file)
        self.choose_folder = QPushButton(self.tr("Choose a folder…"))
        self.choose_folder.setToolTip(
            self.tr("Pictures or sounds, a folder for each class; it may also be dropped on the window")
        )
        self.choose_folder.clicked.connect(self._choose_folder)
        self.name = QLabel(wordWrap=True)
        self.download = DownloadOffer()
        self.download.fetched.connect(self._fetched)
        self.allow = QPushButton(self.tr("Allow to run…"))
        self.allow.setToolTip(self.tr("Samples are drawn by running this file; it is not run before you say so"))
        self.allow.clicked.connect(self._allow)
        self._lay_out()

    def _lay_out(self) -> None:
        choices = QWidget()
        row = QHBoxLayout(choices)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.choose)
        row.addWidget(self.choose_folder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (choices, self.name, self.download, self.allow):
            layout.addWidget(widget)

    def show_source(self, source: Source) -> None:
        """Name the file of a source, and offer what it lacks."""
        self.show_written("")
        self.download.show_source(source)

    def show_written(self, written: str) -> None:
        """Say below the name of the file how it is written."""
        path = legible(getattr(self._document.project.data.source, "path", ""))
        name = Path(path).name
        self.name.setVisible(bool(name))
        self.name.setText("\n".join(filter(None, (name, written))))
        self.name.setToolTip(path)

    def _allow(self) -> None:
        if may_run(self, self._document.project.data.source):
            self.allowed.emit()

    def _choose_file(self) -> None:
        endings = " ".join(f"*{ending}" for cls in SOURCES.values() for ending in cls.endings)
        kinds = self.tr("Data ({0});;All files (*)").format(endings)
        path = ask_open(self, self.tr("Choose a file of data"), kinds)
        if path is not None:
            self.take_file(path)

    def _choose_folder(self) -> None:
        path = ask_folder(self, self.tr("Choose a folder of data"))
        if path is not None:
            self.take_file(path)

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
        """End what is being fetched; the window is about to go."""
        self.download.close_job()
