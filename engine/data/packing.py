"""Samples that take work to read, decoded once and kept side by side in a file of the cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.memory import bytes_text
from engine.data.reading import READING, in_pieces
from engine.data.rows import FileRows, Rows
from engine.events import Progress
from engine.files import cache_folder, replacing, write_text

LIMIT = 64 * 2**30
"""Bytes of all that is packed; what was used least lately makes room."""

SPARED = 2 * 2**30
"""Bytes of the disk that are left free."""

_KEPT_SECONDS = 24 * 3600
"""What was used so lately is not removed: a run may be reading it."""

Packed = tuple[Rows, Mapping[int, str]]
"""The rows to read from, and what is wrong with samples by number."""


def packed(rows: Rows, notes: list[str]) -> Generator[Progress, None, Packed]:
    """The same samples from a file in which they lie side by side; it is written where there is none yet.

    Where there is no room for one the rows stay as they are, and `notes` says so. Raises `FileError`.
    """
    path = packed_path(rows)
    facts = path.with_suffix(".json")
    known = _known(facts, rows) if rows.key else None
    if known is not None:
        with contextlib.suppress(OSError):
            os.utime(facts)
        return _rows(path, rows), known
    if not can_be_packed(rows):
        faults: dict[int, str] = {}
        for start, piece, found in in_pieces(rows):
            faults |= found
            yield Progress(READING, start + len(piece), len(rows))
        size = bytes_text(rows.nbytes)
        notes.append(f"The samples are decoded anew in each epoch: there is no room to keep {size}.")
        return rows, faults
    faults = yield from _write(path, rows)
    write_text(facts, json.dumps({"bytes": rows.nbytes, "faults": faults}))
    return _rows(path, rows), faults


def can_be_packed(rows: Rows) -> bool:
    """Whether some rows are packed, or there is room for it."""
    path = packed_path(rows)
    known = rows.key and _known(path.with_suffix(".json"), rows) is not None
    return bool(known or (rows.key and _make_room(path.parent, rows.nbytes)))


def packed_path(rows: Rows) -> Path:
    """Where some rows lie once they are packed."""
    name = hashlib.sha256(f"{rows.key} {rows.shape} {rows.dtype.str}".encode(errors="surrogateescape")).hexdigest()
    return cache_folder() / "packed" / f"{name[:32]}.rows"


def _rows(path: Path, rows: Rows) -> FileRows:
    return FileRows(path, 0, rows.shape, rows.dtype)


def _known(facts: Path, rows: Rows) -> dict[int, str] | None:
    """What is wrong with samples that are packed already; None where they are not."""
    try:
        found: Any = json.loads(facts.read_text())
        if found["bytes"] != rows.nbytes or facts.with_suffix(".rows").stat().st_size != rows.nbytes:
            return None
        return {int(number): str(fault) for number, fault in found["faults"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(path: Path, rows: Rows) -> Generator[Progress, None, dict[int, str]]:
    faults: dict[int, str] = {}
    with replacing(path) as temporary, temporary.open("wb") as file:
        for start, piece, found in in_pieces(rows):
            file.write(np.ascontiguousarray(piece).reshape(-1).view(np.uint8).data)
            faults |= found
            yield Progress(READING, start + len(piece), len(rows))
    return faults


def _make_room(folder: Path, size: int) -> bool:
    """Whether a file of so many bytes may be added; older ones are removed for it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".*"):  # by a run that was killed while it wrote
            if left.stat().st_mtime < time.time() - _KEPT_SECONDS:
                left.unlink(missing_ok=True)
        old = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        while True:
            taken = sum(path.stat().st_size for path in folder.glob("*.rows"))
            if taken + size <= LIMIT and shutil.disk_usage(folder).free - size >= SPARED:
                return True
            if not old or old[0].stat().st_mtime > time.time() - _KEPT_SECONDS:
                return False
            oldest = old.pop(0)
            oldest.unlink()
            oldest.with_suffix(".rows").unlink(missing_ok=True)
    except OSError:
        return False
