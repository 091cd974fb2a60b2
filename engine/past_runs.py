"""The runs of a project that lie on disk: what each was, what came of it, and what a person says of it.

Reading never fails as a whole: a folder that is damaged is listed with what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from engine.difference import settings_of
from engine.errors import FileError, LayerloomError
from engine.events import Event, Progress, Result
from engine.fields import Settings
from engine.files import write_text
from engine.formats import project_file
from engine.formats.reading import Place, parse_json, read_text
from engine.history import read_history
from engine.outcome import OUTCOME_FILE, Outcome, outcome_of, read_outcome
from engine.project import Project
from engine.pulse import PULSE_FILE, Beat, read_beat
from engine.runs import runs_folder

REMARKS_FILE = "remarks.json"
_NAME = re.compile(r"(\d{8}-\d{6})-\d+")

T = TypeVar("T")
Stamp = tuple[tuple[str, int, int], ...]


class Remarks(Settings):
    """What a person says of a run."""

    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class RunRecord:
    """A run as its folder tells of it."""

    folder: Path
    when: datetime
    project: Project | None
    """None where its file cannot be read."""
    outcome: Outcome
    remarks: Remarks
    has_weights: bool
    problems: tuple[str, ...] = ()
    """What is wrong with the folder, a sentence each."""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """All settings of its project as text (difference.py)."""
    stamp: Stamp = ()
    """Names, times and sizes of its files when they were read."""
    beat: Beat | None = field(default=None, compare=False)
    """Its pulse, where it has not ended."""

    @property
    def name(self) -> str:
        return self.folder.name


def run_folders(project_path: Path) -> list[Path]:
    """The folders of the runs of a project, the newest first; raises `FileError`."""
    parent = runs_folder(project_path)
    try:
        found = [path for path in parent.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(parent, f"could not be read: {error.strerror or error}.") from error
    return sorted(found, key=lambda path: path.name, reverse=True)


def reading_runs(
    project_path: Path, known: Iterable[RunRecord] = (), others: Iterable[Path] = ()
) -> Generator[Event]:
    """Read the runs of a project: a job, whose `Result` is a tuple of `RunRecord`, the newest first.

    Before them come runs in `others`, folders that lie elsewhere, as long as they are there. Of those in `known`
    whose files are as they were only the pulse is read again.
    """
    before = {run.folder: run for run in known}
    there = (folder for folder in others if folder.is_dir())
    folders = list(dict.fromkeys((*there, *run_folders(project_path))))
    found: list[RunRecord] = []
    for folder in folders:
        old = before.get(folder)
        new = old if old is not None and old.stamp == _stamp(folder) else read_record(folder)
        found.append(replace(new, beat=read_beat(folder)) if new.outcome.state == "running" else new)
        yield Progress("Reading the runs", len(found), len(folders))
    yield Result(tuple(found))


def read_record(folder: Path) -> RunRecord:
    """What the folder of a run tells; what cannot be read is among its problems."""
    stamp = _stamp(folder)
    names = {name for name, _, _ in stamp}
    problems: list[str] = []

    def tried(read: Callable[[], T], usual: T) -> T:
        try:
            return read()
        except LayerloomError as error:
            problems.append(str(error))
            return usual

    def outcome() -> Outcome:
        if OUTCOME_FILE in names:
            return read_outcome(folder)
        return outcome_of(read_history(folder / "history.csv") if "history.csv" in names else ())

    def project() -> Project | None:
        return _read_project(folder)

    read = tried(project, None)
    return RunRecord(
        folder,
        _when(folder),
        read,
        tried(outcome, Outcome(state="unknown")),
        tried(lambda: read_remarks(folder), Remarks()) if REMARKS_FILE in names else Remarks(),
        bool({"last.h5", "best.h5"} & names),
        tuple(problems),
        settings_of(read) if read is not None else {},
        stamp,
    )


def _read_project(folder: Path) -> Project:
    path = folder / "project.loom"
    if not path.exists():
        raise FileError(folder, "is not a run folder: it holds no project.loom.")
    return _parsed(read_text(path), str(path))


@lru_cache(maxsize=256)
def _parsed(text: str, path: str) -> Project:
    return project_file.loads(text, path)


def _stamp(folder: Path) -> Stamp:
    try:
        told = (path for path in folder.iterdir() if not path.name.startswith(".") and path.name != PULSE_FILE)
        stats = [(path.name, path.stat()) for path in told]
    except OSError:
        return ()
    return tuple(sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats))


def _when(folder: Path) -> datetime:
    match = _NAME.fullmatch(folder.name)
    try:
        if match:
            return datetime.strptime(match[1], "%Y%m%d-%H%M%S")
        first = folder / "project.loom"  # which is written before the others
        return datetime.fromtimestamp((first if first.exists() else folder).stat().st_mtime)
    except (ValueError, OSError):
        return datetime.min


def read_remarks(folder: Path) -> Remarks:
    """The tags and the note of a run; raises `FileError`, `FileFormatError`."""
    path = folder / REMARKS_FILE
    place = Place(path)
    return place.settings(Remarks, parse_json(read_text(path), place))


def write_remarks(folder: Path, remarks: Remarks) -> None:
    """Write tags and note to the folder of a run, atomically; raises `FileError`."""
    write_text(folder / REMARKS_FILE, remarks.model_dump_json(indent=1) + "\n")


def find_run(runs: Iterable[RunRecord], wanted: str) -> RunRecord | None:
    """The run of this name or folder, or the only one whose name begins so."""
    listed = list(runs)
    path = Path(wanted)
    for run in listed:
        if wanted == run.name or path.resolve() == run.folder.resolve():
            return run
    begun = [run for run in listed if run.name.startswith(wanted)]
    return begun[0] if wanted and len(begun) == 1 else None
