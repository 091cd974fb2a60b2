"""How good predictions are: frozen figures, tables and curves, computed from predictions and targets."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import DataError
from engine.events import Progress
from engine.losses import LOSSES

Array = np.ndarray[Any, Any]

_POINTS = 200
"""Points of a curve that are kept."""
_CURVED = 100
"""Classes of which curves are computed."""
_BINS = 10
_THRESHOLD = 0.5
"""Above which Keras's accuracy takes the only number of an answer for the second class."""


@dataclass(frozen=True)
class Answers:
    """What a network gives at an Output for some samples, and what was to be given.

    `predicted` is (samples, ..., numbers); `counted` is False for places that a mask leaves out.
    """

    output: str
    loss: str
    samples: Array
    """The number of each sample in its part."""
    true: Array
    predicted: Array
    counted: Array | None = None
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassFigures:
    """How well a class is told from the others; or the mean of all classes."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Curve:
    """A curve of one class, and the area under it (for precision over recall, the average precision)."""

    name: str
    label: int
    x: Array
    y: Array
    area: float


@dataclass(frozen=True)
class Calibration:
    """In bins of the probability that was given: its mean, the share that was right, and how many answers.

    `error` is the expected calibration error: the mean gap between the two, by the number of answers.
    """

    given: Array
    right: Array
    counts: Array
    error: float


@dataclass(frozen=True)
class Classified:
    """Answers that are one of several classes; arrays hold a value for each answer."""

    output: str
    classes: tuple[str, ...]
    samples: Array
    """The number of each answer's sample in its part."""
    true: Array
    predicted: Array
    certainty: Array
    """What the network gave the class that it chose."""
    is_probability: bool
    confusion: Array
    """How many answers of each class (row) were taken for each class (column)."""
    rows: tuple[ClassFigures, ...]
    means: tuple[ClassFigures, ...]
    """Of all classes: each alike, and each by its support."""
    roc: tuple[Curve, ...]
    precision_recall: tuple[Curve, ...]
    calibration: Calibration | None

    @property
    def accuracy(self) -> float:
        return float(np.trace(self.confusion) / max(self.confusion.sum(), 1))

    def cell(self, true: int, predicted: int) -> Array:
        """The answers of a class that were taken for a class, the most certain first."""
        return self._sorted((self.true == true) & (self.predicted == predicted))

    def mistakes(self) -> Array:
        """The answers that are wrong, the most certain first, one for each sample."""
        return _one_each(self._sorted(self.true != self.predicted), self.samples)

    def right(self) -> Array:
        """The answers that are right, the most certain first, one for each sample."""
        return _one_each(self._sorted(self.true == self.predicted), self.samples)

    def _sorted(self, which: Array) -> Array:
        places = np.flatnonzero(which)
        return places[np.argsort(-self.certainty[places], kind="stable")]


@dataclass(frozen=True)
class Labelled:
    """Answers of several labels, any number of which may hold; arrays are (answers, labels)."""

    output: str
    classes: tuple[str, ...]
    samples: Array
    true: Array
    predicted: Array
    rows: tuple[ClassFigures, ...]
    means: tuple[ClassFigures, ...]
    roc: tuple[Curve, ...]
    precision_recall: tuple[Curve, ...]

    def mistakes(self) -> Array:
        """The answers with a wrong label, those with the most first."""
        wrong = (self.true != self.predicted).sum(1)
        return np.argsort(-wrong, kind="stable")[: int((wrong > 0).sum())]


@dataclass(frozen=True)
class Regressed:
    """Answers that are numbers: (answers, numbers)."""

    output: str
    samples: Array
    true: Array
    predicted: Array
    r2: float
    """1 for predictions without error, 0 for the mean of the targets; not a number where targets are all alike."""
    mae: float
    rmse: float

    @property
    def residuals(self) -> Array:
        """Prediction less target."""
        return self.predicted - self.true

    def worst(self) -> Array:
        """The answers, those with the largest mean error first."""
        return np.argsort(-np.abs(self.residuals).mean(1), kind="stable")


Scores = Classified | Labelled | Regressed


