"""The ground of a plot: axes with quiet figures, and a view that mouse and keys zoom and move."""

from __future__ import annotations

import html
import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QKeyEvent

from graph_editor import theme as themes

_STEP = 0.8
_LOG_TICKS = tuple(tuple(map(math.log10, parts)) for parts in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)))
_MOVES = {
    Qt.Key.Key_Left: (-0.1, 0.0),
    Qt.Key.Key_Right: (0.1, 0.0),
    Qt.Key.Key_Up: (0.0, 0.1),
    Qt.Key.Key_Down: (0.0, -0.1),
}


class FigureAxis(pg.AxisItem):
    """Numbers, or shares in per cent."""

    per_cent = False
    tick_room = 24
    """Pixels that the figure of a tick needs along the axis, where heights are logarithmic."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.logMode:
            values = [10**value for value in values]
        elif not self.per_cent:
            return super().tickStrings(values, scale, spacing)
        return [f"{100 * value:.4g} %" if self.per_cent else f"{value:.4g}" for value in values]

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        if not self.logMode:
            return super().tickValues(low, high, size)
        low, high = sorted((low, high))
        room = max(2.0, size / self.tick_room)
        wanted = next((some for some in _LOG_TICKS if (high - low) * len(some) <= room), (0.0,))
        decades = range(math.floor(low), math.ceil(high) + 1, max(1, math.ceil((high - low) / room)))
        ticks = [decade + part for decade in decades for part in wanted]
        return [(1.0, [tick for tick in ticks if low <= tick <= high])]


class CurveBox(pg.ViewBox):
    """Dragging moves the curves, the wheel makes time longer or shorter, with Ctrl the heights."""

    reset_wanted = Signal()

    def wheelEvent(self, ev: Any, axis: int | None = None) -> None:
        high = bool(ev.modifiers() & Qt.KeyboardModifier.ControlModifier)
        super().wheelEvent(ev, axis=(1 if high else 0) if axis is None else axis)

    def mouseClickEvent(self, ev: Any) -> None:
        if ev.double():
            ev.accept()
            self.reset_wanted.emit()
        else:
            ev.ignore()

    def zoom(self, factor: float, *, high: bool = False) -> None:
        """Show a larger or smaller part, as the wheel does."""
        self.scaleBy(y=factor) if high else self.scaleBy(x=factor)
        self.sigRangeChangedManually.emit([not high, high])

    def shift(self, across: float, up: float) -> None:
        """Move by a part of what is seen."""
        width, height = (end - start for start, end in self.viewRange())
        self.translateBy(x=across * width, y=up * height)
        self.sigRangeChangedManually.emit([bool(across), bool(up)])


class PlotView(pg.PlotWidget):
    """Shows one plot; arrows move it, + and - zoom, with Ctrl the heights, Home shows all again."""

    focus_changed = Signal(bool)
    left = Signal()

    def __init__(self) -> None:
        self.box = CurveBox()
        self.side, self.bottom = FigureAxis("left"), FigureAxis("bottom")
        axes: dict[str, pg.AxisItem] = {"left": self.side, "bottom": self.bottom}
        self.item: Any = pg.PlotItem(viewBox=self.box, axisItems=axes)
        super().__init__(plotItem=self.item)
        self.setMinimumSize(120, 60)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.item.setMenuEnabled(False)
        self.item.hideButtons()
        self.item.showGrid(x=False, y=True, alpha=0.12)
        self.box.setDefaultPadding(0)
        for axis in axes.values():
            axis.enableAutoSIPrefix(False)
            axis.setStyle(maxTickLevel=0, hideOverlappingLabels=False, tickLength=-4)
        self.side.setWidth(50)
        self.bottom.setHeight(32)
        self.item.setContentsMargins(0, 8, 14, 0)

    def tell(self, text: str) -> None:
        """Write this below the lower axis, as much of it as there is room for."""
        room = self.width() - self.side.width()
        shown = html.escape(QFontMetricsF(self.font()).elidedText(text, Qt.TextElideMode.ElideRight, room))
        if shown != self.bottom.labelText:
            self.bottom.setLabel(shown)

    def restyle(self) -> None:
        """Take the colours of the theme."""
        theme = themes.current()
        self.setBackground(theme.panel)
        for axis in (self.bottom, self.side):
            axis.setPen(pg.mkPen(theme.accent if self.hasFocus() else theme.border))
            axis.setTextPen(pg.mkPen(theme.muted))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, high = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.box.zoom(_STEP, high=high)
        elif key == Qt.Key.Key_Minus:
            self.box.zoom(1 / _STEP, high=high)
        elif key in _MOVES:
            self.box.shift(*_MOVES[Qt.Key(key)])
        elif key == Qt.Key.Key_Home:
            self.box.reset_wanted.emit()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.restyle()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.restyle()

    def leaveEvent(self, ev: Any) -> None:
        super().leaveEvent(ev)
        self.left.emit()
