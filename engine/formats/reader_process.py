"""The process that opens files which come from anywhere: a damaged one may end it, and nothing else.

    python -I reader_process.py

It imports nothing of this program and understands no model. Each line that it is given is a JSON list of requests,
such as `["names", "model_weights", "layer_names", 1000]`; each is answered by a line of JSON, after which the
bytes follow where the answer says `bytes` or `array`. A list ends at its first fault. Only hard links are
followed, data must lie in the file itself, and sizes are checked before a byte is read.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import mmap
import re
import struct
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

SMALL = 64 * 2**20
MOST_COMPRESSED = 1100
"""Deflate makes at most this little of zeros; more comes from a file that lies. Not asked of `SMALL` arrays."""

MOST_DEEP = 30

CHUNK_CACHE = 128 * 2**20
"""What is unpacked of an array that is read in pieces is kept for the next, up to so many bytes."""

LARGEST_PIECE = 2**30
"""Bytes that are unpacked for one sample at most."""

_MAGIC = b"\x89HDF\r\n\x1a\n"

_DAMAGED = "is damaged: it cannot be unpacked."
_LINK = "is a link to somewhere else, which is not followed."

_NOT_UNPACKED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError)
_NOT_FITTING = (KeyError, ValueError, TypeError, RuntimeError, AttributeError, OverflowError, MemoryError)


class Fault(Exception):
    """What is wrong with a file: a cause to follow its name, or that of what is at fault in it, `about`."""

    def __init__(self, cause: str, about: str | None = None) -> None:
        super().__init__(cause)
        self.cause, self.about = cause, about


class Window(io.RawIOBase):
    """Some bytes as a file to read from; they are not copied."""

    def __init__(self, view: memoryview) -> None:
        super().__init__()
        self._view, self._place = view, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + (0, self._place, len(self._view))[whence]
        return self._place

    def readinto(self, buffer: Any) -> int:
        part = self._view[self._place : self._place + len(buffer)]
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)


class _Sum(threading.Thread):
    """Finds out whether bytes are those that a checksum was made of, while they are read."""

    def __init__(self, view: memoryview, expected: int) -> None:
        super().__init__(daemon=True)
        self._view, self._expected = view, expected
        self.start()

    def run(self) -> None:
        self._found = zlib.crc32(self._view)

    def fits(self) -> bool:
        self.join()
        return self._found == self._expected


class Opened:
    """The file that is open; its public methods are the requests. Paths are from the root of the HDF5 file."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._archive: zipfile.ZipFile | None = None
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._sum: _Sum | None = None
        self._trail: list[tuple[str, Any]] = []
        """The root, and the groups on the way to what was asked for last: the next is mostly beside it."""
        self._sliced: dict[str, Any] = {}
        """Arrays that are read in pieces: they stay open, with what was unpacked of them."""
        self._size = LARGEST_PIECE

    def close(self) -> None:
        """Close what is open, and say whether it was sound; another file may be next."""
        damaged = self._sum is not None and not self._sum.fits()
        self._archive, self._members, self._trail, self._sum = None, {}, [], None
        self._sliced.clear()
        self._stack.close()
        if damaged:
            raise Fault(_DAMAGED)

    def hdf5(self, path: str) -> None:
        """Open an HDF5 file."""
        import h5py

        _check_there(path)
        if not h5py.is_hdf5(path):
            raise Fault("is not an HDF5 file.")
        self._size = Path(path).stat().st_size
        # Not locked: others may go on writing the file. Who reads for long looks whether it has changed.
        self._begin(h5py.File(path, "r", locking=False, rdcc_nbytes=CHUNK_CACHE))

    # Archives

    def zip(self, path: str) -> None:
        """Open an archive, all of whose names are such as Keras writes them."""
        _check_there(path)
        if not zipfile.is_zipfile(path):
            raise Fault("is not a .keras file: it is no zip archive, or cut short.")
        with _unpacking():
            self._archive = self._stack.enter_context(zipfile.ZipFile(path))
            self._members = _members(self._archive)

    def packed_size(self, name: str) -> int:
        """How many bytes a member takes; 0 where there is none."""
        return self._members[name].compress_size if name in self._members else 0

    def member(self, name: str, most: int) -> bytes:
        """What a member holds, unpacked only as far as `most` bytes."""
        info = self._member(name, most)
        assert self._archive is not None
        with _unpacking(), self._archive.open(info) as file:
            content = file.read(info.file_size + 1)
        if len(content) != info.file_size:
            raise Fault(f"{name} is not as large as the file says.")
        return content

    def enter(self, name: str, most: int) -> None:
        """Open the HDF5 file that is a member."""
        import h5py

        info = self._member(name, most)
        content = io.BytesIO(self.member(name, most)) if info.compress_type else self._in_place(info)
        if content.read(len(_MAGIC)) != _MAGIC:
            raise Fault(f"{name}: is not an HDF5 file.")
        self._begin(h5py.File(content, "r"))

    def _begin(self, file: Any) -> None:
        self._trail = [("", self._stack.enter_context(file).id)]

    def _member(self, name: str, most: int) -> zipfile.ZipInfo:
        info = self._members.get(name)
        if info is None:
            raise Fault(f"is not a model of Keras: {name} is missing.")
        if info.file_size > most:
            raise Fault(f"{name} is far larger than what its model needs.")
        return info

    def _in_place(self, info: zipfile.ZipInfo) -> Window:
        """A member that is not compressed, where it lies in the archive. Its sum is checked meanwhile."""
        assert self._archive is not None
        with _unpacking(), self._archive.open(info):
            pass  # what stands before the member is sound
        with Path(str(self._archive.filename)).open("rb") as file:
            whole = self._stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        name_size, extra_size = struct.unpack_from("<HH", whole, info.header_offset + 26)
        start = info.header_offset + 30 + name_size + extra_size
        view = self._stack.enter_context(memoryview(whole)[start : start + info.file_size])
        if info.compress_size != info.file_size or len(view) != info.file_size:
            raise Fault(f"{info.filename} is not as large as the file says.")
        self._sum = _Sum(view, info.CRC)
        return self._stack.enter_context(Window(view))

    # HDF5

    def kind(self, path: str) -> str | None:
        """What lies at a path: "group", "array", "link" where a step is one, None where there is nothing."""
        try:
            return "group" if _is_group(self._step(path)) else "array"
        except Fault as fault:
            return "link" if fault.cause == _LINK else None

    def count(self, path: str) -> int:
        """How many members a group has; 0 where there is nothing."""
        return len(self._group(path)) if self.kind(path) is not None else 0

    def text(self, path: str, name: str, most: int) -> str | None:
        """An attribute that holds one text; None if there is none of this name."""
        attributes = self._attributes(path)
        return _text(_attribute(attributes, name, most), name) if name in attributes else None

    def names(self, path: str, name: str, most: int) -> list[str] | None:
        """An attribute that lists names, whole or split over `name0`, `name1`, ...; None if there is none."""
        attributes = self._attributes(path)
        if name in attributes:
            return _names(attributes, name, most)
        if f"{name}0" not in attributes:
            return None
        found: list[str] = []
        number = 0
        while f"{name}{number}" in attributes:
            found += _names(attributes, f"{name}{number}", most)
            number += 1
        return found

    def numbers(self, path: str) -> dict[str, int | float]:
        """The attributes that hold one number."""
        import numpy as np

        attributes = self._attributes(path)
        single = [name for name in attributes if attributes.get_id(name).shape == ()]
        values = {name: np.asarray(attributes[name]) for name in single}
        return {name: value.item() for name, value in values.items() if value.dtype.kind in "fiu"}

    def facts(self, path: str) -> tuple[list[int], str]:
        """The shape of an array, and the type of its numbers as `array` gives them."""
        found = self._dataset(path)
        return list(found.shape), "float32" if _is_bfloat16(found) else found.dtype.newbyteorder("=").name

    def tree(self, path: str, most: int) -> list[tuple[str, list[int], str]]:
        """All arrays below a group, `most` of them: path from there, shape, type."""
        found: list[tuple[str, list[int], str]] = []
        for inner in self._below(path, "", set()):
            found.append((inner, *self.facts(f"{path}/{inner}")))
            if len(found) >= most:
                break
        return found

    def array(self, path: str, shape: list[int]) -> Any:
        """The numbers at a path, which must have this shape."""
        import numpy as np
        from h5py import h5s

        found = self._dataset(path)
        if found.shape != tuple(shape):
            raise Fault(f"has the shape {_times(found.shape)}, but the model needs {_times(tuple(shape))}.")
        value = np.empty(found.shape, found.dtype)
        found.read(h5s.ALL, h5s.ALL, value)
        return _plain(found, value)

    def attributes(self, path: str) -> list[str]:
        """The names of the attributes of a group."""
        return list(self._attributes(path))

    def contents(self, most: int) -> list[tuple[str, list[int], str, str]]:
        """All arrays of the file, `most` of them: path, shape, type ("text" for text), and why it is not read."""
        found: list[tuple[str, list[int], str, str]] = []
        for path in self._below("", "", set()):
            try:
                array = self._stored(path)
                kind = "text" if _is_text(array) else self.facts(path)[1]
                found.append((path, list(array.shape), kind, ""))
            except Fault as fault:
                found.append((path, [], "", fault.cause))
            if len(found) >= most:
                break
        return found

    def rows(self, path: str, spans: list[list[int]], sample: list[int]) -> Any:
        """Samples of an array: those from the first number of each span to before its last, one after the other.

        The spans are in order and apart; `sample` is the shape of one.
        """
        import numpy as np

        found = self._sliced.get(path)
        if found is None:
            found = self._sliced[path] = self._dataset(path)
        if list(found.shape[1:]) != sample:
            raise Fault("has another shape than before.", path)
        value = np.empty((sum(stop - start for start, stop in spans), *sample), found.dtype)
        done = 0
        for reading in _readings(found, spans):
            count = sum(stop - start for start, stop in reading)
            _read_spans(found, reading, value[done : done + count])
            done += count
        return _plain(found, value)

    def words(self, path: str, most: int) -> list[str]:
        """The texts of an array, one after the other, of `most` bytes at most."""
        found = self._stored(path)
        if not _is_text(found):
            raise Fault("does not hold text.", path)
        texts: list[str] = []
        size = 0
        for value in _texts_of(found, self._size):
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            size += len(text) + 4
            if size > most:
                raise Fault("holds more text than is read at once.", path)
            texts.append(text)
        return texts

    def _step(self, path: str) -> Any:
        """What lies at a path, step by step through hard links."""
        from h5py import h5l, h5o  # pyright: ignore[reportAttributeAccessIssue]

        parts = path.split("/") if path else []
        common = 0
        for part, (name, _) in zip(parts, self._trail[1:], strict=False):
            if part != name:
                break
            common += 1
        del self._trail[common + 1 :]
        here = self._trail[-1][1]
        for part in parts[common:]:
            if part in ("", "."):  # ".." has no meaning in HDF5
                raise Fault("is not a proper path.", path)
            name = part.encode("utf-8", "surrogateescape")
            if not _is_group(here) or b"\0" in name or not here.links.exists(name):
                raise Fault("is missing.", path)
            if here.links.get_info(name).type != h5l.TYPE_HARD:
                raise Fault(_LINK, path)
            here = h5o.open(here, name)
            self._trail.append((part, here))
        return here

    def _group(self, path: str) -> Any:
        found = self._step(path)
        if not _is_group(found):
            raise Fault("is not a group.", path)
        return found

    def _listing(self, path: str) -> list[str]:
        return [name.decode("utf-8", "surrogateescape") for name in self._group(path)]

    def _attributes(self, path: str) -> Any:
        import h5py

        return h5py.Group(self._group(path)).attrs

    def _dataset(self, path: str) -> Any:
        """The data set at a path, not yet read: plain numbers, stored in this file."""
        found = self._stored(path)
        if (found.dtype.kind not in "fiub" or found.dtype.itemsize > 8) and not _is_bfloat16(found):
            raise Fault("does not hold numbers.", path)
        return found

    def _stored(self, path: str) -> Any:
        """The data set at a path, not yet read, of numbers or not: stored in this file, of no absurd size."""
        from h5py import h5d, h5z  # pyright: ignore[reportAttributeAccessIssue]

        found = self._step(path)
        if not isinstance(found, h5d.DatasetID) or found.shape is None:
            raise Fault("is not an array.", path)
        settings = found.get_create_plist()
        if settings.get_layout() == h5d.VIRTUAL or settings.get_external_count():
            raise Fault("lies in another file, which is not opened.", path)
        # Filters that come with HDF5; any other would load a library that the file names.
        known = (h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32, h5z.FILTER_LZF)
        if any(settings.get_filter(i)[0] not in known for i in range(settings.get_nfilters())):
            raise Fault("is compressed in a way that is not read here.", path)
        try:
            size = found.dtype.itemsize
        except TypeError:
            raise Fault("does not hold numbers.", path) from None
        for length in found.shape:
            size *= length
        if size > SMALL and size > MOST_COMPRESSED * found.get_storage_size():
            raise Fault("is said to hold far more than the file does.", path)
        if _chunk_bytes(found, settings) > LARGEST_PIECE:
            raise Fault("is stored in pieces that are too large to read one sample.", path)
        return found

    def _below(self, path: str, prefix: str, seen: set[int]) -> Iterator[str]:
        """The paths of all that is no group; `seen` are the addresses of the groups that were gone through."""
        from h5py import h5o  # pyright: ignore[reportAttributeAccessIssue]

        here = f"{path}/{prefix}".strip("/")
        address = h5o.get_info(self._group(here)).addr
        if prefix.count("/") > MOST_DEEP:
            raise Fault("its groups are nested too deeply.")
        if address in seen:
            raise Fault("is a group that has several names.", here)
        seen.add(address)
        for name in sorted(self._listing(here), key=_in_order):
            if self.kind(f"{here}/{name}".lstrip("/")) == "group":
                yield from self._below(path, f"{prefix}{name}/", seen)
            else:
                yield f"{prefix}{name}"  # for `facts` to refuse, where it is no array


