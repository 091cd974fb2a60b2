"""All figures of one run, by step and by epoch, as its events or its history tell them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from app.panels.series import Array, Series
from engine.events import START, Altered, EpochDone, RunPosition, StepsDone
from engine.history import Row

_MANY = 1000


class RunFigures:
    """Series by the names of the figures; places are counted in epochs, steps are parts of them.

    News is only noted, and put into the series when they are looked at: a fast run brings hundreds of events while
    a plot is drawn once.
    """

    def __init__(self, per_epoch: int = 1, begins: RunPosition = START, history: Iterable[Row] = ()) -> None:
        self.per_epoch = max(per_epoch, 1)
        self.left = float(begins.epoch)
        self._done = begins.epoch * self.per_epoch + begins.batches  # steps
        self._before = begins.step - self._done  # steps of batches that had another size
        self.marks: list[tuple[float, str]] = []
        """Where the run was changed, in epochs, and how."""
        self._steps: dict[str, Series] = {}
        self._epochs: dict[str, Series] = {}
        self._new_steps: list[Mapping[str, Array]] = []
        self._new_rows: list[Row] = list(history)
        if self._new_rows:
            self.left = min(self.left, max(self._new_rows[0]["epoch"] - 1.0, 0.0))

    def take(self, event: StepsDone | EpochDone) -> None:
        """Note the figures of an event."""
        if isinstance(event, StepsDone):
            self._new_steps.append(event.logs)
        else:
            self._new_rows.append({"epoch": event.epoch, **event.logs})
        if len(self._new_steps) + len(self._new_rows) > _MANY:
            self._settle()

    def mark(self, event: Altered) -> None:
        """Note a change of the run."""
        self.marks.append(((event.step - self._before) / self.per_epoch, event.text))

    def _settle(self) -> None:
        rows, steps = self._new_rows, self._new_steps
        self._new_rows, self._new_steps = [], []
        for name in dict.fromkeys(name for row in rows for name in row if name != "epoch"):
            points = [(row["epoch"], row[name]) for row in rows if name in row]
            places, values = np.array(points, float).T
            self._epochs.setdefault(name, Series()).append(places, values)
        if not steps:
            return
        counts = [max(map(len, logs.values()), default=0) for logs in steps]
        for name in dict.fromkeys(name for logs in steps for name in logs):
            values = [logs.get(name, np.full(n, np.nan)) for logs, n in zip(steps, counts, strict=True)]
            places = (self._done + np.arange(1, sum(counts) + 1)) / self.per_epoch
            self._steps.setdefault(name, Series()).append(places, np.concatenate(values))
        self._done += sum(counts)

    @property
    def steps(self) -> Mapping[str, Series]:
        """Figures of the training data after each step."""
        if self._new_steps:
            self._settle()
        return self._steps

    @property
    def epochs(self) -> Mapping[str, Series]:
        """Figures after each epoch, of the validation data with `val_` before the name."""
        if self._new_rows:
            self._settle()
        return self._epochs

    @property
    def names(self) -> list[str]:
        """Of the figures of the training data, in their order."""
        return list(dict.fromkeys([*self.steps, *(name.removeprefix("val_") for name in self.epochs)]))

    @property
    def reached(self) -> float:
        """How many epochs are done, with the part of the one that goes on."""
        ends = (series.x[-1] for series in (*self.steps.values(), *self.epochs.values()) if len(series))
        return float(max(ends, default=0.0))

    def table(self, by_step: bool) -> Iterator[Mapping[str, Any]]:
        """The figures as rows: a row for each epoch, or for each step that is kept."""
        unit, found, scale = ("step", self.steps, self.per_epoch) if by_step else ("epoch", self.epochs, 1)
        rows: dict[int, dict[str, Any]] = {}
        for name, series in found.items():
            for x, y in zip(series.x.tolist(), series.y.tolist(), strict=True):
                place = round(x * scale)
                rows.setdefault(place, {unit: place})[name] = y
        return iter(rows[place] for place in sorted(rows))
