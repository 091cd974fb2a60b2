"""Compiled functions, kept on the disk: what was compiled once is there at the next start of the program."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import warnings
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from engine.files import cache_folder

MOST = 512 * 2**20
"""Bytes that are kept for a processor, from start to start; the oldest go first."""

_ZSTANDARD = b"\x28\xb5\x2f\xfd"
"""What files of this compression begin with (RFC 8878)."""

_CPU = Path("/proc/cpuinfo")

_UNREADABLE = re.compile(r"Error reading persistent compilation cache entry for '(\w+)'")
"""How JAX warns of a file that it cannot read: it compiles the function of this name anew, but lets it be."""


def keep_compiled() -> None:
    """Let JAX keep what it compiles; to be called before JAX is imported, and what the environment says stays.

    Code for one processor may not run on another, so each kind has a folder of its own: homes are shared.
    """
    folder = cache_folder() / "compiled" / _processor()
    settings = {
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    with contextlib.suppress(OSError):  # a disk that refuses is told of where something is lost by it
        folder.mkdir(parents=True, exist_ok=True)
        _prune(folder)
        if os.access(folder, os.W_OK):
            os.environ.update(settings)
            warnings.showwarning = partial(_mended, folder, warnings.showwarning)


def _mended(folder: Path, show: Any, message: Warning | str, *rest: Any, **more: Any) -> None:
    """Show a warning, unless it is of files that are damaged: these go, and JAX keeps the function once more."""
    found = _UNREADABLE.match(str(message))
    if found is None:
        show(message, *rest, **more)
        return
    damaged = [path for path in folder.glob(f"{found[1]}-*") if not _whole(path)]
    for path in damaged:
        path.unlink(missing_ok=True)
    if not damaged:
        show(message, *rest, **more)


def _whole(path: Path) -> bool:
    """Whether a file is as it was written: broken off in the middle, it lacks its check sum."""
    try:
        data = path.read_bytes()
        if not data.startswith(_ZSTANDARD):  # which JAX takes where it is installed, and which says nothing here
            zlib.decompress(data)
    except OSError:
        return True
    except zlib.error:
        return False
    return True


def _processor() -> str:
    """A name for what this processor can do."""
    try:
        lines = _CPU.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    can = sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
    return hashlib.sha256("\n".join([platform.machine(), platform.processor(), *can]).encode()).hexdigest()[:16]


def _prune(folder: Path) -> None:
    """Delete the oldest files where there are too many."""
    found = sorted(_files(folder), reverse=True)
    total = 0
    for _, size, path in found:
        total += size
        if total > MOST or size == 0:
            path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # others may tidy up at the same time
                stat = entry.stat()
                yield stat.st_mtime, stat.st_size, Path(entry.path)
