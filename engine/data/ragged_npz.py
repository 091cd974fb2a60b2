"""Arrays of an .npz file whose samples are lists of whole numbers, which NumPy pickles: read without a pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Generator
from contextlib import contextmanager

from engine.data.file_source import MOST_PACKED, SMALL, open_npz
from engine.data.memory import bytes_text, free_memory
from engine.data.npy_header import read_header
from engine.data.pickle_machine import NotRowsError
from engine.data.pickled_rows import reading
from engine.data.ragged import Array, Ragged
from engine.data.source import finished
from engine.errors import DataError, FileFormatError
from engine.events import Progress

_PIECE = 2**20
_READING = "Reading the data"


class RaggedFile:
    """An open .npz file; what is wrong with it comes up as `FileError` or `FileFormatError`."""

    def __init__(self, path: str, archive: zipfile.ZipFile) -> None:
        self._path, self._archive = path, archive

    def count(self, name: str) -> int:
        """How many lists an array holds; only its header is read."""
        with self._faults(name), self._archive.open(self._member(name)) as member:
            header = read_header(member)
        shape = header.shape
        if not header.dtype.hasobject or len(shape) != 1 or not shape[0]:
            raise FileFormatError(self._path, f"{name}: it holds no rows of whole numbers that differ in length.")
        return shape[0]

    def numbers(self, name: str) -> Array:
        """An array that is no array of lists."""
        from engine.data.arrays import reading_member

        return finished(reading_member(self._path, self._archive, self._member(name)))

    def reading(self, name: str) -> Generator[Progress, None, Ragged]:
        """The lists of an array; raises `DataError` where they are too many for the memory, too."""
        count = self.count(name)
        content = yield from self._unpacking(name)
        events = reading(content, count)
        while True:
            try:
                place = next(events)
            except StopIteration as end:
                return end.value
            except NotRowsError as error:
                raise FileFormatError(self._path, f"{name}: {error}") from None
            yield Progress(_READING, place, len(content))

    def _unpacking(self, name: str) -> Generator[Progress, None, bytes]:
        """What comes after the header of an array."""
        info, found = self._member(name), bytearray()
        if info.file_size > max(SMALL, info.compress_size * MOST_PACKED):
            raise FileFormatError(self._path, f"{name}: it is packed more tightly than rows of numbers can be.")
        wanted, free = 4 * info.file_size, free_memory()
        if free is not None and wanted > free:
            raise DataError(
                f"{self._path}: {bytes_text(wanted)} of memory are needed, and {bytes_text(free)} are free."
            )
        with self._faults(name), self._archive.open(info) as member:
            read_header(member)
            while piece := member.read(_PIECE):
                found += piece
                yield Progress(_READING)
        return bytes(found)

    def _member(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._archive.getinfo(f"{name}.npy")
        except KeyError:
            held = ", ".join(member.removesuffix(".npy") for member in self._archive.namelist()[:10])
            raise FileFormatError(self._path, f"has no array {name!r}; it has {held or 'none'}.") from None

    @contextmanager
    def _faults(self, name: str) -> Generator[None]:
        try:
            yield
        except (OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile):
            raise FileFormatError(self._path, f"array {name!r} is damaged, or is no array.") from None


@contextmanager
def ragged_file(path: str) -> Generator[RaggedFile]:
    """Open a file; raises `FileError` or `FileFormatError`."""
    with open_npz(path) as archive:
        yield RaggedFile(path, archive)