def scoring(answers: Answers) -> Generator[Progress, None, Scores]:
    """Score the answers of an Output by what its loss says they are, telling how far that is.

    Raises `DataError` where a prediction is no finite number.
    """
    if not np.isfinite(answers.predicted).all():
        raise DataError(f"{answers.output} gives infinite or missing numbers for some samples: train it anew.")
    kind = LOSSES[answers.loss].targets
    width = answers.predicted.shape[-1] if answers.predicted.ndim > 1 else 1
    if kind in ("labels", "one-hot"):
        true = answers.true.argmax(-1) if kind == "one-hot" else answers.true
        return (yield from _classified(answers, true, answers.predicted))
    if kind in ("binary", "signs") and _two_valued(answers.true):
        if width == 1:
            true = (answers.true > 0).astype(np.int64)
            return (yield from _classified(answers, true, answers.predicted))
        if answers.predicted.ndim == 2:
            return (yield from _labelled(answers, width))
    yield Progress("Computing the figures")
    return _regressed(answers)


def _two_valued(true: Array) -> bool:
    return bool((((true == 0) | (true == 1)) | (true == -1)).all())


def _classified(answers: Answers, true: Array, predicted: Array) -> Generator[Progress, None, Classified]:
    yield Progress("Computing the figures")
    width = predicted.shape[-1]
    given, labels = predicted.reshape(-1, width), true.reshape(-1).astype(np.int64)
    samples, counted = _places(answers, len(labels))
    given, labels, samples = given[counted], labels[counted], samples[counted]
    names = _names(answers.classes, max(width, 2))
    chosen, certainty, proper = (_of_two if width == 1 else _of_several)(given, answers.loss)
    confusion = np.zeros((len(names), len(names)), np.int64)
    np.add.at(confusion, (labels, chosen), 1)
    rows, means = _table(labels, chosen, names)
    told = range(1, 2) if width == 1 else range(min(width, _CURVED))  # of two classes, the second says it all
    columns = [(names[label], label, labels == label, given[:, label % width]) for label in told]
    roc, precision_recall = yield from _curves(columns)
    claimed, came = (given[:, 0], labels == 1) if width == 1 else (certainty, chosen == labels)
    return Classified(
        output=answers.output,
        classes=names,
        samples=samples,
        true=labels,
        predicted=chosen,
        certainty=certainty,
        is_probability=proper,
        confusion=confusion,
        rows=rows,
        means=means,
        roc=roc,
        precision_recall=precision_recall,
        calibration=_calibration(claimed, came) if proper else None,
    )


def _of_two(given: Array, loss: str) -> tuple[Array, Array, bool]:
    """The class that one number stands for, how certain that is, and whether it is a probability."""
    scores = given[:, 0]
    chosen = (scores > _THRESHOLD).astype(np.int64)
    if LOSSES[loss].targets == "binary" and ((scores >= 0) & (scores <= 1)).all():
        return chosen, np.where(chosen == 1, scores, 1 - scores), True
    return chosen, np.abs(scores - _THRESHOLD), False


def _of_several(given: Array, _: str) -> tuple[Array, Array, bool]:
    """As `_of_two`, for a number for each class."""
    chosen = given.argmax(-1)
    proper = bool((given >= 0).all() and np.allclose(given.sum(-1), 1, atol=1e-3))
    return chosen, given[np.arange(len(given)), chosen], proper


def _labelled(answers: Answers, width: int) -> Generator[Progress, None, Labelled]:
    yield Progress("Computing the figures")
    true, chosen = answers.true > 0, answers.predicted > _THRESHOLD
    names = _names(answers.classes, width)
    rows, means = _table(true.astype(int), chosen.astype(int), names)
    columns = [(name, i, true[:, i], answers.predicted[:, i]) for i, name in enumerate(names[:_CURVED])]
    roc, precision_recall = yield from _curves(columns)
    return Labelled(answers.output, names, answers.samples, true, chosen, rows, means, roc, precision_recall)


