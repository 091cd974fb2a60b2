"""How a benchmark prints what it measured: a table for people, a JSON object per row for machines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any


def machine() -> str:
    """The processor that the figures were measured on."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            name = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        name = "unknown processor"
    return f"{name}, {os.cpu_count()} cores"


def report(title: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Print the rows of a benchmark, each as soon as it is there."""
    as_json = "--json" in sys.argv[1:]
    if not as_json:
        sys.stdout.write(f"{title} ({machine()})\n")
    for row in rows:
        shown = json.dumps(row) if as_json else "  " + _shown(row)
        sys.stdout.write(shown + "\n")
        sys.stdout.flush()


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "  ".join(f"{name} {_shown(each)}" for name, each in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)
