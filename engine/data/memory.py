"""How much memory the machine has to spare: sizes are checked before memory is taken."""

from __future__ import annotations

import os
from pathlib import Path


def free_memory() -> int | None:
    """Bytes that can be taken without pushing others out; None where the system does not tell.

    Where the process may have only so much, as in a container, no more than what is left of that.
    """
    found = [free for free in (_free_here(), _free_in_groups()) if free is not None]
    return min(found, default=None)


def _free_here() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


# Control groups of Linux: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory

_GROUPS = Path("/sys/fs/cgroup")
_FILES = (
    ("", "memory.max", "memory.current", "inactive_file"),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""By the controller's name in /proc/self/cgroup (version 2 has none): limit, use, and what can be given back."""


def _free_in_groups(own: Path = Path("/proc/self/cgroup"), mount: Path = _GROUPS) -> int | None:
    """What the groups that the process is in leave it; None where none has a limit."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return None
    found: list[int] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller, *files in _FILES:
            if controller in controllers.split(","):
                top = mount / controller
                inner = top / path.lstrip("/")
                folders = [folder for folder in (inner, *inner.parents) if folder.is_relative_to(top)]
                found += [free for folder in folders if (free := _left(folder, *files)) is not None]
    return min(found, default=None)


def _left(folder: Path, limit: str, used: str, spare: str) -> int | None:
    """What is left of the limit of a group; None where there is none."""
    try:
        most, now = int((folder / limit).read_text()), int((folder / used).read_text())
        rows = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return max(0, most - now + next((int(value) for name, value in rows if name == spare), 0))
    except (OSError, ValueError):  # "max" is no number: there is no limit
        return None


def bytes_text(count: float) -> str:
    """A size as a person reads it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit in ("B", "kB") else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
