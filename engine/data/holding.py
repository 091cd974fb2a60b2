"""What becomes of rows before a run: what is costly is decoded once for all runs, what is small held in memory."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import replace

import numpy as np

from engine.data.faults import faults_text
from engine.data.packing import can_be_packed, packed
from engine.data.reading import READING, in_pieces
from engine.data.rows import AnyRows, Array, Picked, Rows, room
from engine.data.source import DataSet
from engine.errors import DataError
from engine.events import Progress

HELD = 384 * 2**20
"""Bytes of samples that are held in memory; more are read batch by batch."""

_QUICK = 32 * 2**20
"""Bytes that are read so quickly that nobody waits for them."""

Arrays = Mapping[str, AnyRows]


def held(data: DataSet, refused: list[str] | None = None) -> Generator[Progress, None, DataSet]:
    """The data, ready to be gone through often, without the samples that cannot be read.

    Raises `DataError` for those where the data does not say that they are to be left out; where `refused` is
    given, that is put there instead.
    """
    notes = list(data.notes)
    training = {**data.arrays, **data.marks}
    small = _small(part for part in (training, data.validation, data.test) if part is not None)

    def part(arrays: Arrays) -> Generator[Progress, None, Arrays]:
        found: dict[str, AnyRows] = {}
        faults: dict[int, str] = {}
        for name, rows in arrays.items():
            found[name] = rows
            if isinstance(rows, Rows) and rows.costly and (id(rows) not in small or can_be_packed(rows)):
                found[name], more = yield from packed(rows, notes)
                faults |= more
            if isinstance(kept := found[name], Rows) and id(rows) in small:
                found[name], more = yield from _in_memory(kept)
                faults |= more
        return _sound(found, faults, data.skip_unreadable, notes, refused)

    arrays = yield from part(training)
    validation = None if data.validation is None else (yield from part(data.validation))
    test = None if data.test is None else (yield from part(data.test))
    return replace(
        data,
        features={name: arrays[name] for name in data.features},
        targets={name: arrays[name] for name in data.targets},
        marks={name: arrays[name] for name in data.marks},
        validation=validation,
        test=test,
        notes=tuple(notes),
    )


def glimpsed(data: DataSet) -> DataSet:
    """The data with all that is read in no time in memory: enough to be shown."""

    def read(rows: AnyRows) -> AnyRows:
        quick = isinstance(rows, Rows) and not rows.costly and rows.nbytes <= _QUICK
        return np.asarray(rows) if quick else rows

    def part(arrays: Arrays) -> Arrays:
        return {name: read(rows) for name, rows in arrays.items()}

    return replace(
        data,
        features=part(data.features),
        targets=part(data.targets),
        validation=None if data.validation is None else part(data.validation),
        test=None if data.test is None else part(data.test),
    )


def _small(parts: Iterable[Arrays]) -> set[int]:
    """The rows, the smallest first, that memory has room for; by identity."""
    found: set[int] = set()
    left = HELD
    all_rows = (rows for part in parts for rows in part.values() if isinstance(rows, Rows))
    for rows in sorted(all_rows, key=lambda rows: rows.nbytes):
        left -= rows.nbytes
        if left >= 0:
            found.add(id(rows))
    return found


def _in_memory(rows: Rows) -> Generator[Progress, None, tuple[Array, Mapping[int, str]]]:
    values = room(rows.shape, rows.dtype)
    faults: dict[int, str] = {}
    for start, piece, found in in_pieces(rows):
        values[start : start + len(piece)] = piece
        faults |= found
        yield Progress(READING, start + len(piece), len(rows))
    return values, faults


def _sound(
    arrays: Arrays, faults: Mapping[int, str], skip: bool, notes: list[str], refused: list[str] | None
) -> Arrays:
    """The arrays without the samples that have faults."""
    if not faults:
        return arrays
    size = len(next(iter(arrays.values())))
    shown = faults_text([faults[number] for number in sorted(faults)])
    if not skip:
        error = DataError(
            f"{len(faults):,} of {size:,} samples cannot be read: {shown}. Mend them, or set what is done with "
            "unreadable samples to skip."
        )
        if refused is None:
            raise error
        refused.append(str(error))
    if len(faults) == size:
        raise DataError(f"None of the {size:,} samples can be read: {shown}.")
    if skip:
        notes.append(f"{len(faults):,} of {size:,} samples cannot be read and are left out: {shown}.")
    kept = np.setdiff1d(np.arange(size), np.fromiter(faults, int))
    return {name: a[kept] if isinstance(a, np.ndarray) else Picked(a, kept) for name, a in arrays.items()}
