"""Charts of what a data set is like: a small histogram for each column, a bar for each class."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.texts import count
from engine.data.profile import Balance, Spread
from graph_editor import theme as themes
from graph_editor.words import counted

UNEQUAL = 1.5
"""From how many times as many samples on in one class as in another these are called unequal."""
_FEW = 0.5  # of an even share
_SIDES = Qt.AlignmentFlag.AlignVCenter


def _tr(text: str) -> str:
    return QCoreApplication.translate("Charts", text)


def number(value: float) -> str:
    """A number in as many digits as a chart has room for."""
    size = abs(value)
    if size >= 1e6 or not (value == int(value) or size >= 1000):
        return f"{value:.4g}"
    return f"{round(value):,}" if size >= 10_000 else str(round(value))  # a year is no count


class Tiles(QWidget):
    """Small widgets of one size in as many columns as there is room for."""

    _GAP = 12
    _WIDTH, _HEIGHT = 200, 128

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tiles: list[QWidget] = []

    def show_tiles(self, tiles: Sequence[QWidget]) -> None:
        """Show these in place of those before."""
        for tile in self.tiles:
            tile.hide()
            tile.deleteLater()
        self.tiles = list(tiles)
        for tile in self.tiles:
            tile.setParent(self)
            tile.show()
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def sizeHint(self) -> QSize:
        return QSize(3 * self._WIDTH, 2 * self._HEIGHT)

    def _arrange(self) -> None:
        columns = max(1, (self.width() - self._GAP) // (self._WIDTH + self._GAP))
        width = (self.width() - self._GAP) // columns - self._GAP
        for place, tile in enumerate(self.tiles):
            row, column = divmod(place, columns)
            x, y = self._GAP + column * (width + self._GAP), self._GAP + row * (self._HEIGHT + self._GAP)
            tile.setGeometry(x, y, width, self._HEIGHT)
        rows = -(-len(self.tiles) // columns)
        self.setMinimumHeight(self._GAP + rows * (self._HEIGHT + self._GAP))


class SpreadTile(QWidget):
    """How the numbers of a column are spread, with the least, the mean and the greatest of them."""

    _PAD = 8

    def __init__(self, spread: Spread, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spread = spread
        self.setAccessibleName(self.words())
        self.setToolTip(self.words())

    def words(self) -> str:
        """What the picture shows, in words."""
        s = self.spread
        if not s.counts:
            return _tr("{0}: no numbers").format(s.name)
        text = _tr("{0}: {1} to {2}, mean {3}").format(s.name, *map(number, (s.low, s.high, s.mean)))
        return text + (_tr(", {0} missing").format(count(s.missing)) if s.missing else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, s = QPainter(self), self.spread
        plot = _frame(self, painter, s.name, s.missing)
        theme, line = themes.current(), painter.fontMetrics().height()
        plot.setBottom(plot.bottom() - line - 2)
        if s.counts:
            self._bars(painter, plot, theme)
            self._scale(painter, QRect(plot.left(), plot.bottom() + 3, plot.width(), line), theme)
        painter.end()

    def _bars(self, painter: QPainter, plot: QRect, theme: themes.Theme) -> None:
        counts = self.spread.counts
        width, most = plot.width() / len(counts), max(counts)
        for place, many in enumerate(counts):
            height = max(plot.height() * many / most, 1.0) if many else 0.0
            left = plot.left() + place * width
            bar = QRectF(left, plot.bottom() + 1 - height, max(width - 1, 1.0), height)
            painter.fillRect(bar, themes.color(theme.plot_train, 200))
        painter.fillRect(QRect(plot.left(), plot.bottom() + 1, plot.width(), 1), themes.color(theme.border))
        reach = self.spread.high - self.spread.low
        share = (self.spread.mean - self.spread.low) / reach if reach else 0.5
        inner = plot.width() - width if self._each_whole() else plot.width()
        x = plot.left() + (plot.width() - inner) / 2 + share * inner
        painter.fillRect(QRectF(x - 1, plot.top(), 2, plot.height()), themes.color(theme.plot_validation))

    def _each_whole(self) -> bool:
        """Whether each bar stands for one whole number, which lies in its middle."""
        return len(self.spread.counts) == self.spread.high - self.spread.low + 1

    def _scale(self, painter: QPainter, line: QRect, theme: themes.Theme) -> None:
        low, mean, high = map(number, (self.spread.low, self.spread.mean, self.spread.high))
        painter.setPen(themes.color(theme.muted))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | _SIDES, low)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | _SIDES, high)
        taken = sum(map(painter.fontMetrics().horizontalAdvance, (low, high)))
        middle = _tr("mean {0}").format(mean)
        if painter.fontMetrics().horizontalAdvance(middle) + taken + 16 > line.width():
            middle = mean
        if painter.fontMetrics().horizontalAdvance(middle) + taken + 16 <= line.width():
            painter.setPen(themes.color(theme.plot_validation))
            painter.drawText(line, Qt.AlignmentFlag.AlignHCenter | _SIDES, middle)


class CategoryTile(QWidget):
    """How often the values of a column come: the most frequent ones."""

    _ROW = 17

    def __init__(self, balance: Balance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.balance = balance
        self.setAccessibleName(words(balance))
        self.setToolTip(words(balance))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        plot = _frame(self, painter, self.balance.name, self.balance.missing)
        theme = themes.current()
        room = plot.height() // self._ROW
        counts = sorted(self.balance.counts, key=lambda pair: -pair[1])
        shown = counts[:room] if len(counts) <= room else counts[: room - 1]
        most = max((many for _, many in counts), default=1) or 1
        for row, (name, many) in enumerate(shown):
            line = QRect(plot.left(), plot.top() + row * self._ROW, plot.width(), self._ROW - 3)
            painter.fillRect(
                QRectF(line.left(), line.top(), max(line.width() * many / most, 1.0), line.height()),
                themes.color(theme.plot_train, 70),
            )
            _pair(painter, line.adjusted(4, 0, -4, 0), name, count(many), theme)
        if len(shown) < len(counts):
            line = QRect(plot.left() + 4, plot.top() + len(shown) * self._ROW, plot.width(), self._ROW)
            painter.setPen(themes.color(theme.muted))
            painter.drawText(line, _SIDES, _tr("{0} more").format(count(len(counts) - len(shown))))
        painter.end()


class BalanceChart(QWidget):
    """A bar for each class of a target with its count, and a line where all would end if they were alike."""

    _ROW = 24
    _PAD = 12

    def __init__(self, balance: Balance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.balance = balance
        self.setAccessibleName(words(balance))
        self.setFont(themes.tabular(self.font()))
        self.setFixedHeight(len(balance.counts) * self._ROW + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), themes.current()
        counts = self.balance.counts
        measure = painter.fontMetrics()
        names = min(max(measure.horizontalAdvance(name) for name, _ in counts) + 8, self.width() // 3)
        total = max(self.balance.total, 1)
        figures = [(count(many), f"{100 * many / total:.1f} %") for _, many in counts]
        widths = [max(measure.horizontalAdvance(text) for text in column) for column in zip(*figures, strict=True)]
        plot = QRect(self._PAD + names, 0, self.width() - names - sum(widths) - 2 * self._PAD - 36, self.height())
        most, even = max(many for _, many in counts) or 1, total / len(counts)
        for row, ((name, many), texts) in enumerate(zip(counts, figures, strict=True)):
            line = QRect(self._PAD, row * self._ROW, self.width() - 2 * self._PAD, self._ROW)
            if not line.intersects(event.rect()):
                continue
            few = many < _FEW * even
            width = max(plot.width() * many / most, 2.0) if many else 0.0
            bar = QRectF(plot.left(), line.top() + 4, width, self._ROW - 8)
            painter.fillRect(bar, themes.color(theme.warning if few else theme.plot_train, 220))
            painter.setPen(themes.color(theme.text))
            shown = measure.elidedText(name, Qt.TextElideMode.ElideRight, names - 6)
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | _SIDES, shown)
            self._figures(painter, line, texts, widths, theme)
        painter.setPen(themes.color(theme.muted))
        x = round(plot.left() + plot.width() * even / most)
        for y in range(0, self.height(), 6):
            painter.drawLine(x, y, x, y + 2)
        painter.end()

    def _figures(
        self, painter: QPainter, line: QRect, texts: Sequence[str], widths: Sequence[int], theme: themes.Theme
    ) -> None:
        right = Qt.AlignmentFlag.AlignRight | _SIDES
        painter.drawText(line.adjusted(0, 0, -widths[1] - 14, 0), right, texts[0])
        painter.setPen(themes.color(theme.muted))
        painter.drawText(line, right, texts[1])


def verdict(balance: Balance) -> str:
    """Whether the classes come alike often."""
    classes = counted(len(balance.counts), _tr("{0} class"), _tr("{0} classes"))
    absent = sum(not many for _, many in balance.counts)
    if absent:
        return _tr("{0}, {1} without samples").format(classes, count(absent))
    if balance.ratio >= UNEQUAL:
        return _tr("{0}, unequal: the most frequent comes {1} times as often as the rarest").format(
            classes, f"{balance.ratio:,.0f}" if balance.ratio >= 10 else f"{balance.ratio:.1f}"
        )
    return _tr("{0}, about equally frequent").format(classes)


def words(balance: Balance) -> str:
    """What a chart of classes shows, in words."""
    most = sorted(balance.counts, key=lambda pair: -pair[1])[:12]
    shown = ", ".join(f"{name} {count(many)}" for name, many in most)
    return f"{balance.name}: {shown}{', …' * (len(most) < len(balance.counts))}"


def _frame(tile: QWidget, painter: QPainter, name: str, missing: int) -> QRect:
    """Draw the edge and the name of a tile; what is left of it."""
    theme = themes.current()
    painter.setPen(themes.color(theme.border))
    painter.drawRect(tile.rect().adjusted(0, 0, -1, -1))
    inner = tile.rect().adjusted(8, 6, -8, -6)
    line = QRect(inner.topLeft(), QPoint(inner.right(), inner.top() + painter.fontMetrics().height()))
    _pair(painter, line, name, _tr("{0} missing").format(count(missing)) if missing else "", theme, warn=True)
    return inner.adjusted(0, line.height() + 4, 0, 0)


def _pair(
    painter: QPainter, line: QRect, left: str, right: str, theme: themes.Theme, *, warn: bool = False
) -> None:
    """A text at the left, cut short where it must be, and a short one at the right."""
    measure: QFontMetrics = painter.fontMetrics()
    taken = measure.horizontalAdvance(right) + 8 if right else 0
    shown = measure.elidedText(left, Qt.TextElideMode.ElideRight, line.width() - taken)
    painter.setPen(themes.color(theme.text))
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft | _SIDES, shown)
    painter.setPen(themes.color(theme.warning if warn else theme.muted))
    painter.drawText(line, Qt.AlignmentFlag.AlignRight | _SIDES, right)
