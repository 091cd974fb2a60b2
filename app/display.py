"""Whether a window can be shown."""

from __future__ import annotations

import os
import socket
import sys


def why_no_display() -> str | None:
    """None if there is a display, else a sentence that says what is missing."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return None
    if os.environ.get("WAYLAND_DISPLAY"):
        return None
    display = os.environ.get("DISPLAY", "")
    if not display:
        return "There is no display (DISPLAY is not set)."
    if display.startswith(":") and not _answers(display[1:].split(".")[0]):
        return f"The display {display} does not answer."
    return None


def _answers(number: str) -> bool:
    """Whether an X server listens: without one, Qt would end the program."""
    for address in (f"/tmp/.X11-unix/X{number}", f"\0/tmp/.X11-unix/X{number}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            try:
                connection.connect(address)
            except OSError:
                continue
            return True
    return False
