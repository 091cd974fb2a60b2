"""The plane as a network sees it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.samples import Batch, Meaning
from engine.events import Result
from engine.graph import Graph
from engine.insight import Material
from engine.layers.core import Dense, Input, Output
from engine.model import compile_graph
from engine.surface import Plane, Surface, is_planar
from engine.templates import chain, make


def network(units: int, activation: str, loss: str) -> Graph:
    return chain(Input(shape=(2,)), Dense(units=units, activation=activation), Output(loss=loss, metrics=()))[0]


def asked(graph: Graph, answers: np.ndarray) -> Surface:  # type: ignore[type-arg]
    name = graph.of_type(Output)[0].name
    points = np.array([[-1, 0], [1, 0], [0, 1]], np.float32)
    (entry,) = graph.of_type(Input)
    plane = Plane(graph, Material(Batch({entry.name: points}, {name: answers}, {}), Meaning()))
    model = compile_graph(graph)
    weights = model.to_host(model.init(0))
    (dense,) = graph.of_type(Dense)
    weights[dense.id]["kernel"][:] = 0
    weights[dense.id]["kernel"][0, -1] = 20.0  # the last number grows from left to right
    *_, last = plane.ask(weights)
    assert isinstance(last, Result)
    return last.value


@pytest.mark.parametrize(
    ("units", "activation", "loss"),
    [(1, "sigmoid", "binary_crossentropy"), (2, "softmax", "sparse_categorical_crossentropy")],
)
def test_classes_have_shares_of_the_plane(units: int, activation: str, loss: str) -> None:
    found = asked(
        network(units, activation, loss), np.array([0, 1, 0]).reshape(3, -1)[:, : 1 if units == 1 else None]
    )
    assert found.kind == "classes"
    assert found.shares.shape == (96, 96, 2)
    np.testing.assert_allclose(found.shares.sum(2), 1, rtol=1e-5)
    assert found.shares[50, 0, 0] > 0.99
    assert found.shares[50, -1, 1] > 0.99
    assert found.answers.tolist() == [0, 1, 0]
    assert found.left < -1 < 1 < found.right
    assert found.right - found.left == pytest.approx(found.top - found.bottom)


def test_a_number_has_heights() -> None:
    found = asked(network(1, "linear", "mean_squared_error"), np.array([[0.5], [2.0], [1.0]], np.float32))
    assert found.kind == "number"
    assert (np.diff(found.values[10, :, 0]) > 0).all()
    assert found.answers.tolist() == [0.5, 2.0, 1.0]


def test_only_networks_of_two_numbers_have_a_plane() -> None:
    assert is_planar(network(1, "sigmoid", "binary_crossentropy"))
    assert not is_planar(make("iris-mlp").graph)
    assert not is_planar(Graph())
