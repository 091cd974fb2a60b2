"""Weights of one network for another, layer by layer, and layers that are frozen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from engine.data.builtin import Iris
from engine.errors import FileError, FileFormatError, NotReadyError
from engine.events import Compiled, Finished, HostWeights, Remarked
from engine.formats import models
from engine.freezing import before, freezable, is_frozen, with_trainable
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from engine.layers.nested import Functional
from engine.layers.normalization import BatchNormalization
from engine.model import compile_graph
from engine.output_problems import nothing_to_learn
from engine.project import DataSettings, Project, TrainingSettings
from engine.rewiring import healed
from engine.runs import recorded, start_from
from engine.start import Start
from engine.templates import chain
from engine.training import train
from engine.transfer import MOST_SAID, by_name, carried_over, transferred
from tests.engine.graphs import graph, ready

SUFFIXES = (".keras", ".h5", ".weights.h5")


FIRST, NORM, MIDDLE, HEAD = "n2", "n3", "n4", "n5"
"""The identifiers of the layers of `network`."""


def network(classes: int = 3, middle: int = 6) -> Graph:
    return graph(
        ("input", Input(shape=(4,)), []),
        ("first", Dense(units=8, activation="relu"), ["input"]),
        ("norm", BatchNormalization(), ["first"]),
        ("middle", Dense(units=middle, activation="relu"), ["norm"]),
        ("head", Dense(units=classes, activation="softmax"), ["middle"]),
        ("output", Output(), ["head"]),
    )


def host(made: Graph) -> HostWeights:
    model, variables = ready(made)
    return model.to_host(variables)


def same(ours: HostWeights, theirs: HostWeights, *owners: str) -> None:
    for owner in owners:
        assert ours[owner].keys() == theirs[owner].keys()
        for name, array in theirs[owner].items():
            np.testing.assert_array_equal(ours[owner][name], array)


def test_layers_take_their_weights_whole_or_begin_anew_and_it_is_said() -> None:
    there, here = network(5), network(3)
    weights = host(there)
    found = transferred(here, by_name(there, weights), seed=4)
    assert found.taken == (FIRST, NORM, MIDDLE)
    assert not found.whole
    assert found.report == ("head begins with new weights: kernel is 6 × 3 here and 6 × 5 there.",)
    assert found.summary.startswith("3 of 4 layers have the weights that were there. head begins with")
    same(found.weights, weights, *found.taken)
    new = compile_graph(here)
    same(found.weights, new.to_host(new.init(4)), HEAD)


def test_a_network_takes_its_own_weights_whole() -> None:
    made = network()
    found = transferred(made, by_name(made, host(made)), seed=0)
    assert found.whole
    assert found.report == ()
    same(found.weights, host(made), FIRST, NORM, MIDDLE, HEAD)


def test_layers_without_a_counterpart_are_named_on_both_sides() -> None:
    there = network()
    key = there.by_name("middle").id
    here = there.rename(key, "other").set_layer(there.by_name("first").id, Dense(units=8, use_bias=False))
    found = transferred(here, by_name(there, host(there)), seed=0)
    assert found.report == (
        "first begins with new weights: those of its name have bias as well.",
        "other begins with new weights: there are none of its name.",
        "middle is not in this network.",
    )
    biased = transferred(there, by_name(here, host(here)), seed=0)
    assert biased.report[0] == "first begins with new weights: there is no bias among those of its name."


def test_an_edited_network_keeps_what_its_nodes_had_whatever_they_are_called_now() -> None:
    there = network()
    key = there.by_name("middle").id
    here = there.rename(key, "other").set_layer(there.by_name("head").id, Dense(units=9, activation="softmax"))
    found = carried_over(there, host(there), here, seed=0)
    assert found.taken == (FIRST, NORM, MIDDLE)
    assert [left.layer for left in found.left] == ["head"]
    assert not found.unused


def test_a_layer_that_takes_the_name_of_one_that_is_gone_keeps_its_own_weights() -> None:
    there = graph(
        ("input", Input(shape=(4,)), []),
        ("first", Dense(units=4), ["input"]),
        ("second", Dense(units=4), ["first"]),
        ("output", Output(loss="mean_squared_error"), ["second"]),
    )
    first, second = there.by_name("first").id, there.by_name("second").id
    here = healed(there, [second]).rename(first, "second")
    weights = host(there)
    same(carried_over(there, weights, here, seed=0).weights, weights, first)


def test_a_long_report_is_cut() -> None:
    parts = [Dense(units=3) for _ in range(MOST_SAID + 3)]
    there, _ = chain(Input(shape=(4,)), *parts, Output())
    here, _ = chain(Input(shape=(5,)), *[Dense(units=4) for _ in parts], Output())
    found = transferred(here, by_name(there, host(there)), seed=0)
    assert not found.taken
    assert found.summary.endswith("So with 3 more.")
    assert len(found.report) == MOST_SAID + 3


# Out of files


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_fits_of_our_file_is_taken(suffix: str, tmp_path: Path) -> None:
    there, here = network(5), network(3)
    weights = host(there)
    models.save(tmp_path / f"net{suffix}", there, weights)
    found = models.load_fitting(tmp_path / f"net{suffix}", here, seed=0)
    assert found.taken == (FIRST, NORM, MIDDLE)
    assert found.report == ("head begins with new weights: kernel is 6 × 3 here and 6 × 5 there.",)
    same(found.weights, weights, *found.taken)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_fits_of_a_file_of_keras_is_taken_by_name(suffix: str, tmp_path: Path) -> None:
    x = inputs = keras.Input((4,), name="input")
    x = keras.layers.Dense(7, name="before")(x)  # moves the numbers in the paths of the others
    x = keras.layers.Dense(8, name="elsewhere")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    model = keras.Model(inputs, keras.layers.Dense(6, name="middle")(x))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.uniform(0.1, 1, weight.shape))
    path = tmp_path / f"theirs{suffix}"
    (model.save_weights if suffix == ".weights.h5" else model.save)(path)
    found = models.load_fitting(path, network(), seed=0)
    assert found.taken == (NORM, MIDDLE)
    assert [left.layer for left in found.left] == ["first", "head"]
    assert sorted(unused.layer for unused in found.unused) == ["before", "elsewhere"]
    for name, key in (("norm", NORM), ("middle", MIDDLE)):
        for one, other in zip(found.weights[key].values(), model.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_layer_with_more_arrays_in_the_file_is_left_out(tmp_path: Path) -> None:
    made = network()
    models.save(tmp_path / "net.h5", made, host(made))
    fewer = made.set_layer(made.by_name("middle").id, Dense(units=6, use_bias=False))
    found = models.load_fitting(tmp_path / "net.h5", fewer, seed=0)
    assert found.report == ("middle begins with new weights: it has 1 of them here and 2 there.",)


def test_a_model_within_a_model_is_taken_whole(tmp_path: Path) -> None:
    inner, _ = chain(Input(shape=(4,)), Dense(units=5), BatchNormalization(), Output(loss=None))

    def around(classes: int) -> Graph:
        return graph(
            ("input", Input(shape=(4,)), []),
            ("base", Functional(graph=inner), ["input"]),
            ("head", Dense(units=classes), ["base"]),
            ("output", Output(loss="mean_squared_error"), ["head"]),
        )

    weights = host(around(2))
    for suffix in SUFFIXES:
        models.save(tmp_path / f"net{suffix}", around(2), weights)
        found = models.load_fitting(tmp_path / f"net{suffix}", around(3), seed=0)
        assert found.taken == ("n2",)
        same(found.weights, weights, "n2")


def test_files_that_do_not_fit_at_all_or_hold_no_weights_are_refused(tmp_path: Path) -> None:
    other, _ = chain(Input(shape=(9,)), Dense(units=2), Output())
    for suffix in SUFFIXES:
        models.save(tmp_path / f"net{suffix}", other, host(other))
        with pytest.raises(FileFormatError, match="another network: none of its layers fits"):
            models.load_fitting(tmp_path / f"net{suffix}", network(), seed=0)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(FileFormatError, match="holds no weights"):
        models.load_fitting(tmp_path / "data.h5", network(), seed=0)


# Training from them


def iris(made: Graph, epochs: int = 1) -> Project:
    return Project(made, data=DataSettings(source=Iris()), training=TrainingSettings(epochs=epochs))


def test_a_run_begins_with_what_fits_and_says_what_does_not(tmp_path: Path) -> None:
    first = iris(network(3, middle=5))
    (tmp_path / "run").mkdir()
    *_, before_it = recorded(first, train(first), tmp_path / "run")
    assert isinstance(before_it, Finished)
    made = iris(network(3, middle=6))
    start = start_from(made, tmp_path / "run")
    assert start.taken == (FIRST, NORM)
    assert start.position.step == 0
    same(start.weights, before_it.weights, FIRST, NORM)
    events = list(train(made, start))
    notes = [event.text for event in events if isinstance(event, Remarked)]
    assert "2 of 4 layers have the weights that were there." in notes[0]
    assert "middle begins with new weights: kernel is 8 × 6 here and 8 × 5 there." in notes[0]
    assert isinstance(events[-1], Finished)


def test_weights_alone_can_be_begun_with_from_a_model_file(tmp_path: Path) -> None:
    models.save(tmp_path / "net.keras", network(3, middle=5), host(network(3, middle=5)))
    assert start_from(iris(network()), tmp_path / "net.keras").taken == (FIRST, NORM)
    stranger, _ = chain(Input(shape=(4,)), Dense(units=2), Output())
    with pytest.raises(FileError, match="none of its layers fits"):
        start_from(iris(stranger), tmp_path / "net.keras")


# Frozen layers


def test_freezing_what_lies_before_a_layer() -> None:
    made = network()
    keys = before(made, [made.by_name("head").id])
    assert [made[key].name for key in keys] == ["first", "norm", "middle"]
    frozen = with_trainable(made, keys, False)
    assert [node.name for node in frozen if is_frozen(frozen, node.id)] == ["first", "norm", "middle"]
    assert with_trainable(frozen, keys, True) == made
    assert freezable(made, [made.by_name("input").id]) == ()
    assert before(made, [made.by_name("first").id]) == ()


def test_frozen_layers_stay_as_they_are_to_the_last_bit_and_the_rest_learns() -> None:
    made = network()
    made = with_trainable(made, before(made, [made.by_name("head").id]), False)
    weights = host(made)
    *_, last = train(iris(made, 3), Start(weights))
    assert isinstance(last, Finished)
    same(last.weights, weights, FIRST, NORM, MIDDLE)
    assert not np.array_equal(last.weights[HEAD]["kernel"], weights[HEAD]["kernel"])


def test_thawing_layers_starts_the_optimizer_anew_and_says_why() -> None:
    made = iris(network())
    frozen = replace(made, graph=with_trainable(made.graph, [made.graph.by_name("first").id], False))
    *_, last = train(frozen)
    assert isinstance(last, Finished)
    start = Start(last.weights, last.optimizer_state, last.position)
    (note,) = [event.note for event in train(made, start) if isinstance(event, Compiled)]
    assert note == (
        "Goes on from weights that were there; other weights are trained now, and the optimizer starts anew."
    )


@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        ("softmax", "sparse_categorical_crossentropy"),
        ("sigmoid", "binary_crossentropy"),
        ("linear", "mean_squared_error"),
    ],
)
def test_a_network_without_a_loss_has_nothing_to_learn_and_one_is_offered(activation: str, loss: str) -> None:
    made, _ = chain(Input(shape=(4,)), Dense(units=3, activation=activation), Output(loss=None))
    with pytest.raises(NotReadyError, match="output has no loss, so there is nothing to learn") as found:
        list(train(iris(made)))
    (problem,) = found.value.problems
    mended = problem.fixes[0].edit(made)
    assert mended[problem.node or ""].layer.loss == loss
    assert nothing_to_learn(mended) == ()
