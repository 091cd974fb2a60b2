"""Some samples of data that is not in memory, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication

from engine.data.faults import faults_text
from engine.data.rows import Rows
from engine.data.source import DataSet

Array = np.ndarray[Any, Any]

PICTURES = 64
_POINTS = 3000
_BYTES = 64 * 2**20


def _tr(text: str) -> str:
    return QCoreApplication.translate("Preview", text)


@dataclass(frozen=True)
class Some:
    """A data set whose samples are in memory, where they are not too many, and what is wrong with others."""

    data: DataSet
    notes: tuple[str, ...] = ()
    stop: str = ""
    """What a run would stop at: a sentence, empty where all that was looked at can be read or is left out."""


def some_samples(ds: DataSet) -> Some:
    """The data itself where it is in memory; else some of its samples, of what is costly from all over it."""
    rows: list[Rows] = [
        array for array in (*ds.features.values(), *ds.targets.values()) if isinstance(array, Rows)
    ]
    if not rows:
        return Some(ds)
    costly = any(array.costly for array in rows)
    fitting = _BYTES // max(1, *(array.nbytes // max(1, len(array)) for array in rows))
    number = min(ds.size, PICTURES if costly else _POINTS, max(1, fitting))
    numbers = _spread(ds.size, number) if costly else np.arange(number)
    faults: dict[int, str] = {}
    read: dict[str, Array] = {}
    for name, array in ds.arrays.items():
        if isinstance(array, Rows):
            read[name], found = array.read_sound(numbers)
            faults |= found
        else:
            read[name] = array[numbers]
    sound = ~np.isin(numbers, list(faults))
    some = replace(
        ds,
        features={name: read[name][sound] for name in ds.features},
        targets={name: read[name][sound] for name in ds.targets},
        validation=None,
        test=None,
    )
    if not faults:
        return Some(some)
    shown = faults_text(list(faults.values()))
    if ds.skip_unreadable:
        text = _tr("{0} of {1} samples that were looked at cannot be read and are left out: {2}.")
        return Some(some, (text.format(len(faults), number, shown),))
    text = _tr("{0} of {1} samples that were looked at cannot be read, and would stop the training: {2}.")
    return Some(some, stop=text.format(len(faults), number, shown))


def _spread(size: int, number: int) -> Array:
    """Numbers of samples from all over, in great strides: where classes lie one after the other, all come soon."""
    stride = max(1, round(number**0.5))
    order = np.argsort(np.arange(number) % stride, kind="stable")
    return np.linspace(0, size - 1, number).astype(int)[order]
