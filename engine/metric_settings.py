"""The settings of metrics, named as in Keras. What is not said is as Keras has it, unless a description tells."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from engine.fields import Count, Fraction, PositiveInt, Settings

THRESHOLD = 0.5
"""Predictions above it mean yes."""

_NAME = re.compile(r"\w[\w .-]{0,59}")


def _checked_name(name: str) -> str:
    if name and not _NAME.fullmatch(name):
        raise ValueError("must be a name of up to 60 letters, digits, spaces, dots and dashes")
    if name.startswith("val_") or name == "loss" or name.endswith("_loss"):
        raise ValueError("must not be like the name of a loss, or of a figure of the validation")
    return name


def _one_alone(value: Any) -> Any:
    """Keras takes one threshold in a list for the threshold alone."""
    return value[0] if isinstance(value, list | tuple) and len(value) == 1 else value  # pyright: ignore[reportUnknownArgumentType]


OwnName = Annotated[
    str,
    Field(description="What its figure is called in the curves and by callbacks; empty: as Keras calls it."),
    AfterValidator(_checked_name),
]
Mean = Literal["macro", "micro", "weighted"]
Curve = Literal["ROC", "PR", "PRGAIN"]
Summation = Literal["interpolation", "minoring", "majoring"]
Aggregation = Literal["uniform_average", "variance_weighted_average"]
_Threshold = Annotated[float, Field(gt=0, le=1)]


class MetricSettings(Settings):
    """What can be set of every metric."""

    name: OwnName = ""


class BinaryAccuracy(MetricSettings):
    threshold: Fraction = Field(default=THRESHOLD, description="Predictions above it mean yes.")


class TopK(MetricSettings):
    k: PositiveInt = Field(default=5, description="Among how many of the likeliest classes the right one may be.")


class Found(MetricSettings):
    """Of precision and recall."""

    thresholds: Annotated[Fraction | None, BeforeValidator(_one_alone)] = Field(
        default=None, description="Predictions above it mean yes: 0.5, or none where top_k is set."
    )
    top_k: PositiveInt | None = Field(
        default=None, description="Only so many of the highest predictions of a sample can mean yes."
    )
    class_id: Count | None = Field(default=None, description="The only class that is looked at, counted from 0.")


class F1(MetricSettings):
    average: Mean = Field(
        default="macro",
        description="macro: the mean of all classes; weighted: by how often each is there; micro: of all at once.",
    )
    threshold: _Threshold | None = Field(
        default=None,
        description="Predictions above it mean yes. Left open: the highest one does, and of yes-or-no answers "
        "those above 0.5.",
    )


class FBeta(F1):
    beta: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=1.0, description="How many times as much recall counts as precision."
    )


class Area(MetricSettings):
    num_thresholds: Annotated[int, Field(ge=2, le=10_000)] = Field(default=200, description="Points of the curve.")
    curve: Curve = Field(
        default="ROC",
        description="ROC: hits over false alarms; PR: precision over recall, which says more where a yes is rare.",
    )
    summation_method: Summation = Field(
        default="interpolation", description="What is taken between two points: the lower, the higher, or between."
    )
    multi_label: bool = Field(
        default=False, description="A curve for each number of the prediction; the mean of their areas."
    )


class Overlapping(MetricSettings):
    target_class_ids: tuple[Count, ...] = Field(
        default=(), description="The classes that the mean is of, counted from 0; none: all."
    )
    ignore_class: Annotated[int, Field(ge=-1, le=1_000_000)] | None = Field(
        default=None, description="Places of this class are left out, where there are several classes."
    )
    threshold: Fraction = Field(
        default=THRESHOLD, description="Predictions of yes-or-no answers from it on mean yes."
    )


class Explaining(MetricSettings):
    class_aggregation: Aggregation = Field(
        default="uniform_average", description="Whether numbers of a target that vary more count more."
    )
