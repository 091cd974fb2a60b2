"""Files from the net: fetched in pieces, going on where an earlier attempt ended, checked before they are used."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import urlsplit

from engine.data.memory import bytes_text
from engine.data.transfer import Answer, Transfer
from engine.errors import DownloadError, FileError
from engine.events import Progress

_PIECE = 2**20
_SLACK = 1.1
"""A site may send so many times the bytes that are expected."""


@dataclass(frozen=True)
class RemoteFile:
    """A file on a site, and how to tell that it is the right one."""

    url: str
    size: int
    """Bytes, as they are told beforehand; the digest decides."""
    digest: str
    method: Literal["sha256", "md5"] = "sha256"

    @property
    def name(self) -> str:
        return urlsplit(self.url).path.rpartition("/")[2]


def downloading(files: Sequence[RemoteFile], folder: Path) -> Generator[Progress]:
    """Fetch the files that a folder lacks; the progress counts bytes. Raises `DownloadError` or `FileError`.

    Ended early, it leaves what has come, and goes on from there the next time.
    """
    lacking = [file for file in files if not (folder / file.name).exists()]
    total, before = sum(file.size for file in lacking), 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritten(folder, error) from error
    _check_room(folder, lacking)
    for file in lacking:
        for done in _fetching(file, folder / file.name):
            done = before + min(done, file.size)
            text = f"Downloading {file.name}: {bytes_text(done)} of {bytes_text(total)}"
            yield Progress(text, done, total)
        before += file.size


def _fetching(file: RemoteFile, target: Path) -> Generator[int]:
    """Fetch one file, yielding how many bytes are there; it is moved into place once it is known to be right."""
    part = _Part(target, file.method)
    try:
        yield from part.opening()
        if part.digest != file.digest:
            yield from _filling(part, file)
        if part.digest != file.digest:
            part.remove()
            raise DownloadError(
                file.url,
                f"is not the file that it should be: its {file.method.upper()} is {part.digest}, not "
                f"{file.digest}. What came has been removed. Download it again; if that does not help, the site "
                "has changed it.",
            )
        part.finish()
    except OSError as error:
        raise _unwritten(target, error) from error
    finally:
        part.close()


def _filling(part: _Part, file: RemoteFile) -> Generator[int]:
    """Add to a part what it lacks, or begin it anew where the site sends all of it."""
    with contextlib.closing(Transfer(file.url, part.size, part.tag)) as transfer:
        for piece in transfer:
            if isinstance(piece, Answer):
                part.begin(piece)
            elif piece:
                part.add(piece)
                if part.size > file.size * _SLACK + _PIECE:
                    part.remove()
                    raise DownloadError(file.url, f"is more than the {bytes_text(file.size)} that it should be.")
            yield part.size


class _Part:
    """What has come of a file so far, beside the place where it will lie; and what the site calls this version."""

    def __init__(self, target: Path, method: str) -> None:
        self._target, self._method = target, method
        self._path = target.with_name(f"{target.name}.part")
        self._tag_path = target.with_name(f"{target.name}.part.tag")
        self._hash = hashlib.new(method, usedforsecurity=False)
        self._file: BinaryIO | None = None
        self.size = 0
        self.tag = ""

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def opening(self) -> Generator[int]:
        """Open the file, going over what is there already."""
        with contextlib.suppress(OSError):
            self.tag = self._tag_path.read_text(encoding="ascii", errors="replace")
        self._file = self._path.open("ab+" if self.tag else "wb+")
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            self._hash.update(piece)
            self.size += len(piece)
            yield self.size

    def begin(self, answer: Answer) -> None:
        """Make ready for what the site sends: what comes after the last byte, or all of it."""
        assert self._file is not None
        if answer.start != self.size:
            self._file.truncate(0)
            self._hash = hashlib.new(self._method, usedforsecurity=False)
            self.size = 0
        self._tag_path.write_text(answer.tag, encoding="ascii", errors="replace")

    def add(self, piece: bytes) -> None:
        """Write some bytes behind the others."""
        assert self._file is not None
        self._file.write(piece)
        self._hash.update(piece)
        self.size += len(piece)

    def finish(self) -> None:
        """Move the file to its place."""
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        self._path.replace(self._target)
        self._tag_path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Leave nothing."""
        self.close()
        self._path.unlink(missing_ok=True)
        self._tag_path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the file as it is."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # what cannot be written has been told of
                self._file.close()
            self._file = None


def _check_room(folder: Path, files: Sequence[RemoteFile]) -> None:
    there = sum(part.stat().st_size for file in files if (part := folder / f"{file.name}.part").exists())
    wanted, free = sum(file.size for file in files) - there, shutil.disk_usage(folder).free
    if wanted > free:
        raise FileError(
            folder,
            f"there is too little room on the disk: {bytes_text(wanted)} are needed, {bytes_text(free)} free.",
        )


def _unwritten(path: Path, error: OSError) -> FileError:
    return FileError(path, f"could not be written: {error.strerror or error}.")
