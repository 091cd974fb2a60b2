"""Whether a run has the memory that it needs, before its first step; and a batch size with which it has."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import jax

from engine.costs import Costs
from engine.data.memory import free_memory
from engine.devices import ONE, Placement
from engine.errors import MemoryShortError
from engine.events import Progress
from engine.project import TrainingSettings
from engine.quantities import bytes_text
from engine.step_cost import StepCost, gradient_bytes, lasting_bytes

SHARE = 0.9
"""How much of what is free a run may take: others take some while it goes on."""


def free_for_training() -> int | None:
    """Bytes that can be taken where networks are computed; None where that is not known."""
    stats: Any = jax.local_devices()[0].memory_stats()  # None on a CPU
    if stats and "bytes_limit" in stats:
        return int(stats["bytes_limit"]) - int(stats.get("bytes_in_use", 0))
    return free_memory()


def fits(cost: StepCost | None) -> bool:
    """Whether there is room for what is taken anew in a step; so, too, where that is not known."""
    free = free_for_training()
    return cost is None or free is None or cost.taken <= SHARE * free


def check_lasting(costs: Costs, training: TrainingSettings, placement: Placement = ONE) -> None:
    """Raise `MemoryShortError` where weights, gradients and optimizer alone need more than there is."""
    needed = placement.local * (lasting_bytes(costs, training, placement) + gradient_bytes(costs))
    free = free_for_training()
    if free is not None and needed > SHARE * free:
        raise MemoryShortError(
            f"Weights, gradients and optimizer need {bytes_text(needed)} of memory, and {bytes_text(free)} are "
            "free: no batch is small enough."
        )


def check_step(
    cost: StepCost | None, batch_size: int, cost_of: Callable[[int], StepCost | None] | None
) -> Generator[Progress]:
    """Raise `MemoryShortError` where a step does not fit, with the largest power of two that does as batch size.

    `cost_of` tells the cost of a step with another batch size, by compiling it; None where the data decides.
    """
    if cost is None or fits(cost):
        return
    needed, free = bytes_text(cost.taken), free_for_training() or 0
    there = bytes_text(free)
    if cost_of is None:
        raise MemoryShortError(
            f"A step needs {needed} of memory, and {there} are free. The program that draws the data decides how "
            "large its batches are."
        )
    size = yield from _fitting(cost, batch_size, free, cost_of)
    if size is None:
        raise MemoryShortError(
            f"A step with batches of {batch_size:,} needs {needed} of memory, and {there} are free. No smaller "
            "batch fits."
        )
    raise MemoryShortError(
        f"A step with batches of {batch_size:,} needs {needed} of memory, and {there} are free. Batches of "
        f"{size:,} fit.",
        size,
    )


def _fitting(
    cost: StepCost, batch_size: int, free: int, cost_of: Callable[[int], StepCost | None]
) -> Generator[Progress, None, int | None]:
    """The largest power of two below a batch size that fits.

    A step has a part that does not become smaller with its batch, so none larger than the share of `free` fits:
    from there on it is tried.
    """
    most = min(batch_size - 1, int(batch_size * SHARE * free / cost.taken))
    size = 1 << most.bit_length() >> 1
    while size:
        yield Progress("Looking for a batch that fits")
        if fits(cost_of(size)):
            return size
        size //= 2
    return None


def run_out(error: BaseException, batch_size: int, *, begun: bool) -> MemoryShortError | None:
    """What is said where an error means that the memory ran out; None where it means something else."""
    text = str(error)
    short = isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text or "out of memory" in text.lower()
    if not short:
        return None
    size = 1 << (batch_size - 1).bit_length() >> 1  # the largest power of two below it
    if size < 1 or batch_size == 1:
        return MemoryShortError("The machine ran out of memory. A smaller network needs less.", begun=begun)
    if begun:
        return MemoryShortError(
            "The machine ran out of memory. The weights of the last epoch are kept. "
            f"Batches of {size:,} need less.",
            size,
            begun=True,
        )
    return MemoryShortError(f"The machine ran out of memory. Batches of {size:,} need less.", size)