def _regressed(answers: Answers) -> Regressed:
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

    count = len(answers.samples)
    true = answers.true.reshape(count, -1).astype(np.float64)
    predicted = answers.predicted.reshape(count, -1).astype(np.float64)
    samples = answers.samples
    if answers.counted is not None:
        places, counted = _places(answers, math.prod(answers.counted.shape))
        width = true.size // len(counted)
        true, predicted = true.reshape(-1, width)[counted], predicted.reshape(-1, width)[counted]
        samples = places[counted]
    known = len(true) > 1 and bool(np.ptp(true, 0).any())
    varied = np.ptp(true, 0) > 0
    r2 = float(r2_score(true[:, varied], predicted[:, varied])) if known else math.nan
    mae = float(mean_absolute_error(true, predicted))
    rmse = math.sqrt(float(mean_squared_error(true, predicted)))
    return Regressed(answers.output, samples, true, predicted, r2, mae, rmse)


def _places(answers: Answers, count: int) -> tuple[Array, Array]:
    """The number of the sample of each answer, and whether it counts."""
    per_sample = count // max(len(answers.samples), 1)
    samples = np.repeat(answers.samples, per_sample)
    counted = answers.counted
    if counted is None or counted.size != count:
        return samples, np.ones(count, bool)
    return samples, counted.reshape(-1).astype(bool)


def _names(known: Sequence[str], count: int) -> tuple[str, ...]:
    """The names of classes; their numbers where there are none."""
    return (*known[:count], *map(str, range(min(len(known), count), count)))


def _one_each(places: Array, samples: Array) -> Array:
    """The first answer of each sample, in their order."""
    _, first = np.unique(samples[places], return_index=True)
    return places[np.sort(first)]


def _table(
    true: Array, chosen: Array, names: tuple[str, ...]
) -> tuple[tuple[ClassFigures, ...], tuple[ClassFigures, ...]]:
    from sklearn import metrics

    score: Any = metrics.precision_recall_fscore_support  # whose stubs know no zero_division
    labels = list(range(len(names)))
    found = score(true, chosen, labels=labels, zero_division=0)
    rows = tuple(
        ClassFigures(name, float(p), float(r), float(f), int(s))
        for name, p, r, f, s in zip(names, *found, strict=True)
    )
    total = sum(row.support for row in rows)
    means: list[ClassFigures] = []
    for kind in ("macro", "weighted"):
        p, r, f, _ = score(true, chosen, labels=labels, average=kind, zero_division=0)
        means.append(ClassFigures(kind, float(p), float(r), float(f), total))
    return rows, tuple(means)


def _curves(
    columns: Sequence[tuple[str, int, Array, Array]],
) -> Generator[Progress, None, tuple[tuple[Curve, ...], tuple[Curve, ...]]]:
    """ROC and precision over recall of each class; none of a class that none, or all, of the answers are of."""
    from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

    roc: list[Curve] = []
    precision_recall: list[Curve] = []
    for done, (name, label, true, given) in enumerate(columns):
        yield Progress("Computing the figures", done, len(columns))
        if true.all() or not true.any() or not np.isfinite(given).all():
            continue
        x, y, _ = roc_curve(true, given)
        roc.append(Curve(name, label, *_thinned(x, y), float(auc(x, y))))
        precision, recall, _ = precision_recall_curve(true, given)
        area = float(average_precision_score(true, given))
        precision_recall.append(Curve(name, label, *_thinned(recall[::-1], precision[::-1]), area))
    return tuple(roc), tuple(precision_recall)


def _thinned(x: Array, y: Array) -> tuple[Array, Array]:
    """Some points of a curve, its ends among them."""
    kept = np.unique(np.linspace(0, len(x) - 1, _POINTS).round().astype(int))
    return x[kept], y[kept]


def _calibration(given: Array, right: Array) -> Calibration | None:
    if not len(given):
        return None
    bins = np.minimum((given * _BINS).astype(int), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    some = counts > 0
    mean = np.bincount(bins, given, _BINS)[some] / counts[some]
    share = np.bincount(bins, right, _BINS)[some] / counts[some]
    error = float((counts[some] * np.abs(mean - share)).sum() / counts.sum())
    return Calibration(mean, share, counts[some], error)
