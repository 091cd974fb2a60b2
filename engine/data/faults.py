"""Samples that cannot be read, in few words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_SHOWN = 3


def faults_text(faults: Sequence[str]) -> str:
    """The first of some faults, "file: reason" each: files by their folder and name, a reason they share once."""
    files: dict[str, list[str]] = {}
    for fault in faults[:_SHOWN]:
        path, colon, reason = fault.rstrip(".").partition(": ")
        files.setdefault(reason if colon else path, []).extend([_short(path)] if colon else [])
    shown = "; ".join(": ".join(filter(None, (", ".join(names), reason))) for reason, names in files.items())
    more = len(faults) - _SHOWN
    return f"{shown}; and {more:,} more" if more > 0 else shown


def _short(path: str) -> str:
    """A file by its name and the folder that it lies in."""
    return "/".join(Path(path).parts[-2:])
