"""What the Runs tab reads in the background."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.places import is_unsaved, left_behind
from app.task import Job
from engine.difference import Difference, differences
from engine.errors import FileError
from engine.events import Event, Result
from engine.history import Row, read_history
from engine.past_runs import RunRecord, Stamp, reading_runs, run_folders


@dataclass(frozen=True)
class Looked:
    """What was read of some runs: the figures of their epochs, and what two of them differ in."""

    histories: dict[Path, tuple[Stamp, tuple[Row, ...]]]
    pair: tuple[RunRecord, ...] = ()
    differences: tuple[Difference, ...] = ()


def listing(place: Path, known: Iterable[RunRecord], followed: Sequence[Path]) -> Job:
    """Read the runs of a project and those that are followed; of a new project, those left behind by others."""
    new = is_unsaved(place) and not followed and not run_folders(place)
    yield from reading_runs(place, known, left_behind() if new else followed)


def looking(runs: Sequence[RunRecord], pair: tuple[RunRecord, ...]) -> Job:
    """Read histories, and compare the two runs of `pair`, if it has two."""
    histories: dict[Path, tuple[Stamp, tuple[Row, ...]]] = {}
    for run in runs:
        try:
            histories[run.folder] = run.stamp, read_history(run.folder / "history.csv")
        except FileError:
            histories[run.folder] = run.stamp, ()
        yield Event()
    projects = [run.project for run in pair if run.project is not None]
    found = differences(*projects) if len(projects) == 2 else ()
    yield Result(Looked(histories, pair, found))
