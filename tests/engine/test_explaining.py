"""Asking a network about one sample, and where it looks."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engine import templates
from engine.errors import DataError
from engine.explaining import Oracle
from engine.graph import Graph
from engine.grouping import group
from engine.inference import infer
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.global_pooling import GlobalAveragePooling2D
from engine.layers.reshaping import Flatten
from engine.layout import Layout
from engine.model import compile_graph
from tests.engine.graphs import graph

Array = np.ndarray[Any, Any]


def oracle(made: Graph) -> Oracle:
    model = compile_graph(made)
    return Oracle(made, model.to_host(model.init(1)))


def seeing() -> Graph:
    return graph(
        ("x", Input(shape=(6, 6, 2)), []),
        ("conv", Conv2D(filters=3, padding="same", activation="tanh"), ["x"]),
        ("mean", GlobalAveragePooling2D(), ["conv"]),
        ("kinds", Dense(units=4, activation="softmax"), ["mean"]),
        ("y", Output(), ["kinds"]),
    )


SAMPLE = {"x": np.random.default_rng(0).normal(size=(6, 6, 2)).astype(np.float32)}


def test_an_answer_is_that_of_the_model() -> None:
    asked = oracle(seeing())
    model = asked.model
    wanted = model.predict(asked.variables, {"x": SAMPLE["x"][None]})["y"][0]
    assert asked.ask(SAMPLE)["y"] == pytest.approx(np.asarray(wanted))


def test_a_sample_that_does_not_fit_is_told() -> None:
    with pytest.raises(DataError, match="takes 6 × 6 × 2"):
        oracle(seeing()).ask({"x": np.zeros((5, 5, 2), np.float32)})


def test_saliency_is_the_gradient_of_what_goes_into_the_softmax() -> None:
    asked = oracle(seeing())

    def logit(pixels: jax.Array) -> jax.Array:
        found, _ = asked.model.apply(asked.variables, {"x": pixels}).logits["y"]
        assert found is not None
        return found[0, 2]

    wanted = np.abs(np.asarray(jax.grad(logit)(jnp.asarray(SAMPLE["x"][None]))))[0].max(-1)
    found = asked.overlays(SAMPLE, "y", 2).saliency
    assert found == pytest.approx(wanted / wanted.max(), abs=1e-6)


def test_grad_cam_weighs_the_maps_of_the_last_convolution() -> None:
    """Behind a global mean each channel's gradient is the weight of the Dense layer, by the number of places."""
    asked = oracle(seeing())
    graph_ = asked.model.graph
    ids = {node.name: node.id for node in graph_}
    maps = np.asarray(asked.model.values(asked.variables, {"x": jnp.asarray(SAMPLE["x"][None])})[ids["conv"]])[0]
    kernel = np.asarray(asked.variables.params[ids["kinds"]]["kernel"])
    for index in range(4):
        wanted = np.maximum((maps * kernel[:, index]).sum(-1), 0)
        found = asked.overlays(SAMPLE, "y", index).grad_cam
        assert found == pytest.approx(wanted / max(float(wanted.max()), 1e-12), abs=1e-5)


def test_without_a_convolution_there_is_saliency_alone() -> None:
    found = oracle(
        graph(
            ("x", Input(shape=(6, 6, 2)), []),
            ("flat", Flatten(), ["x"]),
            ("size", Dense(units=1), ["flat"]),
            ("y", Output(loss="mean_squared_error"), ["size"]),
        )
    ).overlays(SAMPLE, "y", 0)
    assert found.grad_cam is None
    assert found.saliency is not None
    assert found.saliency.max() == 1.0


def test_what_is_no_picture_has_no_overlays() -> None:
    found = oracle(templates.make("iris-mlp").graph).overlays({"input": np.zeros(4, np.float32)}, "output", 0)
    assert found == (None, None)


def test_a_convolution_within_a_group_is_found() -> None:
    made = seeing()
    inner = [node.id for node in made if node.name in ("conv", "mean")]
    grouped, _ = group(made, infer(made), inner, Layout(dict.fromkeys(inner, (0.0, 0.0))))
    asked = oracle(grouped)
    assert asked.last_maps is not None
    assert asked.last_maps.name.endswith("conv")
    assert asked.overlays(SAMPLE, "y", 0).grad_cam is not None
