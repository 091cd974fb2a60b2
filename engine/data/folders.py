"""Files in folders: a folder for each class, in folders for training, validation and test where there are such."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine.data.rows import Rows
from engine.data.source import DataSet
from engine.errors import DataError, FileError, legible
from engine.events import Progress

PARTS = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
"""Folders that hold a part of the data, and there the classes."""
_LEFT_ALONE = frozenset(("thumbs.db", "desktop.ini", "__macosx"))
_EVERY = 500  # files between two events
_DEEPEST = 5  # folders that hold nothing but another one, on the way to the classes
_SAMPLE = 300
_SHOWN = 8


class FileAt(NamedTuple):
    """A file, and what changes when it does."""

    path: str
    size: int
    changed: int


Classes = dict[str, list[FileAt]]


@dataclass(frozen=True)
class Kind:
    """Which files are wanted: by the end of their name or, where that tells nothing, by what is in them."""

    endings: tuple[str, ...]
    holds: Callable[[str], bool]

    def takes(self, path: str) -> bool:
        """Whether a file is wanted."""
        return path.lower().endswith(self.endings) or self.holds(path)


@dataclass
class Tree:
    """The files of each class by part of the data, and what was seen on the way."""

    root: str = ""
    parts: dict[str, Classes] = field(default_factory=dict[str, Classes])
    others: list[str] = field(default_factory=list[str])
    """Files that are not of the kind."""
    outside: int = 0
    """Files of the kind that lie in no class."""
    again: int = 0
    """Folders that links lead to a second time."""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes that there is something to learn of, in their order."""
        return tuple(name for name, files in self.parts["train"].items() if files)

    def notes(self, classes: Sequence[str]) -> tuple[str, ...]:
        """What was left out, a sentence each, where these classes are learned."""
        notes: list[str] = []
        empty = [name for name, files in self.parts["train"].items() if not files]
        found = {name: None for part in self.parts.values() for name in part}
        strange = [name for name in found if name not in classes and name not in empty]
        if empty:
            notes.append(f"There is nothing to learn from in {_some(empty)}.")
        if strange:
            notes.append(f"These folders are none of the classes and were left out: {_some(strange)}.")
        if self.outside:
            notes.append(f"{self.outside:,} files lie outside of the folders of the classes and were left out.")
        if self.others:
            first = legible(self.others[0].removeprefix(f"{self.root}{os.sep}"))
            notes.append(f"{len(self.others):,} files of other kinds were left out; the first is {first}.")
        if self.again:
            notes.append(f"{self.again:,} folders that links lead to a second time were read once.")
        return tuple(notes)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def listing(path: str, kind: Kind) -> Generator[Progress, None, Tree]:
    """Go through a folder and all within it; raises `FileError`."""
    root = _root(path, kind)
    folders, files = _inside(root)
    parts = [(PARTS[_name(folder).lower()], folder) for folder in folders if _is_part(folder)]
    if not any(part == "train" for part, _ in parts):
        parts, files = [("train", root)], []
    walk = _Walk(kind, (root, *(folder for _, folder in parts), *map(str, Path(root).resolve().parents)))
    walk.tree.root, walk.tree.outside = path, sum(map(kind.takes, files))
    for part, folder in parts:
        yield from walk.part(part, folder)
    if not any(walk.tree.parts["train"].values()):
        raise FileError(path, "holds no folder for each class with files of this kind in it.")
    return walk.tree


class _Walk:
    """Goes through folders in the order of their names, through none twice and not out again to those around."""

    def __init__(self, kind: Kind, around: Iterable[str]) -> None:
        self.tree = Tree()
        self._kind = kind
        self._around = frozenset(map(_identity, around))
        self._count = 0

    def part(self, part: str, folder: str) -> Generator[Progress]:
        """All classes of a part."""
        seen = set(self._around)
        classes = self.tree.parts.setdefault(part, {})
        folders, files = _inside(folder)
        self.tree.outside += sum(map(self._kind.takes, files))
        for inner in folders:
            found = classes.setdefault(legible(_name(inner)), [])
            yield from self._files(inner, seen, found)

    def _files(self, folder: str, seen: set[tuple[int, int]], found: list[FileAt]) -> Generator[Progress]:
        waiting = [folder]
        while waiting:
            folder = waiting.pop()
            if (identity := _identity(folder)) in seen:
                self.tree.again += 1
                continue
            seen.add(identity)
            folders, files = _inside(folder)
            waiting += reversed(folders)
            for path in files:
                if self._kind.takes(path):
                    found.append(file_at(path))
                else:
                    self.tree.others.append(path)
                self._count += 1
                if self._count % _EVERY == 0:
                    yield Progress("Listing the files", self._count)


