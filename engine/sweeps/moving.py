"""Bringing runs and sweeps from one project file to another."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import FileError, LayerloomError
from engine.past_runs import Remarks, read_remarks, run_folders, write_remarks
from engine.pulse import Listener, read_beat
from engine.runs import move_run, runs_folder
from engine.sweeps.study import Study, SweepState, sweep_states, sweeps_file


@dataclass(frozen=True)
class Moved:
    """What came of moving all that lies beside a project file."""

    sweeps: Mapping[str, SweepState]
    """Those that were moved, as they stand now, by the names that they had."""
    problems: tuple[str, ...] = ()
    """What stays where it was, and why: a sentence each."""


def move_all(source: Path, target: Path, but: Path | None = None) -> Moved:
    """Let the runs and sweeps of one project file be those of another; runs that another process writes stay.

    So does the run in the folder `but`. One that cannot be moved hinders no other.
    """
    sweeps: dict[str, SweepState] = {}
    problems: list[str] = []
    of_sweeps: set[Path] = set()
    with _noting(problems):
        for name in [state.name for state in reversed(sweep_states(source))]:  # the last one stays the last
            of_sweeps.update(_folders(Study.open(source, name)))
            with _noting(problems):
                sweeps[name] = Study.open(target, move_sweep(name, source, target)).state
    listener = Listener()
    with _noting(problems):
        for folder in run_folders(source):
            if folder not in of_sweeps and folder != but and listener.life(folder, read_beat(folder)) == "silent":
                with _noting(problems):
                    move_run(folder, target)
    if not problems:
        _clear(source)
    return Moved(sweeps, tuple(problems))


@contextmanager
def _noting(problems: list[str]) -> Generator[None]:
    try:
        yield
    except LayerloomError as error:
        problems.append(str(error))


def _clear(source: Path) -> None:
    """Take away the folder of the runs, where nothing is left in it."""
    with suppress(OSError):
        if not run_folders(source):
            sweeps_file(source).unlink(missing_ok=True)
        runs_folder(source).rmdir()


def move_sweep(name: str, source: Path, target: Path) -> str:
    """Let a sweep of one project file, which does not go on, be one of another; gives its name there.

    The name is another where it is taken. Raises `FileError`, `TrainingError`; then all is where it was.
    """
    study = Study.open(source, name)
    study.put_back()
    moved: dict[Path, Path] = {}
    try:
        for folder in _folders(study):
            moved[folder] = move_run(folder, target)
        copy = study.copied(target, {old.name: new.name for old, new in moved.items()})
    except LayerloomError:
        for old, new in moved.items():
            with suppress(OSError, shutil.Error):
                shutil.move(new, old)
        raise
    with suppress(FileError):  # it is there twice then, which is better than not at all
        study.delete()
    if copy.name != name:
        for folder in moved.values():
            _rename(folder, name, copy.name)
    return copy.name


def _folders(study: Study) -> list[Path]:
    """The runs of a sweep: those that its trials name, and those that were broken off, which have its tag."""
    named = study.runs()
    return [one for one in run_folders(study.path) if one.name in named or study.name in _tags(one)]


def _tags(folder: Path) -> tuple[str, ...]:
    try:
        return read_remarks(folder).tags
    except LayerloomError:
        return ()


def _rename(folder: Path, before: str, after: str) -> None:
    """Give a run the tag of its sweep as that is called now."""
    with suppress(LayerloomError):
        remarks = read_remarks(folder)
        tags = tuple(after if tag == before else tag for tag in remarks.tags)
        write_remarks(folder, Remarks(tags=tags, note=remarks.note))
