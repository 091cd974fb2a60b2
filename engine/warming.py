"""What makes the first run of a program begin sooner."""

from __future__ import annotations

from collections.abc import Generator

import jax
import numpy as np

from engine.events import Event, Progress
from engine.graph import Graph
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.pooling import MaxPooling2D
from engine.layers.reshaping import Flatten
from engine.model import compile_graph
from engine.optimizers import Adam
from engine.steps import StepFunctions, outline_of

_SIDE, _BATCH = 4, 2


def warm_up() -> Generator[Event]:
    """Compile a small network: what JAX brings to the first one that it compiles, half a second, is then there."""
    yield Progress("Warming up")
    graph = Graph()
    layers = Input(shape=(_SIDE, _SIDE, 1)), Conv2D(filters=2), MaxPooling2D(), Flatten(), Dense(units=2), Output()
    before = None
    for layer in layers:
        node = graph.new_node(layer)
        graph = graph.add(node)
        graph = graph if before is None else graph.connect(before.id, node.id)
        before = node
    model = compile_graph(graph)
    functions = StepFunctions(model, Adam())
    inputs = {model.inputs[0].name: np.zeros((_BATCH, _SIDE, _SIDE, 1), np.float32)}
    targets = {model.outputs[0].name: np.zeros(_BATCH, np.int32)}
    learner, batches = functions.new_learner(model.init(0)), np.zeros((1, _BATCH), np.int32)
    yield Progress("Warming up")
    jax.random.fold_in(jax.random.key(0), 0)
    functions.compile_steps(outline_of(learner), (inputs, targets, {}), batches)
