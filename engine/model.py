"""From a graph to functions: `compile_graph(graph)` gives a `Model` with a pure `init` / `apply` pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from engine import named
from engine.errors import DataError, NotReadyError
from engine.execution import Pass, on_host, run
from engine.graph import Graph, Node
from engine.inference import Inference, infer
from engine.layers.core import Input, Output
from engine.op import Context
from engine.ops.constraints import CONSTRAINTS
from engine.ops.regularizers import REGULARIZERS
from engine.precision import Precision, in_type
from engine.weights import Weight, drawn

Arrays = dict[str, dict[str, jax.Array]]
"""Weights by the identifier of the node that owns them, then by their own name."""


class Variables(NamedTuple):
    """All weights of a model: `params` are trained, `state` is kept by the layers themselves."""

    params: Arrays
    state: Arrays


class Outcome(NamedTuple):
    """What one pass gives.

    By the name of each Output: its prediction; what went into the activation that made it (None if unknown) and
    that activation's name; and its mask. Besides, the new state, and what layers and weights add to the loss.
    """

    outputs: dict[str, jax.Array]
    logits: dict[str, tuple[jax.Array | None, str]]
    masks: dict[str, jax.Array | None]
    state: Arrays
    penalty: jax.Array


@dataclass(frozen=True)
class Model:
    """A graph as functions. Only what its outputs need is computed."""

    graph: Graph
    inference: Inference
    order: tuple[Node, ...]
    """The nodes that outputs need, each after those it depends on."""
    precision: Precision = "float32"
    """In which type layers compute; what comes out is float32."""

    @cached_property
    def inputs(self) -> tuple[Node, ...]:
        return tuple(node for node in self.order if isinstance(node.layer, Input))

    @cached_property
    def entries(self) -> tuple[Node, ...]:
        """The nodes with a `host_op`: the compiled part begins with what those give."""
        return tuple(node for node in self.order if node.layer.host_op() is not None)

    @cached_property
    def host(self) -> tuple[Node, ...]:
        """The nodes that must be computed before the compiled part: all that come before one with a `host_op`."""
        edges = (edge for node in self.entries for edge in self.graph.incoming(node.id))
        needed = self.graph.ancestors(edge.source for edge in edges)
        return tuple(node for node in self.order if node.id in needed)

    @cached_property
    def compiled(self) -> tuple[Node, ...]:
        """The nodes of the compiled part: those that outputs need, up to Inputs and `entries`."""
        needed: set[str] = set()
        waiting = [node.id for node in self.outputs]
        while waiting:
            node = self.graph[waiting.pop()]
            if node.id not in needed:
                needed.add(node.id)
                if node not in self.entries:
                    waiting += [edge.source for edge in self.graph.incoming(node.id)]
        return tuple(node for node in self.order if node.id in needed)

    def prepare(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What the compiled part takes, by node, for arrays by the name of each Input; raises `DataError`.

        Texts are made numbers in this. Without layers that work on the host these are the inputs themselves.
        """
        for node in self.order:
            if node.layer.learns:
                raise DataError(f"{node.name} has learned nothing from the data yet: train the network first.")
        if not self.entries:
            return dict(inputs)
        found = run(self.graph, self.host, {}, inputs)
        result = {node.name: inputs[node.name] for node in self.compiled if isinstance(node.layer, Input)}
        for node in self.entries:
            if node in self.compiled:
                result |= {node.name: on_host(node, [found.value(e) for e in self.graph.incoming(node.id)])[0]}
        return result

    @cached_property
    def outputs(self) -> tuple[Node, ...]:
        return self.graph.of_type(Output)

    @cached_property
    def trained_outputs(self) -> tuple[tuple[Node, Output, str], ...]:
        """The Output nodes that have a loss, with their settings and its name: those that need targets."""
        found = [(node, node.layer) for node in self.outputs]
        return tuple((n, o, o.loss) for n, o in found if isinstance(o, Output) and o.loss is not None)

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
            weights = self.inference[node.id].weights
            values = drawn(weights, seed, number)
            for weight in weights:
                part = variables.params if weight.trainable else variables.state
                part.setdefault(node.id, {})[weight.name] = jax.device_put(values[weight.name])
            number += len(weights)
        return variables

    def apply(
        self,
        variables: Variables,
        inputs: Mapping[str, jax.Array],
        *,
        training: bool = False,
        key: jax.Array | None = None,
    ) -> Outcome:
        """One pass over a batch. `inputs` is what `prepare` gives: an array (batch, *shape) for each Input.

        `key` is needed where `training` holds and a layer draws random numbers.
        """
        return self.trace(variables, inputs, training=training, key=key)[1]

    def trace(
        self,
        variables: Variables,
        inputs: Mapping[str, jax.Array],
        *,
        training: bool = False,
        key: jax.Array | None = None,
        shifts: Mapping[str, jax.Array] | None = None,
    ) -> tuple[Pass, Outcome]:
        """As `apply`, with what every node gives on the way; `shifts` as `execution.run` takes them."""
        found = self._pass(variables, inputs, training, key, shifts)
        outputs: dict[str, jax.Array] = {}
        logits: dict[str, tuple[jax.Array | None, str]] = {}
        masks: dict[str, jax.Array | None] = {}
        for node in self.outputs:
            (edge,) = self.graph.incoming(node.id)
            outputs[node.name], masks[node.name] = self._given(found.value(edge)), found.mask(edge)
            ctx = found.contexts.get(edge.source, Context())
            known = edge.output == 0
            logits[node.name] = (self._given(ctx.logits), ctx.activation) if known else (None, "linear")
        state = {owner: {**own, **found.updates.get(owner, {})} for owner, own in variables.state.items()}
        penalty = sum(found.losses, jnp.zeros(())) + self.penalty(variables.params)
        return found, Outcome(outputs, logits, masks, state, penalty)

    def _given(self, value: Any) -> Any:
        """What comes out, for those who compute with it."""
        return value if self.precision == "float32" else in_type(value, jnp.float32)

    def values(self, variables: Variables, inputs: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        """What every node gives (first) for a batch at inference, by identifier."""
        values = self._pass(variables, inputs, False, None).values
        return {key: self._given(own[0]) for key, own in values.items()}

    def _pass(
        self,
        variables: Variables,
        inputs: Mapping[str, jax.Array],
        training: bool,
        key: jax.Array | None,
        shifts: Mapping[str, jax.Array] | None = None,
    ) -> Pass:
        params, state = variables
        weights = {owner: {**params.get(owner, {}), **state.get(owner, {})} for owner in params.keys() | state}
        return run(
            self.graph, self.compiled, weights, inputs,
            training=training, key=key, shifts=shifts, precision=self.precision,
        )  # fmt: skip

    def _trained(self) -> Iterator[tuple[str, Weight]]:
        for node in self.owners:
            for weight in self.inference[node.id].weights:
                if weight.trainable:
                    yield node.id, weight

    def penalty(self, params: Arrays) -> jax.Array:
        """What the regularizers of all trained weights add to the loss."""
        total = jnp.zeros(())
        for owner, weight in self._trained():
            if weight.regularizer is not None:
                total += named.function_of(weight.regularizer, REGULARIZERS)(params[owner][weight.name])
        return total

    def constrain(self, params: Arrays) -> Arrays:
        """Trained weights, brought back to what their constraints allow."""
        result = {owner: dict(own) for owner, own in params.items()}
        for owner, weight in self._trained():
            if weight.constraint is not None:
                function = named.function_of(weight.constraint, CONSTRAINTS)
                result[owner][weight.name] = function(result[owner][weight.name])
        return result

    def predict(self, variables: Variables, inputs: Mapping[str, Any]) -> dict[str, jax.Array]:
        """Outputs by name at inference, for arrays by the name of each Input; compiled for each shape.

        They come in the order of `outputs`, which a compiled function does not keep: JAX sorts by name.
        """
        found = self._predict(variables, self.prepare(inputs))
        return {node.name: found[node.name] for node in self.outputs}

    @cached_property
    def _predict(self) -> Any:
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
                value = jax.device_put(np.asarray(weights[node.id][weight.name], weight.dtype))
                assert value.shape == weight.shape, (node.name, weight.name, value.shape, weight.shape)
                part = variables.params if weight.trainable else variables.state
                part.setdefault(node.id, {})[weight.name] = value
        return variables


def compile_graph(graph: Graph, known: Inference | None = None, precision: Precision = "float32") -> Model:
    """The functions of a graph, its facts if known; raises `NotReadyError` where a problem bars its outputs."""
    inference = infer(graph) if known is None else known
    needed = graph.ancestors(node.id for node in graph.of_type(Output))
    errors = [p for p in inference.errors if p.node is None or p.node in needed]
    if errors:
        raise NotReadyError(errors)
    return Model(graph, inference, tuple(graph[key] for key in graph.order if key in needed), precision)