def _root(path: str, kind: Kind) -> str:
    """The folder of the classes or parts: what is packed often holds a folder of its own around all."""
    folders, files = _inside(path)
    for _ in range(_DEEPEST):
        if len(folders) != 1 or any(map(kind.takes, files)):
            break
        inner, inner_files = _inside(folders[0])
        if not inner or _is_part(folders[0]):
            break
        path, folders, files = folders[0], inner, inner_files
    return path


def _name(path: str) -> str:
    return path.rpartition(os.sep)[2]


def _is_part(folder: str) -> bool:
    return _name(folder).lower() in PARTS


def _inside(folder: str) -> tuple[list[str], list[str]]:
    """The folders and files in a folder, by name; what is hidden is left alone, and so is what is neither."""
    folders, files = list[str](), list[str]()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.lower() in _LEFT_ALONE:
                    continue
                if entry.is_dir():
                    folders.append(entry.path)
                elif entry.is_file() or not os.path.exists(entry.path):  # noqa: PTH110 - of very many
                    files.append(entry.path)  # a link that leads nowhere is told of when it is read
    except FileNotFoundError:
        raise FileError(folder, "there is no such folder.") from None
    except NotADirectoryError:
        raise FileError(folder, "is a file, not a folder.") from None
    except OSError as error:
        raise FileError(folder, f"could not be read: {error.strerror or error}.") from error
    return sorted(folders), sorted(files)


def _identity(folder: str) -> tuple[int, int]:
    """What a folder is known by, whatever link leads to it."""
    try:
        found = os.stat(folder)  # noqa: PTH116 - Path would be made for each folder
    except OSError as error:
        raise FileError(folder, f"could not be read: {error.strerror or error}.") from error
    return found.st_dev, found.st_ino


def by_class(
    tree: Tree,
    class_names: Sequence[str],
    rows: Callable[[Sequence[FileAt]], Rows],
    notes: tuple[str, ...] = (),
    *,
    skip: bool = False,
) -> DataSet:
    """What lies in the folders as a data set whose labels are the numbers of the classes."""
    missing = next((name for name in class_names if name not in tree.parts["train"]), None)
    if missing is not None:
        there = _some(list(tree.parts["train"]))
        raise DataError(f"There is no folder {missing!r}, which is one of the classes; there are {there}.")
    if len(class_names) < 2:
        raise DataError(
            f"There is only one class, {class_names[0]!r}: two or more are needed, each in its folder."
        )
    parts = {part: _arrays(classes, class_names, rows) for part, classes in tree.parts.items()}
    x, y = parts["train"].values()
    others = {part: parts[part] for part in ("validation", "test") if part in parts and len(parts[part]["y"])}
    notes = (*notes, *tree.notes(class_names))
    return DataSet({"x": x}, {"y": y}, {"y": tuple(class_names)}, **others, notes=notes, skip_unreadable=skip)


def _arrays(
    classes: Classes, class_names: Sequence[str], rows: Callable[[Sequence[FileAt]], Rows]
) -> dict[str, Any]:
    files = [file for name in class_names for file in classes.get(name, ())]
    counts = [len(classes.get(name, ())) for name in class_names]
    return {"x": rows(files), "y": np.repeat(np.arange(len(class_names), dtype=np.int32), counts)}


def file_at(path: str) -> FileAt:
    """A file as it is now; one that is missing has no size, and is told of when it is read."""
    try:
        found = os.stat(path)  # noqa: PTH116 - of 100,000 files
    except OSError:
        return FileAt(path, -1, 0)
    return FileAt(path, found.st_size if stat.S_ISREG(found.st_mode) else -1, found.st_mtime_ns)


def share(path: Path, endings: tuple[str, ...]) -> float:
    """How many of the first files in a folder, and in those within it, have such a name, from 0 to 1."""
    names = list(islice(_first_names(path), _SAMPLE))
    return sum(name.lower().endswith(endings) for name in names) / len(names) if names else 0.0


def _first_names(path: Path) -> Iterator[str]:
    """Names of some files, from each folder a few, so that one with many does not stand for all."""
    waiting = [str(path)]
    for folder in waiting:
        try:
            with os.scandir(folder) as entries:
                seen = list(islice((e for e in entries if not e.name.startswith(".")), 3 * _SAMPLE))
                folders = [entry.path for entry in seen if entry.is_dir(follow_symlinks=False)]
                files = [entry.name for entry in seen if entry.is_file()]
        except OSError:
            continue
        yield from files[:40]
        if len(waiting) < _SAMPLE:
            waiting += folders[:_SAMPLE]
