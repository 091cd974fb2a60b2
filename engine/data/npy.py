"""NPY files: one NumPy array each, left on the disk and looked up there."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from engine.data.arrays import by_part, data_set, is_target, part_of
from engine.data.file_source import FileSource, check_lengths, names_in, zeros
from engine.data.npy_header import read_header
from engine.data.rows import AnyRows, FileRows
from engine.data.source import DataSet, Source, register
from engine.errors import DataError, FileError, FileFormatError, LayerloomError
from engine.events import Progress
from engine.fields import AsPath
from engine.files import check_file


@register("npy")
class Npy(FileSource):
    """NumPy arrays in files of their own, samples along the first axis. They may be larger than memory.

    In a folder the names of the files are those of the arrays: x.npy and y.npy, or x_train.npy, y_train.npy,
    x_test.npy, y_test.npy.
    """

    path: Annotated[str, AsPath(folder=True)] = Field(
        default="", description="A folder of .npy files, or the one of the features."
    )
    targets_path: Annotated[str, AsPath()] = Field(
        default="", description="The .npy file of the targets, where no folder is chosen."
    )

    title: ClassVar[str] = "NumPy arrays (.npy)"

    @classmethod
    def takes(cls, path: Path) -> bool:
        return path.suffix == ".npy" or (path.is_dir() and any(name.endswith(".npy") for name in names_in(path)))

    def proposing(self) -> Generator[Progress, None, Source]:
        """The folder in place of one of its files, where they belong together; else the targets beside it."""
        yield from ()
        path = Path(self.path)
        if not self.path or self.targets_path or not path.is_file():
            return self
        beside = sorted(name for name in names_in(path.parent) if name.endswith(".npy"))
        targets = [name for name in beside if is_target(part_of(Path(name).stem)[1])]
        pair = self.replace(targets_path=str(path.parent / targets[0])) if len(targets) == 1 else self
        for source in (self.replace(path=str(path.parent)), pair):
            try:
                found = source.outline()
            except LayerloomError:
                continue
            if found.features and found.targets:
                return source
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.path, self.targets_path)))

    def load(self) -> DataSet:
        return data_set(self._parts())

    def outline(self) -> DataSet:
        parts = self._parts().items()
        return data_set({part: {n: zeros(a.shape, a.dtype) for n, a in arrays.items()} for part, arrays in parts})

    def _parts(self) -> dict[str, dict[str, AnyRows]]:
        parts = by_part({name: rows_of(path) for name, path in self._files().items()})
        for arrays in parts.values():
            check_lengths(self.path, arrays)
        return parts

    def _files(self) -> dict[str, Path]:
        """The files by the names of their arrays."""
        if not self.path:
            raise DataError("No file is chosen yet.")
        path = Path(self.path)
        if not path.is_dir():
            return {"x": path, **({"y": Path(self.targets_path)} if self.targets_path else {})}
        try:
            found = {file.stem: file for file in sorted(path.iterdir()) if file.suffix == ".npy"}
        except OSError as error:
            raise FileError(path, f"could not be read: {error.strerror or error}.") from error
        if not found:
            raise DataError(f"{path}: there are no .npy files.")
        return found


def rows_of(path: Path) -> AnyRows:
    """The array of a file, of which only that is read which is asked for; pickled objects are refused."""
    check_file(path)
    try:
        with path.open("rb") as file:
            header, size = read_header(file), os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise FileError(path, "there is no such file.") from None
    except ValueError:
        raise FileFormatError(path, "is no NumPy array of numbers, or is damaged.") from None
    except OSError as error:
        raise FileError(path, f"could not be read: {error.strerror or error}.") from error
    if header.dtype.hasobject:
        raise FileFormatError(path, "holds Python objects, which could run code and are never loaded.")
    if header.dtype.kind not in "biufU":
        raise FileFormatError(path, f"holds {header.dtype}, neither numbers nor text.")
    if not header.shape:
        raise FileFormatError(path, "holds a single number, not a row of samples.")
    if header.nbytes > size - header.start:
        raise FileFormatError(
            path,
            f"is cut short, or its header is wrong: it should hold {header.nbytes:,} bytes of numbers, and "
            f"{size - header.start:,} are there.",
        )
    if header.fortran and header.nbytes:  # samples lie scattered
        return np.memmap(path, header.dtype, "r", header.start, header.shape, "F")
    return FileRows(path, header.start, header.shape, header.dtype)
