"""One pass over a graph: every node computed from those before it. Models, and models within models, use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from engine import named
from engine.errors import DataError
from engine.graph import Edge, Graph, Node
from engine.layer import Layer
from engine.layers.core import Input
from engine.op import Context
from engine.ops.regularizers import REGULARIZERS
from engine.precision import Precision, given, taken

Arrays = Mapping[str, Mapping[str, jax.Array]]
"""Weights by the identifier of the node that owns them, then by their own name."""


@dataclass
class Pass:
    """What came of a pass: of each node all its outputs, their masks, and what its context held."""

    values: dict[str, tuple[jax.Array, ...]] = field(default_factory=dict[str, tuple[jax.Array, ...]])
    masks: dict[str, dict[int, jax.Array | None]] = field(default_factory=dict[str, "dict[int, jax.Array | None]"])
    contexts: dict[str, Context] = field(default_factory=dict[str, Context])
    updates: dict[str, dict[str, jax.Array]] = field(default_factory=dict[str, dict[str, jax.Array]])
    losses: list[jax.Array] = field(default_factory=list[Any])
    exact: set[str] = field(default_factory=set[str])
    """The nodes that give whole numbers as floating-point numbers, not rounded to fewer bits."""

    def value(self, edge: Edge) -> jax.Array:
        """What a wire carries."""
        return self.values[edge.source][edge.output]

    def mask(self, edge: Edge) -> jax.Array | None:
        """The mask of what a wire carries."""
        return self.masks[edge.source].get(edge.output)


def run(
    graph: Graph,
    order: Iterable[Node],
    weights: Arrays,
    inputs: Mapping[str, Any],
    *,
    training: bool = False,
    key: jax.Array | None = None,
    masks: Mapping[str, jax.Array | None] | None = None,
    shifts: Mapping[str, jax.Array] | None = None,
    precision: Precision = "float32",
) -> Pass:
    """Compute nodes, given in an order in which each comes after those it needs.

    `inputs` holds an array (batch, *shape) for the name of each Input, and may hold what the `host_op` of other
    nodes gives, by their names; `masks` may hold the masks of Inputs. `key` is needed where `training` holds and a
    layer draws random numbers. `precision` holds for the layers that have no type of their own. `shifts` are added
    to the (first) output of nodes, by identifier: the gradient by a shift of 0 is that by what the node gives.
    """
    found = Pass()
    for index, node in enumerate(order):
        if isinstance(node.layer, Input):
            found.values[node.id] = (_entered(inputs[node.name], node.layer.dtype),)
            found.masks[node.id] = {0: masks.get(node.name) if masks else None}
            continue
        own = None if key is None else jax.random.fold_in(key, index)
        found.contexts[node.id] = Context(training=training, key=own, precision=node.layer.dtype or precision)
        _compute(found, graph, node, weights, inputs.get(node.name))
        if shifts and node.id in shifts:
            first, *others = found.values[node.id]
            found.values[node.id] = (first + shifts[node.id], *others)
    return found


def _entered(x: Any, dtype: str) -> Any:
    """What an Input gives; texts stay with NumPy."""
    return np.asarray(x) if dtype == "string" else jnp.asarray(x, dtype)


def _compute(found: Pass, graph: Graph, node: Node, weights: Arrays, entered: Any) -> None:
    layer, owner, ctx = node.layer, graph.owner(node.id).id, found.contexts[node.id]
    edges = graph.incoming(node.id) if entered is None else ()
    ctx.masks = masks = tuple(found.mask(edge) for edge in edges)
    inputs = [found.value(edge) for edge in edges]
    own = {**weights.get(owner, {}), **found.updates.get(owner, {})}
    exact = not own and _exact(found, edges, layer)
    precision: Precision = "float32" if exact else ctx.precision
    inputs = taken(layer, precision, list(map(_number, inputs))) if layer.casts else inputs
    inputs = [entered] if entered is not None else on_host(node, inputs)
    values = given(layer, precision, layer.apply(taken(layer, precision, own), *inputs, ctx=ctx))
    found.values[node.id] = values if isinstance(values, tuple) else (values,)
    if exact:
        found.exact.add(node.id)
    mask = ctx.output_mask if ctx.made_mask else layer.compute_mask(inputs, masks)
    found.masks[node.id] = dict.fromkeys(layer.masked_outputs, mask)
    if ctx.updates:
        found.updates[owner] = {**found.updates.get(owner, {}), **ctx.updates}
    found.losses += ctx.losses
    regularizer = getattr(layer, "activity_regularizer", None)
    if regularizer is not None:
        function = named.function_of(regularizer, REGULARIZERS)
        # By the batch size, as in Keras: the strength does not depend on it.
        found.losses += [function(value) / value.shape[0] for value in found.values[node.id]]


def on_host(node: Node, inputs: list[Any]) -> list[Any]:
    """What a node computes of: its inputs, or what its `host_op` makes of them. Raises `DataError`."""
    op = node.layer.host_op()
    if op is None:
        return inputs
    try:
        return [op({}, *inputs)]
    except ValueError as error:
        raise DataError(f"{node.name}: {error}.") from None


def _exact(found: Pass, edges: Sequence[Edge], layer: Layer) -> bool:
    """Whether a layer without weights gets whole numbers, which are not to be rounded.

    They may be identifiers on their way to an Embedding, which come to it as floating-point numbers.
    """
    known = [edge.source in found.exact for edge in edges]
    whole = (not jnp.issubdtype(found.value(edge).dtype, jnp.floating) for edge in edges)
    return (any(known) or (layer.casts and bool(edges))) and all(a or b for a, b in zip(known, whole, strict=True))


def _number(x: jax.Array) -> jax.Array:
    """Whole numbers as the floating-point numbers that layers compute with."""
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.float32)
