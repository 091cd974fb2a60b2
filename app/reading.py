"""What the View menu shows of the network on the canvas: costs as colours, the minimap, what is looked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QWidget

from app.actions import Actions
from app.settings import AppSettings
from app.timing import LayerTimes
from graph_editor.heat import MEASURES, Measure
from graph_editor.travel import step_problem, zoom_to_selection
from graph_editor.view import GraphView


class Reading(QObject):
    """Joins the actions for reading the canvas with the view, and remembers what was chosen."""

    def __init__(self, view: GraphView, actions: Actions, settings: AppSettings, window: QWidget) -> None:
        super().__init__(window)
        self._view = view
        self._actions = actions
        self._settings = settings
        self.times = LayerTimes(view, window)
        self._join_ways()
        self._join_colours()
        self._join_flag("card_costs", view.heat.show_on_cards, usual=False)
        self._join_flag("minimap", view.minimap.want, usual=True)
        self._join_flag("hover_path", view.paths.light_under_pointer, usual=True)
        self._join_flag("show_path", view.paths.light_selected, usual=False)

    def _join_ways(self) -> None:
        """Let actions find places of the network; they show the canvas first."""
        view, bar = self._view, self._view.find_bar
        ways: dict[str, Callable[[], None]] = {
            "find": bar.ask,
            "find_next": partial(bar.step, 1),
            "find_previous": partial(bar.step, -1),
            "zoom_selection": partial(zoom_to_selection, view),
            "next_problem": partial(step_problem, view, 1),
            "previous_problem": partial(step_problem, view, -1),
        }
        self._actions.connect_all({name: partial(self._on_canvas, way) for name, way in ways.items()})

    def _on_canvas(self, way: Callable[[], None]) -> None:
        self._actions["show_canvas"].trigger()
        way()

    def _join_colours(self) -> None:
        group = QActionGroup(self)
        for measure in MEASURES:
            action = group.addAction(self._actions[f"colour_{measure}"])
            action.triggered.connect(partial(self.colour, measure))
        chosen: Measure = self._settings.word("colours", MEASURES, "category")
        self._actions[f"colour_{chosen}"].setChecked(True)
        self._view.heat.show_measure(chosen)

    def _join_flag(self, name: str, show: Callable[[bool], None], *, usual: bool) -> None:
        """Let an action switch something on and off, as it was when the program ended last."""
        action = self._actions[name]
        action.setChecked(self._settings.flag(name, usual))
        show(action.isChecked())
        action.toggled.connect(show)
        action.toggled.connect(partial(self._settings.set_flag, name))

    def colour(self, measure: Measure, _checked: bool = True) -> None:
        """Colour cards by a measure; times are measured where there are none."""
        self._settings.set_word("colours", measure)
        self._view.heat.show_measure(measure)
        if measure != "time":
            self.times.cancel()
        elif self._view.heat.stale:
            self.times.start()
