"""The language of the window: English, in which it is written, or one that there is a table of sentences for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property, lru_cache
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

import resources
from graph_editor.words import ENGINE

FOLDER = Path(resources.__file__).parent / "languages"
LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
"""What there is, and what it is called in itself."""

_PLACE = re.compile(r"\{(\d+)\}")


class Sentences(QTranslator):
    """Translations by the English text, whatever the class that says it.

    A text with names or numbers is found by its pattern where it comes ready from the engine: "{0} leads nowhere"
    stands for "dense_1 leads nowhere".
    """

    def __init__(self, table: Mapping[str, str]) -> None:
        super().__init__()
        self._table = table
        self._of_engine = lru_cache(maxsize=4096)(self._by_pattern)

    def isEmpty(self) -> bool:
        return not self._table

    def translate(
        self,
        context: str,
        sourceText: str,  # noqa: N803
        disambiguation: str | None = None,
        n: int = -1,
    ) -> str:
        found = self._table.get(sourceText)
        if found is None and context == ENGINE:
            found = self._of_engine(sourceText)
        return found  # type: ignore[return-value]  # None lets Qt take the text as it is

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """Sentences with places for names, those with the most words of their own first."""
        open_ = [text for text in self._table if _PLACE.search(text) and _PLACE.sub("", text).strip(" .,:")]
        open_.sort(key=lambda text: -len(_PLACE.sub("", text)))
        return [(_pattern(text), self._table[text]) for text in open_]

    def _by_pattern(self, text: str) -> str | None:
        for pattern, translation in self._patterns:
            match = pattern.fullmatch(text)
            if match is not None:
                return _filled(translation, match.groupdict())
        return None


def _filled(translation: str, parts: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: parts.get(f"p{place[1]}", ""), translation)


def _pattern(text: str) -> re.Pattern[str]:
    """What texts look like that a text with places becomes; a place that comes again holds the same again."""
    seen: set[str] = set()
    out = ""
    for part in re.split(r"(\{\d+\})", text):
        place = _PLACE.fullmatch(part)
        if place is None:
            out += re.escape(part)
        elif place[1] in seen:
            out += f"(?P=p{place[1]})"
        else:
            seen.add(place[1])
            out += f"(?P<p{place[1]}>.+?)"
    return re.compile(out, re.DOTALL)


@cache
def table(language: str) -> dict[str, str]:
    """The sentences of a language by the English ones."""
    return json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))


def chosen(wish: str) -> str:
    """The language for what a person wishes: one of `LANGUAGES`, or that of the system."""
    if wish in LANGUAGES:
        return wish
    names = (QLocale(name).name() for name in QLocale.system().uiLanguages())
    return next((name for name in names if name in LANGUAGES), "en")


def translators(language: str) -> Iterator[QTranslator]:
    """What translates the program, and Qt's own buttons."""
    if language == "en":
        return
    of_qt = QTranslator()
    if of_qt.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        yield of_qt
    yield Sentences(table(language))


_installed: list[QTranslator] = []
"""Kept for Qt, which holds on to none of them."""


def speak(language: str) -> None:
    """Let all that is made from now on be in a language."""
    for translator in _installed:
        QCoreApplication.removeTranslator(translator)
    _installed[:] = translators(language)
    for translator in _installed:
        QCoreApplication.installTranslator(translator)
