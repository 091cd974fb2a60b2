"""From a graph to functions: `compile_graph(graph)` gives a `Model` with a pure `init` / `apply` pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from engine.errors import NotReadyError
from engine.graph import Graph, Node
from engine.inference import Inference, infer
from engine.layer import Context
from engine.layers.core import Input, Output
from engine.ops.initializers import initialize

Arrays = dict[str, dict[str, jax.Array]]
"""Weights by the identifier of the node that owns them, then by their own name."""


class Variables(NamedTuple):
    """All weights of a model: `params` are trained, `state` is kept by the layers themselves."""

    params: Arrays
    state: Arrays


class Outcome(NamedTuple):
    """What one pass gives: by the name of each Output, its prediction, what went into the activation that made
    it (None if unknown) and that activation's name; and the new state."""

    outputs: dict[str, jax.Array]
    logits: dict[str, tuple[jax.Array | None, str]]
    state: Arrays


@dataclass(frozen=True)
class Model:
    """A graph as functions. Only what its outputs need is computed."""

    graph: Graph
    inference: Inference
    order: tuple[Node, ...]
    """The nodes that outputs need, each after those it depends on."""

    @cached_property
    def inputs(self) -> tuple[Node, ...]:
        return tuple(node for node in self.order if isinstance(node.layer, Input))

    @cached_property
    def outputs(self) -> tuple[Node, ...]:
        return self.graph.of_type(Output)

    @cached_property
    def owners(self) -> tuple[Node, ...]:
        """The nodes that own weights, in order."""
        needed = {self.graph.owner(node.id).id: None for node in self.order}
        return tuple(self.graph[key] for key in needed if self.inference[key].weights)

    def init(self, seed: int) -> Variables:
        """New weights from a seed, the same ones every time.

        Weight number i, counted through the layers in order, is drawn with `numpy.random.default_rng((seed, i))`.
        """
        variables = Variables({}, {})
        number = 0
        for node in self.owners:
            for weight in self.inference[node.id].weights:
                value = jnp.asarray(initialize(weight.initializer, seed, number, weight.shape, weight.dtype))
                part = variables.params if weight.trainable else variables.state
                part.setdefault(node.id, {})[weight.name] = value
                number += 1
        return variables

    def apply(
        self,
        variables: Variables,
        inputs: Mapping[str, jax.Array],
        *,
        training: bool = False,
        key: jax.Array | None = None,
    ) -> Outcome:
        """One pass over a batch. `inputs` holds an array (batch, *shape) for the name of each Input.

        `key` is needed where `training` holds and a layer draws random numbers.
        """
        values, contexts, state = self._pass(variables, inputs, training, key)
        outputs: dict[str, jax.Array] = {}
        logits: dict[str, tuple[jax.Array | None, str]] = {}
        for node in self.outputs:
            source = self.graph.incoming(node.id)[0].source
            outputs[node.name] = values[node.id]
            ctx = contexts.get(source, Context())
            logits[node.name] = (ctx.logits, ctx.activation)
        return Outcome(outputs, logits, state)

    def values(self, variables: Variables, inputs: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        """What every node gives for a batch at inference, by identifier."""
        return self._pass(variables, inputs, False, None)[0]

    def _pass(
        self, variables: Variables, inputs: Mapping[str, jax.Array], training: bool, key: jax.Array | None
    ) -> tuple[dict[str, jax.Array], dict[str, Context], Arrays]:
        params, state = variables
        values: dict[str, jax.Array] = {}
        contexts: dict[str, Context] = {}
        new_state = dict(state)
        for index, node in enumerate(self.order):
            if isinstance(node.layer, Input):
                values[node.id] = jnp.asarray(inputs[node.name], node.layer.dtype)
                continue
            owner = self.graph.owner(node.id).id
            layer_key = None if key is None else jax.random.fold_in(key, index)
            ctx = contexts[node.id] = Context(training=training, key=layer_key)
            weights = {**params.get(owner, {}), **new_state.get(owner, {})}
            sources = [edge.source for edge in self.graph.incoming(node.id)]
            values[node.id] = node.layer.apply(weights, *(_number(values[source]) for source in sources), ctx=ctx)
            if ctx.updates:
                new_state[owner] = {**new_state[owner], **ctx.updates}
        return values, contexts, new_state

    @cached_property
    def predict(self) -> Any:
        """`apply` at inference, jitted: (variables, inputs) -> outputs by name."""
        return jax.jit(lambda variables, inputs: self.apply(variables, inputs).outputs)

    def to_host(self, variables: Variables) -> dict[str, dict[str, np.ndarray[Any, Any]]]:
        """All weights as NumPy arrays, in Keras's order, by owner and name; copies."""
        return {
            node.id: {
                weight.name: np.array(
                    (variables.params if weight.trainable else variables.state)[node.id][weight.name]
                )
                for weight in self.inference[node.id].weights
            }
            for node in self.owners
        }

    def from_host(self, weights: Mapping[str, Mapping[str, np.ndarray[Any, Any]]]) -> Variables:
        """The inverse of `to_host`; the arrays must have the shapes that the graph says."""
        variables = Variables({}, {})
        for node in self.owners:
            for weight in self.inference[node.id].weights:
                value = jnp.asarray(weights[node.id][weight.name], weight.dtype)
                assert value.shape == weight.shape, (node.name, weight.name, value.shape, weight.shape)
                part = variables.params if weight.trainable else variables.state
                part.setdefault(node.id, {})[weight.name] = value
        return variables


def _number(x: jax.Array) -> jax.Array:
    """Whole numbers as the floating-point numbers that layers compute with."""
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.float32)


def compile_graph(graph: Graph) -> Model:
    """The functions of a graph; raises `NotReadyError` where a problem stands in the way of its outputs."""
    inference = infer(graph)
    needed = graph.ancestors(node.id for node in graph.of_type(Output))
    errors = [p for p in inference.errors if p.node is None or p.node in needed]
    if errors:
        raise NotReadyError(errors)
    return Model(graph, inference, tuple(graph[key] for key in graph.order if key in needed))
