"""How the window looks and in which language it speaks: the two menus for that, and what they remember."""

from __future__ import annotations

import sys
from functools import partial

from PySide6.QtCore import QObject, QProcess
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMainWindow

from app.actions import Actions
from app.dialogs import choose
from app.files import ProjectFiles
from app.language import LANGUAGES, chosen
from app.settings import APPEARANCES, AppSettings
from graph_editor import theme as themes


class Appearance(QObject):
    """Light or dark, at once; the language, from the next start on."""

    def __init__(self, window: QMainWindow, actions: Actions, settings: AppSettings, files: ProjectFiles) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._files = files
        self._spoken = chosen(settings.language)
        schemes, languages = QActionGroup(self), QActionGroup(self)
        for name in APPEARANCES:
            action = schemes.addAction(actions[name])
            action.setChecked(name == settings.appearance)
            action.triggered.connect(partial(self._set_scheme, name))
        for name in ("system", *LANGUAGES):
            action = languages.addAction(actions[f"language_{name}"])
            action.setChecked(name == settings.language)
            action.triggered.connect(partial(self._set_language, name))

    def _set_scheme(self, name: str) -> None:
        self._settings.appearance = name
        themes.set_scheme("dark" if name == "dark" else "light" if name == "light" else "system")

    def _set_language(self, name: str) -> None:
        self._settings.language = name
        language = chosen(name)
        if language == self._spoken:
            return
        text = self.tr("The window speaks {0} when Layerloom is started again.").format(LANGUAGES[language])
        answer = choose(self._window, self.tr("Language"), text, [self.tr("Start again now")])
        if answer == 0:
            self._start_again()

    def _start_again(self) -> None:
        """Close, which may save to a file that there was none of before, and open that in a new process."""
        if self._window.close():
            path = self._files.path
            QProcess.startDetached(sys.executable, ["-m", "app", *([str(path)] if path is not None else [])])
