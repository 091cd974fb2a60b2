"""What a sweep varies: a setting each, with the values that it takes or the range that they lie in."""

from __future__ import annotations

import math
import re
from typing import Any

from engine.errors import DataError
from engine.fields import Settings
from engine.project import Project
from engine.sweeps.variables import BY_POWERS, Variable, shown, variable

GRID_POINTS = 5
"""Values of a range of numbers on a grid, where none are counted."""

MOST_VALUES = 10_000

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})((?::[a-z0-9]+)*)")

Value = str | int | float
"""Of a range a number; of listed values the text."""


class Axis(Settings):
    """One setting with its values: those listed, or numbers from `low` to `high`."""

    name: str
    values: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    log: bool = False
    """Whether numbers are as dense in each power of ten."""
    whole: bool = False
    count: int | None = None
    """How many values, evenly apart, are taken of the range; None for any."""

    @property
    def listed(self) -> tuple[Value, ...] | None:
        """All values there are; None for a range of which any number is taken."""
        if self.values:
            return self.values
        if self.count is not None:
            return self._points(self.count)
        return None

    @property
    def countable(self) -> bool:
        """Whether `grid` has all values there are."""
        return self.listed is not None or (self.whole and not self.log and self.high - self.low < MOST_VALUES)

    def grid(self) -> tuple[Value, ...]:
        """The values on a grid."""
        if self.listed is not None:
            return self.listed
        if self.countable:
            return tuple(range(int(self.low), int(self.high) + 1))
        return self._points(GRID_POINTS)

    def _points(self, count: int) -> tuple[Value, ...]:
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        places = [low + (high - low) * n / max(count - 1, 1) for n in range(count)]
        numbers = [math.exp(place) for place in places] if self.log else places
        numbers = [self.low, *numbers[1:-1], self.high] if count > 1 else numbers
        found = [round(number) if self.whole else float(f"{number:.12g}") for number in numbers]
        return tuple(dict.fromkeys(found))

    @property
    def text(self) -> str:
        """The values as they are written: what `parsed` reads."""
        if self.values:
            return ",".join(self.values)
        usual = self.name.rpartition(".")[2] in BY_POWERS
        scale = "" if self.log == usual else ":log" if self.log else ":linear"
        count = "" if self.count is None else f":{self.count}"
        return f"{shown(self._number(self.low))}..{shown(self._number(self.high))}{scale}{count}"

    def _number(self, value: float) -> int | float:
        return int(value) if self.whole else value


def parsed(project: Project, text: str) -> Axis:
    """An axis as it is written: `NAME=VALUE,VALUE,...` or `NAME=LOW..HIGH`; raises `DataError`.

    Behind a range `:log` or `:linear` say how its numbers are spread (a learning rate is spread by powers, others
    are not), and `:5` that five of them are taken.
    """
    name, sign, values = text.partition("=")
    if not sign or not values.strip():
        raise DataError(f"{text!r} says nothing to vary: write NAME=VALUE,VALUE or NAME=LOW..HIGH.")
    found = variable(project, name.strip())
    return axis_of(found, values.strip())


def axis_of(setting: Variable, text: str) -> Axis:
    """The axis of a setting with values as they are written; raises `DataError`."""
    match = _RANGE.fullmatch(text.replace(" ", ""))
    if match and setting.number:
        return _ranged(setting, match[1], match[2], [mark for mark in match[3].split(":") if mark])
    values = [part.strip() for part in _split(text)]
    if not all(values):
        raise DataError(f"{setting.name}: a value is missing between two commas.")
    return Axis(name=setting.name, values=tuple(dict.fromkeys(shown(setting.read(value)) for value in values)))


def _split(text: str) -> list[str]:
    """Parts between commas that no bracket holds."""
    return re.split(r",(?![^()\[\]]*[)\]])", text)


def _ranged(setting: Variable, first: str, last: str, marks: list[str]) -> Axis:
    low, high = setting.read(first), setting.read(last)
    counts = [int(mark) for mark in marks if mark.isdigit()]
    words = [mark for mark in marks if not mark.isdigit()]
    unknown = [word for word in words if word not in ("log", "linear")]
    if unknown or len(counts) > 1 or len(words) > 1:
        raise DataError(f"{setting.name}: behind a range stand :log or :linear, and a number of values.")
    log = words == ["log"] if words else setting.log
    if not low < high:
        raise DataError(f"{setting.name}: a range goes from the smaller to the larger number, {first} is not.")
    if log and low <= 0:
        raise DataError(f"{setting.name}: a range by powers begins above 0; write :linear behind it.")
    count = counts[0] if counts else None
    if count is not None and not 2 <= count <= MOST_VALUES:
        raise DataError(f"{setting.name}: a range has 2 to {MOST_VALUES:,} values.")
    return Axis(name=setting.name, low=low, high=high, log=log, whole=setting.whole, count=count)


def value_of(setting: Variable, value: Value) -> Any:
    """What a setting is set to for a value of its axis."""
    return setting.read(value) if isinstance(value, str) else value


def suggested(setting: Variable) -> str:
    """Values to begin with, around what the project says."""
    spec, now = setting.spec, setting.value
    if spec.name == "seed":
        return "0..4"
    if spec.kind == "bool":
        return "yes,no"
    if spec.kind in ("choice", "call"):
        return ",".join(dict.fromkeys([now, *spec.choices[:3]]))
    if not setting.number or not re.fullmatch(_NUMBER, now) or not float(now):
        return now
    value = float(now)
    if setting.log:
        return f"{value / 10:g}..{value * 10:g}"
    found = [value / 2, value, value * 2]
    if spec.maximum is not None:
        found = [min(number, spec.maximum) for number in found]
    numbers = [max(1, round(number)) for number in found] if setting.whole else found
    return ",".join(dict.fromkeys(f"{number:g}" for number in numbers))
