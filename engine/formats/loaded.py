"""What comes out of a model file, and what is told about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.events import HostWeights, OptimizerState
from engine.graph import Graph
from engine.layers.placeholder import Placeholder
from engine.precision import Precision
from engine.project import NAME, Project, TrainingSettings


@dataclass(frozen=True)
class Report:
    """What was read from a file, a sentence each: what came over, what was changed, and what is not known here."""

    came_over: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not here as it was in the file."""
        return self.changed + self.not_understood

    def __add__(self, other: Report) -> Report:
        return Report(
            self.came_over + other.came_over,
            self.changed + other.changed,
            self.not_understood + other.not_understood,
        )


@dataclass
class Notes:
    """What is found while a file is read."""

    changed: list[str] = field(default_factory=list[str])
    not_understood: list[str] = field(default_factory=list[str])

    @property
    def report(self) -> Report:
        return Report((), tuple(self.changed), tuple(self.not_understood))


@dataclass(frozen=True)
class LoadedModel:
    """What a model file holds; `training` is None where the model was not compiled.

    `weights` are by the identifier of the node in `graph` that owns them, then by name.
    """

    graph: Graph
    weights: HostWeights
    training: TrainingSettings | None = None
    optimizer_state: OptimizerState | None = None
    """What the optimizer of `training` remembers, where the file has that and it fits."""
    found: Report = field(default_factory=Report)
    """What was found while the parts of the file were read; `report` has the whole."""
    name: str = NAME
    precision: Precision = "float32"
    """In which type the layers compute."""

    @property
    def project(self) -> Project:
        """The model as a project, which remembers what was lost on the way."""
        training, compiled = self.training or TrainingSettings(), self.training is not None
        training = training.replace(precision=self.precision)
        return Project(self.graph, training=training, name=self.name, compiled=compiled, lost=self.found.notes)

    @property
    def report(self) -> Report:
        """What came over and what did not."""
        unknown = (node for node in self.graph if isinstance(node.layer, Placeholder))
        reasons = tuple(
            f"{node.name} {node.layer.reason}" for node in unknown if isinstance(node.layer, Placeholder)
        )
        return replace(self.found, came_over=self._came_over()) + Report(not_understood=reasons)

    def _came_over(self) -> tuple[str, ...]:
        count = sum(array.size for own in self.weights.values() for array in own.values())
        said = [f"{len(self.graph)} cards."]
        if self.weights:
            said.append(f"The weights: {count:,} numbers.")
        if self.training is not None:
            said.append(f"The optimizer {self.training.optimizer.type}, losses and metrics.")
        if self.optimizer_state is not None:
            said.append(f"The optimizer's state after {self.optimizer_state.iterations:,} steps.")
        return tuple(said)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not here as it was in the file, a sentence each."""
        return self.report.notes
