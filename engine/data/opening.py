"""From a file or folder to the source that reads it: each says itself what it takes."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np

import engine.data  # pyright: ignore[reportUnusedImport]  # noqa: F401 - fills SOURCES
from engine.data.source import SOURCES, DataSet, Source
from engine.errors import FileError, FileFormatError
from engine.events import Progress
from engine.files import check_file


def source_type(path: Path) -> type[Source] | None:
    """The first source that takes a file or folder; None where there is none."""
    return next((cls for cls in SOURCES.values() if cls.takes(path)), None)


def source_of(path: Path, like: Source | None = None) -> Source:
    """The source for a file or folder, with the settings of another one that takes it too; raises `FileError`."""
    if not path.exists():
        raise FileError(path, "there is no such file.")
    check_file(path)
    if like is not None and type(like).takes(path):
        return like.replace(path=str(path))
    cls = source_type(path)
    if cls is None and path.is_dir():
        raise FileFormatError(path, "is a folder in which no data is found that is known.")
    if cls is None:
        known = ", ".join(ending for cls in SOURCES.values() for ending in cls.endings)
        raise FileFormatError(path, f"is no file of data that is known by its name; known are {known}.")
    return cls.model_validate({"path": str(path)})


def opened_data(path: Path, like: Source | None = None) -> Generator[Progress, None, DataSet]:
    """All that a file or folder holds, read as another source reads what it takes.

    Raises `DataError` or `FileError`; also where numbers would have to be filled in by figures of training data.
    """
    source = source_of(path, like)
    if source.endless:
        raise FileFormatError(path, "has no end that could be come to: name a file of data that is no generator.")
    source = yield from source.proposing()
    data = yield from source.loading()
    for name, treatments in data.treatments.items():
        missing = (
            any(treatment.fill for treatment in treatments) and np.isnan(np.asarray(data.features[name])).any()
        )
        if missing or any(treatment.scale for treatment in treatments):
            raise FileFormatError(
                path,
                "has numbers that are filled in or scaled by figures of the training data: name it as the test "
                "table of the project instead.",
            )
    return replace(data, treatments={})
