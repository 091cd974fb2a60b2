"""Commands as a person gives them, and what comes of them."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from app.start import main

Done = subprocess.CompletedProcess[str]


def layerloom(*arguments: str, cwd: Path) -> Done:
    """Give a command in the process of the tests, which has loaded already what takes seconds to load."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    command = ["layerloom", *arguments]
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        patch.object(sys, "argv", command),
    ):
        try:
            main()
        except SystemExit as end:
            if isinstance(end.code, str):
                err.write(f"{end.code}\n")
            status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return Done(command, status, *texts)


def layerloom_process(*arguments: str, cwd: Path) -> Done:
    """Give a command to a process of its own, which has no display."""
    command = [sys.executable, "-m", "app", *arguments]
    env = {**os.environ, "PYTHONPATH": os.fspath(Path(__file__).parents[2])}
    env.pop("QT_QPA_PLATFORM", None)
    env.pop("DISPLAY", None)
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=240, check=False)
