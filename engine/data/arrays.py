"""NPZ files: NumPy arrays, named by the inputs and outputs of a graph or as Keras's own data sets name them."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import numpy as np
from pydantic import Field

from engine.data.file_source import NOT_NPZ, FileSource, check_lengths, open_npz, zeros
from engine.data.memory import bytes_text, free_memory
from engine.data.npy_header import NpyHeader, read_header
from engine.data.reading import READING
from engine.data.rows import AnyRows, Array, room
from engine.data.source import GROUP, WEIGHT, DataSet, finished, register
from engine.errors import DataError, FileError, FileFormatError
from engine.events import Progress
from engine.fields import AsPath

T = TypeVar("T")

_PIECE = 8 * 2**20
"""Bytes that are read at once."""

_PART = r"(?P<part>train|training|val|valid|validation|test)"
_PARTS = (re.compile(rf"(?P<name>.+?)[_/]?{_PART}"), re.compile(rf"{_PART}(_set)?[_/](?P<name>.+)"))
_TARGET = re.compile(r"^(y|labels?|targets?)(_|$|\d)")


@register("npz")
class Npz(FileSource):
    """Arrays of a NumPy file, samples along the first axis.

    An array goes to the Input or Output node of its name, or to the Output behind the layer of its name. Names
    may end in _train, _val or _test, as in Keras's mnist.npz (x_train, y_train, x_test, y_test), or begin with
    that; validation and test data may also be files of their own. An array named sample_weight says how much each
    sample counts, one named groups which samples stay in one part.
    """

    path: Annotated[str, AsPath()] = Field(default="", description="The .npz file.")
    validation_path: Annotated[str, AsPath()] = Field(
        default="", description="A file of validation data; empty: a share of the first is held back."
    )
    test_path: Annotated[str, AsPath()] = Field(
        default="", description="A file of test data; empty: a share of the first is held back."
    )

    title: ClassVar[str] = "NumPy arrays (.npz)"
    endings: ClassVar[tuple[str, ...]] = (".npz",)

    def load(self) -> DataSet:
        return finished(self.loading())

    def loading(self) -> Generator[Progress, None, DataSet]:
        yield Progress(READING)
        found: dict[str, dict[str, Array]] = {}
        for path in dict.fromkeys(self.files.values()):
            found[path] = yield from reading_npz(path)
        return self._data_set(found.__getitem__)

    def outline(self) -> DataSet:
        return self._data_set(outline_npz)

    @property
    def files(self) -> dict[str, str]:
        """The files that are chosen, by the part of the data that they hold."""
        files = {"train": self.path, "validation": self.validation_path, "test": self.test_path}
        return {part: path for part, path in files.items() if path}

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self.files.values())

    def _data_set(self, read: Callable[[str], dict[str, Array]]) -> DataSet:
        if not self.path:
            raise DataError("No NPZ file is chosen yet.")
        parts: dict[str, dict[str, Array]] = {}
        for part, path in self.files.items():
            parts |= by_part(read(path)) if part == "train" else {part: read(path)}
        for part, arrays in parts.items():
            check_lengths(self.files.get(part, self.path), arrays)
        return data_set(parts)


MARKS = {"sample_weight": WEIGHT, "groups": GROUP}
"""Arrays that are neither features nor targets, by the names that Keras and scikit-learn have for them."""


def data_set(parts: Mapping[str, Mapping[str, AnyRows]]) -> DataSet:
    """The arrays of all parts as a data set: which are targets, the names tell."""
    parts = {
        part: {MARKS.get(name, name): array for name, array in arrays.items()} for part, arrays in parts.items()
    }
    arrays = parts["train"]
    marks = {name: array for name, array in arrays.items() if name in MARKS.values()}
    targets = {name: array for name, array in arrays.items() if is_target(name)}
    features = {name: array for name, array in arrays.items() if name not in (*targets, *marks)}
    return DataSet(features, targets, {}, parts.get("validation"), parts.get("test"), marks=marks)


def is_target(name: str) -> bool:
    """Whether the name of an array, in whatever group, says that it is to be predicted."""
    return _TARGET.match(name.rpartition("/")[2].lower()) is not None


def part_of(name: str) -> tuple[str, str]:
    """The part of the data that the end of a name tells, or its beginning, and the name without that."""
    match = next((match for pattern in _PARTS if (match := pattern.fullmatch(name))), None)
    if match is None:
        return "", name
    return {"tr": "train", "va": "validation", "te": "test"}[match["part"][:2]], match["name"]


def by_part(arrays: Mapping[str, T]) -> dict[str, dict[str, T]]:
    """Arrays by the part of the data that their name tells; that is cut off."""
    marked = {name: part_of(name) for name in arrays}
    if not any(part == "train" for part, _ in marked.values()):
        return {"train": dict(arrays)}
    parts: dict[str, dict[str, T]] = {}
    for name, array in arrays.items():
        part, bare = marked[name]
        parts.setdefault(part or "train", {})[bare] = array
    return parts


def read_npz(path: str | Path) -> dict[str, Array]:
    """All arrays of an .npz file; pickled objects are refused. Raises `FileError` or `FileFormatError`."""
    return finished(reading_npz(path))


def reading_npz(path: str | Path) -> Generator[Progress, None, dict[str, Array]]:
    """As `read_npz`, in pieces; raises `DataError` where memory is too little, too."""
    found: dict[str, Array] = {}
    with _opened(path) as (archive, members):
        for name, info in members.items():
            found[name] = yield from reading_member(path, archive, info)
    return found


def outline_npz(path: str | Path) -> dict[str, Array]:
    """One sample of zeros for each array of an .npz file; only headers are read. Raises what `read_npz` raises."""
    with _opened(path) as (archive, members):
        headers = {name: _header(path, archive, info) for name, info in members.items()}
    return {
        name: zeros(header.shape, "U1" if header.dtype.kind == "S" else header.dtype)
        for name, header in headers.items()
    }


@contextmanager
def _opened(path: str | Path) -> Generator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """An archive, and its members by the names of their arrays."""
    try:
        with open_npz(path) as archive:
            members: dict[str, zipfile.ZipInfo] = {}
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                if name in members:
                    raise FileFormatError(path, f"holds two arrays of the name {name!r}.")
                members[name] = info
            yield archive, members
    except zipfile.BadZipFile:
        raise FileFormatError(path, NOT_NPZ) from None
    except OSError as error:
        raise FileError(path, f"could not be read: {error.strerror or error}.") from error


def reading_member(
    path: str | Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> Generator[Progress, None, Array]:
    """An array of a file; raises `FileFormatError` where it is damaged, or holds pickled objects."""
    header = _header(path, archive, info)
    wanted, free = header.nbytes * (5 if header.dtype.kind == "S" else 1), free_memory()
    if free is not None and wanted > 0.9 * free:
        raise DataError(f"{path}: {bytes_text(wanted)} of memory are needed, and {bytes_text(free)} are free.")
    flat = room((header.nbytes,), np.uint8)
    done = 0
    with _faults(path, info), archive.open(info) as member:
        file: Any = member
        file.read(header.start)
        while done < len(flat) and (count := file.readinto(flat[done : done + _PIECE].data)):
            done += count
            yield Progress(READING, done, len(flat))
        if done < len(flat) or file.read(1):
            raise EOFError
        array = flat.view(header.dtype) if len(flat) else np.zeros(header.shape, header.dtype).reshape(-1)
        array = array.reshape(header.shape[::-1]).T if header.fortran else array.reshape(header.shape)
        return np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array


def _header(path: str | Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NpyHeader:
    """What an array says of itself, checked."""
    name = info.filename.removesuffix(".npy")
    with _faults(path, info), archive.open(info) as member:
        header = read_header(member)
    if header.dtype.hasobject or header.dtype.kind not in "biufUS":
        raise FileFormatError(path, f"array {name!r} holds {header.dtype}, neither numbers nor text.")
    if not header.shape:
        raise FileFormatError(path, f"array {name!r} is a single number, not a row of samples.")
    # A header that promises more than the file holds must not make us reserve memory for it.
    if header.nbytes != info.file_size - header.start:
        raise FileFormatError(path, f"array {name!r} is not of the size that its header tells.")
    return header


@contextmanager
def _faults(path: str | Path, info: zipfile.ZipInfo) -> Generator[None]:
    name = info.filename.removesuffix(".npy")
    try:
        yield
    except NotImplementedError:
        raise FileFormatError(path, f"array {name!r} is packed in a way that is not read here.") from None
    except RuntimeError:
        raise FileFormatError(path, f"array {name!r} is locked with a password.") from None
    except (ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error, lzma.LZMAError):
        raise FileFormatError(path, f"array {name!r} is damaged, or is no array.") from None
