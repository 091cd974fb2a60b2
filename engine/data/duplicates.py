"""Samples that are the same, byte for byte: found by a number that is computed of each."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from engine.data.rows import AnyRows, Array, Rows
from engine.events import Progress

MOST = 2**30
"""Bytes that are looked at unasked; of more, samples spread evenly over all of them are."""
_AT_ONCE = 4 * 2**20
_MIX = np.uint64(0x9E3779B97F4A7C15)

UNKNOWN = np.uint64(0)
"""Stands for a sample that was not looked at."""


def fingerprints(arrays: Mapping[str, AnyRows], most: int | None = MOST) -> Generator[Progress, None, Array]:
    """A number for each sample: two that are the same have the same one, others with all likelihood do not.

    Where the samples are more than `most` bytes, only some are looked at; the others are `UNKNOWN`.
    """
    size = len(next(iter(arrays.values())))
    width = sum(rows.nbytes for rows in arrays.values()) // max(size, 1)
    step = max(1, _AT_ONCE // max(width, 1))
    starts = np.arange(0, size, step)
    if most is not None and size * width > most:
        starts = starts[np.linspace(0, len(starts) - 1, max(1, most // (step * width))).astype(int)]
    found = np.full(size, UNKNOWN)
    for done, start in enumerate(starts.tolist()):
        yield Progress("Looking for duplicates", done, len(starts))
        numbers = np.arange(start, min(start + step, size))
        prints = np.zeros(len(numbers), np.uint64)
        for place, name in enumerate(sorted(arrays)):
            rows = arrays[name]
            piece = rows.read_sound(numbers)[0] if isinstance(rows, Rows) else rows[start : start + step]
            prints = _mixed(prints + np.uint64(place)) + _prints(piece)
        found[numbers] = np.maximum(_mixed(prints), 1)
    return found


def _prints(rows: Array) -> Array:
    """A number for each row of bytes: its words, each mixed with its place, added up."""
    rows = np.ascontiguousarray(rows + 0 if rows.dtype.kind == "f" else rows)  # -0 is 0
    raw = rows.reshape(len(rows), -1).view(np.uint8)
    lacking = -raw.shape[1] % 8
    words = (np.pad(raw, ((0, 0), (0, lacking))) if lacking else raw).view(np.uint64)
    places = np.arange(1, words.shape[1] + 1, dtype=np.uint64) * _MIX
    return _mixed(words ^ places).sum(1, dtype=np.uint64)


def _mixed(words: Array) -> Array:
    """Other numbers for numbers, one for each, in which each bit depends on all of them (Steele et al., 2014)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
