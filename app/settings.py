"""What the program remembers between two starts. Damaged settings are treated as if there were none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import platformdirs
from PySide6.QtCore import QByteArray, QSettings

APPEARANCES = ("system", "light", "dark")
_RECENT = 10
_ALLOWED = 200
Word = TypeVar("Word", bound=str)


def config_folder() -> Path:
    """Where settings lie; `LAYERLOOM_CONFIG_DIR` overrides it."""
    return Path(os.environ.get("LAYERLOOM_CONFIG_DIR") or platformdirs.user_config_dir("layerloom"))


def data_folder() -> Path:
    """Where runs of unsaved projects lie; `LAYERLOOM_DATA_DIR` overrides it."""
    return Path(os.environ.get("LAYERLOOM_DATA_DIR") or platformdirs.user_data_dir("layerloom"))


class AppSettings:
    """Typed access to the settings file."""

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or config_folder()
        with contextlib.suppress(OSError):  # without a folder the settings last until the program ends
            folder.mkdir(parents=True, exist_ok=True)
        self._store = QSettings(str(folder / "layerloom.ini"), QSettings.Format.IniFormat)

    # Layout of the window

    def state(self, name: str) -> QByteArray | None:
        """The remembered state of a window or splitter."""
        value = self._value(f"window/{name}")
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_state(self, name: str, state: QByteArray) -> None:
        self._store.setValue(f"window/{name}", state)

    def flag(self, name: str, default: bool) -> bool:
        """A remembered yes or no."""
        value = self._value(f"flags/{name}")
        return {"true": True, "false": False}.get(str(value).lower(), default)

    def set_flag(self, name: str, value: bool) -> None:
        self._store.setValue(f"flags/{name}", "true" if value else "false")

    def word(self, name: str, allowed: Sequence[Word], default: Word) -> Word:
        """A remembered choice from several."""
        value = self._value(f"choices/{name}")
        return next((word for word in allowed if word == value), default)

    def set_word(self, name: str, value: str) -> None:
        self._store.setValue(f"choices/{name}", value)

    # Appearance

    @property
    def appearance(self) -> str:
        """One of `APPEARANCES`."""
        value = self._value("appearance")
        return value if isinstance(value, str) and value in APPEARANCES else "system"

    @appearance.setter
    def appearance(self, value: str) -> None:
        self._store.setValue("appearance", value)

    @property
    def language(self) -> str:
        """The language that was chosen, or "system"."""
        value = self._value("language")
        return value if isinstance(value, str) else "system"

    @language.setter
    def language(self, value: str) -> None:
        self._store.setValue("language", value)

    # Files

    @property
    def recent(self) -> list[Path]:
        """Projects opened or saved lately, the latest first; those that are gone are left out."""
        found = [Path(text) for text in self._texts("recent") if text]
        return [path for path in found if path.is_file()][:_RECENT]

    def add_recent(self, path: Path) -> None:
        path = path.resolve()
        self._set_recent([path, *(other for other in self.recent if other != path)])

    def clear_recent(self) -> None:
        self._set_recent([])

    def _set_recent(self, paths: list[Path]) -> None:
        self._store.setValue("recent", [str(path) for path in paths[:_RECENT]])

    @property
    def last_folder(self) -> Path:
        """The folder that the last file dialog ended in."""
        value = self._value("last_folder")
        path = Path(value) if isinstance(value, str) and value else Path.home()
        return path if path.is_dir() else Path.home()

    @last_folder.setter
    def last_folder(self, path: Path) -> None:
        self._store.setValue("last_folder", str(path))

    # Programs

    def allows(self, mark: str) -> bool:
        """Whether there was a yes for a Python file with this content."""
        return mark in self._texts("allowed")

    def add_allowed(self, mark: str) -> None:
        others = [other for other in self._texts("allowed") if other != mark]
        self._store.setValue("allowed", [mark, *others][:_ALLOWED])
        self.save()

    # Commands

    @property
    def recent_commands(self) -> list[str]:
        """Names of the actions that were taken from the command palette, the latest first."""
        return self._texts("commands")

    def add_recent_command(self, name: str) -> None:
        others = [other for other in self.recent_commands if other != name]
        self._store.setValue("commands", [name, *others][:_RECENT])

    def shortcuts(self, name: str) -> tuple[str, ...] | None:
        """The shortcuts that a person gave to an action; None where they are those of the program."""
        if not self._store.contains(f"shortcuts/{name}"):
            return None
        return tuple(text for text in self._texts(f"shortcuts/{name}") if text)

    def set_shortcuts(self, name: str, shortcuts: tuple[str, ...] | None) -> None:
        if shortcuts is None:
            self._store.remove(f"shortcuts/{name}")
        else:
            self._store.setValue(f"shortcuts/{name}", list(shortcuts) or [""])

    def save(self) -> None:
        """Write the settings to disk now."""
        self._store.sync()

    def _texts(self, key: str) -> list[str]:
        value = self._value(key)
        if isinstance(value, str):
            return [value]
        return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []

    def _value(self, key: str) -> object:
        try:
            return self._store.value(key)
        except Exception:  # PySide raises whatever the bytes of a damaged value lead it to
            return None
