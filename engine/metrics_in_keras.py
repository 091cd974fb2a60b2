"""Which class of Keras a metric is, and with which settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from engine.fields import describe
from engine.losses import TargetKind
from engine.metric_settings import THRESHOLD, MetricSettings, Overlapping
from engine.shapes import Shape


class InKeras(NamedTuple):
    """A metric as Keras has it: its class ("" where a name must do), and the settings that make it the same."""

    class_name: str
    settings: Mapping[str, Any] = {}
    usual: Mapping[str, Any] = {}
    """What other settings are here, as they are in Keras unless said otherwise."""


Maker = Callable[[TargetKind, Shape, MetricSettings], InKeras]
"""For targets, the shape of a prediction, and the settings here."""


def changed(settings: MetricSettings) -> dict[str, Any]:
    """The settings that are not as they come, as Keras takes them; of a name nothing is said."""
    values = {spec.name: (getattr(settings, spec.name), spec.default) for spec in describe(type(settings))}
    return {
        name: [*value] if isinstance(value, tuple) else value
        for name, (value, default) in values.items()
        if value != default and name != "name"
    }


def of_class(class_name: str, named: str = "", **usual: Any) -> Maker:
    """A class that has the settings that there are here; `named` where Keras would make a name up."""

    def made(_kind: TargetKind, _shape: Shape, settings: MetricSettings) -> InKeras:
        found = changed(settings)
        name = settings.name or (named if found else "")
        return InKeras(class_name, found | ({"name": name} if name else {}), usual)

    return made


def by_word(class_name: str) -> Maker:
    """What a word stands for, unless it has a name of its own."""

    def made(_kind: TargetKind, _shape: Shape, settings: MetricSettings) -> InKeras:
        return InKeras(class_name, {"name": settings.name}) if settings.name else InKeras("")

    return made


_ACCURACIES: dict[TargetKind, str] = {
    "labels": "SparseCategoricalAccuracy", "one-hot": "CategoricalAccuracy",
}  # fmt: skip


def accuracy(kind: TargetKind, shape: Shape, settings: MetricSettings) -> InKeras:
    """Keras looks at shapes, and takes several yes-or-no answers for classes."""
    usual = {"threshold": THRESHOLD}
    each = not shape or (kind in ("binary", "signs") and shape[-1] != 1)
    if each or settings.name:
        return InKeras(_ACCURACIES.get(kind, "BinaryAccuracy"), {"name": settings.name or "accuracy"}, usual)
    return InKeras("", {}, usual)


def f_score(class_name: str) -> Maker:
    """Keras takes the likeliest class where there is no threshold, even of one yes-or-no answer."""

    def made(kind: TargetKind, _shape: Shape, settings: MetricSettings) -> InKeras:
        usual = {"threshold": THRESHOLD} if kind == "binary" else {}
        found = {"average": "macro"} | usual | changed(settings)
        return InKeras(class_name, found | ({"name": settings.name} if settings.name else {}), usual)

    return made


def overlap(kind: TargetKind, shape: Shape, settings: MetricSettings) -> InKeras:
    """One of five classes: of some classes or of all, by what the targets are."""
    assert isinstance(settings, Overlapping)
    name = {"name": settings.name or "mean_iou"}
    own = changed(settings)
    if kind == "binary":
        own.pop("ignore_class", None)
        return InKeras("BinaryIoU", own | name, {"threshold": THRESHOLD, "target_class_ids": [0, 1]})
    own = {"num_classes": shape[-1] if shape else 1} | {key: own[key] for key in own if key != "threshold"}
    some = "IoU" if settings.target_class_ids else "MeanIoU"
    if kind == "one-hot":
        return InKeras(f"OneHot{some}", own | name, {"axis": -1})
    return InKeras(some, own | {"sparse_y_pred": False} | name, {"axis": -1, "sparse_y_true": True})
