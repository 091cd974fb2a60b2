"""From a file or folder to the source that reads it: each says itself what it takes."""

from __future__ import annotations

from pathlib import Path

import engine.data  # pyright: ignore[reportUnusedImport]  # noqa: F401 - fills SOURCES
from engine.data.source import SOURCES, Source
from engine.errors import FileError, FileFormatError


def source_type(path: Path) -> type[Source] | None:
    """The first source that takes a file or folder; None where there is none."""
    return next((cls for cls in SOURCES.values() if cls.takes(path)), None)


def source_of(path: Path, like: Source | None = None) -> Source:
    """The source for a file or folder, with the settings of another one that takes it too; raises `FileError`."""
    if not path.exists():
        raise FileError(path, "there is no such file.")
    if like is not None and type(like).takes(path):
        return like.replace(path=str(path))
    cls = source_type(path)
    if cls is None and path.is_dir():
        raise FileFormatError(path, "is a folder in which no data is found that is known.")
    if cls is None:
        known = ", ".join(ending for cls in SOURCES.values() for ending in cls.endings)
        raise FileFormatError(path, f"is no file of data that is known by its name; known are {known}.")
    return cls.model_validate({"path": str(path)})
