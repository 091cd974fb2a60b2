"""The graph as a picture in a file, drawn by the same cards and wires as the canvas."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QMarginsF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPageSize, QPaintDevice, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication

from engine.errors import FileError
from engine.files import replacing
from engine.grouping import Path as GroupPath
from engine.project import Project
from graph_editor.document import ProjectDocument
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
_app: QApplication | None = None


@dataclass(frozen=True)
class PictureOptions:
    """How a picture is drawn. `scale` is pixels to a canvas unit, of which a card is 200 wide."""

    theme: Literal["light", "dark"] = "light"
    shapes: bool = True
    """With the shapes on the wires."""
    scale: float = 2.0

    @property
    def colors(self) -> Theme:
        return DARK if self.theme == "dark" else LIGHT


def render(
    project: Project,
    path: str | os.PathLike[str],
    options: PictureOptions = PictureOptions(),
    groups: GroupPath = (),
) -> None:
    """Draw a graph, or that inside `groups`, as PNG, SVG or PDF, as the ending of `path` says; raises `FileError`.

    The file that was there stays as it was where the new one cannot be written.
    """
    write = {".svg": _write_svg, ".pdf": _write_pdf}.get(Path(path).suffix.lower(), _write_png)
    scene, rect = _scene(project, options, groups)
    with replacing(path) as temporary:
        if not write(str(temporary), scene, rect, options.scale):
            raise FileError(path, "could not be written.")


def _write_svg(name: str, scene: GraphScene, rect: QRectF, scale: float) -> bool:
    generator = QSvgGenerator()
    generator.setFileName(name)
    generator.setSize((rect.size() * scale).toSize())
    generator.setViewBox(QRectF(0, 0, rect.width(), rect.height()))
    generator.setTitle("Layerloom")
    return _paint(generator, scene, rect, rect.size())


def _write_pdf(name: str, scene: GraphScene, rect: QRectF, scale: float) -> bool:
    scale = min(scale * _POINT, _LONGEST_PAGE / max(rect.width(), rect.height()))
    writer = QPdfWriter(name)
    writer.setTitle("Layerloom")
    writer.setResolution(_DPI)
    exact = QPageSize.SizeMatchPolicy.ExactMatch
    writer.setPageSize(QPageSize(rect.size() * scale, QPageSize.Unit.Point, "", exact))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    return _paint(writer, scene, rect, rect.size() * (scale * _DPI / 72))


def _write_png(name: str, scene: GraphScene, rect: QRectF, scale: float) -> bool:
    """Fewer pixels than are wanted for a giant graph."""
    size = rect.size() * min(scale, _LARGEST / max(rect.width(), rect.height()))
    image = QImage(size.toSize(), QImage.Format.Format_RGB32)
    done = _paint(image, scene, rect, size)
    return done and image.save(name, "PNG")  # pyright: ignore[reportCallIssue, reportArgumentType]


def _paint(device: QPaintDevice, scene: GraphScene, rect: QRectF, size: QSizeF) -> bool:
    painter = QPainter()
    if not painter.begin(device):
        return False
    _draw(painter, scene, rect, size.toSize())
    return painter.end()


def _scene(project: Project, options: PictureOptions, groups: GroupPath) -> tuple[GraphScene, QRectF]:
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
    return scene, rect.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)


def _draw(painter: QPainter, scene: GraphScene, rect: QRectF, size: QSize) -> None:
    target = QRectF(0, 0, size.width(), size.height())
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    painter.fillRect(target, color(scene.theme.canvas))
    scale = size.width() / rect.width()
    if scale >= FAR:
        scene.render(painter, target, rect, Qt.AspectRatioMode.KeepAspectRatio)
        return
    painter.scale(scale, scale)
    painter.translate(-rect.topLeft())
    scene.overview.paint(painter, rect)
