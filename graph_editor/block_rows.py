"""The rows of the palette for blocks of one's own: their menu, renaming and deleting."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QPoint, QSize, Qt
from PySide6.QtWidgets import QInputDialog, QMenu, QMessageBox, QTreeWidget, QTreeWidgetItem, QWidget

from engine.errors import LayerloomError
from graph_editor.blocks import BLOCK, Blocks
from graph_editor.words import error_said, said

FAULT = Qt.ItemDataRole.UserRole + 1
_KEY = Qt.ItemDataRole.UserRole


def tr(text: str) -> str:
    """A text in the user's language."""
    return QCoreApplication.translate("Blocks", text)


def fill_rows(group: QTreeWidgetItem, blocks: Blocks, height: int) -> None:
    """A row for each block, and for each file that holds none."""
    group.takeChildren()
    for block in blocks.all():
        row = QTreeWidgetItem(group, [block.name])
        row.setData(0, _KEY, BLOCK + block.name)
        row.setToolTip(0, tr("A block of your own: drag it onto the canvas"))
        row.setSizeHint(0, QSize(0, height))
    for path, why in blocks.faults.items():
        row = QTreeWidgetItem(group, [tr("{0}: damaged").format(path.name)])
        row.setData(0, FAULT, path)
        row.setToolTip(0, f"{path}: {said(why)}")
        row.setFlags(Qt.ItemFlag.ItemIsEnabled)
        row.setSizeHint(0, QSize(0, height))


def show_menu(tree: QTreeWidget, blocks: Blocks, row: QTreeWidgetItem, where: QPoint) -> None:
    """What can be done with a block."""
    menu = QMenu(tree)
    if row.data(0, _KEY):
        menu.addAction(tr("Rename…")).triggered.connect(lambda: rename(tree, blocks, row))
    menu.addAction(tr("Delete")).triggered.connect(lambda: delete(tree, blocks, row))
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(where)


def is_own(row: QTreeWidgetItem | None) -> bool:
    """Whether a row is that of a block, or of a file that should hold one."""
    return row is not None and (str(row.data(0, _KEY) or "").startswith(BLOCK) or row.data(0, FAULT) is not None)


def rename(parent: QWidget, blocks: Blocks, row: QTreeWidgetItem) -> None:
    """Ask for another name."""
    name = str(row.data(0, _KEY) or "").removeprefix(BLOCK)
    if name:
        new, given = QInputDialog.getText(parent, tr("Rename"), tr("Name of the block:"), text=name)
        if given:
            _try(parent, lambda: blocks.rename(name, new.strip()))


def delete(parent: QWidget, blocks: Blocks, row: QTreeWidgetItem) -> None:
    """Delete a block, if that is meant."""
    question = tr("Delete “{0}”? Networks that use it keep their copies.").format(row.text(0))
    if QMessageBox.question(parent, tr("Delete"), question) != QMessageBox.StandardButton.Yes:
        return
    fault = row.data(0, FAULT)
    if fault is not None:
        _try(parent, lambda: blocks.delete_fault(fault))
    else:
        _try(parent, lambda: blocks.delete(str(row.data(0, _KEY)).removeprefix(BLOCK)))


def _try(parent: QWidget, edit: Callable[[], None]) -> None:
    try:
        edit()
    except LayerloomError as error:
        QMessageBox.warning(parent, tr("Blocks"), error_said(error))
