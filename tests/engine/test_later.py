"""Work that goes on in a thread until it is waited for."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any

import pytest

from engine.events import Progress
from engine.later import Later, working

WAITING = Progress("Waiting")


def ended(job: Generator[Progress, None, Any]) -> tuple[list[Progress], Any]:
    """What a job tells, and what it gives."""
    told: list[Progress] = []
    while True:
        try:
            told.append(next(job))
        except StopIteration as end:
            return told, end.value


def test_it_begins_when_it_is_waited_for() -> None:
    calls: list[str] = []
    later = Later(lambda: calls.append("made") or 5)
    assert not calls
    assert ended(later.waited(WAITING))[1] == 5
    assert (ended(later.waited(WAITING)), calls) == (([], 5), ["made"])


def test_who_waits_is_told_so_and_may_go() -> None:
    held = threading.Event()
    later = Later(held.wait)
    later.begin()
    job = later.waited(WAITING)
    assert next(job) is WAITING
    job.close()
    assert working()
    held.set()
    assert ended(later.waited(WAITING))[1] is True


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("slow")])
def test_an_error_is_that_of_who_waits(error: Exception) -> None:
    def fail() -> None:
        raise error

    later = Later(fail)
    later.begin()
    with pytest.raises(type(error), match=str(error)):
        ended(later.waited(WAITING))
