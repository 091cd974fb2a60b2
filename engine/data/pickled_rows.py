"""Rows of whole numbers of different lengths, as NumPy pickles an array of lists: read without loading a pickle.

A pickle is a program for a small stack machine (https://docs.python.org/3/library/pickletools.html), and loading
one may run anything. Here only that is understood which an array of lists of whole numbers needs: lists, numbers,
and the three calls with which NumPy makes an array. Nothing that a file names is imported or called.
"""

from __future__ import annotations

import struct
from collections.abc import Generator

import numpy as np

from engine.data.pickle_machine import FRAME, Machine, NotRowsError, RowList
from engine.data.ragged import Array, Ragged

_STEP = 20_000
"""Instructions between two words of progress."""
_WIDTHS = np.zeros(256, np.int64)
_WIDTHS[[*b"KMJ", FRAME]] = 2, 3, 5, 9
"""Bytes of the instructions that push a number of one, two or four bytes, and of one that begins a frame."""
_REPEATED = "rows are repeated until they are larger than the file."


def reading(content: bytes, count: int) -> Generator[int, None, Ragged]:
    """The rows of an array of so many lists, from its pickle; yields how far it is, in bytes.

    Memory is bounded by the size of the pickle. Raises `NotRowsError`.
    """
    if count > len(content):
        raise NotRowsError(f"there should be {count:,} rows in {len(content):,} bytes.")
    machine = Machine(content, count)
    try:
        while not machine.ended:
            machine.run(_STEP)
            yield machine.place
    except (IndexError, struct.error):
        raise NotRowsError("it ends too early.") from None
    return _joined(machine.result, count, content)


def _joined(rows: list[RowList], count: int, content: bytes) -> Ragged:
    if len(rows) != count:
        raise NotRowsError(f"there should be {count:,} rows, but {len(rows):,} are there.")
    if any(row.lists for row in rows):
        raise NotRowsError("there are lists within the rows.")
    if sum(len(row.numbers) for row in rows) > len(content):
        raise NotRowsError(_REPEATED)
    pieces = [piece for row in rows for piece in row.numbers]
    if sum(stop - start for start, stop in pieces) > len(content):
        raise NotRowsError(_REPEATED)
    values, counts = _decoded(content, np.array(pieces, np.int64).reshape(-1, 2))
    owners = np.repeat(np.arange(count), [len(row.numbers) for row in rows])
    lengths = np.bincount(owners, counts, count).astype(np.int64)
    return Ragged(values, np.concatenate([[0], lengths.cumsum()]))


def _decoded(content: bytes, pieces: Array) -> tuple[Array, Array]:
    """The numbers that are pushed in some pieces, and how many there are in each.

    All pieces are gone through side by side, a number of each at a time.
    """
    codes = np.frombuffer(content + bytes(4), np.uint8)
    places, stops = pieces[:, 0].copy(), pieces[:, 1]
    room = np.concatenate([[0], ((stops - places) // 2).cumsum()])
    values, there = np.empty(room[-1], np.int32), np.zeros(room[-1], bool)
    going = np.flatnonzero(places < stops)
    done = 0
    while len(going):
        at = places[going]
        code = codes[at]
        widths = _WIDTHS[code]
        number = codes[at + 1].astype(np.int32)
        for byte in (2, 3, 4):
            number |= np.where(widths > byte, codes[at + byte].astype(np.int32) << 8 * (byte - 1), 0)
        target = room[going] + done
        values[target], there[target] = number, code != FRAME
        places[going] = at + widths
        going = going[places[going] < stops[going]]
        done += 1
    counts = np.add.reduceat(there, room[:-1], dtype=np.int64) if len(pieces) else np.zeros(0, np.int64)
    return values[there], counts
