"""What layers take from the training data before the first step: settings (vocabularies), and weights (means)."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from engine.data.holding import HELD
from engine.data.samples import Samples
from engine.events import Progress
from engine.execution import run
from engine.graph import Graph, Node
from engine.model import Model, Variables

_PIECE = 1024
"""Samples that are looked at together."""


def learned(model: Model, samples: Samples) -> Graph:
    """The graph in which layers that take settings from the training data have done so; itself if none does.

    Where there is more data than memory is to hold, they see samples evenly spread over it.
    """
    graph = model.graph
    some = samples
    if samples.nbytes > HELD:
        count = max(1, samples.size * HELD // samples.nbytes)
        some = samples.take(np.linspace(0, samples.size - 1, count).astype(int))
    for node_id in (node.id for node in model.order):
        layer = graph[node_id].layer
        if layer.learns:
            (edge,) = graph.incoming(node_id)
            before = graph.ancestors([edge.source])
            order = [graph[key] for key in graph.order if key in before]
            reached = [
                np.asarray(run(graph, order, {}, piece.inputs).value(edge)) for piece in some.pieces(_PIECE)
            ]
            graph = graph.set_layer(node_id, layer.learn(np.concatenate(reached)))
    return graph


def known_figures(variables: Variables, fresh: Variables) -> set[str]:
    """The nodes whose own state is no longer that of new weights."""
    return {
        owner
        for owner, own in variables.state.items()
        if any(not np.array_equal(value, fresh.state[owner][name]) for name, value in own.items())
    }


def adapted(
    model: Model, variables: Variables, samples: Samples, known: Collection[str] = ()
) -> Generator[Progress, None, Variables]:
    """Variables in which the layers that take figures from the training data (Normalization) have done so.

    Where several nodes share such weights, the first that an output needs decides. The nodes `known` keep theirs.
    """
    done = set(known)
    for node in model.order:
        owner = model.graph.owner(node.id).id
        if not node.layer.adapts or owner in done:
            continue
        done.add(owner)
        figures: dict[str, np.ndarray[Any, Any]] = {}
        seen = 0
        for reached in _reaching(model, variables, samples, node):
            figures = node.layer.adapt(reached, figures, seen)
            seen += len(reached)
            if seen < samples.size:
                yield Progress("Preparing", seen, samples.size)
        own = variables.state[owner]
        found = {name: jnp.asarray(value, own[name].dtype) for name, value in figures.items()}
        variables = Variables(variables.params, {**variables.state, owner: {**own, **found}})
    return variables


def first_variables(
    model: Model, seed: int, given: Variables | None, samples: Samples
) -> Generator[Progress, None, Variables]:
    """The variables that training begins with: those that are given, or new ones, with figures from the data.

    Figures that the given ones hold already are kept.
    """
    fresh = model.init(seed)
    if given is None:
        return (yield from adapted(model, fresh, samples))
    return (yield from adapted(model, given, samples, known_figures(given, fresh)))


def _reaching(model: Model, variables: Variables, samples: Samples, node: Node) -> Iterator[np.ndarray[Any, Any]]:
    """What reaches a node of all samples, piece by piece."""
    source = model.graph.incoming(node.id)[0].source
    giver = model.graph[source]
    values = jax.jit(lambda v, x: model.values(v, x)[source])
    for piece in samples.pieces(_PIECE):
        if giver.name in piece.inputs and giver in model.inputs:
            yield piece.inputs[giver.name]
        else:
            yield np.asarray(values(variables, model.prepare(piece.inputs)))
