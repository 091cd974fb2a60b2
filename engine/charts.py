"""What is drawn of scores: charts as values, for whoever paints them, on a screen or in a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from engine.scoring import Calibration, Classified, Curve, Labelled, Regressed, Scores

Array = np.ndarray[Any, Any]

CURVES = 10
"""Curves in a chart; of more, those with the smallest area are drawn."""
_DOTS = 2000
_BARS = 41


@dataclass(frozen=True)
class Series:
    """Points of a chart and how they are drawn: a line, a dashed guide, dots, or bars (`x` are their edges)."""

    x: Array
    y: Array
    mark: Literal["line", "guide", "dots", "bars"] = "line"
    text: str = ""
    color: int = 0
    """The number of the class whose colour it has."""


@dataclass(frozen=True)
class Chart:
    """A chart: what its axes are, from where to where they go, and what is drawn."""

    title: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)

    @property
    def legend(self) -> tuple[Series, ...]:
        """What has a text."""
        return tuple(series for series in self.series if series.text)


def charts_of(scores: Scores) -> tuple[Chart, ...]:
    """The charts that suit what an Output predicts."""
    if isinstance(scores, Regressed):
        return _regression(scores)
    return tuple(filter(None, (_roc(scores), _precision_recall(scores), _calibration(scores))))


def _roc(scores: Classified | Labelled) -> Chart | None:
    guide = Series(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "guide")
    if not scores.roc:
        return None
    return Chart(
        "ROC curve",
        "share of false alarms",
        "share that is found",
        (guide, *_curves(scores.roc, "AUC")),
    )


def _precision_recall(scores: Classified | Labelled) -> Chart | None:
    if not scores.precision_recall:
        return None
    return Chart(
        "Precision over recall",
        "recall: share that is found",
        "precision: share that is right",
        _curves(scores.precision_recall, "AP"),
    )


def _curves(curves: Sequence[Curve], area: str) -> tuple[Series, ...]:
    kept = sorted(sorted(curves, key=lambda curve: curve.area)[:CURVES], key=lambda curve: curve.label)
    return tuple(
        Series(curve.x, curve.y, text=f"{curve.name} {area} {curve.area:.3f}", color=curve.label) for curve in kept
    )


def _calibration(scores: Classified | Labelled) -> Chart | None:
    found: Calibration | None = scores.calibration if isinstance(scores, Classified) else None
    if found is None:
        return None
    guide = Series(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "guide")
    return Chart(
        "Calibration curve",
        "probability that was given",
        "share that was right",
        (
            guide,
            Series(found.given, found.right, text=f"expected calibration error {found.error:.3f}"),
            Series(found.given, found.right, "dots"),
        ),
    )


def _regression(scores: Regressed) -> tuple[Chart, ...]:
    true, predicted = scores.true.reshape(-1), scores.predicted.reshape(-1)
    if len(true) > _DOTS:
        kept = np.sort(np.random.default_rng(0).choice(len(true), _DOTS, replace=False))
        true, predicted = true[kept], predicted[kept]
    reach = span(true, predicted)
    residuals = predicted - true
    deviation = span(residuals, -residuals)
    every = scores.residuals.reshape(-1)
    counts, edges = np.histogram(every, min(_BARS, max(7, 2 * round(len(every) ** 0.5) - 1)))
    ends = np.array(reach)
    return (
        Chart(
            "Predicted over true",
            "true value",
            "predicted value",
            (Series(ends, ends, "guide"), Series(true, predicted, "dots")),
            reach,
            reach,
        ),
        Chart(
            "Residuals over predictions",
            "predicted value",
            "prediction less target",
            (Series(np.array(span(predicted)), np.zeros(2), "guide"), Series(predicted, residuals, "dots")),
            span(predicted),
            deviation,
        ),
        Chart(
            "Histogram of residuals",
            "prediction less target",
            "number of answers",
            (Series(edges, counts, "bars"),),
            span(edges),
            (0.0, 1.06 * max(float(counts.max()), 1.0)),
        ),
    )


def span(*values: Array) -> tuple[float, float]:
    """From below the least to above the greatest of some numbers."""
    low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    room = 0.04 * (high - low) or 0.5 * abs(high) or 1.0
    return low - room, high + room


def ticks(low: float, high: float, most: int = 5) -> tuple[float, ...]:
    """Round numbers from low to high, at most about so many."""
    raw = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if raw <= power * factor * 1.0001)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(number * step for number in range(first, last + 1))


def tick_text(value: float, values: Sequence[float]) -> str:
    """A tick in as many digits as tell it from its neighbours."""
    step = values[1] - values[0] if len(values) > 1 else abs(value) or 1.0
    if max(abs(v) for v in values) >= 1e6 or step < 1e-4:
        return f"{value:.2g}"
    return f"{value:,.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"
