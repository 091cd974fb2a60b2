"""Compiled functions, kept on the disk: what was compiled once is there at the next start of the program."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from engine.files import cache_folder

MOST = 512 * 2**20
"""Bytes that are kept for a processor, from start to start; the oldest go first."""

_CPU = Path("/proc/cpuinfo")


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
