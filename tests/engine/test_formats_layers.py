"""Every layer in every kind of model file: ours opened by Keras, Keras's opened here, with the same numbers.

The cases of a family are branches of one model, which saves most of the time.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.events import HostWeights
from engine.formats import models
from engine.formats.keras_layers import layer_config, read_layer
from engine.formats.loaded import LoadedModel
from engine.formats.reading import Place
from engine.graph import Graph, Node
from engine.layer import Layer
from engine.layers.core import Input, Output
from engine.layers.nested import Functional
from engine.layers.recurrent import GRU, LSTM
from engine.layers.wrappers import Bidirectional
from tests.engine.graphs import ready
from tests.engine.layer_cases import CASES, Case, close, close_each, families, graph_of, named_inputs
from tests.engine.oracle import keras_predict_compiled, opened, predict

SUFFIXES = (".keras", ".h5")


IN_FILES = [case for case in CASES if case.type not in ("Input", "Output")]
FORMULAS = [case for case in IN_FILES if case.layer.formula is not None]
"""Keras has a layer for each operation of these."""
TEXTS = [case for case in IN_FILES if not case.runs_in_keras and case.layer.gives == "numbers"]
"""These Keras cannot make without TensorFlow. A model cannot give texts."""
LAYERS = [case for case in IN_FILES if case.runs_in_keras and case not in FORMULAS]


@pytest.mark.parametrize("family", families(LAYERS))
def test_layers_are_opened_by_keras_and_by_us(family: str, tmp_path: Path) -> None:
    cases = families(LAYERS)[family]
    made = graph_of(*cases)
    model, variables = ready(made)
    weights, inputs = model.to_host(variables), named_inputs(made, cases)
    theirs, read = dict[str, Any](), dict[str, LoadedModel]()
    for suffix in SUFFIXES:
        models.save(tmp_path / f"ours{suffix}", made, weights)
        check_same(models.load(tmp_path / f"ours{suffix}"), made, weights)
        keras.utils.set_random_seed(0)
        theirs[suffix] = opened(tmp_path / f"ours{suffix}")
        if saved_by_keras(theirs[suffix], cases, tmp_path / f"theirs{suffix}"):
            read[suffix] = models.load(tmp_path / f"theirs{suffix}")
    ours = predict(made, weights, inputs)
    close_each(cases, keras_predict_compiled(theirs[".keras"], inputs), ours)
    check_alike(theirs[".h5"], theirs[".keras"])
    again = read[".keras"]  # with what Keras has made of settings that were left open
    close_each(cases, predict(again.graph, again.weights, inputs), ours)
    if ".h5" in read:
        check_same(read[".h5"], again.graph, again.weights)


@pytest.mark.parametrize("layer", [LSTM(units=2), GRU(units=2, return_sequences=True, zero_output_for_mask=True)])
def test_both_ways_are_written_and_one_of_them_is_read(layer: Layer) -> None:
    """Keras, left to make the other one while it opens a file, now and then takes a layer made before."""
    mirrored = Bidirectional(layer=layer)
    config = layer_config(mirrored, "both")
    assert config["layer"]["config"]["go_backwards"] is False
    assert config["backward_layer"]["config"]["go_backwards"] is True
    theirs = keras.layers.Bidirectional.from_config(config).get_config()
    place = Place("both.keras")
    for found in (config, theirs):
        read = read_layer({"class_name": "Bidirectional"}, found, place)
        assert isinstance(read, Bidirectional)
        assert read.backward_layer is None
        assert read.halves == mirrored.halves
    turned = layer.model_copy(update={"go_backwards": True})
    for other in (
        Bidirectional(layer=layer, backward_layer=turned.model_copy(update={"units": 3})),
        Bidirectional(layer=turned, backward_layer=layer),
    ):
        assert read_layer({"class_name": "Bidirectional"}, layer_config(other, "other"), place) == other


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_formulas_are_opened_by_keras_and_by_us(suffix: str, tmp_path: Path) -> None:
    made = graph_of(*FORMULAS)
    inputs = named_inputs(made, FORMULAS)
    ours = predict(made, {}, inputs)
    models.save(tmp_path / f"ours{suffix}", made, {})
    theirs = opened(tmp_path / f"ours{suffix}")
    close(keras_predict_compiled(theirs, inputs), ours)
    theirs.save(tmp_path / f"theirs{suffix}")
    for name in ("ours", "theirs"):
        read = models.load(tmp_path / f"{name}{suffix}")
        close(predict(read.graph, read.weights, inputs), ours)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_layers_of_texts_are_opened_by_us(suffix: str, tmp_path: Path) -> None:
    made = graph_of(*TEXTS)
    models.save(tmp_path / f"ours{suffix}", made, {})
    check_same(models.load(tmp_path / f"ours{suffix}"), made, {})


def saved_by_keras(model: Any, cases: Sequence[Case], path: Path) -> bool:
    """Whether Keras could save some of its model: for .h5 it copies configs, which of some layers it cannot."""
    kept = [number for number, layer in enumerate(called(model)) if path.suffix != ".h5" or copies(layer)]
    if len(kept) < len(cases):
        ends = np.cumsum([len(case.inputs) for case in cases])
        inputs = [
            model.inputs[end - back]
            for n in kept
            for end in [ends[n]]
            for back in range(len(cases[n].inputs), 0, -1)
        ]
        model = keras.Model(inputs, [model.outputs[number] for number in kept]) if kept else None
    if model is not None:
        model.save(path)
    return model is not None


def called(model: Any) -> list[Any]:
    """The layer of each case."""
    return [output._keras_history.operation for output in model.outputs]


def copies(layer: Any) -> bool:
    try:
        return copy.deepcopy(layer.get_config()) is not None
    except TypeError:
        return False


def tried(made: Graph) -> Iterator[Node]:
    return (node for node in made if not isinstance(node.layer, Input | Output))


def wires(made: Graph, names: Sequence[str]) -> dict[str, list[tuple[Any, int, int]]]:
    """What comes into the nodes of these names, by port."""
    found = {name: made.incoming(made.by_name(name).id) for name in names}
    return {name: [(made[e.source].name, e.port, e.output) for e in edges] for name, edges in found.items()}


def check_same(loaded: LoadedModel, made: Graph, weights: HostWeights) -> None:
    """Equal wires, settings, also as Keras has them, and weights: equal predictions follow.

    Where Keras could not save all, it is about those that it saved.
    """
    read = loaded.graph
    names = [node.name for node in tried(read)]
    assert wires(read, names) == wires(made, names)
    for node in tried(read):
        own = made.by_name(node.name)
        assert layer_config(node.layer, node.name) == layer_config(own.layer, node.name)
        if not isinstance(node.layer, Functional):  # a graph comes back with other identifiers
            assert node.layer == own.layer
        arrays, expected = loaded.weights.get(node.id, {}), weights.get(own.id, {})
        assert arrays.keys() == expected.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, expected[name], f"{name} of {own.layer}")


def check_alike(found: Any, expected: Any) -> None:
    """Equal models of Keras: they give the same."""
    assert configs(found) == configs(expected)
    for weight, other in zip(found.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(weight, other, weight.path)


def configs(model: Any) -> list[Any]:
    return [keras.saving.serialize_keras_object(layer) for layer in model.layers]
