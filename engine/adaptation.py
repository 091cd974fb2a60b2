"""What layers take from the training data before the first step: settings (vocabularies), and weights (means)."""

from __future__ import annotations

from collections.abc import Collection

import jax
import numpy as np

from engine.data.prepare import Samples
from engine.execution import run
from engine.graph import Graph
from engine.model import Model, Variables


def learned(model: Model, samples: Samples) -> Graph:
    """The graph in which layers that take settings from the training data have done so; itself if none does."""
    graph = model.graph
    for node_id in (node.id for node in model.order):
        layer = graph[node_id].layer
        if layer.learns:
            (edge,) = graph.incoming(node_id)
            before = graph.ancestors([edge.source])
            order = [graph[key] for key in graph.order if key in before]
            reached = run(graph, order, {}, samples.inputs).value(edge)
            graph = graph.set_layer(node_id, layer.learn(np.asarray(reached)))
    return graph


def known_figures(variables: Variables, fresh: Variables) -> set[str]:
    """The nodes whose own state is no longer that of new weights."""
    return {
        owner
        for owner, own in variables.state.items()
        if any(not np.array_equal(value, fresh.state[owner][name]) for name, value in own.items())
    }


def adapted(model: Model, variables: Variables, samples: Samples, known: Collection[str] = ()) -> Variables:
    """Variables in which the layers that take figures from the training data (Normalization) have done so.

    Where several nodes share such weights, the first that an output needs decides. The nodes `known` keep theirs.
    """
    done = set(known)
    for node in model.order:
        owner = model.graph.owner(node.id).id
        if not node.layer.adapts or owner in done:
            continue
        done.add(owner)
        source = model.graph.incoming(node.id)[0].source
        giver = model.graph[source]
        if giver.name in samples.inputs and giver in model.inputs:
            reached = samples.inputs[giver.name]
        else:
            values = jax.jit(lambda v, x, source=source: model.values(v, x)[source])
            parts = [
                np.asarray(
                    values(variables, {name: array[i : i + 1024] for name, array in samples.inputs.items()})
                )
                for i in range(0, samples.size, 1024)
            ]
            reached = np.concatenate(parts)
        found = jax.tree.map(jax.numpy.asarray, node.layer.adapt(reached))
        state = {**variables.state, owner: {**variables.state[owner], **found}}
        variables = Variables(variables.params, state)
    return variables
