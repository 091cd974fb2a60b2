"""Going through rows from the first to the last, in pieces that memory does not feel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from engine.data.rows import AnyRows, Array, Rows

READING = "Reading the data"

_PIECE = 8 * 2**20
"""Bytes that are read at once."""


def piece_size(rows: AnyRows) -> int:
    """How many samples are read at once."""
    return max(1, _PIECE // max(1, rows.nbytes // max(1, len(rows))))


def in_pieces(rows: AnyRows) -> Iterator[tuple[int, Array, Mapping[int, str]]]:
    """All samples: the number of the first of a piece, the piece, and what is wrong with samples, by number."""
    size = piece_size(rows)
    for start in range(0, len(rows), size):
        if isinstance(rows, Rows):
            numbers = np.arange(start, min(start + size, len(rows)))
            yield start, *rows.read_sound(numbers)
        else:
            yield start, rows[start : start + size], {}
