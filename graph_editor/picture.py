"""The graph as a picture in a file, drawn by the same cards and wires as the canvas."""

from __future__ import annotations

import os

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication

from engine.errors import FileError
from engine.files import replacing
from engine.project import Project
from graph_editor.document import ProjectDocument
from graph_editor.overview import FAR
from graph_editor.scene import GraphScene
from graph_editor.theme import LIGHT, Theme, color

_MARGIN = 24.0
_LARGEST = 16_000
_app: QApplication | None = None


def render_svg(project: Project, path: str | os.PathLike[str], theme: Theme = LIGHT) -> None:
    """Draw a graph as SVG; raises `FileError`."""
    scene, rect = _scene(project, theme)
    with replacing(path) as temporary:
        generator = QSvgGenerator()
        generator.setFileName(str(temporary))
        generator.setSize(rect.size().toSize())
        generator.setViewBox(QRectF(0, 0, rect.width(), rect.height()))
        generator.setTitle("Layerloom")
        painter = QPainter()
        if not painter.begin(generator):
            raise FileError(path, "could not be written.")
        _draw(painter, scene, rect, rect.size().toSize())
        painter.end()


def render_png(project: Project, path: str | os.PathLike[str], theme: Theme = LIGHT, scale: float = 2.0) -> None:
    """Draw a graph as PNG, `scale` pixels to a canvas unit (fewer for a giant graph); raises `FileError`."""
    scene, rect = _scene(project, theme)
    scale = min(scale, _LARGEST / max(rect.width(), rect.height()))
    size = (rect.size() * scale).toSize()
    image = QImage(size, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    _draw(painter, scene, rect, size)
    painter.end()
    with replacing(path) as temporary:
        if not image.save(str(temporary), "PNG"):  # pyright: ignore[reportCallIssue, reportArgumentType]
            raise FileError(path, "could not be written.")


def _scene(project: Project, theme: Theme) -> tuple[GraphScene, QRectF]:
    global _app
    if QApplication.instance() is None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        _app = QApplication([])
    scene = GraphScene(ProjectDocument(project), theme=theme)
    scene.complete()
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
