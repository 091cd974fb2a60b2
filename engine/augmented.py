"""What samples become in training before anything is learned from them: the first part of a network, by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from engine.adaptation import adapted
from engine.data.prepare import fit_input, matched
from engine.data.samples import Samples
from engine.data.source import finished
from engine.flattening import flattened
from engine.graph import Graph, Node
from engine.inference import Inference, infer
from engine.layer import parts_of
from engine.layers.augmentation import RandomPictures
from engine.layers.core import Input, Output
from engine.model import Model, compile_graph

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Augmentation:
    """An Input and the layers behind it, up to the last that changes pictures at random in training."""

    model: Model
    input: str
    """The name of the Input."""
    output: str
    names: tuple[str, ...]
    """Of the layers that change pictures, in their order."""

    def look(self, arrays: Mapping[str, Array], number: int = 0) -> tuple[Array, Array]:
        """The samples of `arrays` as these layers give them at inference, and in training, drawn anew by `number`.

        Raises `DataError` where the arrays do not fit.
        """
        wanted = matched(self.model.graph, self.model.inputs, arrays, arrays)
        fitting = {node.name: fit_input(node, arrays[wanted[node.name]]) for node in self.model.inputs}
        variables = finished(adapted(self.model, self.model.init(0), Samples(fitting, {})))
        before, after = self._look(variables, self.model.prepare(fitting), jax.random.key(number))
        return np.asarray(before), np.asarray(after)

    @cached_property
    def _look(self) -> Any:
        def both(variables: Any, inputs: Any, key: Any) -> tuple[jax.Array, jax.Array]:
            before = self.model.apply(variables, inputs).outputs[self.output]
            return before, self.model.apply(variables, inputs, training=True, key=key).outputs[self.output]

        return jax.jit(both)


def augmentations(graph: Graph) -> tuple[Augmentation, ...]:
    """For each Input that such layers follow before anything is learned: what they make of its samples."""
    if not any(map(_random, graph)):
        return ()
    graph = flattened(graph).graph
    known = infer(graph)
    found = (_of_input(graph, known, node) for node in graph.of_type(Input))
    return tuple(part for part in found if part is not None)


def _random(node: Node) -> bool:
    return any(isinstance(part, RandomPictures) for part in (node.layer, *parts_of(node.layer)))


def _of_input(graph: Graph, known: Inference, start: Node) -> Augmentation | None:
    reached = graph.descendants([start.id])
    random = [graph[key] for key in graph.order if key in reached and _random(graph[key])]
    before = {node.id: graph.ancestors([node.id]) for node in random}
    fixed = [node for node in random if not any(_trained(known, key) for key in before[node.id])]
    if not fixed:
        return None
    last = fixed[-1]
    part = graph.part(before[last.id], close_gaps=False)
    end = part.new_node(Output(loss=None, metrics=()))
    part = part.add(end).connect(last.id, end.id)
    names = tuple(node.name for node in fixed if node.id in before[last.id])
    return Augmentation(compile_graph(part), start.name, end.name, names)


def _trained(known: Inference, key: str) -> bool:
    return any(weight.trainable for weight in known[key].weights) or known[key].shape is None
