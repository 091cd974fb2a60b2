"""What is done to features with figures of the training part alone: nothing leaks from what is held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from engine.data.source import DataSet

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Treatment:
    """What is done to some numbers that lie side by side in each sample, `width` of them.

    `fill` says what stands in for NaN; `together` that the numbers are one answer, as in one-hot rows: the most
    frequent one is filled in whole. `scale` brings each number to mean 0 and deviation 1.
    """

    width: int
    fill: Literal["", "mean", "median", "most_frequent"] = ""
    together: bool = False
    scale: bool = False


def treated(data: DataSet, training: Array) -> DataSet:
    """The data with every treatment applied; the figures are those of the rows `training`."""
    if not data.treatments:
        return data
    features = dict(data.features)
    others = [None if part is None else dict(part) for part in (data.validation, data.test)]
    for name, treatments in data.treatments.items():
        figures = _figures(features[name][training], treatments)
        features[name] = _apply(np.asarray(features[name]), treatments, figures)
        for part in others:
            if part is not None:
                part[name] = _apply(np.asarray(part[name]), treatments, figures)
    return replace(data, features=features, validation=others[0], test=others[1], treatments={})


@dataclass(frozen=True)
class _Figures:
    fill: Array
    mean: Array
    deviation: Array


def _figures(rows: Array, treatments: Sequence[Treatment]) -> list[_Figures]:
    found: list[_Figures] = []
    start = 0
    for treatment in treatments:
        part = rows[:, start : start + treatment.width].astype(np.float64)
        start += treatment.width
        fill = _fill(part, treatment)
        filled = np.where(np.isnan(part), fill, part) if treatment.fill else part
        deviation = filled.std(0) if treatment.scale else np.ones(treatment.width)
        mean = filled.mean(0) if treatment.scale else np.zeros(treatment.width)
        found.append(_Figures(fill, mean, np.where(deviation > 0, deviation, 1.0)))
    return found


def _fill(part: Array, treatment: Treatment) -> Array:
    known = part[~np.isnan(part).any(1)]
    if not treatment.fill or not len(known):
        return np.zeros(treatment.width)
    if treatment.fill == "mean":
        return known.mean(0)
    if treatment.fill == "median":
        return np.median(known, 0)
    if treatment.together:
        return np.eye(treatment.width)[int(known.sum(0).argmax())]
    return np.array([_most_frequent(column) for column in known.T])


def _most_frequent(values: Array) -> float:
    distinct, counts = np.unique(values, return_counts=True)
    return float(distinct[counts.argmax()])


def _apply(rows: Array, treatments: Sequence[Treatment], figures: Sequence[_Figures]) -> Array:
    result = rows.copy()
    start = 0
    for treatment, figure in zip(treatments, figures, strict=True):
        part = result[:, start : start + treatment.width]
        start += treatment.width
        if treatment.fill:
            np.copyto(part, figure.fill.astype(part.dtype), where=np.isnan(part))
        if treatment.scale:
            part -= figure.mean.astype(part.dtype)
            part /= figure.deviation.astype(part.dtype)
    return result
