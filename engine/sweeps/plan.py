"""What a sweep is to do: which settings, which values, how many runs, and what is best."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product
from typing import Any, Literal

from pydantic import Field

from engine.errors import DataError, TrainingError
from engine.fields import PositiveInt, Seed, Settings
from engine.figures import figure_names, rises
from engine.project import Project
from engine.sweeps.axes import Axis, Value, value_of
from engine.sweeps.variables import RATE, Variable, variable, varied

Method = Literal["grid", "random", "tpe"]

TRIALS = 20
"""How many runs are made where nothing is said."""

MOST_TRIALS = 10_000

_NUMBERS = ("seed", RATE)
"""Settings that enter the compiled steps as numbers: runs that differ in them go side by side."""


class Plan(Settings):
    """A sweep as it is asked for."""

    axes: tuple[Axis, ...] = Field(min_length=1)
    method: Method = "random"
    trials: PositiveInt | None = None
    """How many runs; None for all of a grid, or the usual number."""
    monitor: str = ""
    """The figure by which runs are compared; that of the callbacks where none is named."""
    epochs: PositiveInt | None = None
    """Of each run; as in the project where none is said."""
    seed: Seed = 0
    """Decides what is drawn."""

    def check(self, project: Project) -> None:
        """Raise `DataError` or `TrainingError` where a project cannot be varied so."""
        names = [axis.name for axis in self.axes]
        for name in names:
            if names.count(name) > 1:
                raise DataError(f"{name} is varied twice.")
        if self.epochs is not None and "epochs" in names:
            raise DataError("The number of epochs is either varied or set.")
        for axis in self.axes:
            setting = variable(project, axis.name)
            for value in axis.listed or (axis.low, axis.high):
                changed = value_of(setting, int(value) if axis.whole and isinstance(value, float) else value)
                if "optimizer" not in names or not axis.name.startswith("optimizer."):
                    varied(project, {axis.name: changed})
        figures = figure_names(project.graph)
        known = (*(f"val_{name}" for name in figures), *figures)
        if self.watched(project) not in known:
            raise TrainingError(
                f"Runs cannot be compared by {self.watched(project)!r}: there are {', '.join(known)}."
            )
        if self.total > MOST_TRIALS:
            raise DataError(f"This grid has {self.total:,} runs, more than {MOST_TRIALS:,}: name fewer values.")

    def watched(self, project: Project) -> str:
        """The figure by which the runs of a project are compared."""
        return self.monitor or project.training.callbacks.monitor

    def rises(self, project: Project) -> bool:
        """Whether more of that figure is better."""
        return rises(project.graph, self.watched(project))

    @property
    def total(self) -> int:
        """How many runs it has."""
        if self.method == "tpe" or not self._countable:
            return self.trials or TRIALS
        whole = math.prod(len(axis.grid()) for axis in self.axes)
        return min(whole, self.trials or (whole if self.method == "grid" else TRIALS))

    @property
    def _countable(self) -> bool:
        """Whether all settings that there can be are known beforehand."""
        return self.method == "grid" or (self.method == "random" and all(axis.countable for axis in self.axes))

    @property
    def alike(self) -> bool:
        """Whether all its runs can go side by side."""
        return all(axis.name in _NUMBERS for axis in self.axes)

    def listed(self) -> Iterator[tuple[Value, ...]] | None:
        """The settings of all runs, none twice, where they are known beforehand.

        Those of a grid with the last setting changing fastest; others in an order that is drawn.
        """
        if not self._countable:
            return None
        grids = [axis.grid() for axis in self.axes]
        if self.method == "grid":
            return islice(product(*grids), self.total)
        sizes = [len(grid) for grid in grids]
        drawn = random.Random(self.seed).sample(range(math.prod(sizes)), self.total)
        return (
            tuple(grid[place] for grid, place in zip(grids, _places(one, sizes), strict=True)) for one in drawn
        )

    def project(self, project: Project, values: Mapping[str, Value]) -> Project:
        """The project of one run; raises `DataError` where it cannot have such settings."""
        epochs = {} if self.epochs is None else {"epochs": self.epochs}
        watching = project.training.callbacks.replace(monitor=self.watched(project))
        base = project.with_training(callbacks=watching, **epochs)
        return varied(base, read_values(base, values))


def _places(number: int, sizes: list[int]) -> list[int]:
    """The places along the sides of a grid that a number of it stands for."""
    found: list[int] = []
    for size in reversed(sizes):
        number, place = divmod(number, size)
        found.append(place)
    return found[::-1]


def read_values(project: Project, values: Mapping[str, Value]) -> dict[str, Any]:
    """What settings are set to, for values as a sweep writes them."""
    known: Iterable[tuple[Variable, Value]] = (
        (variable(_with_optimizer(project, values), name), value) for name, value in values.items()
    )
    return {setting.name: value_of(setting, value) for setting, value in known}


def _with_optimizer(project: Project, values: Mapping[str, Value]) -> Project:
    return varied(project, {"optimizer": values["optimizer"]}) if "optimizer" in values else project
