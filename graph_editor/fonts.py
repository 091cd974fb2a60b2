"""The fonts of the canvas, made once from the font of the program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from PySide6.QtGui import QFont, QFontMetricsF
from PySide6.QtWidgets import QApplication

from graph_editor.theme import tabular

_NARROW = 90
"""Per cent of the width of letters."""


@dataclass(frozen=True)
class CardFonts:
    """Fonts by what they write, in canvas units, so that they grow with the zoom."""

    title: QFont
    detail: QFont
    narrow: QFont
    """The same for what would not fit: a little narrower, so that the long names of Keras are read whole."""
    shape: QFont
    badge: QFont


def card_fonts() -> CardFonts:
    """The fonts of cards and wires."""
    return _fonts(QApplication.font().family())


def shape_width(text: str) -> float:
    """How wide a shape is, written on a wire: few of those in a graph differ."""
    return _shape_width(text, QApplication.font().family())


@lru_cache(maxsize=10_000)
def _shape_width(text: str, family: str) -> float:
    return QFontMetricsF(_fonts(family).shape).horizontalAdvance(text)


@cache
def _fonts(family: str) -> CardFonts:
    def make(pixels: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        font = QFont(family)
        font.setPixelSize(pixels)
        font.setWeight(weight)
        # Hinting snaps letters to pixels, which lets text jump about while zooming.
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return tabular(font)

    narrow = make(11)
    narrow.setStretch(_NARROW)
    return CardFonts(make(13, QFont.Weight.DemiBold), make(11), narrow, make(11), make(11, QFont.Weight.Bold))
