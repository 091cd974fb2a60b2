"""The pulse of a run: a small file in its folder that is touched while its process lives, for those who follow it.

Clocks of machines differ, and a shared folder tells of changes late: what counts is that the time of the file
changes, as seen from here.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from engine.errors import FileError, FileFormatError
from engine.fields import Settings
from engine.files import write_text
from engine.formats.reading import Place, parse_json, read_text

PULSE_FILE = "pulse.json"

_TOKEN = secrets.token_hex(8)
"""Of this process."""

BEAT_SECONDS = 2.0

SILENT_SECONDS = 45.0
"""A run whose pulse has not changed for so long has fallen silent."""

Life = Literal["here", "elsewhere", "silent"]
"""Whether a run that has not ended goes on in this process, in another, or seems to have died."""


class Pulse(Settings):
    """Who trains."""

    host: str
    pid: int
    token: str = ""
    """Of the process: a number of one that is gone may be given again."""


@dataclass(frozen=True)
class Beat:
    """A pulse as it was found."""

    pulse: Pulse
    changed: int
    """The time of its file, in nanoseconds of whichever clock."""


@contextlib.contextmanager
def beating(folder: Path) -> Generator[None]:
    """Keep the pulse of a run while this lasts; raises `FileError` where its file cannot be written."""
    path = folder / PULSE_FILE
    write_text(path, Pulse(host=socket.gethostname(), pid=os.getpid(), token=_TOKEN).model_dump_json() + "\n")
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_SECONDS):
            with contextlib.suppress(OSError):
                os.utime(path)

    threading.Thread(target=beat, name="pulse", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        with contextlib.suppress(OSError):
            path.unlink()


def read_beat(folder: Path) -> Beat | None:
    """The pulse of a run; None where there is none, or none that can be read."""
    path = folder / PULSE_FILE
    try:
        changed = path.stat().st_mtime_ns
        return Beat(Place(path).settings(Pulse, parse_json(read_text(path), Place(path))), changed)
    except (OSError, FileError, FileFormatError):
        return None


@dataclass
class Listener:
    """Hears which runs live; what it is told of a run must be repeated now and then."""

    clock: Callable[[], float] = time.monotonic
    _heard: dict[Path, tuple[int, float]] = field(default_factory=dict[Path, "tuple[int, float]"])

    def life(self, folder: Path, beat: Beat | None) -> Life:
        """How a run is that has not said that it has ended.

        One that was never heard before counts as alive by the time of its file; the next beats show whether it is.
        """
        if beat is None:
            return "silent"
        here = beat.pulse.host == socket.gethostname()
        if here and beat.pulse.pid == os.getpid():
            return "here" if beat.pulse.token == _TOKEN else "silent"
        if here and not _lives(beat.pulse.pid):
            return "silent"
        now = self.clock()
        if folder not in self._heard:
            age = max(0.0, time.time() - beat.changed / 1e9)
            self._heard[folder] = beat.changed, now - age
        elif self._heard[folder][0] != beat.changed:
            self._heard[folder] = beat.changed, now
        return "elsewhere" if now - self._heard[folder][1] < SILENT_SECONDS else "silent"


def _lives(pid: int) -> bool:
    """Whether there is a process of this number on this machine."""
    if os.name != "posix":
        return True  # os.kill would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
