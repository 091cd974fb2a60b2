"""Mixed precision: layers, runs, files and programs are those of Keras under its policy."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine.data.arrays import Npz
from engine.data.prepare import prepare
from engine.evaluation import evaluate_project
from engine.events import Finished, Result
from engine.formats import models
from engine.formats.keras_code import keras_code
from engine.formats.keras_policy import with_policy
from engine.formats.proof import Proof, prove
from engine.graph import Graph
from engine.layer import Layer
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.embedding import Embedding
from engine.layers.expression import Lambda
from engine.layers.global_pooling import GlobalAveragePooling2D
from engine.layers.merging import Concatenate
from engine.layers.nested import Functional
from engine.layers.normalization import BatchNormalization
from engine.layers.recurrent import LSTM
from engine.model import compile_graph
from engine.optimizers import SGD
from engine.precision import MIXED
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train
from tests.engine.graphs import graph, run
from tests.engine.layer_cases import COMPUTING, Case, family_of, graph_of, inputs_of, weights_of
from tests.engine.test_layers import call, keras_layer
from tests.engine.test_training import first_weights, for_keras, keras_history

EPS = 2.0**-8
"""How far the nearest number of bfloat16 can be, of the number itself."""

REFUSED = ("STFTSpectrogram", "RandomErasing")
"""Keras's own layers that its policy breaks."""

UNSTEADY = ("ContrastLimitedAdaptiveHistogramEqualization",)
"""Layers whose histograms make steps of the last bit of a number."""


@pytest.fixture
def mixed() -> Iterator[None]:
    keras.mixed_precision.set_dtype_policy(MIXED)
    yield
    keras.mixed_precision.set_dtype_policy("float32")


