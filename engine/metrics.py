"""Keras's metrics (https://keras.io/api/metrics/): each is one entry, from which all that concerns it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from engine import metric_sums as sums
from engine.graph import snake_case
from engine.losses import LOSSES, Loss, TargetKind
from engine.shapes import Shape

_NUMBERS: tuple[TargetKind, ...] = ("numbers", "binary", "one-hot", "signs")
_YES_OR_NO: tuple[TargetKind, ...] = ("binary", "one-hot")


class InKeras(NamedTuple):
    """A metric as Keras has it: its class ("" where a name must do), and the settings that make it the same."""

    class_name: str
    settings: Mapping[str, Any] = {}
    usual: Mapping[str, Any] = {}
    """What other settings are here, as they are in Keras unless said otherwise."""


@dataclass(frozen=True)
class Metric:
    """A figure beside the loss: what it says, what it can be of, and how it is added up."""

    name: str
    """What Keras calls it, in `compile` and in a history."""
    description: str
    targets: tuple[TargetKind, ...]
    """The targets that it says something of. Labels have another shape than all others."""
    sums: sums.Sums
    in_keras: Callable[[TargetKind, Shape], InKeras]
    """For targets and the shape of a prediction."""
    title: str = ""
    share: bool = False
    """Whether it is a share of something, to be shown in per cent."""
    rises: bool = True
    """Whether a better network has more of it."""
    of_rows: bool = False
    """Whether it is of a row of numbers a sample, and nothing with more axes."""
    loss: str = ""
    """The loss that computes the same."""

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


def _as(class_name: str, settings: Mapping[str, Any] | None = None, **usual: Any) -> Callable[..., InKeras]:
    return lambda _kind, _shape: InKeras(class_name, settings or {}, usual)


def _accuracy_in_keras(kind: TargetKind, shape: Shape) -> InKeras:
    """Keras looks at shapes, and takes several yes-or-no answers for classes."""
    each = not shape or (kind in ("binary", "signs") and shape[-1] != 1)
    return InKeras("BinaryAccuracy" if each else "", {"name": "accuracy"} if each else {}, {"threshold": 0.5})


def _f1_in_keras(kind: TargetKind, _shape: Shape) -> InKeras:
    threshold = sums.THRESHOLD if kind == "binary" else None
    return InKeras("F1Score", {"average": "macro"} | ({} if threshold is None else {"threshold": threshold}))


def _iou_in_keras(kind: TargetKind, shape: Shape) -> InKeras:
    name = {"name": "mean_iou"}
    if kind == "binary":
        return InKeras("BinaryIoU", name, {"threshold": 0.5, "target_class_ids": [0, 1]})
    settings = {"num_classes": shape[-1] if shape else 1}
    if kind == "one-hot":
        return InKeras("OneHotMeanIoU", settings | name, {"axis": -1})
    return InKeras("MeanIoU", settings | {"sparse_y_pred": False} | name, {"axis": -1, "sparse_y_true": True})


_CLASSES = (
    Metric(
        "accuracy",
        "Share of samples that are predicted right.",
        ("labels", "one-hot", "binary", "signs"),
        sums.accuracy,
        _accuracy_in_keras,
        share=True,
    ),
    Metric(
        "binary_accuracy",
        "Share of yes-or-no answers that are right, yes being above 0.5.",
        ("binary", "signs"),
        sums.binary_accuracy,
        _as("BinaryAccuracy", threshold=0.5),
        share=True,
    ),
    Metric(
        "categorical_accuracy",
        "Share of samples whose likeliest class is the right one.",
        ("one-hot",),
        sums.class_accuracy,
        _as("CategoricalAccuracy"),
        share=True,
    ),
    Metric(
        "sparse_categorical_accuracy",
        "Share of samples whose likeliest class is the right one.",
        ("labels",),
        sums.class_accuracy,
        _as("SparseCategoricalAccuracy"),
        share=True,
    ),
    Metric(
        "top_k_categorical_accuracy",
        "Share of samples whose right class is among the five likeliest.",
        ("one-hot",),
        sums.top_classes,
        _as("TopKCategoricalAccuracy", k=sums.TOP),
        "accuracy of the first five",
        share=True,
    ),
    Metric(
        "sparse_top_k_categorical_accuracy",
        "Share of samples whose right class is among the five likeliest.",
        ("labels",),
        sums.top_classes,
        _as("SparseTopKCategoricalAccuracy", k=sums.TOP),
        "accuracy of the first five",
        share=True,
    ),
    Metric(
        "precision",
        "Of what is predicted with more than 0.5, the share that is right.",
        _YES_OR_NO,
        sums.precision,
        _as("Precision", thresholds=0.5),
        share=True,
    ),
    Metric(
        "recall",
        "Of what there is to be found, the share that is predicted with more than 0.5.",
        _YES_OR_NO,
        sums.recall,
        _as("Recall", thresholds=0.5),
        share=True,
    ),
    Metric(
        "f1_score",
        "Precision and recall in one number (their harmonic mean), for each class; the mean of all classes.",
        _YES_OR_NO,
        sums.f1_counts,
        _f1_in_keras,
        "F1 score",
        share=True,
        of_rows=True,
    ),
    Metric(
        "auc",
        "How surely a yes is ranked above a no: area under the ROC curve; 0.5 is guessing, 1 is perfect.",
        _YES_OR_NO,
        sums.roc_curve,
        _as("AUC", num_thresholds=sums.THRESHOLDS, curve="ROC", summation_method="interpolation"),
        "area under the ROC curve",
    ),
    Metric(
        "mean_iou",
        "Overlap of predicted and right places of a class (intersection over union); the mean of all classes.",
        ("labels", *_YES_OR_NO),
        sums.overlap_counts,
        _iou_in_keras,
        "mean overlap (IoU)",
        share=True,
    ),
)

_OF_NUMBERS = (
    Metric(
        "root_mean_squared_error",
        "Root of the mean squared error: as large as a usual error, in the unit of the target.",
        _NUMBERS,
        sums.root_of_squares,
        _as("RootMeanSquaredError"),
        rises=False,
    ),
    Metric(
        "r2_score",
        "Share of the target's variance that is predicted: 1 is perfect, 0 no better than its mean.",
        ("numbers",),
        sums.variance,
        _as("R2Score", class_aggregation="uniform_average"),
        "R² score",
        of_rows=True,
    ),
)

_SHORT = {"mean_absolute_error": "mae", "mean_squared_error": "mse"}
_TITLES = {"kl_divergence": "KL divergence", "log_cosh_error": "log-cosh error", "poisson": "Poisson loss"}


def _of_loss(name: str, loss: Loss) -> Metric:
    """What a loss computes, as a metric."""
    short, title = _SHORT.get(name), name.replace("_", " ")
    if short:
        return Metric(
            short, f"{title.capitalize()}.", _NUMBERS, sums.loss(name), _as(""), title, rises=False, loss=name
        )
    return Metric(
        snake_case(loss.metric),
        "What the loss of this name computes, without weights of classes and regularizers.",
        (loss.targets,),
        sums.loss(name),
        _as(loss.metric, axis=-1),
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
        _as("CosineSimilarity", axis=-1),
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


@cache
def metric_of(figure: str) -> Metric | None:
    """The metric that a figure is of, whatever output and part of the data it tells of: "val_tag_accuracy"."""
    names = [name for name in METRICS if figure == name or figure.endswith(f"_{name}")]
    return METRICS[max(names, key=len)] if names else None
