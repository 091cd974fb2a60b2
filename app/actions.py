"""The actions of the program, made from their table: with icons of the theme, and the keys that a person wants."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QToolBar, QWidget

from app.action_table import ActionSpec, specs
from app.icons import icon
from app.settings import AppSettings
from graph_editor import theme as themes


class Actions(QObject):
    """The actions by name, made from the table; icons follow the theme."""

    def __init__(self, settings: AppSettings, canvas: QWidget, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings
        self._canvas = canvas
        self._plain_keys: dict[str, list[QShortcut]] = {}
        self._by_name: dict[str, QAction] = {}
        self._icons: dict[str, str] = {}
        self._within: dict[str, str] = {}
        self._defaults = {spec.name: spec.shortcuts for spec in specs()}
        for spec in specs():
            self._by_name[spec.name] = self._make(spec)
            self._bind(spec.name)
            if spec.icon:
                self._icons[spec.name] = spec.icon

    def _make(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.text, self)
        action.setObjectName(spec.name)
        action.setCheckable(spec.checkable)
        action.setIconText(spec.brief or plain(spec.text))
        action.setWhatsThis(spec.tip)
        return action

    def set_text(self, name: str, text: str) -> None:
        """Call an action something else, in menus and on buttons."""
        self[name].setText(text)
        self[name].setIconText(plain(text))

    def set_tip(self, name: str, tip: str) -> None:
        """Say something else of what an action does."""
        _set_tip(self[name], tip)

    # Shortcuts

    def keys(self, name: str) -> tuple[str, ...]:
        """The shortcuts of an action."""
        given = self._settings.shortcuts(name)
        return self._defaults[name] if given is None else given

    def changed(self, name: str) -> bool:
        """Whether an action has other shortcuts than the program gives it."""
        return self._settings.shortcuts(name) is not None

    def set_keys(self, name: str, keys: tuple[str, ...] | None) -> None:
        """Give an action other shortcuts, from now on and at the next start; None those of the program."""
        self._settings.set_shortcuts(name, None if keys == self._defaults[name] else keys)
        self._bind(name)

    def owner_of(self, keys: str, but: str = "") -> str:
        """The name of the action that has these keys, another than `but`; nothing where they are free."""
        owners = (name for name in self._by_name if keys in self.keys(name) and name != but)
        return next(owners, "") if keys else ""

    def _bind(self, name: str) -> None:
        """Let the keys work: those that could also be typed, on the canvas only."""
        action, keys = self[name], [QKeySequence(text) for text in self.keys(name)]
        wide = [key for key in keys if not _is_plain(key)]
        plain = [key for key in keys if _is_plain(key)]
        for shortcut in self._plain_keys.pop(name, []):
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        action.setShortcuts(wide or plain)
        only_canvas = Qt.ShortcutContext.WidgetShortcut
        if not wide:
            self._canvas.addAction(action)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut if wide else only_canvas)
        if wide:
            made = [QShortcut(key, self._canvas, context=only_canvas) for key in plain]
            for shortcut in made:
                shortcut.activated.connect(action.trigger)
            self._plain_keys[name] = made
        self.set_tip(name, action.whatsThis())

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def all(self) -> list[QAction]:
        """Every action, in the order of the table."""
        return list(self._by_name.values())

    def connect_all(self, slots: dict[str, Callable[[], object]]) -> None:
        """Give actions, by name, what they do."""
        for name, slot in slots.items():
            self._by_name[name].triggered.connect(lambda _checked=False, slot=slot: slot())

    def set_enabled(self, names: tuple[str, ...], enabled: bool) -> None:
        """Enable or disable several actions."""
        for name in names:
            self._by_name[name].setEnabled(enabled)

    def restyle(self) -> None:
        """Take the colours of the theme."""
        theme = themes.current()
        for name, file in self._icons.items():
            color = {"train": theme.on_accent}.get(name)
            self._by_name[name].setIcon(icon(file, theme, color))

    def full_text(self, name: str) -> str:
        """What an action is called by itself: behind the name of the menu within a menu that it stands in."""
        text = plain(self[name].text())
        return f"{self._within[name]}: {text}" if name in self._within else text

    def fill_menu(self, menu: QMenu, names: str) -> None:
        """Add actions to a menu; "|" stands for a line."""
        within = isinstance(menu.parent(), QMenu)
        for name in names.split():
            if name == "|":
                menu.addSeparator()
                continue
            menu.addAction(self[name])
            if within:
                self._within[name] = plain(menu.title())

    def fill_toolbar(self, bar: QToolBar, names: str) -> None:
        """Add actions to a toolbar; "|" stands for a line."""
        for name in names.split():
            if name == "|":
                bar.addSeparator()
            else:
                bar.addAction(self[name])


def plain(text: str) -> str:
    """The text of an action without the mark of its letter, and without dots."""
    return re.sub(r"\(&.\)|&", "", text).removesuffix("…")


def _is_plain(key: QKeySequence) -> bool:
    """Whether keys are such as are typed into fields and lists."""
    chord = key[0]  # pyright: ignore[reportIndexIssue]  # the stubs lack it
    held = chord.keyboardModifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
    return not held and not Qt.Key.Key_F1 <= chord.key() <= Qt.Key.Key_F35


def _set_tip(action: QAction, tip: str) -> None:
    shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    action.setToolTip(f"{tip} ({shown})" if shown else tip)
    action.setWhatsThis(tip)
