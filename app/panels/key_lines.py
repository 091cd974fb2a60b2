"""What the colours of curves stand for: dots with words and figures, in as few lines as they need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from graph_editor import theme as themes

_DOT, _GAP = 13.0, 10.0
"""Pixels that a dot takes, and that lie between a key and the next."""
_SHORTEST = 64.0
"""Pixels of a word that are left of it at least where words are cut."""


@dataclass(frozen=True)
class Key:
    """What a colour stands for: a word, a figure, or both; and what else it is called, where there is no word."""

    color: str
    word: str = ""
    figure: str = ""
    name: str = ""


def flowed(widths: Sequence[float], first: float, room: float, lines: int) -> list[tuple[int, float]]:
    """Where keys of these widths lie, one after the other: line and pixels, as long as there are lines.

    The first line begins further right than the others.
    """
    places: list[tuple[int, float]] = []
    line, x = 0, first
    for width in widths:
        if x > 0 and x + width > room:
            line, x = line + 1, 0.0
        if line == lines:
            break
        places.append((line, x))
        x += width + _GAP
    return places


class KeyLines(QWidget):
    """A title, and keys behind it. Words are cut before keys are left out; the tooltip has all of them.

    All figures take the same room, which grows only: they stand still while they change.
    """

    room_changed = Signal()
    """Keys, or the room for them, are others than before: `lines_needed` may be, too."""

    def __init__(self, most: int = 1, parent: QWidget | None = None) -> None:
        """`most` is the number of lines there may be."""
        super().__init__(parent)
        self.title = self.note = ""
        self.keys: tuple[Key, ...] = ()
        self._most = most
        self._slot = 0.0
        self._shape: object = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFont(themes.tabular(self.font()))
        self.set_lines(1)

    def show_keys(self, keys: Sequence[Key], title: str = "", note: str = "") -> None:
        """Show these; the note stands behind them where there is room for all of it."""
        if (tuple(keys), title, note) == (self.keys, self.title, self.note):
            return
        if len(keys) != len(self.keys):
            self._slot = 0.0
        self.keys, self.title, self.note = tuple(keys), title, note
        bold = self._bold()
        self._slot = max([self._slot, *(bold.horizontalAdvance(key.figure) for key in keys)])
        self.setAccessibleName(self.text())
        self.setToolTip(self.text())
        self.update()
        self._tell_shape()

    def set_lines(self, lines: int) -> None:
        """Take this many lines, needed or not."""
        self.setFixedHeight(round(lines * self._line) + 2)

    def text(self) -> str:
        """All that there is to show, a line for each key."""
        told = [" ".join(filter(None, (key.name or key.word, key.figure))) for key in self.keys]
        return "\n".join(filter(None, (self.title, *told, self.note)))

    @property
    def lines_needed(self) -> int:
        """The fewest lines in which no word is cut and nothing left out; else as many as there may be."""
        widths = [self._width(key) for key in self.keys]
        counts = range(1, self._most)
        return next((n for n in counts if len(self._flowed(widths, lines=n)) == len(widths)), self._most)

    def fits(self, keys: Sequence[Key]) -> bool:
        """Whether there is room for these in one line."""
        return len(self._flowed([self._width(key) for key in keys], lines=1)) == len(keys)

    def shown(self) -> list[str]:
        """What is seen of each key, and how many are left out."""
        return [f"{key.word} {key.figure}".strip() for key, _, _ in self._laid_out()] + self._left_out()

    # Room

    @property
    def _line(self) -> float:
        return QFontMetricsF(self.font()).height()

    def _bold(self) -> QFontMetricsF:
        return QFontMetricsF(_bold(self.font()))

    def _start(self) -> float:
        return self._bold().horizontalAdvance(self.title) + _GAP if self.title else 0.0

    def _word(self, key: Key) -> float:
        return QFontMetricsF(self.font()).horizontalAdvance(key.word) + 1 if key.word else 0.0

    def _width(self, key: Key, most: float = 1e9) -> float:
        word = min(self._word(key), most)
        figure = self._slot if key.figure or not key.word else 0.0
        return _DOT + word + (4.0 if word and figure else 0.0) + figure

    def _flowed(self, widths: Sequence[float], lines: int, less: float = 0.0) -> list[tuple[int, float]]:
        return flowed(widths, self._start(), self.width() - less, lines)

    def _lines(self) -> int:
        return max(1, round(self.height() / self._line))

    def _longest(self) -> float:
        """To how many pixels words are cut, so that there is room for all keys, if that can be."""
        longest = max(map(self._word, self.keys), default=0.0)
        while longest > _SHORTEST:
            widths = [self._width(key, longest) for key in self.keys]
            if len(self._flowed(widths, self._lines())) == len(widths):
                break
            longest -= 4.0
        return longest

    def _laid_out(self) -> Iterator[tuple[Key, int, float]]:
        """The keys that there is room for, their words cut, their lines and places."""
        longest, metrics = self._longest(), QFontMetricsF(self.font())
        widths = [self._width(key, longest) for key in self.keys]
        places = self._flowed(widths, self._lines())
        if len(places) < len(widths):
            places = self._flowed(widths, self._lines(), less=metrics.horizontalAdvance("+00"))
        for key, (line, x) in zip(self.keys, places, strict=False):
            word = metrics.elidedText(key.word, Qt.TextElideMode.ElideRight, max(longest, 1.0))
            yield replace(key, word=word), line, x

    def _left_out(self) -> list[str]:
        left = len(self.keys) - len(list(self._laid_out()))
        return [f"+{left}"] if left else []

    def _tell_shape(self) -> None:
        shape = self.title, len(self.keys), self._slot, self.width()
        if shape != self._shape:
            self._shape = shape
            self.room_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell_shape()

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = themes.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plain, bold, end = self.font(), _bold(self.font()), (0, self._start())
        self._write(painter, bold, theme.text, self.title, 0, 0.0)
        for key, line, x in self._laid_out():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(themes.color(key.color))
            painter.drawEllipse(QPointF(x + 4.5, (line + 0.5) * self._line + 1), 4.0, 4.0)
            x = self._write(painter, plain, theme.text, key.word, line, x + _DOT)
            x = self._write(painter, bold, theme.text, key.figure, line, x + (4.0 if key.word else 0.0))
            end = line, x + _GAP
        for text in self._left_out():
            end = end[0], self._write(painter, plain, theme.muted, text, *end)
        if self.note and end[1] + QFontMetricsF(plain).horizontalAdvance(self.note) <= self.width():
            self._write(painter, plain, theme.muted, self.note, *end)
        painter.end()

    def _write(self, painter: QPainter, font: QFont, color: str, text: str, line: int, x: float) -> float:
        """Write a text into a line; the place where it ends."""
        width = QFontMetricsF(font).horizontalAdvance(text)
        painter.setFont(font)
        painter.setPen(themes.color(color))
        place = QRectF(x, line * self._line, width + 2, self._line + 2)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
        return x + width


def _bold(font: QFont) -> QFont:
    found = QFont(font)
    found.setBold(True)
    return found
