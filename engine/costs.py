"""What a network costs: parameters, memory and floating-point operations, of each node and of the whole.

What is counted:

- **Operations** (FLOPs) are those of one sample at inference. A multiplication with its addition counts as two, as
  in XLA's `cost_analysis` and in most papers; some tools count them as one "MAC". Each layer says its own
  (`Layer.flops`). Windows that reach over a border count in full, an activation counts as one operation for each
  number, and what only moves numbers, or does nothing at inference (Dropout), counts nothing.
- **Memory** is that of the weights, once, and of every array that a layer gives, for each sample of a batch: what
  training must keep. XLA may need less at inference, where it joins layers and reuses memory. Texts do not count.
- A **group** costs what the layers inside cost together. Nodes that are linked have one set of weights: the totals
  count them once.

A cost is None where a size is not known before the data is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import jax
import jax.numpy as jnp

from engine.errors import LayerloomError
from engine.graph import Node
from engine.inference import Inference, NodeFacts
from engine.layers.core import Input, Output
from engine.layers.nested import Functional
from engine.optimizers.base import Optimizer
from engine.shapes import Shape, count
from engine.weights import Weight

_BYTES = 4
"""Of a number that a layer gives: float32."""


@dataclass(frozen=True)
class Cost:
    """What a layer costs; `activation_bytes` and `flops` are those of one sample."""

    parameters: int = 0
    trainable: int = 0
    weight_bytes: int = 0
    activation_bytes: int | None = 0
    flops: int | None = 0

    def memory(self, batch_size: int) -> int | None:
        """Bytes of the weights, and of what comes out for a batch."""
        if self.activation_bytes is None:
            return None
        return self.weight_bytes + batch_size * self.activation_bytes

    def without_weights(self) -> Cost:
        """The cost beside weights that are counted elsewhere."""
        return Cost(activation_bytes=self.activation_bytes, flops=self.flops)

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.parameters + other.parameters,
            self.trainable + other.trainable,
            self.weight_bytes + other.weight_bytes,
            _sum(self.activation_bytes, other.activation_bytes),
            _sum(self.flops, other.flops),
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


@dataclass(frozen=True)
class Costs:
    """The cost of every node of a graph."""

    inference: Inference
    nodes: Mapping[str, Cost] = field(default_factory=dict[str, Cost])

    def __getitem__(self, node_id: str) -> Cost:
        return self.nodes[node_id]

    def kept(self, node: Node, facts: NodeFacts) -> Cost:
        """The cost that is known of a node, if it is still the same; else what it costs now."""
        known = self.nodes.get(node.id)
        if known is not None:
            before = self.inference
            if before.graph[node.id].layer is node.layer and before[node.id] is facts:
                return known
        return cost_of(node, facts)

    @cached_property
    def total(self) -> Cost:
        """The cost of the whole graph; weights that nodes share count once."""
        found = ((node, self.nodes[node.id]) for node in self.inference.graph)
        return sum((cost if node.shares is None else cost.without_weights() for node, cost in found), Cost())

    @cached_property
    def trained_weights(self) -> tuple[Weight, ...]:
        """The weights that training changes, each once."""
        owners = (node for node in self.inference.graph if node.shares is None)
        return tuple(w for node in owners for w in self.inference[node.id].weights if w.trainable)


def costs(inference: Inference, previous: Costs | None = None) -> Costs:
    """What every node costs; from `previous`, what an edit did not reach is kept as it was."""
    before = previous or Costs(inference)
    return Costs(inference, {node.id: before.kept(node, inference[node.id]) for node in inference.graph})


def cost_of(node: Node, facts: NodeFacts) -> Cost:
    """What a node costs."""
    weights = facts.weights
    return Cost(
        facts.parameters,
        facts.trainable_parameters,
        sum(weight.size * jnp.dtype(weight.dtype).itemsize for weight in weights),
        _activation_bytes(node, facts),
        _flops(node, facts),
    )


def _known(shapes: Iterable[Shape]) -> bool:
    return all(size is not None for shape in shapes for size in shape)


def _flops(node: Node, facts: NodeFacts) -> int | None:
    if not facts.shapes or node.layer.trouble is not None or not _known((*facts.inputs, *facts.shapes)):
        return None
    try:
        return node.layer.flops(*facts.inputs)
    except LayerloomError:
        return None


def _activation_bytes(node: Node, facts: NodeFacts) -> int | None:
    layer = node.layer
    if not facts.shapes or not _known(facts.shapes):
        return None
    if isinstance(layer, Output) or facts.content == "text":
        return 0  # an Output passes on what comes in
    if isinstance(layer, Functional):
        return _bytes_inside(layer, facts)
    each = jnp.dtype(layer.dtype).itemsize if isinstance(layer, Input) else _BYTES
    return each * count(*facts.shapes)


def _bytes_inside(layer: Functional, facts: NodeFacts) -> int | None:
    """What the layers of a group give; its Inputs pass on what comes in."""
    found = layer.inference(*facts.inputs)
    total: int | None = 0
    for node in found.graph:
        if not isinstance(node.layer, Input):
            total = _sum(total, _activation_bytes(node, found[node.id]))
    return total


def optimizer_size(optimizer: Optimizer, weights: Iterable[Weight]) -> int:
    """How many numbers an optimizer remembers of weights that it trains."""
    alike = Counter(weight.shape for weight in weights)
    total = 0
    for slot in optimizer.slots():
        if slot.single:
            total += bool(alike)
        elif slot.start in (jnp.zeros_like, jnp.array):
            total += sum(count(shape) * number for shape, number in alike.items())
        else:
            for shape, number in alike.items():
                start = jax.eval_shape(slot.start, jax.ShapeDtypeStruct(shape, jnp.float32))
                total += number * count(start.shape)
    return total
