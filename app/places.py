"""The project file that runs and sweeps lie beside: a project that has none gets a name of one for itself."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from app.settings import data_folder
from engine.files import write_text
from engine.past_runs import run_folders
from engine.runs import RUNS, runs_folder

_UNSAVED, _HOME = "unsaved", "home.txt"


def unsaved_place() -> Path:
    """A place for the runs of a new project: the name of a file that is never written."""
    return data_folder() / f"{_UNSAVED}-{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.loom"


def is_unsaved(place: Path) -> bool:
    """Whether this is the place of a project that has no file."""
    return place.parent == data_folder() and place.name.startswith(_UNSAVED)


def place_of(run: Path) -> Path:
    """The place that the folder of a run lies beside."""
    return run.parent.with_suffix(".loom")


def note_home(place: Path, path: Path) -> None:
    """Note at a place which file its runs are to come to, should the program break off before that.

    Raises `FileError`, `OSError`.
    """
    runs_folder(place).mkdir(parents=True, exist_ok=True)
    write_text(runs_folder(place) / _HOME, str(path.resolve()))


def places_of(path: Path) -> list[Path]:
    """The places from which runs were to come to this file."""
    found = data_folder().glob(f"{_UNSAVED}*{RUNS}/{_HOME}")
    with suppress(OSError, ValueError):
        return [home.parent.with_suffix(".loom") for home in found if home.read_text() == str(path.resolve())]
    return []


def forget_place(place: Path) -> None:
    """Take a place away of which nothing is left but such a note."""
    with suppress(OSError):
        (runs_folder(place) / _HOME).unlink(missing_ok=True)
        runs_folder(place).rmdir()


def left_behind() -> list[Path]:
    """The folders of all runs whose project was never saved; raises `FileError`."""
    found = data_folder().glob(f"{_UNSAVED}*{RUNS}")
    return [run for folder in found for run in run_folders(folder.with_suffix(".loom"))]
