"""Groups: one card for several layers and back, with the same shapes, weights and numbers."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import CycleError, GraphError
from engine.graph import Graph
from engine.grouping import group, inside, reachable, ungroup, with_inside
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Add, Concatenate
from engine.layers.nested import Functional
from engine.layout import Layout
from engine.model import compile_graph
from engine.templates import chain, make


def grouped(graph: Graph, *names: str) -> tuple[Graph, str]:
    places = {key: (0.0, 90.0 * row) for row, key in enumerate(graph.nodes)}
    return group(graph, infer(graph), [graph.by_name(name).id for name in names], Layout(places))


BRANCH = ("conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1", "concatenate")


def test_a_group_has_the_shapes_and_parameters_of_what_is_in_it() -> None:
    graph = make("digits-two-branch").graph
    result, key = grouped(graph, *BRANCH)
    before, after = infer(graph), infer(result)
    assert not after.errors
    assert after.parameters == before.parameters
    assert after.shape(key) == before.shape(graph.by_name("concatenate").id)
    assert len(result) == len(graph) - len(BRANCH) + 1
    layer = result[key].layer
    assert isinstance(layer, Functional)
    assert set(layer.layout.positions) == set(layer.graph.nodes)


def test_a_group_taken_apart_is_the_graph_that_it_was_made_of() -> None:
    graph = make("digits-two-branch").graph
    again, ids = ungroup(*grouped(graph, *BRANCH))
    assert len(ids) == len(BRANCH)

    def plain(g: Graph) -> tuple[object, ...]:
        names = {node.name: node.layer for node in g}
        return names, {(g[e.source].name, g[e.target].name, e.port, e.output) for e in g.edges}

    assert plain(again) == plain(graph)


def test_a_group_computes_what_its_layers_did() -> None:
    graph, _ = chain(
        Input(shape=(4,)), Dense(units=5, activation="tanh"), Dense(units=5), Dense(units=1), Output()
    )
    for node in graph.of_type(Output):
        graph = graph.set_layer(node.id, Output(loss="mean_squared_error", metrics=()))
    result, _ = grouped(graph, "dense", "dense_1")
    rng = np.random.default_rng(1)
    inputs = {"input": rng.normal(size=(3, 4)).astype(np.float32)}
    whole, parts = compile_graph(graph), compile_graph(result)
    mine = whole.to_host(whole.init(3))
    theirs = {
        result.by_name("model").id: {
            f"{name}/{weight}": array
            for name in ("dense", "dense_1")
            for weight, array in mine[graph.by_name(name).id].items()
        },
        result.by_name("dense_2").id: mine[graph.by_name("dense_2").id],
    }
    np.testing.assert_array_equal(
        whole.apply(whole.from_host(mine), inputs).outputs["output"],
        parts.apply(parts.from_host(theirs), inputs).outputs["output"],
    )


def test_one_value_that_enters_a_group_twice_enters_by_one_port() -> None:
    graph, first = chain(Input(shape=(4,)))
    graph, a = chain(Dense(units=4), graph=graph, after=first)
    graph, b = chain(Add(), graph=graph, after=a)
    graph = graph.connect(first, b)
    result, key = grouped(graph, "dense", "add")
    assert len(result.incoming(key)) == 1
    assert len(infer(result)[key].shapes) == 1


def test_what_leaves_a_group_at_two_places_has_two_outputs() -> None:
    graph, a = chain(Input(shape=(4,)), Dense(units=3))
    graph, b = chain(Dense(units=2), graph=graph, after=a)
    graph, c = chain(Concatenate(), graph=graph, after=a)
    graph = graph.connect(b, c)
    result, key = grouped(graph, "dense", "dense_1")
    assert infer(result)[key].shapes == ((3,), (2,))
    assert {edge.output for edge in result.outgoing(key)} == {0, 1}
    assert infer(result).shape(c) == (5,)


def test_what_lies_between_must_come_along() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(), Dense(), Dense())
    with pytest.raises(CycleError, match="dense_1 lies between"):
        grouped(graph, "dense", "dense_2")


def test_ends_stay_outside_and_shared_weights_stay_together() -> None:
    graph, last = chain(Input(shape=(4,)), Dense(units=4), Output())
    with pytest.raises(GraphError, match="stay outside"):
        grouped(graph, "input", "output")
    result, key = grouped(graph, "input", "dense", "output")
    assert set(result.nodes) == {"n1", last, key}
    dense = graph.by_name("dense")
    linked = graph.add(graph.new_node(dense.layer, shares=dense.id))
    with pytest.raises(GraphError, match="shares its weights"):
        grouped(linked, "dense")


def test_a_frozen_group_taken_apart_has_frozen_layers() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(units=4), Output())
    result, key = grouped(graph, "dense")
    result = result.set_layer(key, result[key].layer.replace(trainable=False))
    again, _ = ungroup(result, key)
    assert not again.by_name("dense").layer.trainable  # type: ignore[attr-defined]


def test_an_edit_inside_keeps_the_wires_outside_at_their_ends() -> None:
    graph, first = chain(Input(shape=(4,)))
    other = graph.new_node(Input(shape=(4,)))
    graph, add = chain(Add(), graph=graph.add(other), after=first)
    graph = graph.connect(other.id, add)
    result, key = grouped(graph, "add")
    layer = result[key].layer
    assert isinstance(layer, Functional)
    assert inside(result, Layout(), (key,))[0] is layer.graph
    without_first = layer.graph.remove(layer.inputs[0].id)
    edited, _ = with_inside(result, Layout(), (key,), without_first, Layout())
    (edge,) = edited.incoming(key)
    assert (edge.source, edge.port) == (other.id, 0)


def test_a_path_ends_where_a_group_is_gone() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(units=4), Output())
    result, key = grouped(graph, "dense")
    assert reachable(result, (key,)) == (key,)
    assert reachable(result, (key, "n1")) == (key,)
    assert reachable(graph, (key,)) == ()


def test_what_comes_from_outside_keeps_its_port_before_what_is_inside() -> None:
    graph, outside = chain(Input(shape=(4,)))
    graph, inside_ = chain(Dense(units=4), graph=graph, after=outside)
    graph, add = chain(Add(), graph=graph, after=outside)
    graph = graph.connect(inside_, add)
    result, key = grouped(graph, "dense", "add")
    layer = result[key].layer
    assert isinstance(layer, Functional)
    inner = layer.graph
    sources = [inner[edge.source].name for edge in inner.incoming(inner.by_name("add").id)]
    assert sources == ["input", "dense"]
    assert [edge.port for edge in inner.incoming(inner.by_name("add").id)] == [0, 1]


def test_another_layout_keeps_what_is_known_of_a_group():
    layer = Functional()
    shape = layer.inputs[0].layer.shape
    known = layer.inference(shape)
    other = layer.laid_out(Layout({"n1": (0.0, 0.0)}))
    assert other.inference(shape) is known
    assert other.layout.positions == {"n1": (0.0, 0.0)}
    assert other != layer
    assert layer.layout == Layout()
