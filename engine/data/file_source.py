"""What sources share that read files: nothing is known of their data without them."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from engine.data.rows import AnyRows, Array
from engine.data.source import DataSet, Source
from engine.errors import DataError, FileError, FileFormatError
from engine.files import check_file

SMALL = 64 * 2**20
MOST_PACKED = 200
"""How many bytes one byte of a file may stand for where more than `SMALL` is unpacked; data needs far fewer."""
_LOOKED_THROUGH = 1000
_GZIP = b"\x1f\x8b"


class FileSource(Source):
    """Base of the sources that read files."""

    @property
    def paths(self) -> tuple[str, ...]:
        """All files and folders that are read; empty where none is chosen."""
        raise NotImplementedError

    @property
    def quick(self) -> bool:
        """Whether `outline` answers in next to no time."""
        return True

    def outline(self) -> DataSet:
        """The data with one sample of zeros in place of all; little is read. Raises what `load` raises."""
        raise NotImplementedError


def names_in(path: Path) -> list[str]:
    """The names in a folder, at most so many as are found at once; none where it cannot be read."""
    try:
        with os.scandir(path) as entries:
            return [entry.name for entry in islice(entries, _LOOKED_THROUGH)]
    except OSError:
        return []


def zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """One sample of zeros in place of an array."""
    return np.zeros((1, *shape[1:]), dtype)


def check_lengths(place: str, arrays: Mapping[str, AnyRows]) -> None:
    """Refuse arrays that differ in their number of samples, or hold none."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if not lengths:
        raise FileFormatError(place, "holds no arrays.")
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise DataError(f"{place}: the arrays differ in their number of samples: {shown}.")
    if not min(lengths.values()):
        raise DataError(f"{place}: the arrays hold no samples.")
    empty = next((name for name, array in arrays.items() if 0 in array.shape[1:]), None)
    if empty is not None:
        raise DataError(f"{place}: the samples of {empty} hold no values.")


@contextmanager
def unpacked(path: Path) -> Generator[tuple[BinaryIO, int]]:
    """A file to read from, unpacked where gzip has packed it, and how many bytes it may hold at most.

    Faults of the file that come up within are raised as `FileError` or `FileFormatError`.
    """
    check_file(path)
    with _faults(path), path.open("rb") as file:
        most = max(SMALL, path.stat().st_size * MOST_PACKED)
        packed = file.read(2) == _GZIP
        file.seek(0)
        if not packed:
            yield file, most
        else:
            with gzip.GzipFile(fileobj=file) as inner:
                yield io.BufferedReader(inner, 2**18), most


@contextmanager
def _faults(path: Path) -> Generator[None]:
    try:
        yield
    except FileNotFoundError:
        raise FileError(path, "there is no such file.") from None
    except IsADirectoryError:
        raise FileError(path, "is a folder, not a file.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError):
        raise FileFormatError(path, "is damaged or cut short: it cannot be unpacked.") from None
    except MemoryError:
        raise FileError(path, "holds more than there is memory for.") from None
    except OSError as error:
        raise FileError(path, f"could not be read: {error.strerror or error}.") from error


def exactly(file: BinaryIO, size: int, short: Callable[[int], Exception]) -> bytes:
    """So many bytes of a file; what `short` makes of the number that is there is raised where it is fewer.

    Memory is taken as bytes come, whatever is promised.
    """
    found = bytearray()
    while len(found) < size and (piece := file.read(min(2**20, size - len(found)))):
        found += piece
    if len(found) < size:
        raise short(len(found))
    return bytes(found)


NOT_NPZ = "is not a NumPy .npz file, or is damaged."


def open_npz(path: str | Path) -> zipfile.ZipFile:
    """The archive that an .npz file is; raises `FileError` or `FileFormatError`."""
    check_file(path)
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise FileError(path, "there is no such file.") from None
    except IsADirectoryError:
        raise FileError(path, "is a folder, not an .npz file.") from None
    except zipfile.BadZipFile:
        raise FileFormatError(path, NOT_NPZ) from None
    except OSError as error:
        raise FileError(path, f"could not be read: {error.strerror or error}.") from error
