"""An offer to download a published data set: how large it is, a button, and how far it is."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.dialogs import sentence
from app.task import Background
from engine.data.memory import bytes_text
from engine.data.published import PUBLISHED, at_hand, fetching
from engine.data.source import Source, source_name
from engine.events import Event, Progress, Result
from graph_editor.words import counted


class DownloadOffer(QWidget):
    """Seen where the source that is shown is published and its files are not where it says.

    Nothing is fetched before the button is clicked. What has come of a download that ended early is kept, and
    the next one goes on from there.
    """

    fetched = Signal(str)
    """The name of the source whose files lie in the cache now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self._there = False  # in the cache
        self._job = Background(self)
        self._job.happened.connect(self._happened)
        self._job.failed.connect(self._failed)
        self._job.ended.connect(self._ended)
        self._fetched = self._fault = ""  # what is fetched, or was last, and why that failed
        self.words = QLabel(wordWrap=True)
        self.words.setProperty("muted", True)
        self.fault = QLabel(wordWrap=True)
        self.fault.setProperty("refused", True)
        self.button = QPushButton()
        self.button.clicked.connect(self._start)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName(self.tr("How far the download is"))
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setToolTip(self.tr("What has come is kept; the next download goes on from there"))
        self.cancel.clicked.connect(self._stop)
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        going = QHBoxLayout()
        going.addWidget(self.bar, 1)
        going.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.fault)
        layout.addWidget(self.words)
        layout.addWidget(self.button)
        layout.addLayout(going)

    def show_source(self, source: Source) -> None:
        """Offer the files of a source; a download for another one ends."""
        name = source_name(source)
        if name != self._name:
            self._stop()
        self._name = name
        path = getattr(source, "path", "")
        lacks = name in PUBLISHED and not (path and Path(path).exists())
        if lacks:
            self._there = at_hand(name) is not None
            if not self._job.busy:
                self._offer()
        self.setVisible(lacks)

    def close_job(self) -> None:
        """End what is being fetched; the window is about to go."""
        self._job.close()

    def _offer(self, fault: str = "") -> None:
        found = PUBLISHED[self._name]
        size, site = bytes_text(found.size), urlsplit(found.files[0].url).hostname
        number = counted(len(found.files), self.tr("{0} file"), self.tr("{0} files"))
        if self._there:
            offer, action = self.tr("Was downloaded before."), self.tr("Use the downloaded files")
        else:
            offer = self.tr("{0}, {1}, from {2}").format(number, size, site)
            action = self.tr("Download ({0})").format(size)
        self.words.setText(offer)
        self.fault.setText(fault.replace("/", "/\u200b"))  # long addresses may be broken there
        self.fault.setVisible(bool(fault))
        self.button.setText(action)
        self.button.setToolTip("\n".join(file.url for file in found.files))
        self._show_going(False)

    def _show_going(self, going: bool) -> None:
        self.button.setVisible(not going)
        self.bar.setVisible(going)
        self.cancel.setVisible(going)

    # Downloading

    def _start(self) -> None:
        if self._job.busy:
            return
        self.words.setText(self.tr("Connecting…"))
        self.fault.hide()
        self.bar.setRange(0, 0)
        self.cancel.setEnabled(True)
        self._show_going(True)
        self.cancel.setFocus()
        self._fetched, self._fault = self._name, ""
        self._job.begin(fetching(self._name))

    def _stop(self) -> None:
        self.cancel.setEnabled(False)
        self._job.cancel()

    def _happened(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.bar.setRange(0, event.total or 0)
            self.bar.setValue(event.done)
            sizes = bytes_text(event.done), bytes_text(event.total or 0)
            self.words.setText(self.tr("{0} of {1}").format(*sizes))
        elif isinstance(event, Result) and self._fetched == self._name:
            self.fetched.emit(self._name)

    def _failed(self, error: Exception) -> None:
        self._fault = sentence(error)

    def _ended(self) -> None:
        if self._name in PUBLISHED:
            self._there = at_hand(self._name) is not None
            self._offer(self._fault)
