"""A sweep as axes and lines: where settings and figures lie between the smallest and the largest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication

from app.panels.parallel import ParallelAxis, ParallelLine
from app.texts import figure, metric_label
from engine.sweeps.axes import Axis, Value
from engine.sweeps.study import SweepState, Trial
from graph_editor.words import said

_MOST_LABELS = 9
_WIDE = 50.0
"""Figures whose largest is so many times the smallest are drawn by their powers."""

Place = Callable[[Value | None], float | None]


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Sweep", text)


def value_text(value: Value | None) -> str:
    """A setting as it is shown."""
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def picture_of(state: SweepState) -> tuple[list[ParallelAxis], list[ParallelLine]]:
    """The axes of a sweep, the figure last, and a line for each trial that has ended."""
    made = [_setting_axis(axis) for axis in state.plan.axes]
    last, place_of = _figure_axis(state)
    lines: list[ParallelLine] = []
    for trial in state.trials:
        if trial.state == "running":
            continue
        places = [
            place(trial.settings.get(axis.name)) for axis, (_, place) in zip(state.plan.axes, made, strict=True)
        ]
        share = None if trial.value is None else place_of(trial.value)
        lines.append(ParallelLine(trial.number, (*places, share), share, trial_text(state, trial)))
    return [*(axis for axis, _ in made), last], lines


def trial_text(state: SweepState, trial: Trial) -> str:
    """A trial in lines: its number, settings and figures, or why it has none."""
    rows = [tr("Trial {0}").format(trial.number)]
    rows += [f"{name}: {value_text(value)}" for name, value in trial.settings.items()]
    if trial.problem:
        rows.append(said(trial.problem))
    rows += [f"{metric_label(name)}: {figure(name, value)}" for name, value in _shown(state, trial)]
    return "\n".join(rows)


def _shown(state: SweepState, trial: Trial) -> list[tuple[str, float]]:
    names = dict.fromkeys([state.watched, *trial.figures])
    return [(name, trial.figures[name]) for name in names if name in trial.figures]


def _setting_axis(axis: Axis) -> tuple[ParallelAxis, Place]:
    about = tr("Drag along the axis to narrow the lines; click it to show all again")
    listed = axis.listed
    if listed is not None and (len(listed) <= _MOST_LABELS or isinstance(listed[0], str)):
        places = {value: n / max(1, len(listed) - 1) for n, value in enumerate(listed)}
        step = math.ceil(len(listed) / _MOST_LABELS)
        labels = tuple((places[value], value_text(value)) for value in listed[::step])
        return ParallelAxis(axis.name, labels, about), places.get  # pyright: ignore[reportReturnType]
    low, high = _scaled(axis.low, axis.log), _scaled(axis.high, axis.log)

    def place(value: Value | None) -> float | None:
        return None if not isinstance(value, int | float) else (_scaled(value, axis.log) - low) / (high - low)

    return ParallelAxis(axis.name, _number_labels(axis, low, high), about), place


def _number_labels(axis: Axis, low: float, high: float) -> tuple[tuple[float, str], ...]:
    found: list[tuple[float, str]] = []
    for n in range(5):
        value = low + (high - low) * n / 4
        number = math.exp(value) if axis.log else value
        number = round(number) if axis.whole else number
        found.append(((_scaled(number, axis.log) - low) / (high - low), f"{number:.3g}"))
    return tuple(dict.fromkeys(found))


def _figure_axis(state: SweepState) -> tuple[ParallelAxis, Callable[[float], float]]:
    """The axis of the figure, the best at its top."""
    values = [trial.value for trial in state.trials if trial.value is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    log = low > 0 and high / low > _WIDE
    below, above = _scaled(low, log), _scaled(high, log)
    rising = state.plan.rises(state.project)

    def place(value: float) -> float:
        share = 0.5 if above == below else (_scaled(value, log) - below) / (above - below)
        return share if rising else 1 - share

    marks: Sequence[float] = [below + (above - below) * n / 4 for n in range(5)] if above > below else [below]
    numbers = [math.exp(mark) if log else mark for mark in marks] if values else []
    labels = tuple((place(number), figure(state.watched, number)) for number in numbers)
    about = tr("The best is at the top")
    return ParallelAxis(metric_label(state.watched), labels, about), place


def _scaled(value: float, log: bool) -> float:
    return math.log(value) if log else float(value)
