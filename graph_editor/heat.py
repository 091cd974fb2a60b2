"""Cards coloured by what they cost, with the figure on each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor

from engine.layer import Layer
from engine.quantities import bytes_text, flops_text, memory_text, seconds_text, short
from engine.shapes import Shape
from graph_editor.cost_keeper import CostKeeper
from graph_editor.marks import Reading
from graph_editor.scene import GraphScene
from graph_editor.theme import Theme, theme_notifier

Measure = Literal["category", "parameters", "flops", "memory", "time"]
MEASURES: tuple[Measure, ...] = ("category", "parameters", "flops", "memory", "time")

_STEPS = 24
"""Shades from nothing to the most."""

_SHADES: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "light": (("#ffffff", "#ffb066"), ("#dfe3ea", "#d35400")),
    "dark": (("#282d37", "#874a1d"), ("#3b424f", "#ff9a4d")),
}
"""Of what costs nothing and of what costs most: as a card that is written on, and as a block far off."""


def shade(level: float, theme: Theme, *, block: bool = False) -> str:
    """The colour of a level from 0 to 1, of a card that can be written on or of a block."""
    return _shade(round(level * _STEPS), theme.name, block)


@cache
def _shade(step: int, theme: str, block: bool) -> str:
    nothing, most = (QColor(name) for name in _SHADES[theme][block])
    ends = zip(_rgb(nothing), _rgb(most), strict=True)
    return QColor(*(round(a + (b - a) * step / _STEPS) for a, b in ends)).name()


def _rgb(found: QColor) -> tuple[int, int, int]:
    return found.red(), found.green(), found.blue()


def level_of(value: float, most: float) -> float:
    """How hot a value is: the root of its share of the most, so that small ones can be told apart, too."""
    return math.sqrt(value / most) if most > 0 else 0.0


@dataclass(frozen=True)
class Timed:
    """How long a layer took (None where it has no time), and what was measured."""

    seconds: float | None
    layer: Layer
    inputs: tuple[Shape, ...]
    batch_size: int


@dataclass(frozen=True)
class Shown:
    """What cards show of their costs: the measure that colours them, whether they say figures, and known times."""

    measure: Measure = "category"
    on_cards: bool = False
    times: Mapping[str, Timed] = field(default_factory=dict[str, Timed])

    def __bool__(self) -> bool:
        return self.on_cards or self.measure != "category"


class Heat(QObject):
    """Gives each card of a scene its colour and figure; colours follow the costs while they are shown."""

    changed = Signal()
    """Another measure, or other figures."""

    def __init__(self, scene: GraphScene, costs: CostKeeper, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scene = scene
        self._costs = costs
        self.shown = Shown()
        self._known: dict[str, Reading] = {}
        self._most = 0.0
        costs.changed.connect(self._refresh)
        theme_notifier.changed.connect(self._refresh)

    @property
    def measure(self) -> Measure:
        """What cards are coloured by."""
        return self.shown.measure

    def show(self, shown: Shown) -> None:
        """Let cards show something else."""
        self.shown = shown
        self._scene.marks.readings = self if shown else None
        self._costs.want("heat", bool(shown))
        self._refresh()

    def show_measure(self, measure: Measure) -> None:
        """Colour cards by another measure."""
        self.show(replace(self.shown, measure=measure))

    def show_on_cards(self, on: bool) -> None:
        """Write operations and memory on the cards, or the settings again."""
        self.show(replace(self.shown, on_cards=on))

    def set_times(self, times: Mapping[str, Timed]) -> None:
        """Take what was measured, by node."""
        self.show(replace(self.shown, times=times))

    def _refresh(self) -> None:
        self._known.clear()
        values = [self.value(key) for key in self._scene.graph.nodes] if self.measure != "category" else []
        self._most = max((value for value in values if value is not None), default=0.0)
        self._scene.update_cards()
        self.changed.emit()

    # Figures

    @property
    def title(self) -> str:
        """What the colours stand for."""
        titles = {
            "parameters": self.tr("Parameters"),
            "flops": self.tr("FLOPs of a sample"),
            "memory": self.tr("Memory for a batch"),
            "time": self.tr("Time for a batch"),
        }
        return titles.get(self.measure, "")

    @property
    def most(self) -> float:
        """The largest value."""
        return self._most

    def value(self, node_id: str) -> float | None:
        """What a card is coloured by; None where that is not known."""
        if self.measure == "time":
            timed = self.shown.times.get(node_id)
            return None if timed is None else timed.seconds
        cost = self._costs.cost(node_id)
        if cost is None or self.measure == "category":
            return None
        if self.measure == "memory":
            return cost.memory(self._costs.batch_size)
        return cost.parameters if self.measure == "parameters" else cost.flops

    def text(self, value: float) -> str:
        """A value with its unit."""
        if self.measure == "time":
            return seconds_text(value)
        return bytes_text(value) if self.measure == "memory" else short(value)

    def is_stale(self, node_id: str) -> bool:
        """Whether a time was measured of something else than the node is now, or not at all."""
        timed, scene = self.shown.times.get(node_id), self._scene
        if timed is None:
            return True
        now = (scene.graph[node_id].layer, scene.document.inference[node_id].inputs, self._costs.batch_size)
        return now != (timed.layer, timed.inputs, timed.batch_size)

    @property
    def stale(self) -> bool:
        """Whether the times are not those of the network as it is."""
        return any(map(self.is_stale, self._scene.graph.nodes))

    # What cards show

    def get(self, node_id: str) -> Reading | None:
        """What a card shows."""
        found = self._known.get(node_id)
        if found is None and node_id in self._scene.graph:
            found = self._known[node_id] = self._reading(node_id)
        return found

    def block(self, node_id: str) -> str:
        """The colour of a card seen from far off; none where cards have those of their categories."""
        if self.measure == "category":
            return ""
        return shade(level_of(self.value(node_id) or 0.0, self._most), self._scene.theme, block=True)

    def _reading(self, node_id: str) -> Reading:
        line = self._line(node_id) if self.shown.on_cards else ""
        if self.measure == "category":
            return Reading(line=line)
        value, theme = self.value(node_id), self._scene.theme
        if value is None:
            return Reading(shade(0, theme), "?", line)
        text = f"{value:,.0f}" if self.measure == "parameters" else self.text(value)
        if self.measure == "time" and self.is_stale(node_id):
            text = f"({text})"
        return Reading(shade(level_of(value, self._most), theme), text, line)

    def _line(self, node_id: str) -> str:
        cost = self._costs.cost(node_id)
        if cost is None:
            return ""
        return self.tr("{0} FLOPs · {1}").format(flops_text(cost.flops), memory_text(self._costs.memory(node_id)))