def mixed_layer(case: Case, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The layer of Keras under the policy, with the weights of `weights_of`."""
    from tests.engine import test_layers

    written = test_layers.layer_entry

    def entry(layer: Layer, name: str) -> Any:
        return with_policy(written(layer, name), MIXED)

    monkeypatch.setattr(test_layers, "layer_entry", entry)
    return keras_layer(case)


CASES = [
    case
    for case in {case.type: case for case in reversed(COMPUTING)}.values()
    if case.type not in (*REFUSED, *UNSTEADY) and case.layer.host_op() is None and not case.layer.learns
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_layer_computes_what_that_of_keras_does(
    case: Case, mixed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To four steps of the type of the largest number: sums of products, rounded at other places."""
    graph = graph_of(case)
    model = compile_graph(graph, precision=MIXED)
    weights = weights_of(case.layer, *case.inputs)
    variables = model.from_host({node.id: weights for node in model.owners})
    arrays = [jnp.asarray(array) for array in inputs_of(case)]
    given = dict(zip((node.name for node in graph.of_type(Input)), arrays, strict=True))
    found, outcome = model.trace(variables, given)
    (node,) = (node for node in graph if not isinstance(node.layer, Input | Output))
    theirs = mixed_layer(case, monkeypatch)
    more = {"training": False} if "training" in inspect.signature(theirs.call).parameters else {}
    expected = jax.tree.leaves(call(case.layer, theirs, arrays, **more))
    for ours, other in zip(found.values[node.id], expected, strict=True):
        if jnp.issubdtype(ours.dtype, jnp.floating) and not case.layer.parts_choose:
            assert ours.dtype == jnp.bfloat16
        one, two = np.asarray(ours, np.float32), np.asarray(other, np.float32)
        np.testing.assert_allclose(one, two, rtol=0, atol=4 * EPS * np.abs(two).max())
    assert {value.dtype.name for value in outcome.outputs.values()} <= {"float32", "int32", "bool"}


def test_families_are_all_there() -> None:
    assert {family_of(case) for case in CASES} >= {"core", "conv", "recurrent", "attention", "normalization"}


# Runs


def network(*inner: Layer) -> Graph:
    graph, _ = chain(
        Input(shape=(6, 6, 2)),
        *(inner or (Conv2D(filters=8), BatchNormalization(), GlobalAveragePooling2D())),
        Dense(units=8, activation="relu"),
        Dense(units=3, activation="softmax"),
        Output(loss="sparse_categorical_crossentropy", metrics=("accuracy", "mse(name='off')")[:1]),
    )
    return graph


def project(folder: Path, graph: Graph | None = None, precision: str = MIXED) -> Project:
    rng = np.random.default_rng(5)
    y = rng.integers(0, 3, 160)
    x = (rng.normal(size=(160, 6, 6, 2)) + y[:, None, None, None] - 1).astype(np.float32)
    np.savez(folder / "d.npz", input=x, output=y)
    data = DataSettings(source=Npz(path=str(folder / "d.npz")), validation_split=0.2, test_split=0.2)
    settings = TrainingSettings.model_validate(
        {
            "epochs": 4,
            "batch_size": 16,
            "shuffle": False,
            "optimizer": SGD(learning_rate=0.1),
            "precision": precision,
        }
    )
    return Project(graph or network(), data=data, training=settings)


def finished(made: Project) -> Finished:
    *_, end = train(made)
    assert isinstance(end, Finished)
    return end


def nested() -> Graph:
    inner, _ = chain(
        Input(shape=(6, 6, 2)), Conv2D(filters=4), BatchNormalization(), Output(loss=None, metrics=())
    )
    return network(Functional(graph=inner), GlobalAveragePooling2D())


@pytest.mark.parametrize("graph", [network(), nested()], ids=["plain", "nested"])
def test_a_run_follows_that_of_keras(graph: Graph, tmp_path: Path) -> None:
    """Keras opens the first weights with the policy in their file.

    Losses agree to 0.003, four times what was measured. One rounding may change a prediction by 0.004 of itself,
    up or down; Keras takes the logarithm of the rounded one, where the loss here is of what the softmax was given.
    """
    made = project(tmp_path, graph)
    data = prepare(compile_graph(made.graph), made.data.source.load(), made.data)
    theirs, model = keras_history(made, first_weights(made), tmp_path / "m.h5", data)
    assert {layer.compute_dtype for layer in model.layers if isinstance(layer, keras.layers.Dense)} == {"bfloat16"}
    end = finished(made)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(end.history[name], theirs[name], rtol=0, atol=0.003)
    np.testing.assert_allclose(end.history["accuracy"], theirs["accuracy"], rtol=0, atol=2 / 96)
    assert end.history["loss"][-1] < end.history["loss"][0] - 0.1
    assert data.test is not None
    judged = model.evaluate(*for_keras(data.test), verbose="0", return_dict=True)
    assert end.test["loss"] == pytest.approx(judged["loss"], abs=0.003)


def test_weights_and_what_layers_keep_stay_whole(tmp_path: Path) -> None:
    """Moving means differ from those of float32 by what goes in, and are themselves no numbers of bfloat16."""
    end, full = finished(project(tmp_path)), finished(project(tmp_path, precision="float32"))
    assert end.history["loss"] != full.history["loss"]
    for owner, own in end.weights.items():
        for name, array in own.items():
            assert array.dtype == np.float32
            if "bias" not in name:
                assert (array != np.asarray(jnp.asarray(array, jnp.bfloat16), np.float32)).any(), name
            scale = np.abs(full.weights[owner][name]).max()
            np.testing.assert_allclose(array, full.weights[owner][name], rtol=0, atol=0.05 * scale + 0.02)


def test_a_trained_network_is_judged_as_it_was_trained(tmp_path: Path) -> None:
    made = project(tmp_path)
    end = finished(made)
    *_, last = evaluate_project(made, end.weights)
    assert isinstance(last, Result)
    assert last.value == pytest.approx(end.test, rel=1e-6)


def test_recurrent_layers_train(tmp_path: Path) -> None:
    from engine.layers.reshaping import Reshape

    made = project(tmp_path, network(Reshape(target_shape=(6, 12)), LSTM(units=8)))
    end = finished(made)
    assert end.history["loss"][-1] < end.history["loss"][0]


# Files and programs


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".json"])
@pytest.mark.parametrize("training", [True, False], ids=["compiled", "uncompiled"])
def test_files_keep_the_policy_and_open_in_keras(suffix: str, training: bool, tmp_path: Path) -> None:
    made = project(tmp_path, nested())
    weights = first_weights(made)
    settings = made.training if training else None
    models.save(tmp_path / f"m{suffix}", made.graph, weights, settings, precision=MIXED)
    loaded = models.load(tmp_path / f"m{suffix}")
    assert loaded.notes == ()
    assert (loaded.precision, loaded.project.training.precision) == (MIXED, MIXED)
    assert {array.dtype.name for own in loaded.weights.values() for array in own.values()} == {"float32"}
    if suffix == ".json":
        opened: Any = keras.models.model_from_json((tmp_path / "m.json").read_text())
        opened.load_weights(tmp_path / "m.weights.h5")
    else:
        opened = keras.saving.load_model(tmp_path / f"m{suffix}")
    x = np.random.default_rng(1).normal(size=(4, 6, 6, 2)).astype(np.float32)
    model = compile_graph(made.graph, precision=MIXED)
    (ours,) = model.predict(model.from_host(weights), {"input": x}).values()
    np.testing.assert_allclose(ours, np.asarray(opened.predict(x, verbose=0), np.float32), atol=4 * EPS)


