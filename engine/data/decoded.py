"""Samples that lie in a file each, which must be decoded: pictures, sounds."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import blake2b
from typing import Any, BinaryIO, ClassVar, Protocol

import numpy as np

from engine.data.folders import FileAt
from engine.data.rows import Array, Rows
from engine.errors import FileError, FileFormatError
from engine.events import Progress

_FEW = 3
"""Samples that are not worth a thread."""
_THREADS = 8
_EVERY = 20  # files between two events


class BadSample(Exception):
    """A file that is not what it should be; its text says why."""


class Decoder(Protocol):
    """Makes a sample of a file. Its `repr` tells it from all others."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def decode(self, file: BinaryIO) -> Array:
        """The sample in a file; raises `BadSample`, or what the file made go wrong."""
        ...


@dataclass(frozen=True)
class Decoded(Rows):
    """A sample for each file, decoded by several threads when it is asked for."""

    files: tuple[FileAt, ...]
    decoder: Decoder

    costly: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return (len(self.files), *self.decoder.shape)

    @property
    def dtype(self) -> np.dtype[Any]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.decoder.dtype

    @cached_property
    def key(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        found = blake2b(repr(self.decoder).encode(), digest_size=16)
        for path, size, changed in self.files:
            found.update(f"{path}\0{size}\0{changed}\0".encode("utf-8", "surrogateescape"))
        return found.hexdigest()

    def read(self, numbers: Array) -> Array:
        found, faults = self._read(numbers)
        if faults:
            raise faults[min(faults)]
        return found

    def read_sound(self, numbers: Array) -> tuple[Array, Mapping[int, str]]:
        found, faults = self._read(numbers)
        return found, {number: str(fault) for number, fault in sorted(faults.items())}

    def _read(self, numbers: Array) -> tuple[Array, dict[int, FileError]]:
        found = np.zeros((len(numbers), *self.decoder.shape), self.dtype)
        faults: dict[int, FileError] = {}

        def read(place: int) -> None:
            number = int(numbers[place])
            try:
                found[place] = decoded(self.files[number], self.decoder)
            except FileError as fault:
                faults[number] = fault

        places = range(len(numbers))
        for _ in map(read, places) if len(numbers) <= _FEW else _pool().map(read, places):
            pass
        return found, faults


def decoded(at: FileAt, decoder: Decoder) -> Array:
    """The sample in a file; raises `FileError` or `FileFormatError`, whatever is in it."""
    try:
        if at.size < 0:
            raise FileError(at.path, "there is no such file, or it is none that can be read.")
        with open(at.path, "rb") as file:  # noqa: PTH123 - Path would be made for each of very many files
            now = os.fstat(file.fileno())
            if (now.st_size, now.st_mtime_ns) != (at.size, at.changed):
                raise FileError(at.path, "was changed while it was being learned from.")
            return decoder.decode(file)
    except FileError:
        raise
    except FileNotFoundError:
        raise FileError(at.path, "there is no such file.") from None
    except BadSample as error:
        raise FileFormatError(at.path, str(error)) from None
    except MemoryError:
        raise FileError(at.path, "holds more than there is memory for.") from None
    except Exception as error:  # libraries that decode raise whatever a damaged file makes them stumble over
        raise FileFormatError(at.path, f"is damaged: {str(error).rstrip('.') or type(error).__name__}.") from error


def sampling(files: Sequence[FileAt], decoder: Decoder, most: int) -> Generator[Progress, None, list[list[int]]]:
    """Samples of some files, evenly spread; raises what the first does where none can be read."""
    found, fault = list[list[int]](), None
    chosen = [files[int(place)] for place in np.linspace(0, len(files) - 1, min(len(files), most))]
    for done, file in enumerate(chosen):
        if done % _EVERY == 0:
            yield Progress("Looking at the files", done, len(chosen))
        try:
            found.append(decoded(file, decoder).tolist())
        except FileError as error:
            fault = fault or error
    if fault is not None and not found:
        raise fault
    return found


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1), "decode")
