"""Files: what may be opened, and writing so that the old one stays whole whatever happens."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Generator
from pathlib import Path

import platformdirs

from engine.errors import FileError


def cache_folder() -> Path:
    """Where that is kept which can be had again; LAYERLOOM_CACHE_DIR names another place."""
    return Path(os.environ.get("LAYERLOOM_CACHE_DIR") or platformdirs.user_cache_dir("layerloom"))


def check_file(path: str | os.PathLike[str]) -> None:
    """Raise `FileError` for what would hold whoever opens it for ever; what is missing is left to them."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - paths may be texts
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise FileError(path, "is a pipe, a device or a socket, not a file that holds something.")


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Generator[Path]:
    """Give a temporary file beside `path` to write to, and put it in its place when the block ends well.

    The temporary is flushed to disk before it replaces the old file, so either the old or the new file is
    there, whole. Raises `FileError` where the disk refuses.
    """
    with replacing_all(path) as (temporary,):
        yield temporary


@contextlib.contextmanager
def replacing_all(*paths: str | os.PathLike[str]) -> Generator[tuple[Path, ...]]:
    """As `replacing`, for files that belong together: none is replaced before all of them are on the disk."""
    pairs: list[tuple[Path, Path]] = []
    current = paths[0]
    try:
        for current in paths:
            pairs.append((_temporary(Path(current)), Path(current)))
        current = paths[0]
        yield tuple(temporary for temporary, _ in pairs)
        for temporary, current in pairs:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.chmod(current.stat().st_mode if current.exists() else 0o666 & ~_umask())
        for temporary, current in pairs:
            temporary.replace(current)
    except OSError as error:
        raise FileError(current, f"could not be written: {error.strerror or error}.") from error
    finally:
        for temporary, _ in pairs:
            temporary.unlink(missing_ok=True)


def _temporary(target: Path) -> Path:
    """An empty file beside a target that a file can take the place of."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    return Path(name)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Replace a file by this text (UTF-8), atomically; raises `FileError`."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value
