"""Work that goes on in a thread of its own, until what it gives is needed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Generic, TypeVar

from engine.events import Progress

T = TypeVar("T")

_PATIENCE = 0.05
"""Seconds after which one who waits is told so."""

_THREADS = ThreadPoolExecutor(4, "later")
"""Threads that stay: each new one would keep some of the memory that it had from the system."""

_working: set[Future[Any]] = set()


def working() -> bool:
    """Whether there is work that cannot be broken off, and holds a program that would end."""
    return any(not future.done() for future in _working)


class Later(Generic[T]):
    """What a function gives, called in a thread as soon as that is begun, or it is waited for.

    What it raises is raised for who waits.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work: Callable[[], T] | None = work
        self._made: Future[T] | None = None

    def begin(self) -> Future[T]:
        """Let a thread begin, if none has."""
        if self._made is None:
            assert self._work is not None
            self._made, self._work = _THREADS.submit(self._work), None
            _working.add(self._made)
            self._made.add_done_callback(_working.discard)
        return self._made

    def drop(self) -> None:
        """Do without it: it is not begun any more."""
        if self._made is not None:
            self._made.cancel()

    def waited(self, progress: Progress) -> Generator[Progress, None, T]:
        """Wait for it, and tell so now and then."""
        made = self.begin()
        while not wait([made], _PATIENCE).done:
            yield progress
        return made.result()
