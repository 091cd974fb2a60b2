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
    """Print the rows of a benchmark."""
    rows = list(rows)
    if "--json" in sys.argv[1:]:
        for row in rows:
            sys.stdout.write(json.dumps(row) + "\n")
        return
    sys.stdout.write(f"{title} ({machine()})\n")
    for row in rows:
        sys.stdout.write("  " + "  ".join(f"{name} {_shown(value)}" for name, value in row.items()) + "\n")


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
