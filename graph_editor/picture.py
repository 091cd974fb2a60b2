"""The graph as a picture in a file, drawn by the same cards and wires as the canvas."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QMarginsF, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPageSize, QPaintDevice, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication

from engine.errors import FileError
from engine.files import replacing
from engine.grouping import Path as GroupPath
from engine.project import Project
from graph_editor.cost_keeper import CostKeeper
from graph_editor.document import ProjectDocument
from graph_editor.heat import Heat, Shown
from graph_editor.legend import LEGEND, paint_legend
from graph_editor.overview import FAR
from graph_editor.scene import GraphScene
from graph_editor.theme import DARK, LIGHT, Theme, color

_MARGIN = 24.0
_LARGEST = 16_000
"""Pixels of the longer side of a PNG."""
_LONGEST_PAGE = 14_400.0
"""Points of the longer side of a page, which the format allows."""
_DPI, _POINT = 600, 0.75
"""Dots to an inch of a page, and points to a pixel."""
_NOTHING = Shown()
_app: QApplication | None = None


@dataclass(frozen=True)
class PictureOptions:
    """How a picture is drawn. `scale` is pixels to a canvas unit, of which a card is 200 wide."""

    theme: Literal["light", "dark"] = "light"
    shapes: bool = True
    """With the shapes on the wires."""
    costs: bool = True
    """With what the cards show of their costs, where they show any."""
    scale: float = 2.0

    @property
    def colors(self) -> Theme:
        return DARK if self.theme == "dark" else LIGHT


def render(
    project: Project,
    path: str | os.PathLike[str],
    options: PictureOptions = PictureOptions(),
    groups: GroupPath = (),
    shown: Shown = _NOTHING,
) -> None:
    """Draw a graph, or that inside `groups`, as PNG, SVG or PDF, as the ending of `path` says; raises `FileError`.

    Cards show of their costs what `shown` tells, with a legend. The file that was there stays as it was where the
    new one cannot be written.
    """
    write = {".svg": _write_svg, ".pdf": _write_pdf}.get(Path(path).suffix.lower(), _write_png)
    sheet = _sheet(project, options, groups, shown if options.costs else _NOTHING)
    with replacing(path) as temporary:
        if not write(str(temporary), sheet, options.scale):
            raise FileError(path, "could not be written.")


@dataclass(frozen=True)
class _Sheet:
    """What is drawn: a scene with the costs of its cards, and the part of its plane that the picture shows."""

    scene: GraphScene
    heat: Heat
    rect: QRectF

    @property
    def legend(self) -> QRectF:
        """Where the colours are explained: in the lower left corner, below all cards."""
        corner = self.rect.bottomLeft() + QPointF(_MARGIN, -_MARGIN - LEGEND.height())
        return QRectF(corner, LEGEND)


def _write_svg(name: str, sheet: _Sheet, scale: float) -> bool:
    generator, rect = QSvgGenerator(), sheet.rect
    generator.setFileName(name)
    generator.setSize((rect.size() * scale).toSize())
    generator.setViewBox(QRectF(0, 0, rect.width(), rect.height()))
    generator.setTitle("Layerloom")
    return _paint(generator, sheet, rect.size())


def _write_pdf(name: str, sheet: _Sheet, scale: float) -> bool:
    rect = sheet.rect
    scale = min(scale * _POINT, _LONGEST_PAGE / max(rect.width(), rect.height()))
    writer = QPdfWriter(name)
    writer.setTitle("Layerloom")
    writer.setResolution(_DPI)
    exact = QPageSize.SizeMatchPolicy.ExactMatch
    writer.setPageSize(QPageSize(rect.size() * scale, QPageSize.Unit.Point, "", exact))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    return _paint(writer, sheet, rect.size() * (scale * _DPI / 72))


def _write_png(name: str, sheet: _Sheet, scale: float) -> bool:
    """Fewer pixels than are wanted for a giant graph."""
    rect = sheet.rect
    size = rect.size() * min(scale, _LARGEST / max(rect.width(), rect.height()))
    image = QImage(size.toSize(), QImage.Format.Format_RGB32)
    done = _paint(image, sheet, size)
    return done and image.save(name, "PNG")  # pyright: ignore[reportCallIssue, reportArgumentType]


def _paint(device: QPaintDevice, sheet: _Sheet, size: QSizeF) -> bool:
    painter = QPainter()
    if not painter.begin(device):
        return False
    _draw(painter, sheet, size.toSize())
    return painter.end()


def _sheet(project: Project, options: PictureOptions, groups: GroupPath, shown: Shown) -> _Sheet:
    global _app
    if QApplication.instance() is None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        _app = QApplication([])
    document = ProjectDocument(project)
    for group in groups:
        document.open_group(group)
    scene = GraphScene(document, theme=options.colors)
    scene.complete()
    for wire in () if options.shapes else scene.edge_items.values():
        wire.set_text("")
    rect = scene.content_rect()
    if rect.isEmpty():
        rect = QRectF(0, 0, 200, 54)
    rect = rect.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)
    heat = _heat(scene, shown)
    if heat.most > 0:
        rect.setBottom(rect.bottom() + LEGEND.height() + _MARGIN)
        rect.setWidth(max(rect.width(), LEGEND.width() + 2 * _MARGIN))
    return _Sheet(scene, heat, rect)


def _heat(scene: GraphScene, shown: Shown) -> Heat:
    keeper = CostKeeper(scene.document, scene)
    heat = Heat(scene, keeper, scene)
    heat.show(shown)
    keeper.complete()
    return heat


def _draw(painter: QPainter, sheet: _Sheet, size: QSize) -> None:
    scene, rect, theme = sheet.scene, sheet.rect, sheet.scene.theme
    target = QRectF(0, 0, size.width(), size.height())
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    painter.fillRect(target, color(theme.canvas))
    scale = size.width() / rect.width()
    far = scale < FAR
    if not far:
        scene.render(painter, target, rect, Qt.AspectRatioMode.KeepAspectRatio)
    painter.scale(scale, scale)
    painter.translate(-rect.topLeft())
    if far:
        scene.overview.paint(painter, rect)
    if sheet.heat.most > 0:
        paint_legend(painter, sheet.legend, sheet.heat, theme, block=far)