def test_a_float32_file_says_nothing_of_it(tmp_path: Path) -> None:
    made = project(tmp_path, precision="float32")
    models.save(tmp_path / "m.keras", made.graph, first_weights(made), made.training)
    assert models.load(tmp_path / "m.keras").precision == "float32"


def test_what_keras_wrote_under_the_policy_is_read(mixed: None, tmp_path: Path) -> None:
    inputs = keras.Input((5,), name="table")
    hidden = keras.layers.TimeDistributed(keras.layers.Dense(4))(keras.layers.Reshape((5, 1))(inputs))
    hidden = keras.layers.Dense(3, name="last")(keras.layers.Flatten()(hidden))
    theirs = keras.Model(inputs, keras.layers.Activation("softmax", dtype="float32", name="sure")(hidden))
    theirs.save(tmp_path / "m.keras")
    loaded = models.load(tmp_path / "m.keras")
    assert loaded.precision == MIXED
    assert loaded.notes == ()
    x = np.random.default_rng(1).normal(size=(4, 5)).astype(np.float32)
    model = compile_graph(loaded.graph, precision=MIXED)
    (ours,) = model.predict(model.from_host(loaded.weights), {"table": x}).values()
    np.testing.assert_allclose(ours, theirs.predict(x, verbose=0), atol=4 * EPS)


def test_whole_numbers_on_their_way_to_an_embedding_are_not_rounded() -> None:
    """1001 is no bfloat16: the next of them are 1000 and 1008."""
    made = graph(
        ("one", Input(shape=(2,), dtype="int32"), []),
        ("other", Input(shape=(1,), dtype="int32"), []),
        ("all", Concatenate(), ["one", "other"]),
        ("first", Lambda(expression="x[:, :2]"), ["all"]),
        ("found", Embedding(input_dim=2000, output_dim=3), ["first"]),
        ("y", Output(loss=None), ["found"]),
    )
    model = compile_graph(made, precision=MIXED)
    variables = model.init(0)
    ids = {"one": np.array([[257, 1001]], np.int32), "other": np.array([[3]], np.int32)}
    (rows,) = model.predict(variables, ids).values()
    (table,) = (own["embeddings"] for own in variables.params.values())
    np.testing.assert_allclose(np.asarray(rows[0], np.float32), table[np.array([257, 1001])], rtol=EPS)


def test_a_program_sets_the_policy(tmp_path: Path) -> None:
    made = project(tmp_path)
    code = keras_code(made)
    line = 'keras.mixed_precision.set_dtype_policy("mixed_bfloat16")'
    assert code.index(line) < code.index("keras.Input")
    try:
        built: Any = run(code)["model"]
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in built.layers[1:]} == {"bfloat16"}
    assert "set_dtype_policy" not in keras_code(replace(made, training=TrainingSettings()))


def test_an_export_is_proved_within_the_rounding(tmp_path: Path) -> None:
    made = project(tmp_path)
    weights = first_weights(made)
    models.save(tmp_path / "m.keras", made.graph, weights, made.training)
    *_, last = prove(tmp_path / "m.keras", made.graph, weights, precision=MIXED)
    assert isinstance(last, Result)
    assert isinstance(last.value, Proof)
    assert last.value.holds
