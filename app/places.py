"""The project file that runs and sweeps lie beside: a project that has none gets a name of one for itself."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

from app.settings import data_folder
from engine.past_runs import run_folders
from engine.runs import RUNS

_UNSAVED = "unsaved"


def unsaved_place() -> Path:
    """A place for the runs of a new project: the name of a file that is never written."""
    return data_folder() / f"{_UNSAVED}-{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.loom"


def is_unsaved(place: Path) -> bool:
    """Whether this is the place of a project that has no file."""
    return place.parent == data_folder() and place.name.startswith(_UNSAVED)


def place_of(run: Path) -> Path:
    """The place that the folder of a run lies beside."""
    return run.parent.with_suffix(".loom")


def left_behind() -> list[Path]:
    """The folders of all runs whose project was never saved; raises `FileError`."""
    found = data_folder().glob(f"{_UNSAVED}*{RUNS}")
    return [run for folder in found for run in run_folders(folder.with_suffix(".loom"))]
