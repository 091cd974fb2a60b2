"""Bringing a sweep from one project file to another, with the runs of its trials."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from engine.errors import FileError, LayerloomError
from engine.past_runs import Remarks, read_remarks, run_folders, write_remarks
from engine.runs import move_run
from engine.sweeps.study import Study


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
