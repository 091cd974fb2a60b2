"""Keras's metrics (https://keras.io/api/metrics/): each is one entry, from which all that concerns it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from engine import metric_settings as settings
from engine import metric_sums as sums
from engine import metrics_in_keras as keras
from engine.graph import snake_case
from engine.losses import LOSSES, Loss, TargetKind
from engine.metric_settings import MetricSettings
from engine.metrics_in_keras import by_word, of_class

_NUMBERS: tuple[TargetKind, ...] = ("numbers", "binary", "one-hot", "signs")
_YES_OR_NO: tuple[TargetKind, ...] = ("binary", "one-hot")


@dataclass(frozen=True)
class Metric:
    """A figure beside the loss: what it says, what it can be of, and how it is added up."""

    name: str
    """What Keras calls it, in `compile` and in a history."""
    description: str
    targets: tuple[TargetKind, ...]
    """The targets that it says something of. Labels have another shape than all others."""
    sums: sums.Sums
    maker: keras.Maker
    """Makes of it what Keras has."""
    title: str = ""
    share: bool = False
    """Whether it is a share of something, to be shown in per cent."""
    rises: bool = True
    """Whether a better network has more of it."""
    of_rows: bool = False
    """Whether it is of a row of numbers a sample, and nothing with more axes."""
    loss: str = ""
    """The loss that computes the same."""
    settings: type[MetricSettings] = MetricSettings
    """What can be set of it."""

    @property
    def shown(self) -> str:
        """The name as a person reads it."""
        return self.title or self.name.replace("_", " ")

    @property
    def counterpart(self) -> str | None:
        """The same of labels for one-hot rows, and the other way round, where there are both."""
        other = self.name.removeprefix("sparse_") if self.name.startswith("sparse_") else f"sparse_{self.name}"
        return other if other in METRICS else None

    @property
    def counts_right(self) -> bool:
        """Whether it is the plain accuracy of some targets."""
        return self.sums in (sums.accuracy, sums.binary_accuracy, sums.class_accuracy)

    def suits(self, loss: str) -> bool:
        return LOSSES[loss].targets in self.targets

    def offered(self, loss: str) -> bool:
        """Whether it is to be chosen: it suits, or will with the other loss of classes, which is then proposed."""
        return self.suits(loss) or (LOSSES[loss].targets == "labels" and self.of_classes)

    @property
    def of_classes(self) -> bool:
        """Whether it is of answers, be they yes or no or one of several classes."""
        return {"binary", "one-hot"} <= {*self.targets} and "numbers" not in self.targets


_CLASSES = (
    Metric(
        "accuracy",
        "Share of samples that are predicted right.",
        ("labels", "one-hot", "binary", "signs"),
        sums.accuracy,
        keras.accuracy,
        share=True,
    ),
    Metric(
        "binary_accuracy",
        "Share of yes-or-no answers that are right, yes being above 0.5 or another threshold.",
        ("binary", "signs"),
        sums.binary_accuracy,
        of_class("BinaryAccuracy"),
        share=True,
        settings=settings.BinaryAccuracy,
    ),
    Metric(
        "categorical_accuracy",
        "Share of samples whose likeliest class is the right one.",
        ("one-hot",),
        sums.class_accuracy,
        of_class("CategoricalAccuracy"),
        share=True,
    ),
    Metric(
        "sparse_categorical_accuracy",
        "Share of samples whose likeliest class is the right one.",
        ("labels",),
        sums.class_accuracy,
        of_class("SparseCategoricalAccuracy"),
        share=True,
    ),
    Metric(
        "top_k_categorical_accuracy",
        "Share of samples whose right class is among the k likeliest: five, or as many as are set.",
        ("one-hot",),
        sums.top_classes,
        of_class("TopKCategoricalAccuracy"),
        "top-k accuracy",
        share=True,
        settings=settings.TopK,
    ),
    Metric(
        "sparse_top_k_categorical_accuracy",
        "Share of samples whose right class is among the k likeliest: five, or as many as are set.",
        ("labels",),
        sums.top_classes,
        of_class("SparseTopKCategoricalAccuracy"),
        "top-k accuracy",
        share=True,
        settings=settings.TopK,
    ),
    Metric(
        "precision",
        "Of what is predicted with more than 0.5 or another threshold, the share that is right.",
        _YES_OR_NO,
        sums.precision,
        of_class("Precision", "precision"),
        share=True,
        settings=settings.Found,
    ),
    Metric(
        "recall",
        "Of what there is to be found, the share that is predicted with more than 0.5 or another threshold.",
        _YES_OR_NO,
        sums.recall,
        of_class("Recall", "recall"),
        share=True,
        settings=settings.Found,
    ),
    Metric(
        "f1_score",
        "Precision and recall in one number (their harmonic mean), for each class; the mean of all classes.",
        _YES_OR_NO,
        sums.f_counts,
        keras.f_score("F1Score"),
        "F1 score",
        share=True,
        of_rows=True,
        settings=settings.F1,
    ),
    Metric(
        "fbeta_score",
        "The F1 score with recall counting more, or less, than precision.",
        _YES_OR_NO,
        sums.f_counts,
        keras.f_score("FBetaScore"),
        "F-beta score",
        share=True,
        of_rows=True,
        settings=settings.FBeta,
    ),
    Metric(
        "auc",
        "How surely a yes is ranked above a no: area under the ROC curve; 0.5 is guessing, 1 is perfect. "
        "Or under the curve of precision over recall.",
        _YES_OR_NO,
        sums.area,
        of_class("AUC", "auc"),
        "area under the curve",
        settings=settings.Area,
    ),
    Metric(
        "mean_iou",
        "Overlap of predicted and right places of a class (intersection over union); the mean of all classes, "
        "or of some.",
        ("labels", *_YES_OR_NO),
        sums.overlap_counts,
        keras.overlap,
        "mean overlap (IoU)",
        share=True,
        settings=settings.Overlapping,
    ),
)

_OF_NUMBERS = (
    Metric(
        "root_mean_squared_error",
        "Root of the mean squared error: as large as a usual error, in the unit of the target.",
        _NUMBERS,
        sums.root_of_squares,
        of_class("RootMeanSquaredError"),
        rises=False,
    ),
    Metric(
        "r2_score",
        "Share of the target's variance that is predicted: 1 is perfect, 0 no better than its mean.",
        ("numbers",),
        sums.variance,
        of_class("R2Score"),
        "R² score",
        of_rows=True,
        settings=settings.Explaining,
    ),
)

_SHORT = {"mean_absolute_error": "mae", "mean_squared_error": "mse"}
_TITLES = {"kl_divergence": "KL divergence", "log_cosh_error": "log-cosh error", "poisson": "Poisson loss"}


def _of_loss(name: str, loss: Loss) -> Metric:
    """What a loss computes, as a metric."""
    short, title = _SHORT.get(name), name.replace("_", " ")
    if short:
        return Metric(
            short,
            f"{title.capitalize()}.",
            _NUMBERS,
            sums.loss(name),
            by_word(loss.metric),
            title,
            rises=False,
            loss=name,
        )
    return Metric(
        snake_case(loss.metric),
        "What the loss of this name computes, without weights of classes and regularizers.",
        (loss.targets,),
        sums.loss(name),
        of_class(loss.metric, axis=-1),
        _TITLES.get(snake_case(loss.metric), title),
        rises=False,
        loss=name,
    )


def _cosine_similarity() -> Metric:
    """The loss of this name has the other sign."""
    return Metric(
        "cosine_similarity",
        "How alike the directions of prediction and target are, from -1 to 1.",
        ("numbers", "one-hot"),
        sums.loss("cosine_similarity", -1.0),
        of_class("CosineSimilarity", axis=-1),
    )


_OF_LOSSES = {m.name: m for m in (_of_loss(name, loss) for name, loss in LOSSES.items() if loss.metric)}
_ERRORS = {name: _OF_LOSSES[name] for name in _SHORT.values()}

METRICS: Mapping[str, Metric] = {
    **{metric.name: metric for metric in _CLASSES},
    **_ERRORS,
    **{metric.name: metric for metric in _OF_NUMBERS},
    **_OF_LOSSES,
    "cosine_similarity": _cosine_similarity(),
}
"""Every metric by its name, in the order in which they are offered."""


class FigureParts(NamedTuple):
    """What the name of a figure says: "val_tag_auc_1" is the second area of the output "val_tag"."""

    output: str
    metric: Metric
    place: int = 0
    """Which it is of several metrics of one name, counted from 0."""


@cache
def parts_of(figure: str) -> FigureParts | None:
    """The metric that a figure is of by its name; None where that is not Keras's name of one."""
    whole, _, number = figure.rpartition("_")
    plain, place = (whole, int(number)) if number.isdecimal() else (figure, 0)
    names = [name for name in METRICS if plain == name or plain.endswith(f"_{name}")]
    if not names:
        return None
    name = max(names, key=len)
    return FigureParts(plain.removesuffix(name).rstrip("_"), METRICS[name], place)


def metric_of(figure: str) -> Metric | None:
    """The metric that a figure is of, whatever output and part of the data it tells of: "val_tag_accuracy"."""
    found = parts_of(figure)
    return found and found.metric