def _check_there(path: str) -> None:
    with Path(path).open("rb") as file:
        if not file.read(1):
            raise Fault("is empty.")


@contextlib.contextmanager
def _unpacking() -> Generator[None]:
    try:
        yield
    except _NOT_UNPACKED as error:
        raise Fault(_DAMAGED) from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members by name; refuses a name that is none that Keras writes."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename
        out = re.match(r"[/\\]|[A-Za-z]:", name) or "\\" in name or ".." in name.split("/")
        if out or "\0" in info.orig_filename:
            raise Fault("leads out of the file.", name)
        if name in found:
            raise Fault("is twice in the file.", name)
        found[name] = info
    return found


def _is_group(found: Any) -> bool:
    from h5py import h5g  # pyright: ignore[reportAttributeAccessIssue]

    return isinstance(found, h5g.GroupID)


def _is_bfloat16(found: Any) -> bool:
    """Whether the data set has the mark with which Keras writes these numbers as two bytes without a type."""
    import h5py

    if found.dtype.kind != "V" or found.dtype.itemsize != 2:
        return False
    return h5py.Dataset(found).attrs.get("dtype") in ("bfloat16", b"bfloat16")


def _plain(found: Any, value: Any) -> Any:
    """What was read of an array, in the types of this machine."""
    import numpy as np

    if _is_bfloat16(found):  # the upper half of a 32-bit number
        return (value.view(np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(value.shape)
    return value.astype(value.dtype.newbyteorder("="), copy=False)


def _is_text(found: Any) -> bool:
    import h5py

    return h5py.check_string_dtype(found.dtype) is not None


def _texts_of(found: Any, size: int) -> Iterator[Any]:
    """The texts of an array. Each may be as long as the file, which has this size: few are read at once."""
    import h5py

    array = h5py.Dataset(found)
    width = found.dtype.itemsize if found.dtype.kind == "S" else size
    for length in found.shape[1:]:
        width *= length
    step = max(1, LARGEST_PIECE // max(width, 1))
    for start in range(0, len(array), step):
        yield from array[start : start + step].reshape(-1).tolist()


# Samples out of an array


def _chunk_bytes(found: Any, settings: Any) -> int:
    from h5py import h5d  # pyright: ignore[reportAttributeAccessIssue]

    size = found.dtype.itemsize if settings.get_layout() == h5d.CHUNKED else 0
    for length in settings.get_chunk() if size else ():
        size *= length
    return size


def _readings(found: Any, spans: list[list[int]]) -> Iterator[list[list[int]]]:
    """Spans that are read at one stroke: those whose samples lie in the same pieces of the file, which would else
    be unpacked for each."""
    from h5py import h5d  # pyright: ignore[reportAttributeAccessIssue]

    settings = found.get_create_plist()
    piece = settings.get_chunk()[0] if settings.get_layout() == h5d.CHUNKED else 0
    sample = found.dtype.itemsize
    for length in found.shape[1:]:
        sample *= length
    together: list[list[int]] = []
    for span in spans:
        if together:
            beside = piece and span[0] // piece == (together[-1][1] - 1) // piece
            if not beside or (span[1] - together[0][0]) * sample > SMALL:
                yield together
                together = []
        together.append(span)
    if together:
        yield together


def _read_spans(found: Any, spans: list[list[int]], value: Any) -> None:
    """Read from the first span to the last, and keep what lies in one of them."""
    import numpy as np
    from h5py import h5s

    first, last = spans[0][0], spans[-1][1]
    if not value.size:
        return
    whole = value if len(spans) == 1 else np.empty((last - first, *value.shape[1:]), value.dtype)
    place = found.get_space()
    place.select_hyperslab((first, *[0] * (whole.ndim - 1)), whole.shape)
    found.read(h5s.create_simple(whole.shape), place, whole)
    if len(spans) > 1:
        np.concatenate([whole[start - first : stop - first] for start, stop in spans], out=value)


def _attribute(attributes: Any, name: str, most: int) -> Any:
    """The value of an attribute that holds at most so many bytes."""
    found = attributes.get_id(name)
    size = found.dtype.itemsize
    for length in found.shape or ():
        size *= length
    if size > most:
        raise Fault(f"the attribute {name} is too large.")
    return attributes[name]


def _names(attributes: Any, name: str, most: int) -> list[str]:
    import numpy as np

    found: Any = np.asarray(_attribute(attributes, name, most))
    if found.ndim != 1:
        raise Fault(f"{name} is not a list of names.")
    return [_text(value, name) for value in found.tolist()]


def _text(value: Any, name: str) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8")
    if not isinstance(value, str):
        raise Fault(f"{name}: must be a text, not {type(value).__name__}.")
    return str(value)


def _in_order(name: str) -> tuple[bool, int, str]:
    """Numbers first, in their order; then names."""
    number = name.isascii() and name.isdecimal()
    return not number, int(name[:18]) if number else 0, name


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "of a single number"


# Answering


def answer(opened: Opened, request: list[Any]) -> tuple[dict[str, Any], Any]:
    """The line that answers a request, and the bytes that follow it."""
    name, *arguments = request
    try:
        value = REQUESTS[name](opened, *arguments)
    except Fault as fault:
        return {"fault": "format", "cause": fault.cause, "about": fault.about}, b""
    except OSError as error:
        if error.errno is not None:
            return {"fault": "system", "cause": error.strerror or str(error)}, b""
        return {"fault": "format", "cause": "is damaged or cut short."}, b""
    except _NOT_FITTING:
        return {"fault": "format", "cause": "is damaged: its parts do not fit together."}, b""
    if isinstance(value, bytes):
        return {"bytes": len(value)}, value
    if hasattr(value, "dtype"):
        return {"array": value.dtype.name}, value.reshape(-1).view("u1").data
    return {"value": value}, b""


REQUESTS: dict[str, Callable[..., Any]] = {
    name: method for name, method in vars(Opened).items() if not name.startswith("_")
}


def main() -> None:
    """Answer until nobody asks any more."""
    with contextlib.suppress(ImportError):
        importlib.import_module("h5py")  # before the first question is put
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # what ends it is told by the one who asks
    opened, out = Opened(), sys.stdout.buffer
    for line in sys.stdin.buffer:
        for request in json.loads(line):
            head, content = answer(opened, request)
            out.write(json.dumps(head).encode() + b"\n")
            out.write(content)
            if "fault" in head:
                break
        out.flush()


if __name__ == "__main__":
    main()
