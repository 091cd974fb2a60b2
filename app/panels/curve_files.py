"""The curves as files: their figures as CSV, their picture as PNG."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from engine.errors import FileError
from engine.files import replacing, write_text
from graph_editor import theme as themes

if TYPE_CHECKING:
    from app.panels.curves import Curves

_SCALE = 2


def write_csv(curves: Curves, path: Path) -> None:
    """Write all figures of the runs that are shown, atomically; raises `FileError`.

    A row for each epoch, or for each step where the curves are shown by step and the steps are known.
    """
    runs = [(curves.run_name, curves.run), *((other.name, other.figures) for other in curves.others)]
    by_step = curves.look.unit == "step"
    rows: list[dict[str, Any]] = []
    for name, run in runs:
        run_name = {"run": name} if curves.others else {}
        rows += [{**run_name, **row} for row in run.table(by_step and bool(run.steps))]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_png(page: QWidget, path: Path) -> None:
    """Draw a widget at twice its size, atomically; raises `FileError`."""
    image = QImage(page.size() * _SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_SCALE)
    image.fill(themes.color(themes.current().panel))
    page.render(image, QPoint(), renderFlags=QWidget.RenderFlag.DrawChildren)
    with replacing(path) as temporary:
        if not image.save(str(temporary)):
            raise FileError(path, "could not be written as a picture.")
