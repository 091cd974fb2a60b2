"""The program's main job without a window: train the example, and write what a user would take away."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console

from app.headless import train_here
from app.networks import ExportOptions, Network, export_network
from engine import templates
from engine.events import Finished
from engine.files import replacing
from engine.formats.code import Target
from engine.project import Project


def tour(reason: str, folder: Path) -> int:
    """Train the digits example and write model, code and picture to a folder; gives the exit status."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{reason} Training the digits example here instead.", markup=False)
    project = templates.make("digits-cnn")
    finished = train_here(project, _run_folder(folder))
    network = Network(folder / "digits.loom", project, finished.weights)
    parts: tuple[tuple[str, Target], ...]
    parts = (("digits.h5", "keras"), ("digits_keras.py", "keras"), ("digits_jax.py", "jax"))
    for name, target in parts:
        for line in export_network(network, folder / name, ExportOptions(target=target)):
            console.print(line, markup=False)
    draw(project, finished, folder / "digits.png")
    console.print(f"Wrote {folder / 'digits.png'}", markup=False)
    return 0


def _run_folder(folder: Path) -> Path:
    from engine.runs import new_run_folder

    return new_run_folder(folder / "digits.loom")


def draw(project: Project, finished: Finished, path: Path) -> None:
    """A picture of the graph beside the curves of its training (PNG)."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QPoint, QSize, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtWidgets import QApplication

    from app.panels.curves import curves_image
    from graph_editor.picture import PictureOptions, render
    from graph_editor.theme import apply_theme, set_scheme

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    set_scheme("light")
    apply_theme(application)
    with replacing(path) as temporary:
        render(project, temporary, PictureOptions(scale=1.0))
        graph = QImage(str(temporary))
        curves = curves_image(finished.history, QSize(900, 420))
        size = QSize(graph.width() + curves.width(), max(graph.height(), curves.height()))
        image = QImage(size, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        painter.drawImage(QPoint(0, (size.height() - graph.height()) // 2), graph)
        painter.drawImage(QPoint(graph.width(), (size.height() - curves.height()) // 2), curves)
        painter.end()
        image.save(str(temporary))
    del application
