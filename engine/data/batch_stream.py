"""The batches of a file of the person's own: a process of its own runs it, and what it sends is read as it comes.

What comes is checked like any data from outside: sizes before memory is taken, and numbers and text only.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from engine.data import generator_process
from engine.data.consent import Script, check_allowed
from engine.data.rows import Array
from engine.errors import Cancelled, FileError

WAITING = 2
"""Batches that are ready at most, beside the one that is on its way: the process that makes them then waits."""

LARGEST_BATCH = 2**30
_MOST_ARRAYS = 1000
_LONGEST_LINE = 2**20
_KEPT = 2**14
"""Characters of what it printed that are kept: the last."""
_GRACE = 0.4
"""Seconds that the process has to end by itself."""


class Named(NamedTuple):
    """An array of a batch: its kind ("x", "y", "weight", "" where the name tells), its name, and the array."""

    kind: str
    name: str
    array: Array


class BatchStream:
    """The batches that a function yields, from the first on. May be closed from any thread, at any time."""

    def __init__(self, script: Script, function: str, patience: float) -> None:
        """Start the process. Raises `ConsentError` where there was no yes for the file."""
        check_allowed(script)
        self.script, self._function, self._patience = script, function, patience
        self._changed = threading.Condition()
        self._ready: deque[list[Named]] = deque()
        self._error: FileError | None = None
        self._closed = self._left = False
        self._since: float | None = None
        self._printed = ""
        self._child = _started()
        self._threads = [
            threading.Thread(target=work, name=f"batches {work.__name__}", daemon=True)
            for work in (self._read, self._listen)
        ]
        for thread in self._threads:
            thread.start()
        _open.add(self)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def printed(self) -> str:
        """The end of what the file printed, its traceback included."""
        return self._printed

    def next(self) -> list[Named]:
        """The arrays of the next batch; raises `FileError`, or `Cancelled` where this is closed or left."""
        with self._changed:
            self._left = False
            self._changed.wait_for(lambda: self._there() or self._left, self._remaining())
            if self._closed or (self._left and not self._there()):
                raise Cancelled
            if self._ready:
                batch, self._since = self._ready.popleft(), None
                self._changed.notify_all()
                return batch
            if self._error is None:
                raise self.error(f"{self._function}() has yielded nothing for {self._patience:g} seconds.")
            raise self._error

    def wait(self, seconds: float) -> bool:
        """Whether `next` has something to give or to raise, within some seconds."""
        with self._changed:
            self._changed.wait_for(self._there, min(seconds, self._remaining()))
            return self._there() or not self._remaining()

    def _remaining(self) -> float:
        """How long one who waits still does so."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        return max(0.0, self._since + self._patience - now)

    def _there(self) -> bool:
        return bool(self._ready) or self._error is not None or self._closed

    def leave(self) -> None:
        """Let who waits for a batch go."""
        with self._changed:
            self._left = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the process and all that it started."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._ready.clear()
            self._changed.notify_all()
        _end(self._child)
        for thread in self._threads:
            thread.join(1)
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            assert pipe is not None
            with contextlib.suppress(OSError, ValueError):
                pipe.close()

    # In threads of their own

    def _read(self) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        head = {"path": str(self.script.path), "function": self._function, "bytes": len(self.script.text)}
        try:
            out: Any = self._child.stdout
            self._child.stdin.write(json.dumps(head).encode() + b"\n" + self.script.text)
            self._child.stdin.flush()
            while (batch := self._frame(out)) is not None:
                self._put(batch)
        except FileError as error:
            self._end_with(error)
        except (OSError, EOFError):
            self._end_with(self._died())
        except (ValueError, TypeError, AttributeError, KeyError, MemoryError):
            self._end_with(self.error("sent what is no batch."))

    def _listen(self) -> None:
        assert self._child.stderr is not None
        with contextlib.suppress(OSError, ValueError):
            while piece := os.read(self._child.stderr.fileno(), 2**16):
                self._printed = (self._printed + piece.decode("utf-8", "replace"))[-_KEPT:]

    def _put(self, batch: list[Named]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._ready) < WAITING or self._closed)
            if self._closed:
                raise EOFError
            self._ready.append(batch)
            self._changed.notify_all()

    def _end_with(self, error: FileError) -> None:
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def _frame(self, out: BinaryIO) -> list[Named] | None:
        line = out.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise EOFError
        said: dict[str, Any] = json.loads(line)
        if "batch" not in said:
            self._end_with(self._told(said))
            return None
        heads: list[Any] = said["batch"]
        if len(heads) > _MOST_ARRAYS or sum(abs(size) for _, _, size in heads) > LARGEST_BATCH:
            raise self.error(f"gives a batch of more than {LARGEST_BATCH // 2**20:,} MB.")
        return [Named(str(kind), str(name), array_of(_exactly(out, size))) for kind, name, size in heads]

    # Faults

    def error(self, reason: str, place: str = "") -> FileError:
        """What is wrong with the file, and where."""
        return FileError(self.script.path, f"{place}: {reason}" if place else reason)

    def _told(self, said: dict[str, Any]) -> FileError:
        """What the process says of its end."""
        if said.get("end") is True:
            return self.error(f"{self._function}() came to an end: it must go on for ever (while True:).")
        if isinstance(said.get("fault"), str):
            return self.error(f"{_plain(said['fault'])}.")
        line, function = said.get("line"), said.get("function")
        place = f"line {line}" if isinstance(line, int) else "before its first line"
        place += f", in {function}" if isinstance(function, str) and function.isidentifier() else ""
        return self.error(f"{_plain(str(said.get('error')))}.", place)

    def _died(self) -> FileError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_GRACE)
        self._threads[1].join(_GRACE)
        code = self._child.poll()
        how = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        last = next((line for line in reversed(self._printed.splitlines()) if line.strip()), "")
        if last:
            return self.error(f"ended by itself ({how}). It last said: {_plain(last)}.")
        return self.error(f"ended by itself ({how}).")


_open: weakref.WeakSet[BatchStream] = weakref.WeakSet()


@atexit.register
def close_all() -> None:
    """End all processes that make batches."""
    for stream in list(_open):
        stream.close()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", generator_process.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a process and its group: asked first, killed soon."""
    kill_group: Any = getattr(os, "killpg", None)
    for number in ("SIGTERM", "SIGKILL"):
        with contextlib.suppress(OSError):
            if kill_group is None:
                child.kill()
            else:
                kill_group(child.pid, getattr(signal, number))
        deadline = time.monotonic() + _GRACE
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))


def _exactly(out: BinaryIO, size: Any) -> bytearray:
    if type(size) is not int or not 0 <= size <= LARGEST_BATCH:
        raise ValueError
    content = bytearray(size)
    view, done = memoryview(content), 0
    while done < size:
        count = out.readinto(view[done:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        done += count
    return content


def array_of(content: bytes | bytearray) -> Array:
    """The array of what NumPy wrote as a file; raises `ValueError` where it is none of numbers or text."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read: Any = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if dtype.hasobject or dtype.kind not in "biufU" or fortran or not shape:
        raise ValueError
    if int(np.prod(shape, dtype=object)) * dtype.itemsize != len(content) - file.tell():
        raise ValueError
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape)


def _plain(text: str) -> str:
    """What a file said, on one line, without its full stop, and not for ever."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= 300 else f"{line[:297]}..."
