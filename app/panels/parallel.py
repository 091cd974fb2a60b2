"""Parallel coordinates: an axis for each setting and for the figure, a line through them for each trial."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from graph_editor import theme as themes

_TOP, _BOTTOM, _SIDE = 34, 14, 18
_GRAB = 14  # pixels beside an axis in which a drag brushes it
_NEAR = 8  # pixels from a line at which it is meant
_LEAST = 0.01  # of an axis, that a brush spans at least


@dataclass(frozen=True)
class ParallelAxis:
    """An axis: its title, and what stands at places from 0 (below) to 1."""

    title: str
    labels: tuple[tuple[float, str], ...] = ()
    about: str = ""


@dataclass(frozen=True)
class ParallelLine:
    """A line: the places where it crosses the axes, None where it has none; its colour from 0 (worst) to 1."""

    number: int
    places: tuple[float | None, ...]
    share: float | None
    text: str


_PLAIN, _FAINT = 230, 110
"""How opaque lines are, and where others stand out."""


class ParallelPlot(QWidget):
    """Draws the lines. A drag on an axis narrows them to those that cross it there; a click there shows all."""

    chosen = Signal(int)
    """A line was clicked: the number of its trial."""
    opened = Signal(int)
    """A line was clicked twice, or Enter was pressed on it."""
    narrowed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axes: tuple[ParallelAxis, ...] = ()
        self.lines: tuple[ParallelLine, ...] = ()
        self.brushes: dict[int, tuple[float, float]] = {}
        self.marked: int | None = None
        """The number of the trial under the pointer, or that the keys are at."""
        self._selected: frozenset[int] = frozenset()
        self._drag: tuple[int, float] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFont(themes.tabular(self.font()))
        self.setMinimumHeight(120)
        self.setAccessibleName(self.tr("Settings and figures of the trials"))
        themes.theme_notifier.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(520, 220)

    def show_lines(self, axes: Sequence[ParallelAxis], lines: Sequence[ParallelLine]) -> None:
        """Show other lines; brushes stay where the axes are the same."""
        if tuple(axis.title for axis in axes) != tuple(axis.title for axis in self.axes):
            self.brushes.clear()
            self.marked = None
        self.axes, self.lines = tuple(axes), tuple(lines)
        self.update()

    def within(self, line: ParallelLine) -> bool:
        """Whether a line crosses all axes where they are brushed."""
        places = ((line.places[axis], low, high) for axis, (low, high) in self.brushes.items())
        return all(place is not None and low <= place <= high for place, low, high in places)

    # Places

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_SIDE + 24, _TOP, -_SIDE - 56, -_BOTTOM)

    def x(self, axis: int) -> float:
        """Where an axis stands."""
        area = self._area()
        return area.left() + area.width() * axis / max(1, len(self.axes) - 1)

    def y(self, place: float) -> float:
        """Where a place of an axis lies."""
        area = self._area()
        return area.bottom() - area.height() * place

    def _place(self, y: float) -> float:
        area = self._area()
        return min(1.0, max(0.0, (area.bottom() - y) / max(1.0, area.height())))

    def _axis_at(self, point: QPointF) -> int | None:
        near = [axis for axis in range(len(self.axes)) if abs(self.x(axis) - point.x()) <= _GRAB]
        return near[0] if near and point.y() >= _TOP - 6 else None

    def show_selected(self, numbers: Iterable[int]) -> None:
        """Let the lines of these trials stand out."""
        self._selected = frozenset(numbers)
        self.update()

    def line_at(self, point: QPointF) -> ParallelLine | None:
        """The line that lies next to a point, if it is near."""
        if len(self.axes) < 2:
            return None
        step = (self.x(1) - self.x(0)) or 1.0
        left = min(len(self.axes) - 2, max(0, int((point.x() - self.x(0)) // step)))
        share = min(1.0, max(0.0, (point.x() - self.x(left)) / step))
        best: tuple[float, ParallelLine | None] = (_NEAR, None)
        for line in filter(self.within, self.lines):
            first, second = line.places[left], line.places[left + 1]
            if first is None or second is None:
                continue
            smooth = share * share * (3 - 2 * share)
            away = abs(self.y(first + (second - first) * smooth) - point.y())
            if away <= best[0]:
                best = (away, line)
        return best[1]

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), themes.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ordered = sorted(self.lines, key=lambda line: (self.within(line), line.share or -1.0))
        above = [line for line in ordered if self._stands_out(line)]
        for line in ordered:
            self._paint_line(painter, line, _FAINT if above else _PLAIN)
        for line in above:
            self._paint_line(painter, line, None)
        for number, axis in enumerate(self.axes):
            self._paint_axis(painter, number, axis)
        if self.hasFocus():
            painter.setPen(QPen(themes.color(theme.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _stands_out(self, line: ParallelLine) -> bool:
        """Whether a line is under the pointer, or selected, but by narrowing."""
        return line.number == self.marked or (line.number in self._selected and not self.brushes)

    def _paint_line(self, painter: QPainter, line: ParallelLine, alpha: int | None) -> None:
        """Draw a line; one without `alpha` stands out."""
        theme = themes.current()
        shade = QColor(share_color(line.share)) if line.share is not None else QColor(theme.muted)
        if not self.within(line):
            shade = QColor(theme.muted)
            shade.setAlpha(45)
        elif alpha is not None:
            shade.setAlpha(alpha)
        pen = QPen(shade, 3.0 if alpha is None else 1.6)
        if line.share is None:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        path = QPainterPath()
        before: QPointF | None = None
        for axis, place in enumerate(line.places):
            if place is None:
                break
            point = QPointF(self.x(axis), self.y(place))
            if before is None:
                path.moveTo(point)
            else:
                middle = (before.x() + point.x()) / 2
                path.cubicTo(QPointF(middle, before.y()), QPointF(middle, point.y()), point)
            before = point
        painter.drawPath(path)

    def _paint_axis(self, painter: QPainter, number: int, axis: ParallelAxis) -> None:
        theme, area, x = themes.current(), self._area(), self.x(number)
        painter.setPen(QPen(themes.color(theme.edge), 1.2))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        if number in self.brushes:
            low, high = self.brushes[number]
            rect = QRectF(QPointF(x - 5, self.y(high)), QPointF(x + 5, self.y(low)))
            painter.setPen(QPen(themes.color(theme.accent), 1))
            painter.setBrush(themes.color(theme.accent, 70))
            painter.drawRoundedRect(rect, 3, 3)
        metrics = painter.fontMetrics()
        step = self.x(1) - self.x(0) if len(self.axes) > 1 else area.width()
        title = metrics.elidedText(axis.title, Qt.TextElideMode.ElideLeft, int(step - 8))
        width = metrics.horizontalAdvance(title)
        left = min(max(2.0, x - width / 2), self.width() - width - 2.0)
        painter.setPen(themes.color(theme.text))
        painter.drawText(QPointF(left, _TOP - 16), title)
        room = int(step - 14) if number < len(self.axes) - 1 else int(self.width() - x - 8)
        ground = QColor(theme.panel)
        ground.setAlpha(190)
        for place, label in axis.labels:
            text = metrics.elidedText(label, Qt.TextElideMode.ElideRight, max(20, room))
            box = QRectF(
                x + 6, self.y(place) - metrics.height() / 2, metrics.horizontalAdvance(text) + 3, metrics.height()
            )
            painter.fillRect(box, ground)
            painter.setPen(themes.color(theme.muted))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    # Pointer and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        axis = self._axis_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and axis is not None:
            self._drag = (axis, self._place(event.position().y()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            axis, start = self._drag
            place = self._place(event.position().y())
            if abs(place - start) >= _LEAST:
                self._brush(axis, (min(start, place), max(start, place)))
            return
        line = self.line_at(event.position())
        self._mark(None if line is None else line.number)
        axis = self._axis_at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if line else Qt.CursorShape.ArrowCursor)
        if axis is not None:
            self.setCursor(Qt.CursorShape.SizeVerCursor)
        hint = self.axes[axis].about if axis is not None and line is None else ""
        QToolTip.showText(event.globalPosition().toPoint(), line.text if line else hint, self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            axis, start = self._drag
            self._drag = None
            if abs(self._place(event.position().y()) - start) < _LEAST:
                self._brush(axis, None)
            return
        line = self.line_at(event.position())
        if line is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(line.number)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        line = self.line_at(event.position())
        if line is not None and self._axis_at(event.position()) is None:
            self.opened.emit(line.number)

    def leaveEvent(self, event: object) -> None:
        self._mark(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        lines = sorted(filter(self.within, self.lines), key=lambda line: -(line.share or -1.0))
        numbers = [line.number for line in lines]
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and numbers:
            step = 1 if key == Qt.Key.Key_Down else -1
            at = numbers.index(self.marked) + step if self.marked in numbers else 0
            self._mark(numbers[min(max(at, 0), len(numbers) - 1)])
            chosen = next(line for line in lines if line.number == self.marked)
            QToolTip.showText(self.mapToGlobal(self.rect().topRight()), chosen.text, self)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.marked is not None:
            self.opened.emit(self.marked)
        elif key == Qt.Key.Key_Escape and self.brushes:
            self.brushes.clear()
            self.update()
            self.narrowed.emit()
        else:
            super().keyPressEvent(event)

    def _brush(self, axis: int, span: tuple[float, float] | None) -> None:
        if span is None:
            self.brushes.pop(axis, None)
        else:
            self.brushes[axis] = span
        self.update()
        self.narrowed.emit()

    def _mark(self, number: int | None) -> None:
        if number != self.marked:
            self.marked = number
            self.update()


def share_color(share: float) -> str:
    """The colour of a figure, from the worst (0) to the best (1)."""
    theme = themes.current()
    worst, best = QColor(theme.plot_validation), QColor(theme.plot_train)
    pairs = ((worst.red(), best.red()), (worst.green(), best.green()), (worst.blue(), best.blue()))
    return QColor(*(round(a + (b - a) * share) for a, b in pairs)).name()
