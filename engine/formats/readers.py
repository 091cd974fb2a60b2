"""Which process reads a file: started when one is needed, kept for the next file, and ended with its job."""

from __future__ import annotations

import atexit
import contextlib
import threading
import weakref
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, TypeVar

from engine.events import Event, Result
from engine.files import check_file
from engine.formats.reader import Reader
from engine.formats.reading import Place

_POLL_SECONDS = 0.05

_spare: list[Reader] = []
"""At most one, new or one that read its last file without a fault: the next need not wait for its start."""

_lock = threading.Lock()

T = TypeVar("T")


class _Watch:
    """The readers that a job uses, to be killed with it."""

    def __init__(self) -> None:
        self._readers: list[Reader] = []
        self._ended = False

    def add(self, reader: Reader) -> None:
        with _lock:
            self._readers.append(reader)
            if self._ended:
                reader.kill()

    def remove(self, reader: Reader) -> None:
        with _lock:
            self._readers.remove(reader)

    def end(self) -> None:
        with _lock:
            self._ended = True
            for reader in self._readers:
                reader.kill()


_watch: ContextVar[_Watch | None] = ContextVar("_watch", default=None)


@contextlib.contextmanager
def reading(place: Place, kind: Literal["hdf5", "zip"]) -> Generator[Reader]:
    """A process that has the file of a place open; raises `FileError`, `FileFormatError`."""
    watch = _watch.get() or _Watch()
    check_file(place.path)
    reader = _take()
    watch.add(reader)
    try:
        reader.ask(place, kind, _whole(place))
        yield reader
        reader.ask(place, "close")
    except BaseException:
        reader.sound = False
        raise
    finally:
        watch.remove(reader)
        _give_back(reader)


class Lasting:
    """A file that stays open for as long as this is held. It may be asked from any thread, by one at a time.

    The process that reads it is started when it is first asked, and anew after a fault.
    """

    def __init__(self, place: Place, kind: Literal["hdf5", "zip"]) -> None:
        self._place, self._kind, self._path = place, kind, _whole(place)
        self._reader: Reader | None = None
        self._turn = threading.Lock()

    def ask(self, method: str, *arguments: Any, at: str = "") -> Any:
        """The answer to a question about a place in the file; raises `FileError`, `FileFormatError`."""
        with self._turn:
            return self._open().ask(self._place.at(at) if at else self._place, method, *arguments)

    def _open(self) -> Reader:
        if self._reader is None or not self._reader.sound:
            if self._reader is not None:
                self._reader.close()
            self._reader = reader = _take()
            # Killed rather than given back: this may run while the lock is held, when memory is cleared up.
            weakref.finalize(self, reader.kill)
            check_file(self._place.path)
            reader.ask(self._place, self._kind, self._path)
        return self._reader


def _whole(place: Place) -> str:
    """The path to a file from anywhere: a process that waits is where this one was when it started it."""
    return str(Path(place.path).absolute())


def warm() -> None:
    """Start a process for a file that is about to be read, unless one waits already."""
    with _lock:
        if not _spare:
            _spare.append(Reader())


def _take() -> Reader:
    with _lock:
        reader = _spare.pop() if _spare else None
    if reader is None or reader.alive():
        return reader or Reader()
    reader.close()
    return Reader()


def _give_back(reader: Reader) -> None:
    with _lock:
        kept = reader.sound and not _spare
        if kept:
            _spare.append(reader)
    if not kept:
        reader.close()


@atexit.register
def end_spare() -> None:
    """End the process that waits for a next file."""
    with _lock:
        while _spare:
            _spare.pop().close()


def in_background(function: Callable[..., T], *args: Any) -> Generator[Event]:
    """A job that reads files: it calls a function and ends in a `Result` of what that returns.

    `Cancelled`, thrown in, ends it at once: the process that reads is killed, whatever it is at.
    """
    watch, done = _Watch(), Future[T]()

    def work() -> None:
        _watch.set(watch)
        try:
            done.set_result(function(*args))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=work, name="reading", daemon=True).start()
    try:
        while not wait([done], _POLL_SECONDS).done:
            yield Event()
        yield Result(done.result())
    finally:
        watch.end()
