"""Runs that lie on disk: finding that of a project that is opened, and bringing one to a project's file."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.session import TrainedRun
from engine.errors import FileError
from engine.project import Project
from engine.start import Start


@dataclass(frozen=True)
class PastRun:
    """A run of an earlier day: what it trained, what came of it, and when that was."""

    project: Project
    start: Start
    """Its last weights, and where it stood."""
    history: tuple[dict[str, float], ...]
    """The figures of each epoch."""
    when: datetime

    @property
    def before(self) -> int:
        """How many epochs the network was trained for before this run went on."""
        return max(0, self.start.position.epoch - len(self.history))


def past_run(path: Path, project: Project) -> PastRun | None:
    """The latest run of the project in a file, None where there is none of this graph; raises `FileError`."""
    from engine.runs import latest_run, read_run

    folder = latest_run(path)
    if folder is None:
        return None
    run = read_run(folder)
    if not TrainedRun(run.project, run.weights).fits(project.graph):
        return None
    when = datetime.fromtimestamp((folder / "last.h5").stat().st_mtime)
    return PastRun(run.project, run.start, _history(folder / "history.csv"), when)


def _history(path: Path) -> tuple[dict[str, float], ...]:
    """The rows of a history; none where it cannot be read: it is only looked at."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, csv.Error):
        return ()
    return tuple({name: value for name, value in row.items() if name != "epoch"} for row in rows)


def keep_run(trained: TrainedRun, project: Project, origin: str, path: Path) -> Path:
    """Write weights that came from a model file as a run of the project in a file; raises `FileError`."""
    from engine.runs import keep_weights

    return keep_weights(path, trained.completed(project), trained.weights, origin, trained.optimizer_state)


def move_run(folder: Path, path: Path) -> Path:
    """Bring the folder of a run to the runs of the project in a file; raises `FileError`."""
    from engine.runs import runs_folder

    parent = runs_folder(path)
    target, number = parent / folder.name, 2
    while target.exists():
        target, number = parent / f"{folder.name}-{number}", number + 1
    try:
        parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder, target)
    except (OSError, shutil.Error) as error:
        raise FileError(folder, f"could not be moved to {parent}: {error}.") from error
    return target
