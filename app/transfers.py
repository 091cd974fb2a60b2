"""Questions about weights that do not all fit."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from app.dialogs import choose
from engine.transfer import MOST_SAID, Transfer
from graph_editor.words import said


def _tr(text: str) -> str:
    return QCoreApplication.translate("Transfers", text)


def ask_transfer(parent: QWidget, name: str, transfer: Transfer) -> int | None:
    """Whether to take the weights of a file: 0 yes, 1 yes and freeze them, None no."""
    choices = [_tr("Take them"), _tr("Take and freeze them")]
    return choose(parent, _tr("Load weights"), fitting(transfer, name), choices, _rest(transfer))


def ask_going_on(parent: QWidget, transfer: Transfer) -> bool:
    """Whether to go on training with the weights that fit a network that was edited."""
    text = _tr("The network was edited since its weights were made.") + " " + fitting(transfer)
    return choose(parent, _tr("Go on training"), text, [_tr("Train with them")], _rest(transfer)) is not None


def ask_frozen(parent: QWidget) -> int | None:
    """Where layers are frozen: train on from the weights that are there (0), anew (1), or not at all (None)."""
    text = _tr("Some layers are frozen: trained anew, they would keep the random weights that they begin with.")
    return choose(parent, _tr("Train"), text, [_tr("Keep the weights that are there"), _tr("Train anew")])


def fitting(transfer: Transfer, name: str = "") -> str:
    """How many layers fit the weights that are there, or those of a file."""
    taken, all_of_them = len(transfer.taken), len(transfer.taken) + len(transfer.left)
    if name:
        return _tr("{0} of {1} layers fit the weights of {2}.").format(f"{taken:,}", f"{all_of_them:,}", name)
    return _tr("{0} of {1} layers fit them.").format(f"{taken:,}", f"{all_of_them:,}")


def _rest(transfer: Transfer) -> str:
    lines = [said(line) for line in transfer.report[:MOST_SAID]]
    more = len(transfer.report) - len(lines)
    return "\n".join([*lines, *([_tr("So with {0} more.").format(f"{more:,}")] if more > 0 else [])])
