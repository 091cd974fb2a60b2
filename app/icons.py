"""The program's own icons, drawn in the colours of the theme."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources
from graph_editor.theme import Theme

_FOLDER = Path(resources.__file__).parent / "icons"
_SIZE = 20
_FAINT = 0.45


def icon(name: str, theme: Theme, color: str | None = None) -> QIcon:
    """The icon of this name, in the colour of text unless another is given."""
    result = QIcon()
    for scale in (1, 2):
        result.addPixmap(_pixmap(name, color or theme.text, scale), QIcon.Mode.Normal)
        result.addPixmap(_pixmap(name, theme.muted, scale, _FAINT), QIcon.Mode.Disabled)
    return result


def program_icon() -> QIcon:
    """The icon of the program."""
    result = QIcon()
    for size in (16, 32, 48, 128):
        result.addPixmap(_drawn((_FOLDER / "layerloom.svg").read_text("utf-8"), size))
    return result


@cache
def _pixmap(name: str, color: str, scale: int, opacity: float = 1.0) -> QPixmap:
    text = (_FOLDER / f"{name}.svg").read_text("utf-8").replace("currentColor", color)
    pixmap = _drawn(text, _SIZE * scale, opacity)
    pixmap.setDevicePixelRatio(scale)
    return pixmap


def _drawn(svg: str, size: int, opacity: float = 1.0) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setOpacity(opacity)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap
