"""One of several processes that train together: what guards it, and what it says of its end.

JAX's runtime ends a process at once where another is lost, and a process that is killed says nothing. So the
command runs itself once more, as a child that trains; the parent, which needs no JAX, explains how that ended.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from engine.errors import LayerloomError, PeerLostError, visible
from engine.files import write_text

if TYPE_CHECKING:
    from engine.peers import Meeting, Peers

_REPORT = "LAYERLOOM_REPORT"
"""Says to a child where its report goes."""

_LOGS = {"TF_CPP_MIN_LOG_LEVEL": "0", "TF_CPP_VMODULE": "coordination_service=5"}
"""Has the runtime tell who has joined."""

_ROOT = Path(__file__).parents[1]
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from app.start import main; main()"

_VERDICT_SECONDS = 25.0
"""How long a child that has lost another process waits for the runtime to say which."""

_LOG_LINE = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d")
_CRASH_LINE = re.compile(r"\*\*\* |\s+@ +0x|\[Gloo\] Rank")
_MORE = re.compile(r"\d+$|Additional GRPC|:UNKNOWN|RPC: /|The tasks have crashed|:?\s*$")
"""What stands in the lines below one of the runtime's log."""

_TEXT_END = "allow_overwrite="
"""Comes after a text of several lines in the runtime's log."""

_JOINED = re.compile(r"Task (\d+) invoked BarrierAsync\(\[Init\]")
_SILENT = re.compile(r"stopped sending heartbeats\):\s*([\d, \n]+)")
_NO_LEADER = ("Failed to send RPC to coordination service", "leader task")


@dataclass(frozen=True)
class Report:
    """What a child has said of itself, in a small file."""

    own: int = 0
    count: int = 0
    coordinator: str = ""
    joined: bool = False
    peers: tuple[tuple[int, str], ...] = ()
    """Number and title of each process, once all have joined."""
    folder: str = ""
    """That of the run."""
    project: str = ""
    failed: tuple[int, str] | None = None
    """The process that has failed, and why."""
    lost: bool = False
    """Whether another process cannot be reached."""

    def write(self, path: Path) -> None:
        """Write it to a file, atomically."""
        write_text(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Report:
        """What a file holds; nothing where there is none."""
        if not path.exists():
            return cls()
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        failed = found.pop("failed")
        peers = tuple((int(number), str(title)) for number, title in found.pop("peers"))
        return cls(**found, peers=peers, failed=None if failed is None else (int(failed[0]), str(failed[1])))

    def title(self, number: int) -> str:
        """What a process is called."""
        return dict(self.peers).get(number, f"process {number}")


# The parent


def is_child() -> bool:
    """Whether this process is the one that trains."""
    return _REPORT in os.environ


def guard(arguments: Sequence[str]) -> int:
    """Run a command line in a child, and say on the error stream how it ended; gives the exit status."""
    with tempfile.TemporaryDirectory(prefix="layerloom-") as folder:
        report = Path(folder, "report.json")
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, str(_ROOT), *arguments],
            env={**os.environ, **_LOGS, _REPORT: str(report)},
            stdin=subprocess.PIPE,  # its end tells the child that its parent is gone
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: _passed_on(child, number))
        assert child.stderr is not None
        log = RuntimeLog()
        log.follow(child.stderr)
        status = child.wait()
        why = explanation(status, Report.read(report), log)
    if why:
        print(f"Error: {visible(why, keep=chr(10))}", file=sys.stderr)
    return 0 if status == 0 else 1


def _passed_on(child: subprocess.Popen[str], number: int) -> None:
    with suppress(ProcessLookupError):
        child.send_signal(number)


@dataclass
class RuntimeLog:
    """What a child writes to its error stream: its own lines are passed on, those of the runtime kept."""

    lines: deque[str] = field(default_factory=lambda: deque[str](maxlen=400))
    joined: set[int] = field(default_factory=set[int])
    _fatal: bool = False
    _within: bool = False

    def follow(self, stream: IO[str]) -> None:
        """Read to the end."""
        for line in stream:
            if self.takes(line):
                self.lines.append(line)
            else:
                sys.stderr.write(line)
                sys.stderr.flush()

    def takes(self, line: str) -> bool:
        """Whether a line is of the runtime; what stands below a line of its log belongs to it where it ends."""
        if found := _JOINED.search(line):
            self.joined.add(int(found[1]))
        if _LOG_LINE.match(line):
            self._fatal = self._fatal or line.startswith("F")
            self._within = "InsertKeyValue(" in line and _TEXT_END not in line
            return True
        if self._within:
            self._within = _TEXT_END not in line
            return True
        if _CRASH_LINE.match(line) or self._fatal:
            return True
        return bool(_MORE.match(line))

    @property
    def text(self) -> str:
        return "".join(self.lines)


