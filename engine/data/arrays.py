"""NPZ files: NumPy arrays, named by the inputs and outputs of a graph or as Keras's own data sets name them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import numpy as np
from pydantic import Field

from engine.data.file_source import NOT_NPZ, FileSource, check_lengths, open_npz, zeros
from engine.data.rows import AnyRows, Array
from engine.data.source import GROUP, WEIGHT, DataSet, register
from engine.errors import DataError, FileError, FileFormatError
from engine.fields import AsPath

T = TypeVar("T")

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
        return self._read(read_npz)

    def outline(self) -> DataSet:
        return self._read(outline_npz)

    @property
    def files(self) -> dict[str, str]:
        """The files that are chosen, by the part of the data that they hold."""
        files = {"train": self.path, "validation": self.validation_path, "test": self.test_path}
        return {part: path for part, path in files.items() if path}

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self.files.values())

    def _read(self, read: Callable[[str], dict[str, Array]]) -> DataSet:
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
    return _read_members(path, read_member)


def outline_npz(path: str | Path) -> dict[str, Array]:
    """One sample of zeros for each array of an .npz file; only headers are read. Raises what `read_npz` raises."""
    return _read_members(path, _outline_member)


def _read_members(
    path: str | Path, read: Callable[[str | Path, zipfile.ZipFile, zipfile.ZipInfo], T]
) -> dict[str, T]:
    try:
        with open_npz(path) as archive:
            return {info.filename.removesuffix(".npy"): read(path, archive, info) for info in archive.infolist()}
    except zipfile.BadZipFile:
        raise FileFormatError(path, NOT_NPZ) from None
    except (OSError, EOFError, zipfile.error, NotImplementedError, RuntimeError) as error:
        raise FileError(path, f"could not be read: {error}.") from error


def _outline_member(path: str | Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    shape, dtype = _header(path, archive, info)
    return zeros(shape, "U1" if dtype.kind == "S" else dtype)


def read_member(path: str | Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    """An array of a file; raises `FileFormatError` where it is damaged, or holds pickled objects."""
    _header(path, archive, info)
    name = info.filename.removesuffix(".npy")
    try:
        with archive.open(info) as member:
            array: Array = np.lib.format.read_array(member, allow_pickle=False)
            return np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array
    except (ValueError, MemoryError, zipfile.BadZipFile) as error:
        raise FileFormatError(path, f"array {name!r} is damaged: {error}.") from None


def _header(path: str | Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[tuple[int, ...], Any]:
    """Shape and type of an array, checked."""
    name = info.filename.removesuffix(".npy")
    try:
        with archive.open(info) as member:
            version = np.lib.format.read_magic(member)
            read_header: Any = (
                np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            )
            shape, _, dtype = read_header(member)
            # A header that promises more than the file holds must not make us reserve memory for it.
            if (
                not dtype.hasobject
                and int(np.prod(shape, dtype=object)) * dtype.itemsize != info.file_size - member.tell()
            ):
                raise FileFormatError(path, f"array {name!r} is not of the size that its header tells.")
    except (ValueError, MemoryError, zipfile.BadZipFile) as error:
        raise FileFormatError(path, f"array {name!r} is damaged: {error}.") from None
    if dtype.hasobject or dtype.kind not in "biufUS":
        raise FileFormatError(path, f"array {name!r} holds {dtype}, neither numbers nor text.")
    if not shape:
        raise FileFormatError(path, f"array {name!r} is a single number, not a row of samples.")
    return shape, dtype
