"""What the engine says, in the language of the window.

The engine knows no window and speaks English. Its sentences are translated where they are shown, those with
names and numbers in them by their pattern.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

ENGINE = "Engine"
"""The context of translations that sentences of the engine have."""


def said(text: str) -> str:
    """A sentence, a name or a description of the engine in the language of the window, if it is known there."""
    return QCoreApplication.translate(ENGINE, text) if text else text
