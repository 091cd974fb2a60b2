"""The process that runs a file of the person's own and sends the batches that a function in it yields.

    python -P generator_process.py

It imports nothing of this program. On its input come a line of JSON (path, function, and the bytes that follow)
and the text of the file; the input then stays open, and the process ends when it is closed. On its output go
frames: a line of JSON, then each array as NumPy writes it, in so many bytes as the line tells:

    {"batch": [["x", "", 1234], ["y", "", 256], ["weight", "", 256]]}
    {"end": true}
    {"error": "ZeroDivisionError: division by zero", "line": 12, "function": "batches"}

An array has its kind and its name; the name is empty where there is but one, and a number where they came in a
list. What the file prints goes to the error stream.
"""

from __future__ import annotations

import inspect
import io
import json
import linecache
import os
import signal
import sys
import threading
import traceback
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

_LONGEST = 2000


class Fault(Exception):
    """What is wrong with what the file gives, as a sentence without its end."""


def arrays_of(batch: Any) -> list[tuple[str, str, Any]]:
    """The arrays of a batch, with their kind ("x", "y", "weight", or "" where only the name may tell) and name."""
    if isinstance(batch, Mapping):
        return list(_named("", batch))
    parts = tuple(batch) if isinstance(batch, tuple | list) else (batch,)
    if not 1 <= len(parts) <= 3:
        raise Fault(f"gives {len(parts)} things a batch: x, (x, y) or (x, y, sample_weight) are taken")
    found: list[tuple[str, str, Any]] = []
    for kind, part in zip(("x", "y", "weight"), parts, strict=False):
        if part is not None:
            found += _named(kind, part)
    return found


def _named(kind: str, part: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(part, Mapping):
        for name, value in part.items():
            yield kind, str(name), _array(value, f"{kind or 'the batch'}[{name!r}]")
    elif isinstance(part, tuple | list) and any(hasattr(value, "shape") for value in part):
        for number, value in enumerate(part, 1):
            yield kind, str(number), _array(value, f"{kind}[{number - 1}]")
    else:
        yield kind, "", _array(part, kind)


def _array(value: Any, place: str) -> Any:
    import numpy as np

    try:
        array = np.asarray(value)
    except ValueError as error:
        raise Fault(f"{place} is no array: {error}") from None
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind not in "biufU" or (array.dtype.itemsize > 8 and array.dtype.kind != "U"):
        raise Fault(f"{place} holds {array.dtype}, neither numbers nor text")
    if not array.ndim:
        raise Fault(f"{place} is a single value, not a row of samples")
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))


def send(out: BinaryIO, batch: Any) -> None:
    """Write a batch as a frame."""
    import numpy as np

    heads: list[tuple[str, str, int]] = []
    parts: list[memoryview] = []
    for kind, name, array in arrays_of(batch):
        content = io.BytesIO()
        np.lib.format.write_array(content, array, allow_pickle=False)
        parts.append(content.getbuffer())
        heads.append((kind, name, len(parts[-1])))
    out.write(json.dumps({"batch": heads}).encode() + b"\n")
    for part in parts:
        out.write(part)
    out.flush()


def run(path: str, function: str, text: bytes) -> Iterator[Any]:
    """The batches that a function of a file yields."""
    module = types.ModuleType("__batches__")
    module.__file__ = path
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(Path(path).parent))
    sys.argv = [path]
    exec(compile(text, path, "exec"), vars(module))  # the person has said yes to this very text
    found = getattr(module, function, None)
    if not callable(found):
        known = [name for name, value in vars(module).items() if inspect.isfunction(value)]
        raise Fault(f"has no function {function!r}; it has {', '.join(known) or 'none'}")
    given: Any = found()
    if not _yields(given):
        raise Fault(f"{function}() gives {type(given).__name__} back: it must yield batches")
    yield from given


def _yields(given: Any) -> bool:
    """Whether something can be gone through batch by batch: a batch itself cannot."""
    return (
        hasattr(given, "__iter__") and not hasattr(given, "shape") and not isinstance(given, Mapping | str | bytes)
    )


def told(error: BaseException, path: str) -> dict[str, Any]:
    """An error of the file as a frame: what it was, and where in the file."""
    if isinstance(error, Fault):
        return {"fault": str(error)[:_LONGEST]}
    (text,) = traceback.format_exception_only(error)[-1:]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    line, function = (frames[-1].lineno, frames[-1].name) if frames else (None, "")
    if isinstance(error, SyntaxError) and error.filename == path:
        line = error.lineno
    return {"error": text.strip()[:_LONGEST], "line": line, "function": "" if function == "<module>" else function}


def watch(channel: int) -> None:
    """End this process and those that it started when nobody waits for its batches any more."""
    while os.read(channel, 4096):
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def main() -> None:
    """Send batches until the function ends or nobody wants any more; then wait to be ended."""
    channel, out = os.dup(0), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a plain descriptor is needed
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    path, function, text = asked(channel)
    watching = threading.Thread(target=watch, args=(channel,))
    watching.start()
    try:
        serve(out, path, function, text)
    finally:
        # What the file started, it leaves behind: they are ended together, by who asked or when that is gone.
        watching.join()


def asked(channel: int) -> tuple[str, str, bytes]:
    """What is to be run: the path of the file, the function, and the text."""
    with os.fdopen(os.dup(channel), "rb", buffering=0) as file:
        head = b""
        while not head.endswith(b"\n") and (piece := file.read(1)):
            head += piece
        wanted = json.loads(head)
        text = b""
        while len(text) < wanted["bytes"] and (piece := file.read(wanted["bytes"] - len(text))):
            text += piece
    return wanted["path"], wanted["function"], text


def serve(out: BinaryIO, path: str, function: str, text: bytes) -> None:
    """Send what the function yields, and at its end how it came about."""
    lines = text.decode("utf-8", "replace").splitlines(True)
    linecache.cache[path] = (len(text), None, lines, path)  # what is run, whatever becomes of the file
    try:
        for batch in run(path, function, text):
            send(out, batch)
        last: dict[str, Any] = {"end": True}
    except (Exception, SystemExit) as error:
        last = told(error, path)
        if not isinstance(error, Fault):
            traceback.print_exception(error)
    sys.stdout.flush()
    out.write(json.dumps(last).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
