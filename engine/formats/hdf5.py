"""HDF5 files: what others wrote, read through a process of its own; and lists of names as Keras writes them."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple

import h5py
import numpy as np

from engine.formats import readers
from engine.formats.reader import Reader, Request
from engine.formats.reading import LARGEST_JSON, Place

Array = np.ndarray[Any, Any]

HEADER_LIMIT = 64_512
"""Bytes of attributes that an object's header holds; longer lists are split, as Keras splits them."""


@dataclass(frozen=True)
class Group:
    """A group of a file that is open."""

    reader: Reader
    path: str = ""

    def at(self, path: str) -> Group:
        """The group at a path below; whether it is there is found out when it is asked for something."""
        return Group(self.reader, self.to(path))

    def to(self, path: str) -> str:
        """The path from the root to what is below this group."""
        return f"{self.path}/{path}" if self.path else path


class Facts(NamedTuple):
    """What is known of an array before it is read."""

    shape: tuple[int, ...]
    dtype: str


@contextlib.contextmanager
def reading(path: str | PathLike[str]) -> Generator[Group]:
    """The root of an HDF5 file. Whatever is asked of it raises `FileError`, `FileFormatError`."""
    with readers.reading(Place(path), "hdf5") as reader:
        yield Group(reader)


def holds(group: Group, path: str, place: Place) -> bool:
    """Whether something lies at a path: an array, a group, or a link, for others to refuse."""
    return group.reader.ask(place, "kind", group.to(path)) is not None


def counts(group: Group, wanted: Iterable[tuple[str, Place]]) -> list[int]:
    """How many members the groups at some paths have; 0 where there is none."""
    requests = [Request(place, "count", (group.to(path),)) for path, place in wanted]
    return [
        place.whole(found) for (place, *_), found in zip(requests, group.reader.ask_all(requests), strict=True)
    ]


def arrays(group: Group, wanted: Iterable[tuple[str, tuple[int, ...], Place]]) -> Iterator[Array]:
    """The arrays at some paths, which must have these shapes, one after the other."""
    return group.reader.ask_all(Request(place, "array", (group.to(path), shape)) for path, shape, place in wanted)


def facts(group: Group, path: str, place: Place) -> Facts:
    """What is known of the array at a path."""
    return _facts(group.reader.ask(place, "facts", group.to(path)), place)


def tree(group: Group, path: str, most: int, place: Place) -> dict[str, Facts]:
    """What is known of all arrays below a path, of `most` at most, by path from there."""
    found = place.listing(group.reader.ask(place, "tree", group.to(path), most))
    return {place.text(inner): _facts(rest, place) for inner, *rest in map(place.listing, found[:most])}


def _facts(value: Any, place: Place) -> Facts:
    shape, dtype = place.listing(value)
    return Facts(tuple(map(place.whole, place.listing(shape))), place.text(dtype))


def text(group: Group, name: str, place: Place) -> str | None:
    """An attribute that holds one text; None if there is none of this name."""
    found = group.reader.ask(place, "text", group.path, name, LARGEST_JSON)
    return None if found is None else place.at(name).text(found)


def names(group: Group, name: str, place: Place) -> list[str] | None:
    """An attribute that lists names, whole or split over `name0`, `name1`, ...; None if there is none."""
    return names_each([(group, place)], name)[0]


def names_each(groups: Sequence[tuple[Group, Place]], name: str) -> list[list[str] | None]:
    """The lists of names that groups of one file have as an attribute."""
    requests = [Request(place, "names", (group.path, name, LARGEST_JSON)) for group, place in groups]
    answers = groups[0][0].reader.ask_all(requests) if groups else ()
    return [_names(found, request.place) for found, request in zip(answers, requests, strict=True)]


def _names(found: Any, place: Place) -> list[str] | None:
    return None if found is None else [place.text(name) for name in place.listing(found)]


def numbers(group: Group, place: Place) -> dict[str, int | float]:
    """The attributes that hold a number each."""
    found: dict[str, Any] = place.mapping(group.reader.ask(place, "numbers", group.path))
    return {name: value for name, value in found.items() if isinstance(value, int | float)}


def put_names(owner: h5py.Group, name: str, values: Sequence[str]) -> None:
    """Write a list of names, split as Keras splits it where it is too long for a header."""
    data = np.array([value.encode("utf-8") for value in values], dtype=np.bytes_ if values else "S1")
    count = 1
    while any(part.nbytes > HEADER_LIMIT for part in np.array_split(data, count)):
        count += 1
    for number, part in enumerate(np.array_split(data, count)):
        owner.attrs[name if count == 1 else f"{name}{number}"] = part
