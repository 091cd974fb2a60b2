"""Where the program starts: the window for a project or for nothing, else the command line.

The window must not wait for what only the command line needs, so nothing is imported before it is known which.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from app.endings import MODELS, PROJECT


def main() -> NoReturn:
    """Entry point of the program."""
    from engine.compiled_files import keep_compiled
    from engine.errors import LayerloomError

    keep_compiled()
    arguments = sys.argv[1:]
    try:
        if not arguments or (len(arguments) == 1 and arguments[0].lower().endswith((PROJECT, *MODELS))):
            sys.exit(open_window(Path(arguments[0]) if arguments else None))
        from app.cli import cli

        cli()
    except LayerloomError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}." if error.filename else f"{error}.")
    except MemoryError:
        fail("The machine ran out of memory.")
    sys.exit(0)


def fail(sentence: str) -> NoReturn:
    """Say what went wrong on the error stream, and exit with status 1."""
    from engine.errors import visible

    print(f"Error: {visible(sentence, keep=chr(10))}", file=sys.stderr)
    sys.exit(1)


def open_window(path: Path | None) -> int:
    """Open the window on a project, or on an example; without a display, do the example's job here."""
    from app.display import why_no_display

    reason = why_no_display()
    if reason is None:
        # A window that only edits must not take the memory of a graphics card from those that train on it.
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        from app.main_window import run

        return run(path)
    if path is not None:
        fail(f"{reason} Use `layerloom train {path}` and the other commands: layerloom --help")
    from app.tour import tour

    return tour(reason, Path("out"))
