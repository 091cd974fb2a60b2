"""Where a run begins instead of at new weights: at those of an earlier run, or of a model file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from engine.errors import TrainingError
from engine.events import START, HostWeights, OptimizerState, RunPosition
from engine.graph import Graph
from engine.ledger import NEW, Ledger
from engine.project import Project

if TYPE_CHECKING:
    from engine.history import Row
    from engine.model import Model


@dataclass(frozen=True)
class Start:
    """Weights to begin with; with the optimizer's state and the position, a run goes on without a seam."""

    weights: HostWeights
    optimizer_state: OptimizerState | None = None
    position: RunPosition = START
    ledger: Ledger = NEW
    best: HostWeights | None = None
    """The weights of the best epoch."""
    taken: tuple[str, ...] = ()
    """The identifiers of the layers whose weights were matched by name with those of a file."""
    note: str = ""
    """What is to be known of the weights, where they are not all of one network."""

    @property
    def history(self) -> tuple[Row, ...]:
        """The figures of the epochs that are done, where they are known."""
        return self.ledger.rows

    def digest(self) -> str:
        """A short text that is another one for any other start."""
        found = sha256(f"{self.position} {self.ledger.model_dump_json()}".encode())
        for owner, own in sorted(self.weights.items()):
            for name, array in sorted(own.items()):
                found.update(f"{owner}/{name} {array.dtype} {array.shape}".encode() + array.tobytes())
        return found.hexdigest()

    def moved(self, before: Project, after: Project) -> Start:
        """This start of one project for another: where the batches are others, an epoch begins.

        A run that was stopped goes on to its last epoch; where another number of epochs is wanted, for so many.
        """
        ledger, position = self.ledger, self.position
        if (before.data, *_batches(before)) != (after.data, *_batches(after)):
            position = position._replace(batches=0)
        changes = {
            "ended": ledger.ended or before.training.epochs != after.training.epochs,
            "sums": ledger.sums if position.batches else (),
            "rate_scale": ledger.rate_scale if before.training.optimizer == after.training.optimizer else 1.0,
        }
        ledger = ledger.model_copy(update=changes)
        return replace(self, position=position, ledger=ledger)

    def check(self, model: Model) -> None:
        """Raise `TrainingError` where the weights are not those of the network."""
        for node in model.owners:
            for weight in model.inference[node.id].weights:
                array = self.weights.get(node.id, {}).get(weight.name)
                if array is None or array.shape != weight.shape:
                    raise TrainingError(f"The weights do not fit this network: {weight.name} of {node.name}.")


def _batches(project: Project) -> tuple[object, ...]:
    training = project.training
    return training.batch_size, training.shuffle, training.seed


def identifiers(before: Graph, after: Graph) -> dict[str, str]:
    """For the nodes of one graph, by their identifiers, those of another graph that have the same names."""
    names = {node.name: node.id for node in after}
    return {node.id: names[node.name] for node in before if node.name in names}
