"""The command palette: every action of the program, found by what it is called."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QListWidgetItem, QWidget

from app.actions import Actions
from app.settings import AppSettings
from graph_editor.search_popup import FAINT, SAID, VALUE, SearchPopup

_WIDTH = 460
_TOP = 70


class CommandPalette(SearchPopup):
    """Actions that match; those taken lately come first. One that cannot be done now is shown, but not taken."""

    def __init__(self, window: QWidget, actions: Actions, settings: AppSettings) -> None:
        self._actions = actions
        self._settings = settings
        self._before: QWidget | None = window.focusWidget()
        left = (window.width() - _WIDTH) // 2
        super().__init__(window, QPoint(left + 20, _TOP), _WIDTH)
        self.search.setPlaceholderText(self.tr("What to do"))
        self.search.setAccessibleName(self.tr("Command palette"))

    def rows(self, text: str) -> list[QListWidgetItem]:
        words, lately = text.lower().split(), self._settings.recent_commands
        found = [(rank, action) for action in self._listed() if (rank := self._rank(action, words)) is not None]

        def key(pair: tuple[int, QAction]) -> tuple[bool, int, int]:
            rank, action = pair
            name = action.objectName()
            return not action.isEnabled(), rank, lately.index(name) if name in lately else len(lately)

        return [self._row(action) for _, action in sorted(found, key=key)]

    def _listed(self) -> list[QAction]:
        return [action for action in self._actions.all() if action.objectName() != "commands"]

    def nothing(self, text: str) -> str:
        return self.tr("No command matches “{0}”").format(text)

    def take(self, value: object) -> None:
        action = self._actions[str(value)]
        if action.isEnabled():
            self._settings.add_recent_command(action.objectName())
            action.trigger()

    def give_back(self) -> None:
        if self._before is not None:
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)

    def _rank(self, action: QAction, words: list[str]) -> int | None:
        """How well an action matches: by the beginning of its text, by its text, or by what is said of it."""
        text = self._actions.full_text(action.objectName()).lower()
        said = f"{text} {action.whatsThis().lower()} {action.objectName()}"
        if not words or text.startswith(" ".join(words)):
            return 0
        if all(any(part.startswith(word) for part in text.split()) for word in words):
            return 1
        return 2 if all(word in said for word in words) else None

    def _row(self, action: QAction) -> QListWidgetItem:
        item = QListWidgetItem(self._actions.full_text(action.objectName()))
        item.setData(VALUE, action.objectName())
        item.setData(SAID, action.shortcut().toString(QKeySequence.SequenceFormat.NativeText))
        item.setData(FAINT, not action.isEnabled())
        item.setToolTip(action.whatsThis())
        return item
