"""The processes of a run: how they find each other, what they tell one another, and how they part.

All of it is JAX's distributed runtime: its service finds processes, watches their heartbeats, keeps short texts.
Where a process is lost, that service ends the others at once, without a word of ours: a parent explains it (app).
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import TrainingError

HEARTBEAT_SECONDS = 12
"""A process that is silent for so long is taken for dead; half as long again goes by until all know."""

JOIN_SECONDS = 300
"""How long processes wait for each other before the first step."""

_PARTING_SECONDS = 600
"""How long those that have ended wait for the others: one of them writes files."""

_LOOK_SECONDS = 0.5
_LINGER_SECONDS = 2.0
"""How long a process that ends with an error stays, so that the others learn why."""

_ENDED = "layerloom/ended/"


@dataclass(frozen=True)
class Meeting:
    """Where processes meet; what is None is known to what launched them (Slurm, Open MPI, Kubernetes)."""

    coordinator: str | None = None
    """Host and port of process 0."""
    processes: int | None = None
    process: int | None = None
    seconds: int = JOIN_SECONDS


@dataclass(frozen=True)
class Peer:
    """A process of the run."""

    number: int
    host: str
    pid: int

    @property
    def title(self) -> str:
        """What it is called in a sentence."""
        return f"process {self.number} ({self.host}, pid {self.pid})"


class Peers:
    """The processes that have joined, of which this one is number `own`; number 0 writes the files."""

    def __init__(self, client: Any, own: int, count: int) -> None:
        self._client = client
        self._parted = threading.Event()
        self._watching: threading.Thread | None = None
        self.own, self.count = own, count
        mine = Peer(self.own, socket.gethostname(), os.getpid())
        said = self.shared("peer", json.dumps(asdict(mine)))
        self.all = tuple(Peer(**json.loads(text)) for text in said)

    @property
    def first(self) -> bool:
        """Whether this process writes the files."""
        return self.own == 0

    def shared(self, name: str, text: str) -> tuple[str, ...]:
        """What each process says under a name, in order; waits until all have said it."""
        self._client.key_value_set(f"layerloom/{name}/{self.own}", text)
        return tuple(self._told(f"layerloom/{name}/{number}", number) for number in range(self.count))

    def from_first(self, name: str, text: str) -> str:
        """What process 0 says under a name, this text if it is this one; the others wait for it."""
        if self.first:
            self._client.key_value_set(f"layerloom/{name}", text)
        return self._told(f"layerloom/{name}", 0)

    def _told(self, key: str, who: int) -> str:
        try:
            return str(self._client.blocking_key_value_get(key, 1000 * JOIN_SECONDS))
        except RuntimeError as error:  # JAX's own, of many kinds
            what = key.split("/")[1]
            raise TrainingError(
                f"Process {who} has not said within {JOIN_SECONDS} seconds what its {what} is. All processes are "
                "started with the same command, but for their numbers."
            ) from error

    def check_same(self, name: str, text: str) -> None:
        """Raise `TrainingError` where another process has something else than process 0."""
        if text != self.from_first(name, text):
            raise TrainingError(f"The {name} is another one here than that of process 0.")

    def watch(self, heard: Callable[[int, str], None]) -> None:
        """Have a function called, in a thread, with the first of the other processes that fails, and why."""

        def look() -> None:
            while not self._parted.wait(_LOOK_SECONDS):
                with contextlib.suppress(Exception):  # whatever the service says when it is going down
                    for key, text in self._client.key_value_dir_get(_ENDED):
                        number = int(key.rsplit("/", 1)[1])
                        if number != self.own:
                            heard(number, text)
                            return

        self._watching = threading.Thread(target=look, name="peers", daemon=True)
        self._watching.start()

    def fail(self, why: str) -> None:
        """Tell the others that this process ends, and why."""
        with contextlib.suppress(Exception):  # it ends all the same
            self._client.key_value_set(f"{_ENDED}{self.own}", why)
            time.sleep(_LINGER_SECONDS)

    def leave(self) -> None:
        """Wait until all have come to their end, and part."""
        import jax

        jax.distributed.shutdown()
        self._parted.set()
        if self._watching is not None:
            # Back from JAX in a Python that ends, it would abort the process.
            self._watching.join(_LINGER_SECONDS + _LOOK_SECONDS)


def join(meeting: Meeting) -> Peers:
    """Meet the other processes; must come before any other use of JAX. Raises `TrainingError`.

    Where some do not come in time, the runtime ends this process.
    """
    import jax  # here: to speak of a meeting, one needs none

    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(
            meeting.coordinator,
            meeting.processes,
            meeting.process,
            initialization_timeout=meeting.seconds,
            heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
            shutdown_timeout_seconds=_PARTING_SECONDS,
        )
    except (ValueError, TypeError, RuntimeError) as error:
        if meeting.coordinator is None:
            raise TrainingError(
                "Nothing tells this process where the others are: it was not launched by Slurm, Open MPI or "
                "Kubernetes. Say --coordinator HOST:PORT, --processes N and --process I."
            ) from error
        raise TrainingError(f"The processes could not join: {str(error).splitlines()[0]}") from error
    from jax._src.distributed import global_state  # the texts that the service keeps have no other door

    return Peers(global_state.client, jax.process_index(), jax.process_count())
