"""Groups taken apart for an export: the same numbers, the same sharing, the same files' worth."""

from __future__ import annotations

import numpy as np
import pytest

from engine.flattening import flattened, has_groups
from engine.formats import models
from engine.graph import Graph
from engine.grouping import group
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.layers.nested import Functional
from engine.layers.normalization import BatchNormalization
from engine.layout import Layout
from engine.model import compile_graph
from engine.rewiring import with_linked_copy
from engine.templates import chain


def grouped(graph: Graph, *names: str) -> Graph:
    ids = [graph.by_name(name).id for name in names]
    places = {key: (0.0, 90.0 * row) for row, key in enumerate(graph.order)}
    return group(graph, infer(graph), ids, Layout(places))[0]


@pytest.fixture
def nested() -> Graph:
    """Dense layers and a normalization in a group, within a group."""
    layers = (Dense(units=6, activation="relu"), BatchNormalization(), Dense(units=5))
    graph, _ = chain(Input(shape=(4,)), *layers, Dense(units=3), Output())
    graph = grouped(graph, "dense", "batch_normalization")
    return grouped(graph, "model", "dense_1")


@pytest.fixture
def twice(nested: Graph) -> Graph:
    """The group called twice, and what comes of both calls added by a Dense each."""
    graph, last = chain(Input(shape=(4,)), Dense(units=4))
    graph = graph.add(node := graph.new_node(nested.of_type(Functional)[0].layer))
    graph = graph.connect(last, node.id)
    graph, ids = with_linked_copy(graph, [node.id])
    graph = graph.connect(last, ids[node.id])
    graph, _ = chain(Output(), graph=graph, after=node.id)
    graph, _ = chain(Output(), graph=graph, after=ids[node.id])
    return graph


def predictions(graph: Graph, weights, x):
    model = compile_graph(graph)
    return {name: np.asarray(y) for name, y in model.predict(model.from_host(weights), {"input": x}).items()}


def test_nothing_of_a_group_is_left(nested):
    flat = flattened(nested)
    assert has_groups(nested)
    assert not has_groups(flat.graph)
    assert len(flat.graph) == 6
    assert not infer(flat.graph).errors


@pytest.mark.parametrize("which", ["nested", "twice"])
def test_weights_come_along(which, request):
    graph = request.getfixturevalue(which)
    model = compile_graph(graph)
    weights = model.to_host(model.init(3))
    flat = flattened(graph)
    given = flat.weights(weights)
    known = infer(flat.graph)
    wanted = {n.id: {w.name: w.shape for w in known[n.id].weights} for n in flat.graph if n.shares is None}
    shapes = {key: {name: array.shape for name, array in own.items()} for key, own in given.items()}
    assert {key: own for key, own in wanted.items() if own} == {key: own for key, own in shapes.items() if own}


@pytest.mark.parametrize("which", ["nested", "twice"])
def test_predictions_are_the_same(which, request):
    graph = request.getfixturevalue(which)
    model = compile_graph(graph)
    weights = model.to_host(model.init(3))
    x = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)
    flat = flattened(graph)
    before, after = predictions(graph, weights, x), predictions(flat.graph, flat.weights(weights), x)
    assert before.keys() == after.keys()
    for name, values in before.items():
        np.testing.assert_array_equal(values, after[name])


def test_a_file_holds_no_model_within(nested, tmp_path):
    model = compile_graph(nested)
    weights = model.to_host(model.init(3))
    flat = flattened(nested)
    models.save(tmp_path / "flat.keras", flat.graph, flat.weights(weights))
    read = models.load(tmp_path / "flat.keras")
    assert not has_groups(read.graph)
    x = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)
    (before,), (after,) = (
        predictions(*net, x).values() for net in ((nested, weights), (read.graph, read.weights))
    )
    np.testing.assert_array_equal(before, after)


def test_groups_that_share_weights_go_on_sharing(twice):
    flat = flattened(twice).graph
    assert sum(node.shares is not None for node in flat) == 3
    assert infer(flat).parameters == infer(twice).parameters
