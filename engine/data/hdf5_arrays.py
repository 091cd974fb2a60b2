"""HDF5 files as a source: which of their arrays go in, and which are to be predicted."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple, Self

from pydantic import Field

from engine.data.arrays import by_part, is_target, part_of
from engine.data.file_source import FileSource, check_lengths, zeros
from engine.data.hdf5_file import Hdf5File, Hdf5Rows
from engine.data.reading import in_pieces
from engine.data.rows import AnyRows, Array
from engine.data.source import DataSet, register
from engine.errors import DataError, FileFormatError
from engine.events import Progress
from engine.fields import AsPath

_MODEL = frozenset({"model_config", "layer_names", "keras_version"})
"""Attributes that Keras gives its files of models and of weights."""
_WEIGHT = re.compile(r"(.*/)?vars/\d+")
"""How Keras calls the weights in files that have no such attributes."""
_CLASS_NAMES = re.compile(r"(.*/)?(list_)?(classes|class_names|label_names|target_names)")

Names = Annotated[tuple[str, ...], Field(max_length=1000)]


class Choice(NamedTuple):
    """What is learned from in a file: paths of arrays by part of the data and by name."""

    parts: Mapping[str, Mapping[str, str]]
    class_names: str
    """The path of the array that names the classes; empty where there is none."""
    notes: tuple[str, ...]


@register("hdf5")
class Hdf5(FileSource):
    """Arrays of an HDF5 file, samples along the first axis. They may be larger than memory.

    An array goes to the Input or Output node of its name; in groups, names are like train/x. Names that begin or
    end in train, val or test tell the part of the data: train/x and test/x, or x_train and x_test.
    """

    path: Annotated[str, AsPath()] = Field(default="", description="The .h5 or .hdf5 file.")
    feature_names: Names = Field(
        default=(), description="Names of the arrays that go in; none: all but the targets."
    )
    target_names: Names = Field(
        default=(), description="Names of the arrays to be predicted; none: those called y, label or target."
    )

    title: ClassVar[str] = "HDF5 arrays (.h5)"
    endings: ClassVar[tuple[str, ...]] = (".h5", ".hdf5")

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,) if self.path else ()

    @property
    def quick(self) -> bool:
        return self._known() in _OUTLINES

    def proposing(self) -> Generator[Progress, None, Self]:
        yield Progress("Reading the data")
        self.outline()
        return self

    def load(self) -> DataSet:
        file = self._file()
        self._remember(file)
        return self._data_set(file, _rows)

    def outline(self) -> DataSet:
        return _OUTLINES.get(self._known()) or self._remember(self._file())

    def arrays(self) -> Mapping[str, Mapping[str, str]]:
        """Where the arrays of each part of the data lie in the file, by their names."""
        return self._choice(self._file()).parts

    def _remember(self, file: Hdf5File) -> DataSet:
        """The outline, which is known from now on."""
        while len(_OUTLINES) >= _KEPT:
            _OUTLINES.pop(next(iter(_OUTLINES)), None)
        found = _OUTLINES[self._known()] = self._data_set(file, _outlined)
        return found

    def _known(self) -> tuple[Hdf5, object]:
        """What the outline follows from: the settings, and when the file was written."""
        try:
            return self, Path(self.path).stat().st_mtime_ns
        except (OSError, ValueError):
            return self, None

    def _file(self) -> Hdf5File:
        if not self.path:
            raise DataError("No HDF5 file is chosen yet.")
        return Hdf5File(self.path)

    def _data_set(self, file: Hdf5File, read: Callable[[Hdf5File, str], AnyRows]) -> DataSet:
        choice = self._choice(file)
        found = {
            part: {name: read(file, path) for name, path in paths.items()} for part, paths in choice.parts.items()
        }
        targets = {name: array for name, array in found["train"].items() if self._is_target(name)}
        features = {name: array for name, array in found["train"].items() if name not in targets}
        names = tuple(map(str, file.texts(choice.class_names))) if choice.class_names else ()
        classes = {name: names for name, array in targets.items() if _are_labels(array, len(names))}
        return DataSet(features, targets, classes, found.get("validation"), found.get("test"), notes=choice.notes)

    # Which arrays

    def _is_target(self, name: str) -> bool | None:
        """Whether an array is to be predicted, rather than goes in; None where it is neither."""
        if _among(name, self.target_names) or _among(name, self.feature_names):
            return _among(name, self.target_names)
        named = self.target_names if is_target(name) else self.feature_names
        return None if named else is_target(name)

    def _choice(self, file: Hdf5File) -> Choice:
        """The arrays that are learned from; raises `DataError` or `FileFormatError` where one cannot be."""
        if is_model(file):
            raise FileFormatError(
                file.path, "is a Keras model, or the weights of one, not data: open it from the File menu."
            )
        found = file.contents
        class_names = self._class_names(file)
        single = [path for path, facts in found.items() if not facts.shape and not facts.cause]
        paths = {path: path for path in found if path not in (*single, class_names)}
        parts = {
            part: {name: path for name, path in arrays.items() if self._is_target(name) is not None}
            for part, arrays in by_part(paths).items()
        }
        self._check_named(file, parts["train"])
        for part in parts.values():
            _check_arrays(file, part)
        notes: list[str] = []
        if single:
            notes.append(f"Single values are left out: {', '.join(single)}.")
        return Choice(parts, class_names, tuple(notes))

    def _class_names(self, file: Hdf5File) -> str:
        """The path of the array that names the classes."""
        named = {*self.feature_names, *self.target_names}
        found = (path for path, facts in file.contents.items() if facts.is_text and len(facts.shape) == 1)
        return next((path for path in found if _CLASS_NAMES.fullmatch(path) and path not in named), "")

    def _check_named(self, file: Hdf5File, arrays: Mapping[str, str]) -> None:
        for name in (*self.feature_names, *self.target_names):
            if not any(_among(other, (name,)) for other in arrays):
                shown = ", ".join(list(file.contents)[:20]) or "none"
                raise DataError(f"{file.path}: there is no array {name!r} of samples; there are {shown}.")


_OUTLINES: dict[tuple[Hdf5, object], DataSet] = {}
"""Those that were read last: the file need not be opened to know them."""
_KEPT = 8


def is_model(file: Hdf5File) -> bool:
    """Whether a file is a model of Keras, or holds the weights of one."""
    return bool(file.attributes & _MODEL) or any(map(_WEIGHT.fullmatch, file.contents))


def _among(name: str, names: Sequence[str]) -> bool:
    """Whether an array is among those named, be it with or without the part of the data."""
    return name in names or name in (part_of(other)[1] for other in names)


def _check_arrays(file: Hdf5File, arrays: Mapping[str, str]) -> None:
    """Refuse arrays that cannot be read, or that differ in their number of samples."""
    for path in arrays.values():
        facts = file.contents[path]
        if facts.cause:
            raise FileFormatError(
                file.path, f"{path}: {facts.cause} Name the arrays to learn from to leave it out."
            )
        if not facts.shape:
            raise FileFormatError(file.path, f"{path}: is a single value, not a row of samples.")
    check_lengths(str(file.path), {name: Hdf5Rows(file, path) for name, path in arrays.items()})


def _rows(file: Hdf5File, path: str) -> AnyRows:
    """An array: as it is where it is text, else left in the file."""
    return file.texts(path) if file.contents[path].is_text else Hdf5Rows(file, path)


def _outlined(file: Hdf5File, path: str) -> Array:
    facts = file.contents[path]
    return zeros(facts.shape, facts.dtype)


def _are_labels(rows: AnyRows, classes: int) -> bool:
    """Whether an array numbers so many classes."""
    if not classes or rows.dtype.kind not in "biu" or rows.ndim != 1:
        return False
    return all(0 <= int(piece.min()) <= int(piece.max()) < classes for _, piece, _ in in_pieces(rows))
