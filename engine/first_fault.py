"""Which node is the first to give what is not a number: where a step goes wrong, forwards and then backwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from engine.errors import TrainingError
from engine.graph import Node
from engine.layers.core import Activation
from engine.model import Model, Variables, compile_graph
from engine.steps import Arrays, figures

_LARGE = 1e6
"""Weights beyond this are told: it is they that make a layer overflow."""

Batch = tuple[Arrays, Arrays, Arrays]
State = Literal["finite", "infinity", "NaN"]


class Misstep(NamedTuple):
    """Where a step went wrong: the node, and a sentence that names it."""

    node: str
    text: str


class _Step(NamedTuple):
    """What a step computes, by node: how finite it is."""

    outputs: Mapping[str, State]
    gradients: Mapping[str, State]
    """By what each node gives."""
    weights: Mapping[str, State]
    weight_gradients: Mapping[str, State]
    losses: Mapping[str, State]
    """Of each Output, without what layers and weights add."""


def first_fault(model: Model, variables: Variables, batch: Batch, key: jax.Array) -> Misstep | None:
    """The first node that gives no finite numbers in a step of training, with the weights from before it.

    Forwards, that is the first in order whose output is not finite, then the Output whose loss is not. Where all
    that is finite, backwards: the layer that makes of a finite gradient one that is not. None where there is none.
    """
    step = _taken(model, variables, batch, key)
    found = _forwards(model, variables, step)
    if found is None and (node := _last_unsound(model, step)) is not None:
        return _backwards(model, node, step, lambda branched: _taken(branched, variables, batch, key))
    return found


def not_finite(fault: Misstep | None, step: int, epoch: int, *, lost: bool) -> TrainingError:
    """Why a run ends at a step: its loss is `lost`, or else its weights would be."""
    if lost:
        node, where = fault or Misstep("", "What is added to the losses of the Outputs is too large.")
        return TrainingError(
            f"The loss is no longer a finite number at step {step:,} (epoch {epoch}). {where} A smaller learning "
            "rate often mends this, or a Normalization or Rescaling layer that brings the data near 1.",
            node or None,
        )
    node, where = fault or Misstep("", "The step is so large that weights overflow.")
    return TrainingError(
        f"The weights are no longer finite numbers at step {step:,} (epoch {epoch}). {where} A smaller learning "
        "rate often mends this, or gradients that are clipped (clipnorm of the optimizer).",
        node or None,
    )


def _forwards(model: Model, variables: Variables, step: _Step) -> Misstep | None:
    for node in model.compiled:
        owner, value = model.graph.owner(node.id), step.outputs[node.id]
        if step.weights.get(owner.id, "finite") != "finite":
            return Misstep(node.id, f"The weights of {_named(owner)} are the first that are no longer finite.")
        if value != "finite":
            text = f"{_named(node)} is the first to give {value}."
            return _overflow(node, text, variables.params.get(owner.id, {}))
    for node, _, loss in model.trained_outputs:
        value = step.losses[node.name]
        if value != "finite":
            text = f"All layers give finite numbers, but the {loss} of {_named(node)} is {value}."
            return _overflow(node, text, *variables.params.values())
    return None


def _overflow(node: Node, text: str, *weights: Mapping[str, jax.Array]) -> Misstep:
    """A fault, with the size of the weights where that is why."""
    largest = max(
        (float(jnp.abs(value).max()) for own in weights for value in own.values() if value.size), default=0
    )
    if largest > _LARGE:
        return Misstep(node.id, f"{text} There are weights as large as {largest:.1e}.")
    return Misstep(node.id, text)


def _last_unsound(model: Model, step: _Step) -> Node | None:
    """The node that gets a gradient that is not finite, or makes one for its weights: gradients go backwards."""
    for node in reversed(model.compiled):
        owner = model.graph.owner(node.id).id
        if {step.gradients.get(node.id, "finite"), step.weight_gradients.get(owner, "finite")} != {"finite"}:
            return node
    return None


def _backwards(model: Model, node: Node, step: _Step, taken: Callable[[Model], _Step]) -> Misstep:
    """Who made a gradient that is not finite: the taker of what the node gives, or the node for its weights."""
    value = step.gradients.get(node.id, "finite")
    if value == "finite":
        value = step.weight_gradients[model.graph.owner(node.id).id]
        return Misstep(node.id, f"The gradient of the weights of {_named(node)} is the first to be {value}.")
    maker = _taker(model, node, taken)
    return Misstep(maker.id, f"The gradient of {_named(maker)} is the first to be {value}.")


def _taker(model: Model, node: Node, taken: Callable[[Model], _Step]) -> Node:
    """The node that gives back such a gradient; where there are several, each is given a way of its own."""
    graph = model.graph
    edges = [edge for edge in graph.outgoing(node.id) if graph[edge.target] in model.compiled]
    if len(edges) < 2:
        return graph[edges[0].target] if edges else node
    ways: dict[str, str] = {}
    branched = graph
    for edge in edges:
        way = branched.new_node(Activation())
        branched, ways[way.id] = branched.insert(way, edge), edge.target
    gradients = taken(compile_graph(branched, precision=model.precision)).gradients
    found = (target for way, target in ways.items() if gradients[way] != "finite")
    return graph[next(found, edges[-1].target)]


def _named(node: Node) -> str:
    return f"{node.layer.shown_class} {node.name!r}"


def _taken(model: Model, variables: Variables, batch: Batch, key: jax.Array) -> _Step:
    inputs, targets, weights = batch
    params, state = variables

    def trace(params: Any, shifts: Any) -> Any:
        return model.trace(Variables(params, state), inputs, training=True, key=key, shifts=shifts)

    shapes = jax.eval_shape(lambda: {name: some[0] for name, some in trace(params, {})[0].values.items()})
    real = {name: some for name, some in shapes.items() if jnp.issubdtype(some.dtype, jnp.floating)}
    zeros = {name: jnp.zeros(some.shape, some.dtype) for name, some in real.items()}

    def loss(params: Any, shifts: Any) -> Any:
        found, outcome = trace(params, shifts)
        made = figures(model, outcome, targets, weights)
        losses = [made.get(f"{node.name}_loss", made["loss"]) for node, *_ in model.trained_outputs]
        return made["loss"].value, ({name: found.values[name][0] for name in real}, [one.value for one in losses])

    def look(params: Any, shifts: Any) -> Any:
        found = jax.grad(loss, (0, 1), has_aux=True)(params, shifts)
        return jax.tree.map(_code, (*found, params))

    (by_weights, by_outputs), (outputs, losses), own = jax.jit(look)(params, zeros)
    names = [node.name for node, *_ in model.trained_outputs]
    return _Step(
        {**dict.fromkeys(shapes, "finite"), **_states(outputs)},
        _states(by_outputs),
        _states(own),
        _states(by_weights),
        _states(dict(zip(names, losses, strict=True))),
    )


def _code(values: jax.Array) -> jax.Array:
    """0 where all is finite, 1 where there is an infinity, 2 where there is what is not a number."""
    return jnp.where(jnp.isnan(values).any(), 2, jnp.where(jnp.isinf(values).any(), 1, 0))


def _states(codes: Mapping[str, Any]) -> dict[str, State]:
    """The worst of each."""
    states: tuple[State, ...] = ("finite", "infinity", "NaN")
    return {name: states[max(map(int, jax.tree.leaves(found)), default=0)] for name, found in codes.items()}
