"""Which files of the person's own may be run: none, until there is a yes for that very content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConsentError, FileError
from engine.files import check_file

_LARGEST = 16 * 2**20


@dataclass(frozen=True)
class Script:
    """A Python file, as it is when it is looked at: what is run is this text, whatever becomes of the file."""

    path: Path
    text: bytes

    @property
    def digest(self) -> str:
        """What tells this content from any other."""
        return hashlib.sha256(self.text).hexdigest()

    @property
    def mark(self) -> str:
        """What a yes is remembered by."""
        return f"{self.digest} {self.path}"


def read_script(path: str | Path) -> Script:
    """A Python file, to be asked about or run; raises `FileError`."""
    whole = Path(path).absolute()
    check_file(path)
    try:
        if whole.stat().st_size > _LARGEST:
            raise FileError(path, "is too large to be a Python program.")
        return Script(whole, whole.read_bytes())
    except OSError as error:
        raise FileError(path, f"could not be read: {error.strerror or error}.") from error


_allowed: set[str] = set()


def allow(script: Script) -> None:
    """Let a file be run with this very content, until the program ends."""
    _allowed.add(script.mark)


def forget() -> None:
    """Let no file be run."""
    _allowed.clear()


def allowed(script: Script) -> bool:
    """Whether there was a yes."""
    return script.mark in _allowed


def check_allowed(script: Script) -> None:
    """Raise `ConsentError` where there was no yes."""
    if not allowed(script):
        raise ConsentError(
            f"{script.path} is a program, and would be run with your rights: allow it in the Data tab, or with "
            "--run-generators."
        )
