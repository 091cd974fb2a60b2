"""Starting and ending the program with a window."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.ahead import Ahead
from app.dialogs import tell_error
from app.language import chosen, speak
from app.settings import AppSettings
from app.task import close_all
from app.window import MainWindow
from engine import templates
from engine.events import Compiled, Event
from graph_editor import theme as themes
from graph_editor.document import ProjectDocument

FIRST_TEMPLATE = "digits-cnn"
_SWITCH_SECONDS = 0.0005
_SETTLE_MS = 200


def run_program(path: Path | None) -> int:
    """Show the window until it is closed; the exit code of the program."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("layerloom")
    app.setApplicationDisplayName("Layerloom")
    app.setDesktopFileName("layerloom")
    # The window waits at most this long for its turn while a run computes in Python.
    sys.setswitchinterval(_SWITCH_SECONDS)
    window = make_window(app, AppSettings())
    sys.excepthook = _Excepthook(window)
    keep_collections_short(window)
    window.show()
    QTimer.singleShot(_SETTLE_MS, window.work.training.curves.prepare)
    Ahead(window.document, window.session, window.work.sweeps)
    if path is not None:
        QTimer.singleShot(0, lambda: window.files.open_path(path))
    code = app.exec()
    if not close_all():
        window.settings.save()
        os._exit(code)  # a job that cannot be interrupted must not hold the program
    return code


def make_window(app: QApplication, settings: AppSettings) -> MainWindow:
    """The window with the first example in it."""
    appearance = settings.appearance
    themes.set_scheme("dark" if appearance == "dark" else "light" if appearance == "light" else "system")
    themes.apply_theme(app)
    speak(chosen(settings.language))
    return MainWindow(ProjectDocument(templates.make(FIRST_TEMPLATE)), settings)


def keep_collections_short(window: MainWindow) -> None:
    """Set aside what lives as long as the program, so that the garbage collector need not walk through it.

    A walk through all that jax and scikit-learn bring along holds the window for more than 100 ms. They are
    whole when the first run has been compiled, and so is a network that was opened when its last card is drawn.
    """

    def compiled(event: Event) -> None:
        if isinstance(event, Compiled):
            gc.freeze()
            window.session.happened.disconnect(compiled)

    gc.freeze()
    gc.enable()
    window.session.happened.connect(compiled)
    opened = False

    def replaced() -> None:
        nonlocal opened
        opened = True

    def filled() -> None:
        nonlocal opened
        if opened:  # not each time that a group is entered or left: what they leave behind is to be collected
            opened = False
            gc.freeze()

    window.files.project_replaced.connect(replaced)
    window.work.view.graph_scene.filled.connect(filled)


class _Excepthook:
    """Shows an exception that nothing caught; the window lives on."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._showing = False

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
        elif not self._showing:
            self._showing = True
            try:
                tell_error(self._window, self._window.tr("Unexpected error"), error)
            finally:
                self._showing = False
