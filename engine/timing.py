"""How long each layer of a network takes, measured here: a job of its own."""

from __future__ import annotations

import statistics
import time
from collections.abc import Generator, Iterable
from typing import Any

import jax
import jax.numpy as jnp

from engine.errors import LayerloomError
from engine.events import Event, Progress, Result
from engine.graph import Graph, Node
from engine.inference import Inference
from engine.layer import Layer
from engine.layers.core import Input, Output
from engine.op import Context
from engine.shapes import Shape

_SECONDS, _RUNS = 0.03, 30
"""How long, and how often at most, a layer is run after it is compiled."""

Kind = tuple[Layer, tuple[Shape, ...], tuple[str, ...]]
"""What tells one measurement from another: a layer, the shapes and the types of its inputs."""


def time_layers(inference: Inference, batch_size: int) -> Generator[Event, None, None]:
    """Run each layer by itself, compiled, on a batch at inference; the result is seconds by node.

    Layers that are alike are measured once. Those that have no time are left out: Inputs and Outputs, layers on
    texts, with open sizes, or with problems.
    """
    graph = inference.graph
    kinds = {node.id: kind for node in graph if (kind := _kind(graph, inference, node)) is not None}
    seconds: dict[Kind, float | None] = {}
    wanted = dict.fromkeys(kinds.values())
    names = {kind: graph[key].name for key, kind in reversed(kinds.items())}
    for done, kind in enumerate(wanted):
        yield Progress(names[kind], done, len(wanted))
        seconds[kind] = _seconds(*kind, batch_size)
    found = {key: seconds[kind] for key, kind in kinds.items()}
    yield Result({key: value for key, value in found.items() if value is not None})


def _kind(graph: Graph, inference: Inference, node: Node) -> Kind | None:
    layer, facts = node.layer, inference[node.id]
    known = facts.shapes and all(size is not None for shape in (*facts.inputs, *facts.shapes) for size in shape)
    if isinstance(layer, Input | Output) or not known or layer.trouble is not None or layer.host_op() is not None:
        return None
    givers = [graph[edge.source].layer for edge in graph.incoming(node.id)]
    types = tuple(giver.dtype if isinstance(giver, Input) else "float32" for giver in givers)
    return None if "string" in types else (layer, facts.inputs, types)


def _seconds(layer: Layer, inputs: tuple[Shape, ...], types: Iterable[str], batch_size: int) -> float | None:
    weights = {w.name: jnp.full(w.shape, 0.01, w.dtype) for w in layer.weights(*inputs)}
    arrays = [
        jnp.ones((batch_size, *(size or 1 for size in shape)), "float32" if layer.casts else kind)
        for shape, kind in zip(inputs, types, strict=True)
    ]

    def run(own: Any, given: Any) -> Any:
        return layer.apply(own, *given, ctx=Context(masks=(None,) * len(given)))

    try:
        compiled = jax.jit(run).lower(weights, arrays).compile()
        jax.block_until_ready(compiled(weights, arrays))
    except (LayerloomError, TypeError, ValueError):
        return None
    return statistics.median(_runs(compiled, weights, arrays))


def _runs(compiled: Any, weights: Any, arrays: Any) -> list[float]:
    found: list[float] = []
    end = time.perf_counter() + _SECONDS
    while not found or (time.perf_counter() < end and len(found) < _RUNS):
        start = time.perf_counter()
        jax.block_until_ready(compiled(weights, arrays))
        found.append(time.perf_counter() - start)
    return found
