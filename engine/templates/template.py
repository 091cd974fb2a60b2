"""What a template is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.data.arrays import Npz
from engine.graph import Graph
from engine.optimizers import Adam
from engine.project import DataSettings, Project, TrainingSettings


@dataclass(frozen=True)
class Template:
    """A ready project: what it is called, what it shows, and how it is made. `group` is where a list shows it."""

    name: str
    title: str
    description: str
    make: Callable[[], Project]
    group: str = "To train at once"


def architecture(graph: Graph, *, learning_rate: float = 0.001, epochs: int = 20, batch_size: int = 32) -> Project:
    """A project of a network for which the user brings the data."""
    training = TrainingSettings(epochs=epochs, batch_size=batch_size, optimizer=Adam(learning_rate=learning_rate))
    return Project(graph, data=DataSettings(source=Npz()), training=training)