def explanation(status: int, report: Report, log: RuntimeLog) -> str:
    """Why a child ended with a status; nothing where it ended well, or has said so itself."""
    if status == 0:
        return ""
    if report.failed is not None:
        number, why = report.failed
        return _ended(report, f"{_capital(report.title(number))} has failed: {why}")
    if not report.joined and "RegisterTask" in log.text:
        return _never_joined(report, log)
    if gone := _gone(log.text):
        return _ended(report, f"{_names(report, gone)} ended, or can no longer be reached.")
    if report.lost:
        return _ended(report, "Another process of the run ended, or can no longer be reached.")
    if status < 0 and -status not in (signal.SIGINT, signal.SIGTERM):
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        memory = " The machine may have run out of memory." if name == "SIGKILL" else ""
        said = "" if name == "SIGKILL" else f"\n{log.text}"
        return _ended(report, f"This process was ended by {name}.{memory}{said}")
    return ""


def _gone(text: str) -> list[int]:
    """The processes that the runtime says are gone."""
    if found := _SILENT.search(text):
        return [int(number) for number in re.findall(r"\d+", found[1])]
    return [0] if any(sign in text for sign in _NO_LEADER) else []


def _names(report: Report, numbers: Sequence[int]) -> str:
    return _capital(" and ".join(report.title(number) for number in numbers))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _never_joined(report: Report, log: RuntimeLog) -> str:
    missing = sorted(set(range(report.count)) - log.joined)
    if report.own == 0 and log.joined and missing:
        names = ", ".join(map(str, missing))
        who = f"process {names}" if len(missing) == 1 else f"processes {names}"
        return f"Of {report.count} processes, {who} did not join in time. Nothing was trained."
    return (
        f"Not all of {report.count} processes joined in time at {report.coordinator}: process 0 is not there, or "
        "waits for others. Nothing was trained."
    )


def _ended(report: Report, what: str) -> str:
    """What happened, and where the run can go on from."""
    if not report.folder:
        return what
    if report.own == 0:
        _note_end(Path(report.folder), what)
    last = Path(report.folder, "last.h5")
    if last.exists():
        when = time.strftime("%H:%M:%S", time.localtime(last.stat().st_mtime))
        return (
            f"{what} The last checkpoint, of {when}, is {last}: `layerloom train {report.project} --from "
            f"{report.folder}` goes on from it, in any number of processes."
        )
    if report.own == 0:
        return f"{what} There is no checkpoint yet."
    return f"{what} The checkpoints are with process 0, in {report.folder}."


def _note_end(folder: Path, what: str) -> None:
    """Write down that a run has failed, where the runtime ended the process before that could."""
    from engine.outcome import read_outcome, write_outcome

    with suppress(LayerloomError):
        outcome = read_outcome(folder)
        if outcome.state == "running":
            write_outcome(folder, outcome.replace(state="failed", problem=what))


# The child


class Member:
    """This process as one of those that train: it joins, says how it goes, and ends."""

    def __init__(self, meeting: Meeting, project: Path) -> None:
        self._path = Path(os.environ[_REPORT])
        self._report = Report(
            meeting.process or 0, meeting.processes or 0, meeting.coordinator or "", project=str(project)
        )
        self._lock = threading.Lock()
        self._meeting = meeting
        _keep_output_clean()
        threading.Thread(target=_die_with_parent, name="parent", daemon=True).start()

    def __enter__(self) -> Peers:
        from engine.peers import join

        self._say()
        self._peers = peers = join(self._meeting)
        titles = tuple((peer.number, peer.title) for peer in peers.all)
        self._say(own=peers.own, count=peers.count, joined=True, peers=titles)
        peers.watch(self._heard)
        return peers

    def writes_to(self, folder: Path) -> None:
        """Say where the files of the run are."""
        self._say(folder=str(folder))

    def _say(self, **changes: Any) -> None:
        with self._lock:
            self._report = replace(self._report, **changes)
            self._report.write(self._path)

    def _heard(self, number: int, why: str) -> None:
        """Another process has failed: end too, but let what is being written come to its end."""
        self._say(failed=(number, why))
        time.sleep(_VERDICT_SECONDS / 5)
        os._exit(1)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Part from the others; after an error without waiting for them, for they may be gone."""
        if error is None:
            self._peers.leave()
            return
        if isinstance(error, PeerLostError):
            self._say(lost=True)
            time.sleep(_VERDICT_SECONDS)  # in which the runtime ends this process, and says who is gone
        elif isinstance(error, SystemExit):  # it has said why
            self._peers.fail("It could not begin.")
        elif isinstance(error, KeyboardInterrupt):
            self._peers.fail("It was interrupted.")
        elif isinstance(error, LayerloomError):
            sys.stderr.write(f"Error: {visible(str(error), keep=chr(10))}\n")
            self._peers.fail(str(error))
        else:
            sys.excepthook(type(error), error, error.__traceback__)
            self._peers.fail(f"{type(error).__name__}: {error}")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)


def _die_with_parent() -> None:
    """Wait for the end of what the parent writes, which is nothing."""
    with suppress(OSError):
        while os.read(0, 1):
            pass
    os._exit(1)


def _keep_output_clean() -> None:
    """Let what the runtime prints go to the error stream, where the parent sees to it."""
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(own, "w", encoding=sys.stdout.encoding, buffering=1)
