"""What can be done with the curves: one quiet button above them, and the same menu at a right click."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from app.dialogs import tell_error
from app.file_dialogs import ask_save
from app.panels.curve_look import SMOOTHINGS
from app.texts import metric_label
from engine.errors import LayerloomError

if TYPE_CHECKING:
    from app.panels.curves import Curves


class CurveTools(QObject):
    """Makes the menu anew each time it is wanted: what there is to choose changes with the run."""

    def __init__(self, curves: Curves) -> None:
        super().__init__(curves)
        self._curves = curves
        self.button = QToolButton(autoRaise=True)
        self.button.setText("⋯")
        self.button.setToolTip(self.tr("Axes, smoothing, export of the curves"))
        self.button.setAccessibleName(self.tr("Curves"))
        self.button.setStyleSheet("QToolButton { padding: 0 6px; border: none; }")
        self.button.clicked.connect(lambda: self.open(self.button.mapToGlobal(self.button.rect().bottomLeft())))
        self.button.hide()

    def attach(self, view: QWidget) -> None:
        """Show the menu at a right click on a plot, and the button."""
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(lambda place: self.open(view.mapToGlobal(place)))
        self.button.show()

    def open(self, place: QPoint) -> None:
        """Show the menu."""
        menu = self.menu()
        menu.exec(place)
        menu.deleteLater()

    def menu(self) -> QMenu:
        """All that can be chosen now."""
        curves, look = self._curves, self._curves.look
        menu = QMenu(curves)
        self._choices(
            menu,
            [
                (self.tr("By epoch"), look.unit == "epoch", partial(curves.set_look, unit="epoch")),
                (self.tr("By step"), look.unit == "step", partial(curves.set_look, unit="step")),
            ],
        )
        menu.addSeparator()
        smooth = menu.addMenu(self.tr("Smoothing"))
        self._choices(
            smooth,
            [
                (
                    self.tr("Mean of the last {0}").format(n) if n else self.tr("None"),
                    look.smoothing == n,
                    partial(curves.set_look, smoothing=n),
                )
                for n in SMOOTHINGS
            ],
        )
        log = menu.addAction(self.tr("Logarithmic height"))
        log.setCheckable(True)
        log.setChecked(look.log)
        log.toggled.connect(lambda on: curves.set_look(log=on))
        self._add_figures(menu)
        menu.addAction(self.tr("Show all"), curves.show_all)
        menu.addSeparator()
        menu.addAction(self.tr("Save the figures as CSV…"), self.save_csv)
        menu.addAction(self.tr("Save the picture as PNG…"), self.save_png)
        return menu

    def _add_figures(self, menu: QMenu) -> None:
        names = self._curves.figure_names()
        if len(names) < 2:
            return
        figures = menu.addMenu(self.tr("Second plot"))
        shown, choose = self._curves.metric_plot.name, self._curves.choose_figure
        self._choices(figures, [(metric_label(name), name == shown, partial(choose, name)) for name in names])

    def _choices(self, menu: QMenu, choices: list[tuple[str, bool, Callable[[], None]]]) -> None:
        group = QActionGroup(menu)
        for text, chosen, do in choices:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(chosen)
            action.triggered.connect(lambda _on, do=do: do())
            group.addAction(action)

    # Files

    def save_csv(self) -> None:
        """Ask for a file and write the figures to it."""
        from app.panels.curve_files import write_csv

        self._save(self.tr("Save the figures"), "curves.csv", partial(write_csv, self._curves))

    def save_png(self) -> None:
        """Ask for a file and write the picture to it."""
        from app.panels.curve_files import write_png

        self._save(self.tr("Save the picture"), "curves.png", partial(write_png, self._curves.page))

    def _save(self, title: str, name: str, write: Callable[[Path], None]) -> None:
        suffix = Path(name).suffix
        path = ask_save(self._curves, title, name, suffix, f"*{suffix}")
        if path is None:
            return
        try:
            write(path)
        except LayerloomError as error:
            tell_error(self._curves, title, error)
