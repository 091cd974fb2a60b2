"""What a network gives each class, as bars."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from graph_editor import theme as themes

_MOST = 12
_SIDES = Qt.AlignmentFlag.AlignVCenter


class ShareBars(QWidget):
    """A bar for each class in its order; of very many classes, for those with the largest shares."""

    chosen = Signal(int)
    """The number of a class that was clicked."""

    _ROW, _PAD = 26, 12

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shares: tuple[tuple[int, str, float], ...] = ()
        self.marked = -1
        """The number of the class that is looked at."""
        self.setFont(themes.tabular(self.font()))
        themes.theme_notifier.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(320, max(1, len(self.shares)) * self._ROW)

    def show_shares(self, shares: Sequence[tuple[str, float]], marked: int) -> None:
        """Show these in place of those before."""
        numbered = [(number, name, share) for number, (name, share) in enumerate(shares)]
        if len(numbered) > _MOST:
            numbered = sorted(numbered, key=lambda entry: -entry[2])[:_MOST]
        self.shares, self.marked = tuple(numbered), marked
        self.setFixedHeight(self.sizeHint().height())
        self.setAccessibleName(", ".join(f"{name} {_percent(share)}" for _, name, share in numbered))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme, measure = QPainter(self), themes.current(), self.fontMetrics()
        names = max((measure.horizontalAdvance(name) for _, name, _ in self.shares), default=0)
        names = min(names + 10, self.width() // 3)
        figures = measure.horizontalAdvance("100.0 %") + 10
        best = max((share for *_, share in self.shares), default=0.0)
        for row, (number, name, share) in enumerate(self.shares):
            line = QRect(self._PAD, row * self._ROW, self.width() - 2 * self._PAD, self._ROW)
            room = max(line.width() - names - figures, 10)
            track = QRectF(line.left() + names, line.top() + 5, room, self._ROW - 10)
            painter.fillRect(track, themes.color(theme.window))
            track.setWidth(room * min(max(share, 0.0), 1.0))
            painter.fillRect(track, themes.color(theme.plot_train, 230 if share == best else 110))
            painter.setPen(themes.color(theme.accent if number == self.marked else theme.text))
            text = measure.elidedText(name, Qt.TextElideMode.ElideRight, names - 8)
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | _SIDES, text)
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | _SIDES, _percent(share))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y()) // self._ROW
        if 0 <= row < len(self.shares):
            self.chosen.emit(self.shares[row][0])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
