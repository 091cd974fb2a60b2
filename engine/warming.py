"""What makes the first run of a project begin sooner."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

from engine import templates
from engine.errors import LayerloomError
from engine.events import Compiled, Event, Progress, Started
from engine.graph import Graph
from engine.layers.nested import Functional
from engine.project import Project
from engine.training import train

NODES = 40
PARAMETERS = 2_000_000
"""A network that is larger takes more than some seconds to compile, which may be for nothing."""

_SMALL = "iris-mlp"


def warm_up(project: Project) -> Generator[Event]:
    """Compile ahead the steps of a project, if it is small and its data are there in no time; else of an example.

    They are kept, so that a run begins at once. What JAX itself brings to the first function that it compiles is
    there for others, too.
    """
    yield Progress("Warming up")
    suits = project.data.source.instant and _size(project.graph) <= NODES
    try:
        with closing(train(project if suits else templates.make(_SMALL))) as events:
            for event in events:
                if isinstance(event, Compiled) or (isinstance(event, Started) and event.parameters > PARAMETERS):
                    return
                yield Progress("Warming up")
    except LayerloomError:  # it cannot be trained as it stands, which is said to who asks for it
        return


def _size(graph: Graph) -> int:
    """Nodes, also of the models within."""
    within = (node.layer.graph for node in graph if isinstance(node.layer, Functional))
    return len(graph) + sum(map(_size, within))
