"""How much each sample counts in a loss: by its class, and by what the data says of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.errors import DataError

Array = np.ndarray[Any, Any]

BALANCED = "balanced"


def read_class_weight(text: str) -> tuple[float, ...] | str:
    """What a setting says: nothing, `BALANCED`, or a number for each class; raises `ValueError`."""
    if text.strip() in ("", BALANCED):
        return text.strip()
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError("must be 'balanced', or a number for each class, such as 1, 2.5") from None
    if not all(np.isfinite(number) and number >= 0 for number in found):
        raise ValueError("must be numbers of 0 or more")
    return found


def shown_class_weight(text: str) -> str:
    """The setting as it is kept; raises `ValueError`."""
    found = read_class_weight(text)
    return found if isinstance(found, str) else ", ".join(f"{number:g}" for number in found)


def balanced(counts: Array) -> Array:
    """A weight for each class, n / (classes * count): all classes that come at all then count alike."""
    there = counts > 0
    return np.where(there, counts.sum() / (max(there.sum(), 1) * np.maximum(counts, 1)), 1.0)


def class_weights(setting: str, labels: Iterable[Array], classes: int, name: str) -> Array | None:
    """A weight for each class of an Output by its setting; None where all are alike. Raises `DataError`.

    `labels` are those that are trained on, in pieces.
    """
    found = read_class_weight(setting)
    if found == BALANCED:
        return balanced(sum((np.bincount(part.ravel(), minlength=classes) for part in labels), np.zeros(classes)))
    if isinstance(found, str):
        return None
    if len(found) != classes:
        raise DataError(f"{name} has {len(found)} class weights, but tells {classes} classes apart.")
    return np.array(found)


def check_weights(weights: Array) -> Array:
    """The weights of samples as numbers; raises `DataError`."""
    if weights.ndim != 1 or weights.dtype.kind not in "biuf":
        raise DataError("The weights of samples are one number each.")
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        number = int(bad.argmax())
        raise DataError(f"The weight of sample {number} is {weights[number]:g}: weights are numbers of 0 or more.")
    return weights.astype(np.float32)
