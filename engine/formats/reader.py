"""Asking the process that opens files for what is in them: see `reader_process`.

What it says is checked like any other data from outside: a file that takes it over gains no more than a wrong
number in an array of the size that was asked for.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from engine.errors import FileError
from engine.formats import reader_process
from engine.formats.reading import LARGEST_JSON, Place, shown

_LONGEST_LINE = 8 * LARGEST_JSON
"""JSON writes some characters of a text in six."""

_LONGEST_CAUSE = 400

_TYPES = frozenset(
    "bool float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()  # noqa: SIM905
)


class Request(NamedTuple):
    """A question: a method of `reader_process.Opened` with its arguments, and the place that it is about."""

    place: Place
    method: str
    arguments: tuple[Any, ...] = ()


class Reader:
    """A process that has one file open."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-I", reader_process.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self.sound = True
        """Whether every question had its answer."""

    @property
    def pid(self) -> int:
        return self._child.pid

    def ask(self, place: Place, method: str, *arguments: Any) -> Any:
        """The answer to one question; raises `FileError` or `FileFormatError` of the place."""
        (answer,) = self.ask_all([Request(place, method, arguments)])
        return answer

    def ask_all(self, requests: Iterable[Request]) -> Iterator[Any]:
        """The answers in order, each as soon as it is there. All are to be taken, up to the first error."""
        requests = list(requests)
        if not requests:
            return
        sound, self.sound = self.sound, False
        try:
            self._send([[request.method, *request.arguments] for request in requests])
            for request in requests:
                yield self._answer(request)
        except (
            OSError,
            EOFError,
            ValueError,
        ) as error:  # the pipe is broken, or what comes out of it is no answer
            place = Place(requests[0].place.path)
            raise place.error("is damaged in a way that ended the reader.") from error
        self.sound = sound

    def _send(self, requests: list[list[Any]]) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(requests).encode() + b"\n")
        self._child.stdin.flush()

    def _answer(self, request: Request) -> Any:
        assert self._child.stdout is not None
        line = self._child.stdout.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise EOFError
        head = json.loads(line)
        if not isinstance(head, dict):
            raise ValueError
        said: dict[str, Any] = head
        if "fault" in said:
            raise _error(said, request.place)
        if request.method == "array":
            return self._array(said, tuple(request.arguments[1]))
        if request.method == "rows":
            _, spans, sample = request.arguments
            return self._array(said, (sum(stop - start for start, stop in spans), *sample))
        if request.method == "member":
            return self._bytes(said, request.arguments[1])
        return said.get("value")

    def _array(self, said: dict[str, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        if said.get("array") not in _TYPES:
            raise ValueError
        value = np.empty(shape, said["array"])
        self._fill(value.reshape(-1).view("u1").data)
        return value

    def _bytes(self, said: dict[str, Any], most: int) -> bytes:
        size = said.get("bytes")
        if type(size) is not int or not 0 <= size <= most:
            raise ValueError
        value = bytearray(size)
        self._fill(memoryview(value))
        return bytes(value)

    def _fill(self, view: memoryview) -> None:
        assert self._child.stdout is not None
        done = 0
        while done < len(view):
            got = self._child.stdout.readinto(view[done:])  # pyright: ignore[reportAttributeAccessIssue]
            if not got:
                raise EOFError
            done += got

    def alive(self) -> bool:
        return self._child.poll() is None

    def kill(self) -> None:
        """End the process, whatever it is at; who waits for an answer gets an error."""
        self.sound = False
        self._child.kill()

    def close(self) -> None:
        """End the process and wait for it."""
        self.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _error(said: dict[str, Any], place: Place) -> FileError:
    cause, about = said.get("cause"), said.get("about")
    if not isinstance(cause, str) or not cause.isprintable() or len(cause) > _LONGEST_CAUSE:
        return place.error("is damaged.")
    if said["fault"] == "system":
        return FileError(place.path, f"could not be read: {cause}.")
    return place.error(f"{shown(about)} {cause}" if isinstance(about, str) else cause)
