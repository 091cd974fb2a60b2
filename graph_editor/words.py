"""What the engine says, in the language of the window.

The engine knows no window and speaks English. Its sentences are translated where they are shown, those with
names and numbers in them by their pattern.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.errors import FileError, LayerloomError, NotReadyError

ENGINE = "Engine"
"""The context of translations that sentences of the engine have."""


def said(text: str) -> str:
    """A sentence, a name or a description of the engine in the language of the window, if it is known there."""
    return QCoreApplication.translate(ENGINE, text) if text else text


def error_said(error: LayerloomError) -> str:
    """An error as a sentence; that of a file behind its path, and behind the place in it where that is told."""
    if isinstance(error, NotReadyError):
        return " ".join(said(problem.message) for problem in error.problems)
    if not isinstance(error, FileError):
        return said(str(error))
    whole = said(error.reason)
    place, colon, cause = error.reason.partition(": ")
    reason = f"{place}: {said(cause)}" if colon and whole == error.reason else whole
    return f"{error.path}: {reason}"


def noted(text: str) -> str:
    """Marks a text of the window that is translated later, when it is shown."""
    return text


def counted(number: int, one: str, many: str) -> str:
    """How many there are, by two translated texts with a place for the number: "1 layer", "1,234 layers"."""
    return (one if number == 1 else many).format(f"{number:,}")
