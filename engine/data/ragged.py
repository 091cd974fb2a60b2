"""Rows of whole numbers that differ in length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.data.rows import Array


@dataclass(frozen=True)
class Ragged:
    """Rows of whole numbers, one behind the other: row i is values[starts[i]:starts[i + 1]]."""

    values: Array
    starts: Array

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> Array:
        return self.values[self.starts[number] : self.starts[number + 1]]


def padded(rows: list[Array], length: int, padding: str = "pre", truncating: str = "pre") -> Array:
    """Rows of one length, filled up with 0 or cut off, before or behind, as Keras's pad_sequences does.

    https://keras.io/api/data_loading/timeseries/#pad_sequences-function
    """
    found = np.zeros((len(rows), length), np.int32)
    for row, given in zip(found, rows, strict=True):
        kept = given[-length:] if truncating == "pre" else given[:length]
        if len(kept):
            row[slice(len(kept)) if padding == "post" else slice(-len(kept), None)] = kept
    return found
