"""What makes the first run of a project begin sooner."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

from engine.errors import LayerloomError
from engine.events import Compiled, Event, Progress
from engine.project import Project
from engine.training import train

_NODES = 40
_PARAMETERS = 2_000_000
"""A network that is larger takes more than some seconds to compile, which may be for nothing."""


def warm_up(project: Project) -> Generator[Event]:
    """Compile ahead what the steps of a project need, if it is small and its data are there in no time.

    The compiled functions are kept, and what JAX itself brings to the first that it compiles is there for others.
    """
    yield Progress("Warming up")
    if not project.data.source.at_hand or len(project.graph) > _NODES:
        return
    try:
        with closing(train(project)) as events:
            for event in events:
                if isinstance(event, Compiled) or getattr(event, "parameters", 0) > _PARAMETERS:
                    return
                yield Progress("Warming up")
    except LayerloomError:  # it cannot be trained as it stands, which is said to who asks for it
        return
