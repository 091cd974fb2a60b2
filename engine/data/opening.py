"""From a file to the source that reads it: by the end of its name."""

from __future__ import annotations

from pathlib import Path

import engine.data  # pyright: ignore[reportUnusedImport]  # noqa: F401 - fills SOURCES
from engine.data.source import SOURCES, Source
from engine.errors import FileError, FileFormatError


def source_type(path: Path) -> type[Source] | None:
    """The source that reads a file of this name; None where there is none."""
    name = path.name.lower()
    return next((cls for cls in SOURCES.values() if cls.endings and name.endswith(cls.endings)), None)


def source_of(path: Path, like: Source | None = None) -> Source:
    """The source for a file, with the settings of another one of its kind; raises `FileError`."""
    if not path.exists():
        raise FileError(path, "there is no such file.")
    if path.is_dir():
        raise FileError(path, "is a folder, not a file of data.")
    cls = source_type(path)
    if cls is None:
        known = ", ".join(ending for cls in SOURCES.values() for ending in cls.endings)
        raise FileFormatError(path, f"is no file of data that is known by its name; known are {known}.")
    if like is not None and type(like) is cls:
        return like.replace(path=str(path))
    return cls.model_validate({"path": str(path)})
