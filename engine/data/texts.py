"""Texts in files: a folder for each class, as text_dataset_from_directory of Keras takes, or lines of a file."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.data.file_source import FileSource, unpacked
from engine.data.folders import FileAt, Kind, by_class, listing, share
from engine.data.memory import bytes_text, free_memory
from engine.data.rows import Array, Rows
from engine.data.source import DataSet, finished, register
from engine.errors import DataError, FileError, FileFormatError, UnreadableError
from engine.events import Progress
from engine.fields import AsPath

_TEXTS = Kind((".txt",), lambda _: False)
_READING = "Reading the data"
_EVERY = 200
"""Texts between two words of progress."""
_LINES = 10_000
_LONGEST = 64 * 2**20
"""Bytes of a text."""
_TAKES = 3
"""Bytes of memory for a byte of text, while it is read."""
_SHOWN = 3


@register("texts")
class Texts(FileSource):
    """Texts in UTF-8: a folder of .txt files for each class, or a file with a text in each line.

    Where there is a folder train with the classes in it, validation (or val) and test beside it are those parts. A
    network for texts begins with TextVectorization.
    """

    path: Annotated[str, AsPath(folder=True)] = Field(
        default="", description="The folder of the classes, or the file of lines."
    )
    labels_path: Annotated[str, AsPath()] = Field(
        default="", description="For a file of lines: a file with the label of each; empty: there are no labels."
    )
    class_names: Annotated[tuple[str, ...], Field(max_length=100_000)] = Field(
        default=(),
        description="The folders or labels that are classes, in the order of their numbers; what is not named is "
        "left out. None: all that there are.",
    )
    unreadable: Literal["stop", "skip"] = Field(
        default="stop", description="Texts that are not UTF-8: stop and say where, or skip and count them."
    )

    title: ClassVar[str] = "Texts"

    @classmethod
    def takes(cls, path: Path) -> bool:
        return path.is_dir() and share(path, _TEXTS.endings) >= 0.5

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.path, self.labels_path)))

    def outline(self) -> DataSet:
        path = self._chosen()
        if not path.exists():
            raise FileError(path, "there is no such file or folder.")
        labelled = path.is_dir() or self.labels_path
        return DataSet({"x": np.array([[" "]])}, {"y": np.zeros(1, np.int32)} if labelled else {})

    def load(self) -> DataSet:
        return finished(self.loading())

    def loading(self) -> Generator[Progress, None, DataSet]:
        if self._chosen().is_dir():
            return (yield from self._folders())
        return (yield from self._lines())

    def _chosen(self) -> Path:
        if not self.path:
            raise DataError("No file or folder is chosen yet.")
        return Path(self.path)

    # A folder for each class

    def _folders(self) -> Generator[Progress, None, DataSet]:
        tree = yield from listing(self.path, _TEXTS)
        names = self.class_names or tree.names
        files = [file for classes in tree.parts.values() for name in names for file in classes.get(name, ())]
        check_memory(self.path, sum(file.size for file in files))
        large = next((file for file in files if file.size > _LONGEST), None)
        if large is not None:
            raise FileFormatError(
                large.path, f"holds {bytes_text(large.size)}; a text of {bytes_text(_LONGEST)} at most is read."
            )
        texts: dict[str, str] = {}
        faults = _Faults(skip=self.unreadable == "skip")
        for number, file in enumerate(files):
            if number % _EVERY == 0:
                yield Progress(_READING, number, len(files))
            try:
                texts[file.path] = decoded(_content(file.path))
            except UnicodeDecodeError as error:
                faults.add(file.path, "", error.start)
        for classes in tree.parts.values():
            for name, found in classes.items():
                classes[name] = [file for file in found if file.path in texts or name not in names]
        self._check_left(len(texts))

        def rows(files: Sequence[FileAt]) -> HeldTexts:
            return HeldTexts([texts[file.path] for file in files])

        return by_class(tree, self.class_names or tree.names, rows, faults.notes)

    # A text in each line

    def _lines(self) -> Generator[Progress, None, DataSet]:
        faults = _Faults(skip=self.unreadable == "skip")
        lines = yield from read_lines(self.path, faults)
        labels = (yield from read_lines(self.labels_path, _Faults())) if self.labels_path else None
        if labels is not None and len(labels) != len(lines):
            raise DataError(
                f"{self.labels_path}: there are {len(labels):,} labels, but {len(lines):,} texts in {self.path}."
            )
        kept = [number for number, line in enumerate(lines) if line is not None and line.strip()]
        notes = list(faults.notes)
        if blank := sum(line is not None and not line.strip() for line in lines):
            notes.append(f"{blank:,} empty lines were left out.")
        if labels is None:
            self._check_left(len(kept))
            return DataSet({"x": self._held(lines, kept)}, {}, notes=tuple(notes))
        names = self.class_names or tuple(sorted({str(labels[number]).strip() for number in kept}))
        numbers = {name: number for number, name in enumerate(names)}
        known = [number for number in kept if str(labels[number]).strip() in numbers]
        self._check_left(len(known))
        y = np.array([numbers[str(labels[number]).strip()] for number in known], np.int32)
        return DataSet({"x": self._held(lines, known)}, {"y": y}, {"y": names}, notes=tuple(notes))

    def _held(self, lines: Sequence[str | None], kept: Sequence[int]) -> HeldTexts:
        return HeldTexts([lines[number] or "" for number in kept])

    def _check_left(self, count: int) -> None:
        if not count:
            raise DataError(f"{self.path}: there is no text that can be read.")


@dataclass(frozen=True)
class HeldTexts(Rows):
    """Texts in memory, each as long as it is: in an array of them, each takes what the longest does."""

    texts: Sequence[str]

    def __post_init__(self) -> None:
        longest = max(map(len, self.texts), default=1)
        object.__setattr__(self, "shape", (len(self.texts), 1))
        object.__setattr__(self, "dtype", np.dtype(f"U{max(longest, 1)}"))

    def read(self, numbers: Array) -> Array:
        return np.array([self.texts[number] for number in numbers], np.str_).reshape(-1, 1)


@dataclass
class _Faults:
    """Texts that are not UTF-8: the first ends the job, or they are counted."""

    skip: bool = False
    count: int = 0
    first: list[str] = field(default_factory=list[str])

    def add(self, path: str, where: str, offset: int) -> None:
        if not self.skip:
            raise UnreadableError(
                path,
                f"{where}byte {offset:,} is not UTF-8. Save it as UTF-8, or set what is done with unreadable "
                "texts to skip.",
            )
        self.count += 1
        if self.count <= _SHOWN:
            self.first += [f"{path}: {where}byte {offset:,}"]

    @property
    def notes(self) -> tuple[str, ...]:
        if not self.count:
            return ()
        shown = "; ".join(self.first) + (f"; and {self.count - _SHOWN:,} more" if self.count > _SHOWN else "")
        notes: list[str] = []
        notes.append(f"{self.count:,} texts that are not UTF-8 were left out: {shown}.")
        return tuple(notes)


def decoded(content: bytes) -> str:
    """A text from its bytes, without the mark that it may begin with; raises `UnicodeDecodeError`."""
    return content.decode("utf-8").removeprefix("\ufeff")


def read_lines(path: str, faults: _Faults) -> Generator[Progress, None, list[str | None]]:
    """The lines of a file, which gzip may have packed; None for those that cannot be read.

    Raises `FileError`, `DataError` where memory is too little.
    """
    found: list[str | None] = []
    with unpacked(Path(path)) as (file, most):
        check_memory(path, Path(path).stat().st_size)
        done = 0
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST), b"")):
            try:
                found.append(decoded(line).rstrip("\r\n"))
            except UnicodeDecodeError as error:
                faults.add(path, f"line {number + 1:,}: ", done + error.start)
                found.append(None)
            done += len(line)
            if len(line) == _LONGEST or done > most:
                raise FileFormatError(path, f"line {number + 1:,}: there is far more than a file of texts holds.")
            if number % _LINES == 0:
                check_memory(path, done)
                yield Progress(_READING, number)
    return found


def check_memory(path: str, size: int) -> None:
    """Refuse texts of so many bytes where memory has no room for them."""
    free = free_memory()
    if free is not None and size * _TAKES > 0.9 * free:
        raise DataError(
            f"{path}: texts of {bytes_text(size)} take {bytes_text(size * _TAKES)} of memory, and "
            f"{bytes_text(free)} are free."
        )


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise FileError(path, "there is no such file.") from None
    except OSError as error:
        raise FileError(path, f"could not be read: {error.strerror or error}.") from error
