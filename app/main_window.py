"""The way into the program with a window. It imports little, so that it can say how the rest is imported."""

from __future__ import annotations

import gc
from pathlib import Path


def run(path: Path | None) -> int:
    """Show the window, with a project file if one is given, until the person closes it."""
    gc.disable()  # what is made while the program starts is kept: looking for garbage costs half a second
    from app.program import run_program

    return run_program(path)
