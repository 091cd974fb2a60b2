"""Targets that are classes: given as labels 0, 1, 2, ..., or as rows with a one at the label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.data.rows import Rows
from engine.data.source import DataSet

Array = np.ndarray[Any, Any]
_MOST = 1000


def class_names(array: Array | Rows, names: Sequence[str] = ()) -> tuple[str, ...]:
    """The classes of a target; none where it is no such. `names` are those that are known."""
    if isinstance(array, Rows) or not array.size:
        return tuple(names)
    if array.ndim == 2 and array.shape[1] > 1 and len(names) in (0, array.shape[1]) and _one_hot(array):
        return tuple(names) or tuple(map(str, range(array.shape[1])))
    if names or array.dtype.kind not in "biu" or array.ndim != 1:
        return tuple(names)
    low, high = int(array.min()), int(array.max())
    return tuple(map(str, range(high + 1))) if low >= 0 and 1 <= high < _MOST else ()


def _one_hot(array: Array) -> bool:
    return bool(((array == 0) | (array == 1)).all() and (array.sum(1) == 1).all())


def labels_of(array: Array, classes: Sequence[str]) -> Array:
    """The label of each place of a target of these classes."""
    rows = array.ndim > 1 and array.shape[-1] == len(classes)
    return array.argmax(-1) if rows else array


def first_classes(ds: DataSet) -> tuple[Array, tuple[str, ...]] | None:
    """The labels of the first target with one class a sample, and the names of its classes."""
    for name, array in ds.targets.items():
        classes = class_names(array, ds.classes.get(name, ()))
        if classes and not isinstance(array, Rows):
            labels = labels_of(array, classes)
            if labels.ndim == 1:
                return labels, classes
    return None
