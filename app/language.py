"""The language of the window: English, in which it is written, or one that there is a table of sentences for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

import resources
from graph_editor.words import ENGINE

FOLDER = Path(resources.__file__).parent / "languages"
LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
"""What there is, and what it is called in itself."""

_PLACE = re.compile(r"\{(\d+)\}")
_JOINT = re.compile(r"\{\d+\}\W*\w{1,6}\W*\{\d+\}")
"""Two names with a word between them, as "{0} and {1}": too little to know a sentence by."""


@dataclass(frozen=True)
class Table:
    """The texts of a language by the English ones: those of the window, and those that come from the engine."""

    window: Mapping[str, str]
    engine: Mapping[str, str]

    @cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        """Sentences of the engine with places for names, those with the most words of their own first."""
        open_ = sorted(filter(_PLACE.search, self.engine), key=lambda text: -_own(text))
        return tuple(
            Pattern(_pattern(text), self.engine[text], _JOINT.fullmatch(text) is not None) for text in open_
        )


@dataclass(frozen=True)
class Pattern:
    """What sentences look like that names are filled into, and how they are said."""

    looks: re.Pattern[str]
    text: str
    is_joint: bool


class Sentences(QTranslator):
    """Translations by the English text, whatever the class that says it.

    A sentence with names or numbers is found by its pattern where it comes ready from the engine: "{0} leads
    nowhere" stands for "dense_1 leads nowhere".
    """

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table
        self._of_engine = lru_cache(maxsize=4096)(self._find)

    def isEmpty(self) -> bool:
        return False

    def translate(
        self,
        context: str,
        sourceText: str,  # noqa: N803
        disambiguation: str | None = None,
        n: int = -1,
    ) -> str:
        if context == ENGINE:
            # None lets Qt take the text as it is.
            return self._of_engine(sourceText) or self._table.window.get(sourceText)  # type: ignore[return-value]
        key = f"{sourceText}|{disambiguation}" if disambiguation else sourceText
        return self._table.window.get(key)  # type: ignore[return-value]

    def _find(self, text: str, *, is_part: bool = False) -> str | None:
        found = self._table.engine.get(text)
        if found is not None:
            return found
        for pattern in self._table.patterns:
            match = pattern.looks.fullmatch(text) if is_part or not pattern.is_joint else None
            if match is not None:
                return self._filled(pattern.text, match.groupdict())
        return None

    def _filled(self, text: str, parts: Mapping[str, str]) -> str:
        return _PLACE.sub(lambda place: self._part(parts.get(f"p{place[1]}", "")), text)

    def _part(self, text: str) -> str:
        """What is filled in: a name as it is; what has several words may be a sentence of its own."""
        return (self._find(text, is_part=True) if " " in text else None) or text


def _own(text: str) -> int:
    return len(_PLACE.sub("", text).strip(" .,:"))


def _pattern(text: str) -> re.Pattern[str]:
    """What texts look like that a text with places becomes; a place that comes again holds the same again.

    A place right behind something else may stay empty: "inputs{2}" is "inputs", or "inputs (query, key)".
    """
    seen: set[str] = set()
    out = before = ""
    for part in re.split(r"(\{\d+\})", text):
        place = _PLACE.fullmatch(part)
        if place is None:
            out += re.escape(part)
        elif place[1] in seen:
            out += f"(?P=p{place[1]})"
        else:
            seen.add(place[1])
            out += f"(?P<p{place[1]}>.{'+' if before in ('', ' ') else '*'}?)"
        before = part[-1:] or before
    return re.compile(out, re.DOTALL)


@cache
def table(language: str) -> Table:
    """The texts of a language."""
    return Table(**json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8")))


def chosen(wish: str) -> str:
    """The language for what a person wishes: one of `LANGUAGES`, or that of the system."""
    if wish in LANGUAGES:
        return wish
    names = (QLocale(name).name() for name in QLocale.system().uiLanguages())
    return next((name for name in names if name in LANGUAGES), "en")


@cache
def translators(language: str) -> tuple[QTranslator, ...]:
    """What translates the program, and Qt's own buttons.

    They are kept for good: Qt waits for ever where one is taken apart while another is asked, as the garbage
    collector may.
    """
    if language == "en":
        return ()
    of_qt = QTranslator()
    if of_qt.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        return of_qt, Sentences(table(language))
    return (Sentences(table(language)),)


_installed: list[QTranslator] = []


def speak(language: str) -> None:
    """Let all that is made from now on be in a language."""
    for translator in _installed:
        QCoreApplication.removeTranslator(translator)
    _installed[:] = translators(language)
    for translator in _installed:
        QCoreApplication.installTranslator(translator)
