"""Asking for a file or a folder: each dialog begins in the folder that the one before ended in."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from app.dialogs import choose
from app.settings import AppSettings


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("FileDialogs", text)


def ask_open(parent: QWidget, title: str, kinds: str) -> Path | None:
    """Ask for a file that is there; None where the person gives up."""
    name, _ = QFileDialog.getOpenFileName(parent, title, str(AppSettings().last_folder), kinds)
    return _remembered(Path(name)) if name else None


def ask_folder(parent: QWidget, title: str) -> Path | None:
    """Ask for a folder that is there; None where the person gives up."""
    name = QFileDialog.getExistingDirectory(parent, title, str(AppSettings().last_folder))
    return _remembered(Path(name)) if name else None


def ask_save(
    parent: QWidget, title: str, proposed: Path | str, suffix: str, kinds: str, others: tuple[str, ...] = ()
) -> Path | None:
    """Ask for a file to write, with this ending; None where the person gives up.

    Where neither this nor one of `others` was typed, it is appended; a file that is replaced by that, which the
    dialog could not know, is asked about.
    """
    name, _ = QFileDialog.getSaveFileName(parent, title, str(AppSettings().last_folder / proposed), kinds)
    if not name:
        return None
    path = Path(name)
    if path.name.lower().endswith((suffix, *others)):
        return _remembered(path)
    path = path.with_name(path.name + suffix)
    if path.exists() and choose(parent, title, tr("Replace {0}?").format(path.name), [tr("Replace")]) != 0:
        return None
    return _remembered(path)


def _remembered(path: Path) -> Path:
    AppSettings().last_folder = path.parent
    return path
