"""What figures add up over the batches of an epoch, and the number that comes of it.

Each is a tree of sums: those of several batches are added place by place. `value` takes sums with any axes in
front, as where there is a sum for each of many steps, and is computed with NumPy; that of an `Average`
(`engine.averages`) also with JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import numpy as np

from engine.averages import Average

Array = np.ndarray[Any, Any]

_EPSILON = 1e-7  # keras.config.epsilon()


class Tally(Protocol):
    """Sums, and the number that comes of them."""

    @property
    def value(self) -> Any: ...


T = TypeVar("T", bound=Tally)
K = TypeVar("K", bound=type[Any])


def setting(default: Any) -> Any:
    """A field of a tally that says how its sums are read, and is no sum."""
    return field(default=default, metadata={"setting": True})


def tally(kind: K) -> K:
    """Class decorator: makes JAX take a dataclass for a tree of sums, whose settings are part of its structure."""
    names = {own.name: own.metadata.get("setting", False) for own in fields(kind)}
    sums, settings = ([name for name in names if names[name] is wanted] for wanted in (False, True))
    return jax.tree_util.register_dataclass(kind, sums, settings)


class Root(NamedTuple):
    """The root of a mean."""

    total: Any
    count: Any

    @property
    def value(self) -> Any:
        return np.sqrt(_ratio(self.total, self.count))


class Share(NamedTuple):
    """A part of a whole that is known only once all is seen: of what was called yes, how much was."""

    part: Any
    whole: Any

    @property
    def value(self) -> Any:
        return _ratio(self.part, self.whole)


@dataclass(frozen=True)
class _OfClasses:
    """For each class how often it was predicted rightly, was predicted, and was there."""

    right: Any
    predicted: Any
    there: Any


@tally
@dataclass(frozen=True)
class Agreement(_OfClasses):
    """The F-beta score."""

    average: str = setting("macro")
    beta: float = setting(1.0)

    @property
    def value(self) -> Any:
        counts = self.right, self.predicted, self.there
        if self.average == "micro":
            counts = [count.sum(-1, keepdims=True) for count in counts]
        right, predicted, there = counts
        precision, recall, weight = right / (predicted + _EPSILON), right / (there + _EPSILON), self.beta**2
        scores = (1 + weight) * (precision * recall / (weight * precision + recall + _EPSILON))
        if self.average == "weighted":
            return (scores * there / (there.sum(-1, keepdims=True) + _EPSILON)).sum(-1)
        return scores.mean(-1)


@tally
@dataclass(frozen=True)
class Overlap(_OfClasses):
    """The mean intersection over union, of those classes that there are at all."""

    classes: tuple[int, ...] = setting(())
    """The classes that the mean is of; none: all."""

    @property
    def value(self) -> Any:
        counts = self.right, self.predicted, self.there
        right, predicted, there = (count[..., list(self.classes)] if self.classes else count for count in counts)
        union = predicted + there - right
        return (right / (union + _EPSILON)).sum(-1) / ((union > 0).sum(-1) + _EPSILON)


@tally
@dataclass(frozen=True)
class Thresholds:
    """How many yeses and how many noes lie between each two of some thresholds: the area under a curve.

    Counts are (..., thresholds), or (..., curves, thresholds) where it is the mean area of several curves.
    https://keras.io/api/metrics/classification_metrics/#auc-class
    """

    yes: Any
    no: Any
    curve: str = setting("ROC")
    summation: str = setting("interpolation")
    several: bool = setting(False)

    @property
    def value(self) -> Any:
        hits, alarms = (np.flip(np.flip(counts, -1).cumsum(-1), -1) for counts in (self.yes, self.no))
        if (self.curve, self.summation) == ("PR", "interpolation"):
            area = _interpolated(hits, alarms)
        else:
            x, y = _CURVES[self.curve](hits, alarms)
            height = _HEIGHTS[self.summation](y[..., :-1], y[..., 1:])
            area = ((x[..., :-1] - x[..., 1:]) * height).sum(-1)
        return area.mean(-1) if self.several else area


def _roc(hits: Array, alarms: Array) -> tuple[Array, Array]:
    return _ratio(alarms, alarms[..., :1]), _ratio(hits, hits[..., :1])


def _precision_recall(hits: Array, alarms: Array) -> tuple[Array, Array]:
    return _ratio(hits, hits[..., :1]), _ratio(hits, hits + alarms)


def _gains(hits: Array, alarms: Array) -> tuple[Array, Array]:
    """Precision and recall by how much better they are than calling all yes (Flach and Kull, 2015)."""
    yes, no = hits[..., :1], alarms[..., :1]
    recall, precision = (1 - _ratio(yes, no) * _ratio(missed, hits) for missed in (yes - hits, alarms))
    return np.maximum(np.where(hits == 0, 0.0, recall), 0.0), np.where(hits == 0, 1.0, precision)


def _interpolated(hits: Array, alarms: Array) -> Array:
    """The area under precision over recall, with hits and alarms between two points growing side by side.

    Davis and Goadrich, 2006: https://www.biostat.wisc.edu/~page/rocpr.pdf
    """
    called = hits + alarms
    gained, more, after = hits[..., :-1] - hits[..., 1:], called[..., :-1] - called[..., 1:], called[..., 1:]
    slope = _ratio(gained, np.maximum(more, 0))
    start = hits[..., 1:] - slope * after
    ratio = np.where((called[..., :-1] > 0) & (after > 0), _ratio(called[..., :-1], after), 1.0)
    return _ratio(slope * (gained + start * np.log(ratio)), hits[..., :1]).sum(-1)


_CURVES = {"ROC": _roc, "PR": _precision_recall, "PRGAIN": _gains}
_HEIGHTS: Mapping[str, Callable[[Array, Array], Array]] = {
    "interpolation": lambda one, other: (one + other) / 2,
    "minoring": np.minimum,
    "majoring": np.maximum,
}


@tally
@dataclass(frozen=True)
class Explained:
    """For each number of a target: how much of its variance is predicted (R²); the mean of all."""

    count: Any
    total: Any
    squares: Any
    missed: Any
    by_variance: bool = setting(False)
    """Whether numbers count in the mean by their variance."""

    @property
    def value(self) -> Any:
        spread = self.squares - _ratio(self.total**2, self.count)
        scores = np.where(spread == 0, 0.0, 1 - _ratio(self.missed, spread))
        return _ratio((spread * scores).sum(-1), spread.sum(-1)) if self.by_variance else scores.mean(-1)


def _ratio(part: Any, whole: Any) -> Any:
    """A share, 0 where there is nothing to have a share of."""
    return part / (whole + (whole == 0))


def taken(before: T, steps: T) -> tuple[Array, T]:
    """What to show of each of some steps, and the sums after them, where those of `before` came first.

    Of a mean, that of each step. All else says little of a batch alone: how it stands after each step. The sums
    are the same to the last bit, however the steps are put into calls.
    """
    after = jax.tree.map(lambda sums, new: np.cumsum(np.concatenate([sums[None], new]), axis=0)[1:], before, steps)
    shown = steps if isinstance(steps, Average) else after
    return shown.value, jax.tree.map(lambda sums: sums[-1], after)
