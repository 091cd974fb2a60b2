"""What work tells of itself: frozen events of plain numbers and NumPy arrays, yielded by generators.

Every long job is a generator of these. To end one early, throw `Cancelled` into it: a job that has nothing to
show ends there, training still yields its result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.ledger import Ledger

if TYPE_CHECKING:
    from engine.errors import LayerloomError
    from engine.graph import Graph
    from engine.history import Row
    from engine.step_cost import StepCost

HostWeights = Mapping[str, Mapping[str, "np.ndarray[Any, Any]"]]
"""Weights as NumPy arrays, by the identifier of the node that owns them, then by name (`Model.to_host`)."""


class OptimizerState(NamedTuple):
    """What an optimizer remembers, as Keras keeps it: its steps, and, slot by slot, an array for each weight."""

    iterations: int
    slots: Mapping[str, HostWeights]
    optimizer: str
    """Keras's name of the optimizer whose slots these are."""

    def moved(self, owners: Mapping[str, str]) -> OptimizerState:
        """The same for a graph whose nodes have other identifiers."""
        slots = {slot: {owners[key]: own for key, own in arrays.items()} for slot, arrays in self.slots.items()}
        return self._replace(slots=slots)


class RunPosition(NamedTuple):
    """Where a run stands: epochs and steps that are done, and batches of the epoch that has begun."""

    epoch: int = 0
    step: int = 0
    batches: int = 0


START = RunPosition()
_EMPTY = Ledger()


@dataclass(frozen=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True)
class Progress(Event):
    """How far a job is: `done` of `total` (None while unknown), and what it is at."""

    text: str
    done: int = 0
    total: int | None = None


@dataclass(frozen=True)
class Result(Event):
    """The last event of a job that makes something: the thing made."""

    value: Any


@dataclass(frozen=True)
class Failed(Event):
    """One of several jobs that go on side by side has ended with an error; the others go on."""

    error: LayerloomError


@dataclass(frozen=True)
class Beside(Event):
    """What one of several jobs that go on side by side tells."""

    place: int
    event: Event


@dataclass(frozen=True)
class Learned(Event):
    """Layers have taken settings from the training data, such as vocabularies: the graph that is trained."""

    graph: Graph


@dataclass(frozen=True)
class Remarked(Event):
    """Something that a person should know of the data or the run, a sentence: samples were left out, for one."""

    text: str


@dataclass(frozen=True)
class Started(Event):
    """A run begins: sizes are known, and the functions are compiled next."""

    epochs: int
    """The number of the last epoch; one that goes on begins after `begins.epoch`."""
    steps_per_epoch: int
    samples: int
    validation_samples: int
    test_samples: int
    parameters: int
    begins: RunPosition = START
    history: tuple[Row, ...] = ()
    """The epochs before, where they are known."""
    best: HostWeights | None = None
    """The weights of the best epoch before."""
    best_epoch: int = 0
    """Its number; 0 where there is none."""


@dataclass(frozen=True)
class Compiled(Event):
    """The functions are compiled, in so many seconds; the first step follows."""

    seconds: float
    note: str = ""
    """What the run begins with, where that is not new weights."""
    cost: StepCost | None = None
    """What a step costs, where the compiler tells."""


@dataclass(frozen=True)
class StepsDone(Event):
    """Some steps are done. `step` counts all steps of the run; the arrays hold a figure for each new step."""

    epoch: int
    step: int
    logs: Mapping[str, np.ndarray[Any, Any]]
    seconds: float
    """Time since the first step, pauses included."""


@dataclass(frozen=True)
class Altered(Event):
    """Something about the run is another from this step on, a sentence: the learning rate, for one."""

    step: int
    text: str
    epochs: int | None = None
    """The number of the last epoch, where that is what is another."""


@dataclass(frozen=True)
class EpochDone(Event):
    """An epoch is done; epochs count from 1. `logs` has Keras's names: loss, accuracy, val_loss, ..."""

    epoch: int
    step: int
    logs: Mapping[str, float]
    weights: HostWeights
    seconds: float
    improved: bool = False
    """Whether the epoch is the best so far, by the figure that the callbacks watch."""
    optimizer_state: OptimizerState | None = None
    ledger: Ledger = _EMPTY

    @property
    def position(self) -> RunPosition:
        return RunPosition(self.epoch, self.step)


@dataclass(frozen=True)
class Halfway(Event):
    """Where a run stands within a long epoch: all that is needed to go on from there."""

    weights: HostWeights
    optimizer_state: OptimizerState
    position: RunPosition
    ledger: Ledger


@dataclass(frozen=True)
class InPassing(Event):
    """The weights in the midst of a run, for one who asked for them through its `Control`."""

    step: int
    weights: HostWeights
    cost: float = 0.0
    """Seconds that the run has lost by telling them."""


@dataclass(frozen=True)
class Finished(Event):
    """A run has ended: with its last weights, and the figures on the test data where there are any."""

    epochs: int
    step: int
    test: Mapping[str, float]
    weights: HostWeights
    seconds: float
    stopped: bool = False
    history: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, "tuple[float, ...]"])
    optimizer_state: OptimizerState | None = None
    batches: int = 0
    """How many batches of the epoch after `epochs` are done: 0 unless the run was stopped within it."""
    ledger: Ledger = _EMPTY

    @property
    def position(self) -> RunPosition:
        return RunPosition(self.epochs, self.step, self.batches)
