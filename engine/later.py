"""Work that goes on in a thread of its own, until what it gives is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

from engine.events import Progress

T = TypeVar("T")

_PATIENCE = 0.05
"""Seconds after which one who waits is told so."""

_working: set[threading.Thread] = set()


def working() -> bool:
    """Whether there is work that cannot be broken off, and holds a program that would end."""
    return any(thread.is_alive() for thread in _working)


class Later(Generic[T]):
    """What a function gives, called in a thread as soon as that is begun, or it is waited for.

    What it raises is raised for who waits.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work, self._made, self._begun = work, Future[T](), False

    def begin(self) -> None:
        """Let the thread begin."""
        if not self._begun:
            self._begun = True
            thread = threading.Thread(target=self._do, name="later")
            _working.add(thread)
            thread.start()

    def _do(self) -> None:
        try:
            self._made.set_result(self._work())
        except BaseException as error:
            self._made.set_exception(error)
        finally:
            _working.discard(threading.current_thread())

    def waited(self, progress: Progress) -> Generator[Progress, None, T]:
        """Wait for it, and tell so now and then."""
        self.begin()
        while not wait([self._made], _PATIENCE).done:
            yield progress
        return self._made.result()
