"""Runs that lie on disk: finding that of a project that is opened, and making one of weights from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.session import TrainedRun
from engine.project import Project
from engine.start import Start


@dataclass(frozen=True)
class PastRun:
    """A run of an earlier day: what it trained, what came of it, and when that was."""

    project: Project
    start: Start
    """Its last weights, where it stood, and the figures of its epochs."""
    when: datetime


def past_run(path: Path, project: Project) -> PastRun | None:
    """The latest run of the project in a file, None where there is none of this graph; raises `FileError`."""
    from engine.runs import latest_run

    folder = latest_run(path)
    run = None if folder is None else opened_run(folder)
    return run if run is not None and TrainedRun(run.project, run.start.weights).fits(project.graph) else None


def opened_run(folder: Path) -> PastRun:
    """The run in a folder; raises `FileError` where it has no weights."""
    from engine.runs import read_run

    run = read_run(folder)
    weights = next(folder / name for name in ("last.h5", "best.h5") if (folder / name).exists())
    return PastRun(run.project, run.start, datetime.fromtimestamp(weights.stat().st_mtime))


def keep_run(trained: TrainedRun, project: Project, origin: str, path: Path) -> Path:
    """Write weights that came from a model file as a run of the project in a file; raises `FileError`."""
    from engine.runs import keep_weights

    return keep_weights(path, trained.completed(project), trained.weights, origin, trained.optimizer_state)
