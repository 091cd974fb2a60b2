"""HDF5 files read with care, and lists of names in them.

A file may come from anywhere. Only hard links are followed, data must lie in the file itself, and its shape is
checked before a byte of it is read.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Generator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from engine.errors import FileError
from engine.formats.reading import LARGEST_JSON, Place, shown

Array = np.ndarray[Any, Any]

HEADER_LIMIT = 64_512
"""Bytes of attributes that an object's header holds; longer lists are split, as Keras splits them."""

SMALL = 64 * 2**20
MOST_COMPRESSED = 1100
"""Deflate makes at most this little of zeros; more comes from a file that lies. Not asked of `SMALL` arrays."""

_MAGIC = b"\x89HDF\r\n\x1a\n"

_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_LZF}
"""Filters that come with HDF5; any other would load a library that the file names."""


@contextlib.contextmanager
def reading(path: str | PathLike[str]) -> Generator[h5py.File]:
    """An open HDF5 file; whatever goes wrong inside the block is raised as `FileError`, `FileFormatError`."""
    place = Place(path)
    with faults(place):
        with Path(path).open("rb") as file:
            if not file.read(1):
                raise place.error("is empty.")
        if not h5py.is_hdf5(path):
            raise place.error("is not an HDF5 file.")
        with h5py.File(path, "r") as opened:
            yield opened


@contextlib.contextmanager
def reading_bytes(content: bytes, place: Place) -> Generator[h5py.File]:
    """An HDF5 file that lies in memory; raises as `reading` does."""
    with faults(place):
        if not content.startswith(_MAGIC):
            raise place.error("is not an HDF5 file.")
        with h5py.File(io.BytesIO(content), "r") as opened:
            yield opened


@contextlib.contextmanager
def faults(place: Place) -> Generator[None]:
    """Raise what goes wrong inside the block as `FileError` or `FileFormatError` of a place."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise FileError(place.path, f"could not be read: {error.strerror or error}.") from error
        raise place.error("is damaged or cut short.") from error
    except (KeyError, ValueError, TypeError, RuntimeError, AttributeError, OverflowError, MemoryError) as error:
        raise place.error("is damaged: its parts do not fit together.") from error


def group(parent: h5py.Group, path: str, place: Place) -> h5py.Group:
    """The group at a path, step by step through hard links."""
    found = _step(parent, path, place)
    if not isinstance(found, h5py.Group):
        raise place.error(f"{shown(path)} is not a group.")
    return found


def array(parent: h5py.Group, path: str, shape: tuple[int, ...], place: Place) -> Array:
    """The data set at a path, which must have this shape."""
    found = dataset(parent, path, place)
    if found.shape != shape:
        raise place.error(f"has the shape {_times(found.shape)}, but the model needs {_times(shape)}.")
    value = found[()]
    if not _is_bfloat16(found):
        return value
    # The upper half of a 32-bit number.
    return (value.view(np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)


def number_type(dataset: h5py.Dataset) -> str:
    """The type of the numbers of a data set, as `array` gives them."""
    return "float32" if _is_bfloat16(dataset) else dataset.dtype.newbyteorder("=").name


def _is_bfloat16(dataset: h5py.Dataset) -> bool:
    """Whether the data set has the mark with which Keras writes these numbers as two bytes without a type."""
    return (
        dataset.dtype.kind == "V"
        and dataset.dtype.itemsize == 2
        and dataset.attrs.get("dtype") in ("bfloat16", b"bfloat16")
    )


def dataset(parent: h5py.Group, path: str, place: Place) -> h5py.Dataset:
    """The data set at a path, not yet read: plain numbers, stored in this file."""
    found = _step(parent, path, place)
    if not isinstance(found, h5py.Dataset) or found.shape is None:
        raise place.error(f"{shown(path)} is not an array.")
    settings = found.id.get_create_plist()
    if found.is_virtual or settings.get_external_count():
        raise place.error(f"{shown(path)} lies in another file, which is not opened.")
    if any(settings.get_filter(i)[0] not in _FILTERS for i in range(settings.get_nfilters())):
        raise place.error(f"{shown(path)} is compressed in a way that is not read here.")
    size = found.size * found.dtype.itemsize
    if size > SMALL and size > MOST_COMPRESSED * found.id.get_storage_size():
        raise place.error(f"{shown(path)} is said to hold far more than the file does.")
    if (found.dtype.kind not in "fiub" or found.dtype.itemsize > 8) and not _is_bfloat16(found):
        raise place.error(f"{shown(path)} does not hold numbers.")
    return found


def _step(parent: h5py.Group, path: str, place: Place) -> Any:
    here: Any = parent
    for part in path.split("/"):
        if part in ("", "."):  # ".." has no meaning in HDF5
            raise place.error(f"{shown(path)} is not a proper path.")
        link = here.get(part, getlink=True) if isinstance(here, h5py.Group) and part in here else None
        if link is None:
            raise place.error(f"{shown(path)} is missing.")
        if not isinstance(link, h5py.HardLink):
            raise place.error(f"{shown(path)} is a link to somewhere else, which is not followed.")
        here = here[part]
    return here


def text(owner: h5py.Group, name: str, place: Place) -> str | None:
    """An attribute that holds one text; None if there is none of this name."""
    if name not in owner.attrs:
        return None
    _check_size(owner, name, place)
    value = owner.attrs[name]
    if isinstance(value, bytes):
        value = value.decode("utf-8")
    return place.at(name).text(str(value) if isinstance(value, np.str_) else value)


def names(owner: h5py.Group, name: str, place: Place) -> list[str] | None:
    """An attribute that lists names, whole or split over `name0`, `name1`, ...; None if there is none."""
    if name in owner.attrs:
        return _names(owner, name, place)
    if f"{name}0" not in owner.attrs:
        return None
    found: list[str] = []
    number = 0
    while f"{name}{number}" in owner.attrs:
        found += _names(owner, f"{name}{number}", place)
        number += 1
    return found


def _names(owner: h5py.Group, name: str, place: Place) -> list[str]:
    _check_size(owner, name, place)
    found: Any = np.asarray(owner.attrs[name])
    if found.ndim != 1:
        raise place.error(f"{name} is not a list of names.")
    decoded = [value.decode("utf-8") if isinstance(value, bytes) else value for value in found.tolist()]
    return [place.at(name).text(value) for value in decoded]


def _check_size(owner: h5py.Group, name: str, place: Place) -> None:
    found = owner.attrs.get_id(name)
    if int(np.prod(found.shape, dtype=np.float64)) * found.dtype.itemsize > LARGEST_JSON:
        raise place.error(f"the attribute {name} is too large.")


def put_names(owner: h5py.Group, name: str, values: Sequence[str]) -> None:
    """Write a list of names, split as Keras splits it where it is too long for a header."""
    data = np.array([value.encode("utf-8") for value in values], dtype=np.bytes_ if values else "S1")
    count = 1
    while any(part.nbytes > HEADER_LIMIT for part in np.array_split(data, count)):
        count += 1
    for number, part in enumerate(np.array_split(data, count)):
        owner.attrs[name if count == 1 else f"{name}{number}"] = part


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "of a single number"
