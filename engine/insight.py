"""What goes on inside a network: what each node gives for a sample, and how large weights and gradients are."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from engine.data.prepare import prepared
from engine.data.samples import Batch, Meaning
from engine.errors import DataError
from engine.events import Event, HostWeights, Progress, Result
from engine.graph import Graph, Node
from engine.layers.core import Input
from engine.model import Variables, compile_graph
from engine.project import Project
from engine.steps import figures

Array = np.ndarray[Any, Any]

CHOICE = 256
"""Samples to choose from."""

TOGETHER = 64
"""Samples by which units are judged, and of which the gradient is."""

_MAPS, _SIDE, _ROW = 64, 64, 4096
"""Feature maps of a node at most, pixels of their sides, and numbers of a row: more are left out evenly."""

_NUMBERS = 2**24
"""Numbers of all nodes together at most."""


class Spread(NamedTuple):
    """The numbers that a node gives for a sample, in short."""

    mean: float
    std: float
    zeros: float
    """Share of them that are 0."""
    size: float
    """Root of the mean of their squares, over all samples that are judged by."""
    dead: float
    """Share of units (the last axis) that give 0 for every sample that is judged by."""


class Norms(NamedTuple):
    """The length of all trained weights of a node, and of their gradient."""

    weights: float
    gradient: float


@dataclass(frozen=True)
class Activation:
    """What a node gives for the sample: pictures (maps, height, width), or a row of numbers."""

    values: Array
    spread: Spread
    colours: bool = False
    """Whether the three maps are red, green and blue."""
    left_out: int = 0
    """Maps that there are besides."""

    @property
    def pictured(self) -> bool:
        return self.values.ndim == 3


@dataclass(frozen=True)
class Insight:
    """A look into a network: by node what it gives, by owner of weights their norms."""

    graph: Graph
    sample: int
    activations: Mapping[str, Activation]
    norms: Mapping[str, Norms]
    samples: int
    """How many units are judged by."""


@dataclass(frozen=True)
class Material:
    """Samples to look at a network with; from the validation data where there is any."""

    batch: Batch
    meaning: Meaning

    @property
    def size(self) -> int:
        return len(next(iter(self.batch.inputs.values())))


def gather(project: Project) -> Generator[Event]:
    """The samples of a project to look at it with; ends in a `Result` with `Material`. Raises `DataError`."""
    if project.data.source.endless:
        raise DataError("A generator has no samples that could be looked at again.")
    data = yield from prepared(compile_graph(project.graph), project.data)
    with closing(data):
        samples = data.validation or data.training
        yield Result(Material(samples.read(np.arange(min(samples.size, CHOICE))), data.meaning))


class Looker:
    """Looks into one graph with the same samples again and again; compiled at the first look."""

    def __init__(self, graph: Graph, material: Material) -> None:
        self.model = compile_graph(graph)
        self._batch = material.batch
        self._together = min(TOGETHER, material.size)
        self._key = jax.random.key(0)  # no constant: XLA would fold all that is drawn from it
        self._look = jax.jit(self._looked)

    def look(self, weights: HostWeights, number: int) -> Generator[Event]:
        """What weights make of a sample; ends in a `Result` with an `Insight`."""
        yield Progress("Compiling")
        numbers = np.concatenate([[number], np.arange(self._together)])
        inputs, *others = (
            {name: array[numbers] for name, array in part.items()}
            for part in (self._batch.inputs, self._batch.targets, self._batch.weights)
        )
        variables = self.model.from_host(weights)
        values, spreads, norms = self._look(variables, self._key, self.model.prepare(inputs), *others)
        activations = {
            key: self._activation(self.model.graph[key], np.asarray(array), spreads[key])
            for key, array in values.items()
        }
        found = {key: Norms(*(float(value) for value in pair)) for key, pair in norms.items()}
        yield Result(Insight(self.model.graph, number, activations, found, self._together))

    def _activation(self, node: Node, values: Array, spread: Any) -> Activation:
        size = (self.model.inference[node.id].shape or (0,))[-1] or 0
        colours = isinstance(node.layer, Input) and values.ndim == 3 and len(values) == 3
        left_out = max(0, size - len(values)) if values.ndim == 3 and len(values) > 1 else 0
        return Activation(values, Spread(*(float(value) for value in spread)), colours, left_out)

    def _looked(self, variables: Variables, key: Any, inputs: Any, targets: Any, weights: Any) -> Any:
        found, _ = self.model.trace(variables, inputs)
        given = {key: values[0] for key, values in found.values.items()}
        real = {key: value for key, value in given.items() if _is_real(value)}
        room = max(1024, _NUMBERS // max(1, len(real)))
        thin = {key: thinned(value[0].astype(jnp.float32), room) for key, value in real.items()}
        return (
            thin,
            {key: _spread(value) for key, value in real.items()},
            self._norms(variables, key, inputs, targets, weights),
        )

    def _norms(self, variables: Variables, key: Any, inputs: Any, targets: Any, weights: Any) -> dict[str, Any]:
        """As in a step of training, with the same random numbers each time."""
        params, state = variables

        def loss(params: Any) -> jax.Array:
            outcome = self.model.apply(Variables(params, state), inputs, training=True, key=key)
            return figures(self.model, outcome, targets, weights)["loss"].value

        gradients = jax.grad(loss)(params)
        return {key: (_length(own), _length(gradients[key])) for key, own in params.items()}


def _is_real(value: Any) -> bool:
    return jnp.issubdtype(value.dtype, jnp.number) and value.size > 0 and value.ndim > 0


def _length(arrays: Mapping[str, jax.Array]) -> jax.Array:
    return jnp.sqrt(sum((jnp.square(array).sum() for array in arrays.values()), jnp.zeros(())))


def _spread(values: jax.Array) -> tuple[jax.Array, ...]:
    """Of the first of some samples, and of the others how large they are and which units give nothing."""
    values = values.astype(jnp.float32)
    one, others = values[0], values[1:]
    units = others.reshape(-1, others.shape[-1]) if others.ndim > 1 else others[:, None]
    dead = (units == 0).all(0).mean()
    return one.mean(), one.std(), (one == 0).mean(), jnp.sqrt(jnp.square(others).mean()), dead


def thinned(values: jax.Array, room: int) -> jax.Array:
    """What a node gives for a sample as pictures (maps, height, width) or a row; evenly thinned to a size.

    Of boxes the slice in the middle is shown.
    """
    if values.ndim == 4:
        values = values[values.shape[0] // 2]
    if values.ndim == 2 and min(values.shape) > 1:
        values = values[:, :, None]
    if values.ndim != 3 or min(values.shape[:2]) == 1:
        row = values.reshape(-1)
        return row[:: -(-row.size // min(room, _ROW))]
    side = min(_SIDE, max(8, math.isqrt(room // 8)))
    values = values[:: -(-values.shape[0] // side), :: -(-values.shape[1] // side)]
    maps = max(1, min(_MAPS, room // (values.shape[0] * values.shape[1])))
    return jnp.moveaxis(values[:, :, :maps], 2, 0)
