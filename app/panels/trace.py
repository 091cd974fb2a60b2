"""One curve of a plot: a line, dots where there are few points, and the raw figures faint behind a smooth line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from app.panels.curve_look import CurveLook
from app.panels.series import Array, Series
from graph_editor import theme as themes

_DOTTED = 60  # points up to which each has its dot
_FAINT = 80


@dataclass(frozen=True)
class Stretch:
    """What is seen of the curves: from place to place in epochs, in so many columns of the screen."""

    left: float
    right: float
    columns: int
    scale: float
    """How many of the units of the axis are an epoch."""
    look: CurveLook

    @property
    def window(self) -> int:
        """How many epochs a smooth curve of epochs is the mean of: of so many steps, where steps are shown."""
        return int(self.look.smoothing / self.scale)

    def height(self, y: Array) -> Array:
        """Figures as the axis has them."""
        if not self.look.log:
            return y
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(y > 0, np.log10(y), np.nan)


class Trace:
    """Draws a series into a plot."""

    def __init__(self, item: Any, *, dots: bool = True, dashed: bool = False) -> None:
        self._item = item
        self._dots = dots
        self._style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        self._faint = item.plot(connect="finite")
        self.line = item.plot(connect="finite", antialias=True, symbolSize=4)
        self._shown = np.empty(0)

    def remove(self) -> None:
        """Take it out of the plot."""
        for line in (self._faint, self.line):
            self._item.removeItem(line)

    def paint(self, color: str, width: float = 2, *, faint: bool = False) -> None:
        """Take a colour; a faint line has no smooth one before it."""
        self._faint.setPen(pg.mkPen(themes.color(color, _FAINT)))
        self.line.setPen(pg.mkPen(themes.color(color, 90 if faint else 255), width=width, style=self._style))
        self.line.setSymbolBrush(color)
        self.line.setSymbolPen(None)

    def draw(self, series: Series | None, seen: Stretch, window: int) -> Array:
        """Draw what is seen of a series, as the mean of so many figures, and give the heights that were drawn."""
        nothing = np.empty(0)
        x, y = nothing, nothing
        back, behind = nothing, nothing
        if series is not None and len(series):
            x, y = series.stretch(seen.left, seen.right, seen.columns)
            if window > 1:
                back, behind = x, y
                x, y = series.smooth(seen.left, seen.right, seen.columns, window)
        if len(back) or len(self._shown):
            self._faint.setData(seen.scale * back, seen.height(behind))
        self._shown = back
        self.line.setSymbol("o" if self._dots and len(x) <= _DOTTED and not len(back) else None)
        self.line.setData(seen.scale * x, seen.height(y))
        return np.concatenate([y, behind])
