"""The graph from far off: cards as blocks of colour, wires as thin lines, many of them at a stroke.

At such a zoom thousands are in sight; to let each of them draw itself would take longer than all the drawing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from graph_editor.theme import color

if TYPE_CHECKING:
    from graph_editor.canvas_item import CanvasItem

FAR = 0.4
"""Below this scale nothing is written, for it could not be read, and the graph is drawn from far off."""

_DOT = 0.05
"""Below this scale a straight wire between two rows is but a dot between two blocks."""

_PATCH = 64
"""How many cards and wires are drawn anew where one of them changes."""

Shade = tuple[str, float]
"""A colour and how much of it there is, from 0 to 1."""


@dataclass
class Sketch:
    """What some cards and wires are drawn with, by colour, in scene coordinates."""

    halos: dict[Shade, list[QRectF]] = field(default_factory=lambda: defaultdict(list))
    blocks: dict[Shade, list[QRectF]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[Shade, list[QLineF]] = field(default_factory=lambda: defaultdict(list))
    """Wires that are straight and short."""
    curves: dict[Shade, QPainterPath] = field(default_factory=lambda: defaultdict(QPainterPath))
    frames: dict[tuple[str, float], list[QRectF]] = field(default_factory=lambda: defaultdict(list))
    """What is drawn around cards, by colour and width."""
    bounds: QRectF = field(default_factory=QRectF)

    def include(self, other: Sketch, place: QPointF, opacity: float) -> None:
        """Have what another has, elsewhere."""
        for mine, theirs in (self.halos, other.halos), (self.blocks, other.blocks):
            for (shade, much), rects in theirs.items():
                mine[shade, much * opacity] += [rect.translated(place) for rect in rects]
        for (shade, much), lines in other.lines.items():
            self.lines[shade, much * opacity] += [line.translated(place) for line in lines]
        for (shade, much), path in other.curves.items():
            self.curves[shade, much * opacity].addPath(path.translated(place))
        for key, rects in other.frames.items():
            self.frames[key] += [rect.translated(place) for rect in rects]


class Patch:
    """Cards and wires that are drawn together. What with is kept until one of them calls `spoil`."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.items: dict[CanvasItem, None] = {}
        self._sketch: Sketch | None = None
        self._tell = tell

    def spoil(self) -> None:
        """Something of the patch looks different now, or lies elsewhere."""
        if self._sketch is not None:
            self._sketch = None
            self._tell()

    @property
    def sketch(self) -> Sketch:
        """What the patch is drawn with."""
        if self._sketch is None:
            self._sketch = Sketch()
            for item in (item for item in self.items if item.isVisible()):
                item.sketch(self._sketch)
                self._sketch.bounds |= item.sceneBoundingRect()
        return self._sketch


class Overview:
    """All cards and wires of a scene in patches, in the order in which they were made."""

    def __init__(self) -> None:
        self._patches: list[Patch] = []
        self.on_change: Callable[[], None] = lambda: None
        """Is told when it looks different: Qt, which draws no item here, does not notice all of it."""

    def tell(self) -> None:
        """Something looks different now."""
        self.on_change()

    def add(self, item: CanvasItem) -> None:
        """Draw one more card or wire."""
        if not self._patches or len(self._patches[-1].items) >= _PATCH:
            self._patches.append(Patch(self.tell))
        item.patch = self._patches[-1]
        item.patch.items[item] = None
        item.patch.spoil()
        self.tell()

    def remove(self, item: CanvasItem) -> None:
        """Draw a card or wire no more."""
        if item.patch is not None:
            del item.patch.items[item]
            item.patch.spoil()
            if not item.patch.items:
                self._patches.remove(item.patch)
            item.patch = None
            self.tell()

    def clear(self) -> None:
        """Draw nothing more."""
        for patch in self._patches:
            for item in patch.items:
                item.patch = None
        self._patches.clear()
        self.tell()

    def spoil(self, kind: type[CanvasItem] | None = None) -> None:
        """All may look different now, or all of a kind."""
        for patch in self._patches:
            if kind is None or any(isinstance(item, kind) for item in patch.items):
                patch.spoil()

    def paint(self, painter: QPainter, exposed: QRectF) -> None:
        """Draw what lies in a part of the scene."""
        scale = painter.worldTransform().m11()
        seen = [patch.sketch for patch in self._patches if patch.sketch.bounds.intersects(exposed)]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for sketch in seen:
            for shade, path in sketch.curves.items():
                painter.setPen(_pen(shade))
                painter.drawPath(path)
            for shade, lines in sketch.lines.items() if scale >= _DOT else ():
                painter.setPen(_pen(shade))
                painter.drawLines(lines)
        painter.setPen(Qt.PenStyle.NoPen)
        for blocks in (sketch.halos for sketch in seen), (sketch.blocks for sketch in seen):
            _fill(painter, blocks)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for shade, wide, rects in ((*key, rects) for sketch in seen for key, rects in sketch.frames.items()):
            painter.setPen(QPen(color(shade), frame_width(wide, scale)))
            painter.drawRects(rects)


def frame_width(wide: float, scale: float) -> float:
    """How wide the frame around a card is: it can be seen from far off, too."""
    return min(9.0, max(wide, wide / scale / 2))


def _pen(shade: Shade) -> QPen:
    return QPen(color(shade[0], round(255 * shade[1])), 0)


def _fill(painter: QPainter, blocks: Iterable[dict[Shade, list[QRectF]]]) -> None:
    for by_shade in blocks:
        for shade, rects in by_shade.items():
            painter.setBrush(color(shade[0], round(255 * shade[1])))
            painter.drawRects(rects)


def paint_item(painter: QPainter, item: QGraphicsItem, widget: QWidget) -> None:
    """Draw what is neither card nor wire, with all that it holds, as a scene would."""
    if not item.isVisible():
        return
    painter.save()
    painter.setTransform(item.sceneTransform(), True)
    painter.setOpacity(item.effectiveOpacity())
    item.paint(painter, QStyleOptionGraphicsItem(), widget)
    painter.restore()
    for child in item.childItems():
        paint_item(painter, child, widget)
