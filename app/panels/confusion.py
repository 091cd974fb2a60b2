"""The confusion matrix: a row for each true class, a column for each predicted one; cells open their samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from app.texts import count
from engine.scoring import Classified
from graph_editor import theme as themes

MOST = 60
"""Classes that are shown; of more, those that are mistaken most often."""
_KEYS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class ConfusionMatrix(QWidget):
    """Counts or shares, the darker the more; a click, or the arrow keys and Enter, opens a cell."""

    chosen = Signal(int, int)
    """A cell was opened: the true and the predicted class."""

    _LEAST, _GREATEST = 26, 64
    _NAME = 120
    _PAD = 8

    def __init__(self, scores: Classified, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scores = scores
        self.labels = _shown(scores)
        self.as_shares = False
        self.cell: tuple[int, int] | None = None
        """Row and column of the cell that is open, in the order in which they are shown."""
        self.setFont(themes.tabular(self.font()))
        measure = self.fontMetrics()
        self._widest = max(measure.horizontalAdvance(scores.classes[label]) for label in self.labels)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Confusion matrix"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumSize(self._size(self._LEAST))
        themes.theme_notifier.changed.connect(self.update)

    @property
    def left_out(self) -> int:
        """How many classes are not shown."""
        return len(self.scores.classes) - len(self.labels)

    def show_shares(self, on: bool) -> None:
        """Show the shares of each row in place of the counts."""
        self.as_shares = on
        self.update()

    def open_cell(self, true: int, predicted: int) -> None:
        """Mark a cell and say that it was opened."""
        if true in self.labels and predicted in self.labels:
            self.cell = self.labels.index(true), self.labels.index(predicted)
            self.update()
        self.chosen.emit(true, predicted)

    # Places

    @property
    def _names(self) -> int:
        return min(self._widest + 10, self._NAME)

    @property
    def _line(self) -> int:
        return self.fontMetrics().height() + 4

    def _head(self, side: int) -> int:
        """The height of the names above: they stand upright where they are wider than a cell."""
        return self._line if self._widest + 4 <= side else self._names

    def _size(self, side: int) -> QSize:
        inner = side * len(self.labels)
        across = 2 * self._PAD + self._line + self._names + inner
        return QSize(across, 2 * self._PAD + self._line + self._head(side) + inner)

    def sizeHint(self) -> QSize:
        return self._size(44)

    @property
    def _side(self) -> int:
        number = len(self.labels)
        across = (self.width() - 2 * self._PAD - self._line - self._names) // number
        upright = (self.height() - 2 * self._PAD - self._line - self._head(self._LEAST)) // number
        return max(self._LEAST, min(self._GREATEST, across, upright))

    def place(self, row: int, column: int) -> QRect:
        """Where a cell is."""
        side = self._side
        left = self._PAD + self._line + self._names
        top = self._PAD + self._line + self._head(side)
        return QRect(left + column * side, top + row * side, side, side)

    def _at(self, point: QPoint) -> tuple[int, int] | None:
        first = self.place(0, 0)
        inner = point - first.topLeft()
        row, column = inner.y() // first.width(), inner.x() // first.width()
        inside = 0 <= row < len(self.labels) and 0 <= column < len(self.labels)
        return (row, column) if inside else None

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), themes.current()
        self._paint_names(painter, theme)
        shares = self._shares()
        for row in range(len(self.labels)):
            for column in range(len(self.labels)):
                place = self.place(row, column)
                if place.intersects(event.rect()):
                    self._paint_cell(painter, theme, place, row, column, shares[row, column])
        if self.cell is not None:
            painter.setPen(QPen(themes.color(theme.accent), 2))
            painter.drawRect(self.place(*self.cell))
        painter.end()

    def _shares(self) -> Any:
        found = self.scores.confusion[self.labels]
        return (found / np.maximum(found.sum(1, keepdims=True), 1))[:, self.labels]

    def _paint_cell(
        self, painter: QPainter, theme: themes.Theme, place: QRect, row: int, column: int, share: float
    ) -> None:
        many = int(self.scores.confusion[self.labels[row], self.labels[column]])
        inner = place.adjusted(1, 1, -1, -1)
        shade = 0
        if many:
            shade = round(24 + 150 * float(share) ** 0.5)
        color = theme.plot_train if row == column else theme.plot_validation
        painter.fillRect(inner, themes.color(theme.window))
        painter.fillRect(inner, themes.color(color, shade))
        painter.setPen(themes.color(theme.text if many else theme.muted))
        text = f"{100 * share:.0f} %" if self.as_shares else count(many)
        if painter.fontMetrics().horizontalAdvance(text) > inner.width():
            text = text.removesuffix(" %") if self.as_shares else _brief(many)
        painter.drawText(inner, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_names(self, painter: QPainter, theme: themes.Theme) -> None:
        first, side = self.place(0, 0), self._side
        inner = side * len(self.labels)
        measure = painter.fontMetrics()
        painter.setPen(themes.color(theme.muted))
        center = Qt.AlignmentFlag.AlignCenter
        painter.drawText(QRect(first.left(), self._PAD, inner, self._line), center, self.tr("predicted"))
        painter.save()
        painter.translate(QPointF(self._PAD, first.top() + inner))
        painter.rotate(-90)
        painter.drawText(QRect(0, 0, inner, self._line), center, self.tr("true"))
        painter.restore()
        painter.setPen(themes.color(theme.text))
        upright = self._head(side) > self._line
        for number, label in enumerate(self.labels):
            name = self.scores.classes[label]
            text = measure.elidedText(name, Qt.TextElideMode.ElideRight, self._names - 8)
            row = QRect(self._PAD + self._line, first.top() + number * side, self._names - 6, side)
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            painter.save()
            if upright:
                painter.translate(first.left() + number * side, first.top() - 4)
                painter.rotate(-90)
                text = measure.elidedText(name, Qt.TextElideMode.ElideRight, self._head(side) - 6)
                box, align = QRect(0, 0, self._head(side), side), Qt.AlignmentFlag.AlignLeft
                painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, text)
            else:
                box = QRect(first.left() + number * side, first.top() - self._line, side, self._line)
                painter.drawText(box, center, name)
            painter.restore()

    # Mouse and keys

    def words(self, row: int, column: int) -> str:
        """What a cell says, in words."""
        true, predicted = self.labels[row], self.labels[column]
        many, names = int(self.scores.confusion[true, predicted]), self.scores.classes
        share = f"{100 * many / max(int(self.scores.confusion[true].sum()), 1):.1f} %"
        if row == column:
            return self.tr("{0} of {1} are found ({2})").format(count(many), names[true], share)
        return self.tr("{0} of {1} are taken for {2} ({3})").format(
            count(many), names[true], names[predicted], share
        )

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self._at(event.pos())
            QToolTip.showText(event.globalPos(), self.words(*cell) if cell is not None else "", self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self._at(event.position().toPoint())
        if cell is not None:
            self._choose(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _KEYS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        row, column = self.cell or (0, 0)
        last = len(self.labels) - 1
        self._choose(min(max(row + step[0], 0), last), min(max(column + step[1], 0), last))

    def _choose(self, row: int, column: int) -> None:
        self.cell = row, column
        self.setAccessibleDescription(self.words(row, column))
        self.update()
        self.chosen.emit(self.labels[row], self.labels[column])


def _shown(scores: Classified) -> list[int]:
    """The classes that are shown, in their order."""
    wrong = scores.confusion.sum(0) + scores.confusion.sum(1) - 2 * np.diag(scores.confusion)
    return sorted(np.argsort(-wrong, kind="stable")[:MOST].tolist())


def _brief(many: int) -> str:
    """A count in a narrow cell."""
    return f"{many / 1000:.0f}k" if many >= 1000 else str(many)
