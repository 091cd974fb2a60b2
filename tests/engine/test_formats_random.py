"""Random graphs in model files: ours opened by Keras, Keras's opened here, with the same numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from engine.errors import StyleError
from engine.formats import models
from engine.formats.keras_code import keras_code
from engine.formats.loaded import LoadedModel
from engine.graph import Graph
from engine.layer import parts_of
from engine.layers.core import Input
from engine.layers.preprocessing import Normalization
from engine.model import Model, compile_graph
from engine.project import Project
from tests.engine.graphs import ready, run
from tests.engine.oracle import blank, keras_predict_compiled, opened, predict
from tests.engine.random_graphs import TOKENS, graphs

SUFFIXES = (".keras", ".h5")
MODEST = settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
MANY = settings(MODEST, max_examples=100, derandomize=False, print_blob=True)


def inputs_of(model: Model) -> dict[str, Any]:
    """Some samples for the inputs that outputs need, which are those of the Keras model."""
    rng, found = np.random.default_rng(0), dict[str, Any]()
    for node in model.inputs:
        layer = node.layer
        assert isinstance(layer, Input)
        shape = (3, *map(int, layer.shape))
        drawn = rng.integers(0, TOKENS, shape) if layer.dtype == "int32" else rng.normal(size=shape)
        found[node.name] = drawn.astype(layer.dtype)
    return found


def near(found: Sequence[Any], expected: Sequence[Any]) -> None:
    """Equal within 1e-4 of the largest output."""
    for one, other in zip(found, expected, strict=True):
        one, other = np.asarray(one), np.asarray(other)
        finite = np.abs(other[np.isfinite(other)])
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-4 * finite.max(initial=1e-3))


def check_files(made: Graph) -> None:
    """A graph saved here opens in Keras, which saves it again, which opens here: with the same numbers."""
    model, variables = ready(made)
    weights, inputs = model.to_host(variables), inputs_of(model)
    expected = predict(made, weights, inputs)
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / f"{whose}{suffix}" for whose in ("ours", "theirs") for suffix in SUFFIXES]
        for ours, theirs in zip(files[:2], files[2:], strict=True):
            if ours.suffix == ".h5" and forgotten(made):
                with pytest.raises(StyleError, match=r"write a \.keras file"):
                    models.save(ours, made, weights)
                continue
            models.save(ours, made, weights)
            model = opened(ours)
            near(keras_predict_compiled(model, inputs), expected)
            model.save(theirs)
        check_read([file for file in files if file.exists()], inputs, expected)


def forgotten(made: Graph) -> bool:
    """Whether Keras would forget figures in a .h5 file: those of layers within others."""
    return any(isinstance(part, Normalization) and part.adapts for node in made for part in parts_of(node.layer))


def check_program(made: Graph) -> None:
    """The model that our program builds with Keras, saved by Keras, opens here with the same numbers."""
    rng, inputs = np.random.default_rng(1), inputs_of(compile_graph(made))
    keras.utils.clear_session(free_memory=False)  # the program names layers as a process of its own does
    code = keras_code(Project(made))
    assume("layers.Lambda(" not in code)  # formulas whose operations would have the names of layers
    with blank():
        model = run(code)["model"]
    for weight in model.weights:
        if "float" in weight.dtype:
            weight.assign(np.abs(rng.normal(size=weight.shape)) * 0.3)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it computes with a copy of its weights
    expected = keras_predict_compiled(model, inputs)
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / f"m{suffix}" for suffix in SUFFIXES]
        for file in files:
            model.save(file)
        check_read(files, inputs, expected)


def check_read(files: Sequence[Path], inputs: dict[str, Any], expected: Sequence[Any]) -> None:
    """What is read from the files predicts what is expected; equal models are tried once."""
    tried: list[LoadedModel] = []
    for file in files:
        read = models.load(file)
        if not any(same(read, other) for other in tried):
            near(predict(read.graph, read.weights, inputs), expected)
            tried.append(read)


def same(one: LoadedModel, other: LoadedModel) -> bool:
    equal = jax.tree.map(np.array_equal, one.weights, other.weights)
    return one.graph == other.graph and all(jax.tree.leaves(equal))


@given(graphs())
@MODEST
def test_random_graphs_go_to_keras_and_come_back(made: Graph) -> None:
    check_files(made)


@given(graphs())
@MODEST
def test_random_models_that_keras_builds_are_opened(made: Graph) -> None:
    check_program(made)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)  # a hundred models, each compiled by both sides
@given(graphs())
@MANY
def test_many_random_graphs_go_to_keras_and_come_back(made: Graph) -> None:
    check_files(made)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)  # a hundred models, each compiled by both sides
@given(graphs())
@MANY
def test_many_random_models_that_keras_builds_are_opened(made: Graph) -> None:
    check_program(made)
