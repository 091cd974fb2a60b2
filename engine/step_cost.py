"""What a step of training costs, in memory and operations: estimated from the layers, or told by the compiler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.costs import Costs, optimizer_size
from engine.devices import ONE, Placement
from engine.project import TrainingSettings

_BYTES = 4
_BACKWARDS = 2
"""Operations of the way back for each of the way there: gradients by what came in, and by the weights."""

_LOOPS = 2
"""How many times what the compiler counted an estimate must be for loops to be the reason."""


@dataclass(frozen=True)
class StepCost:
    """Bytes that each device takes while a step is made, and its operations; None where those are not known."""

    memory: int
    flops: int | None
    extra: int
    """The part of the memory that is taken anew for the step: the rest, weights for one, is there before it."""
    devices: int = 1
    sharing: int = 1
    """How many of them take from the same memory."""

    @property
    def taken(self) -> int:
        """What is taken anew of the memory that one device has, or several share."""
        return self.sharing * self.extra


def estimated_cost(costs: Costs, training: TrainingSettings, placement: Placement = ONE) -> StepCost | None:
    """What a step will take, without compiling; None where a size is not known before the data is there.

    Weights, their gradients and what the optimizer remembers; for each sample what all layers give, which the way
    back needs, and twice the largest of it for the gradients that are under way. Within a third or so of what the
    compiler then says, but for recurrent layers: what these keep of their steps is not counted.

    Of several devices each takes its share of the samples. Gradients are whole on each of them, before they are
    summed and after, and where they share the weights, these are whole while a step is made.
    """
    total, each = costs.total, costs.total.activation_bytes
    if each is None:
        return None
    largest = max((cost.activation_bytes or 0 for cost in costs.nodes.values()), default=0)
    samples = -(-training.batch_size // placement.devices)
    whole = costs.total.weight_bytes if placement.sharded else 0
    gradients = gradient_bytes(costs) * (1 if placement.devices == 1 else 2)
    extra = whole + gradients + samples * (each + 2 * largest)
    flops = None if total.flops is None else (1 + _BACKWARDS) * samples * total.flops
    memory = lasting_bytes(costs, training, placement) + extra
    return StepCost(memory, flops, extra, placement.devices, placement.local)


def lasting_bytes(costs: Costs, training: TrainingSettings, placement: Placement = ONE) -> int:
    """Memory that each device holds whatever the batches are: weights, and what the optimizer remembers."""
    every = costs.total.weight_bytes + _BYTES * optimizer_size(training.optimizer, costs.trained_weights)
    return -(-every // placement.devices) if placement.sharded else every


def gradient_bytes(costs: Costs) -> int:
    """Memory of a gradient for each weight that is trained."""
    return _BYTES * sum(weight.size for weight in costs.trained_weights)


def compiled_cost(compiled: Any, estimate: StepCost | None = None, placement: Placement = ONE) -> StepCost | None:
    """What the compiler says of compiled steps, the data that they are given included; None where it says nothing.

    The figures are those of one step: a loop counts once, whatever its length. So where the step has loops within
    (recurrent layers), its operations are those of the `estimate`, which are then more than twice as many.
    """
    memory = compiled.memory_analysis()
    if memory is None:
        return None
    extra = memory.temp_size_in_bytes + memory.output_size_in_bytes - memory.alias_size_in_bytes
    found: Any = compiled.cost_analysis() or {}
    found = found[0] if isinstance(found, list) else found
    flops = None if "flops" not in found else round(found["flops"])
    guess = None if estimate is None else estimate.flops
    if guess is not None and (flops is None or guess > _LOOPS * flops):
        flops = guess
    return StepCost(memory.argument_size_in_bytes + extra, flops, extra, placement.devices, placement.local)
