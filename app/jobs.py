"""Waiting for a short job without blocking the window."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QProgressDialog, QWidget

from app.task import Job, TaskThread
from engine.errors import Cancelled
from engine.events import Event, Progress, Result
from graph_editor.words import said

_PATIENCE = 400  # ms before a progress dialog is shown


def run_job(parent: QWidget, text: str, job: Job) -> Any:
    """Run a job in the background and give its result; raises what the job raises, `Cancelled` included.

    The window goes on painting. Clicks and keys wait, at first; after a moment a dialog offers to cancel.
    """
    waiting = _Waiting(parent, text, job)
    waiting.run()
    if waiting.error is not None:
        raise waiting.error
    return waiting.result


class _Waiting:
    def __init__(self, parent: QWidget, text: str, job: Job) -> None:
        self.result: Any = None
        self.error: Exception | None = Cancelled()
        self._parent = parent
        self._text = text
        self._ended = False
        self._dialog: QProgressDialog | None = None
        self._loop = QEventLoop()
        self._thread = TaskThread(job)
        self._thread.happened.connect(self._event)
        self._thread.failed.connect(self._failed)
        self._thread.ended.connect(self._end)

    def run(self) -> None:
        self._thread.start()
        timer = QTimer(singleShot=True, interval=_PATIENCE)
        timer.timeout.connect(self._loop.quit)
        timer.start()
        self._loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        timer.stop()
        if not self._ended:
            self._show_dialog()
            self._loop.exec()
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
        self._thread.wait()

    def _show_dialog(self) -> None:
        dialog = QProgressDialog(self._text, self._parent.tr("Cancel"), 0, 0, self._parent)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.setWindowTitle("Layerloom")
        dialog.setAutoClose(False)
        dialog.setAutoReset(False)
        dialog.canceled.connect(self._thread.cancel)
        dialog.show()
        self._dialog = dialog

    def _event(self, event: Event) -> None:
        if isinstance(event, Result):
            self.result, self.error = event.value, None
        elif isinstance(event, Progress) and self._dialog is not None:
            self._dialog.setLabelText(said(event.text))
            self._dialog.setMaximum(event.total or 0)
            self._dialog.setValue(event.done)

    def _failed(self, error: Exception) -> None:
        self.error = error

    def _end(self) -> None:
        self._ended = True
        self._loop.quit()
