"""What a step costs on several devices: memory of each, operations of each, and what it sends to the others.

Data parallel, the gradient of each weight is summed over the devices: a ring of n sends 2 (n-1)/n of its bytes
(Patarasuk and Yuan 2009, "Bandwidth optimal all-reduce algorithms"). Shared weights are gathered before that,
which sends (n-1)/n of theirs; of the sum each device then needs but its part: half as much where XLA makes it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.costs import Costs
from engine.devices import planned
from engine.project import TrainingSettings
from engine.quantities import bytes_text, operations_text
from engine.step_cost import estimated_cost, gradient_bytes, lasting_bytes


@dataclass(frozen=True)
class Scaled:
    """What a step costs each of several devices; in bytes, and operations where they are known."""

    devices: int
    lasting: int
    """Weights, and what the optimizer remembers."""
    passing: int
    """Gradients, what layers give, and weights that were gathered."""
    flops: int | None
    sent: int

    def seconds(self, flops_per_second: float, bytes_per_second: float) -> float | None:
        """How long a step takes at least, where nothing is sent while something is computed."""
        return None if self.flops is None else self.flops / flops_per_second + self.sent / bytes_per_second


def scaling(
    costs: Costs, training: TrainingSettings, counts: Iterable[int], *, sharded: bool = False
) -> tuple[Scaled, ...]:
    """A step's costs on so many devices each; nothing where a size is not known before the data is there."""
    found: list[Scaled] = []
    for count in counts:
        placement = planned(count, sharded=sharded)
        cost = estimated_cost(costs, training, placement)
        if cost is None:
            return ()
        lasting = lasting_bytes(costs, training, placement)
        found.append(Scaled(count, lasting, cost.extra, cost.flops, sent_bytes(costs, count, sharded=sharded)))
    return tuple(found)


def scaling_text(rows: Sequence[Scaled]) -> str:
    """A table of what a step costs each device; nothing for no rows."""
    if not rows:
        return ""
    lines = [f"{'Devices':>7}  {'Weights, optimizer':>18}  {'In a step':>10}  {'Operations':>13}  {'Sent':>10}"]
    for row in rows:
        flops = "" if row.flops is None else operations_text(row.flops)
        sizes = bytes_text(row.lasting), bytes_text(row.passing), bytes_text(row.sent)
        lines.append(f"{row.devices:>7,}  {sizes[0]:>18}  {sizes[1]:>10}  {flops:>13}  {sizes[2]:>10}")
    return "\n".join(["A step, for each of several devices:", *lines, ""])


def sent_bytes(costs: Costs, devices: int, *, sharded: bool = False) -> int:
    """What each device sends in a step: sums of gradients, and its part of each weight where they are shared."""
    gathered = costs.total.weight_bytes if sharded else 0
    return round((devices - 1) / devices * (2 * gradient_bytes(costs) + gathered))
