"""What figures add up over the batches of an epoch, and the number that comes of it.

Each is a tuple of sums: those of several batches are added place by place. `value` takes sums with any axes in
front, as where there is a sum for each of many steps, and is computed with NumPy; that of an `Average`
(`engine.averages`) also with JAX.
"""

from __future__ import annotations

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


class Agreement(NamedTuple):
    """For each class how often it was predicted rightly, was predicted, and was there: the mean F1 score."""

    right: Any
    predicted: Any
    there: Any

    @property
    def value(self) -> Any:
        precision, recall = self.right / (self.predicted + _EPSILON), self.right / (self.there + _EPSILON)
        return (2 * precision * recall / (precision + recall + _EPSILON)).mean(-1)


class Overlap(NamedTuple):
    """The same counts: the mean intersection over union, of those classes that there are at all."""

    right: Any
    predicted: Any
    there: Any

    @property
    def value(self) -> Any:
        union = self.predicted + self.there - self.right
        return (self.right / (union + _EPSILON)).sum(-1) / ((union > 0).sum(-1) + _EPSILON)


class Thresholds(NamedTuple):
    """How many yeses and how many noes lie between each two of some thresholds: the area under the ROC curve."""

    yes: Any
    no: Any

    @property
    def value(self) -> Any:
        above = (np.flip(np.flip(counts, -1).cumsum(-1), -1) for counts in (self.yes, self.no))
        hits, alarms = (_ratio(counts, counts[..., :1]) for counts in above)
        return ((alarms[..., :-1] - alarms[..., 1:]) * (hits[..., :-1] + hits[..., 1:]) / 2).sum(-1)


class Explained(NamedTuple):
    """For each number of a target: how much of its variance is predicted (R²); the mean of all."""

    count: Any
    total: Any
    squares: Any
    missed: Any

    @property
    def value(self) -> Any:
        spread = self.squares - _ratio(self.total**2, self.count)
        return np.where(spread == 0, 0.0, 1 - _ratio(self.missed, spread)).mean(-1)


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
