"""Layers that keep to float32 in a mixed network: they compute, train and lie in files as those of Keras do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import keras
import numpy as np
import pytest
from pydantic import ValidationError

from engine.data.prepare import prepare
from engine.formats import models
from engine.formats.keras_code import keras_code
from engine.graph import Graph
from engine.layers.conv import Conv2D
from engine.layers.core import Activation, Dense, Input, Output
from engine.layers.global_pooling import GlobalAveragePooling2D
from engine.layers.nested import Functional
from engine.layers.text import Hashing
from engine.layers.wrappers import TimeDistributed
from engine.model import compile_graph
from engine.precision import MIXED
from engine.project import TrainingSettings
from engine.templates import chain
from tests.engine.graphs import run
from tests.engine.test_precision import EPS, finished, project
from tests.engine.test_training import first_weights, keras_history

LAYERS = keras.layers


@pytest.fixture
def mixed() -> Iterator[None]:
    keras.mixed_precision.set_dtype_policy(MIXED)
    yield
    keras.mixed_precision.set_dtype_policy("float32")


def classifier(*inner: Any) -> Any:
    """A network as Keras's guide of mixed precision has it: the last softmax in float32."""
    inputs = x = keras.Input((8, 4), name="table")
    for layer in inner:
        x = layer(x)
    x = LAYERS.Dense(3, name="scores")(LAYERS.Flatten(name="row")(x))
    return keras.Model(inputs, LAYERS.Activation("softmax", dtype="float32", name="shares")(x))


def saved(theirs: Any, folder: Path, suffix: str = ".keras") -> models.LoadedModel:
    theirs.save(folder / f"theirs{suffix}")
    return models.load(folder / f"theirs{suffix}")


def kept(graph: Graph) -> set[str]:
    """The layers that have a type of their own, those of models within included."""
    inner = (node.layer.graph for node in graph if isinstance(node.layer, Functional))
    own = (node for node in graph if not isinstance(node.layer, Input) and node.layer.dtype is not None)
    return {node.name for node in own}.union(*map(kept, inner))


def table(count: int = 32) -> Any:
    return np.random.default_rng(1).normal(size=(count, 8, 4)).astype(np.float32)


def predict_alike(loaded: models.LoadedModel, theirs: Any, within: float = 4 * EPS) -> None:
    model = compile_graph(loaded.graph, precision=loaded.precision)
    (ours,) = model.predict(model.from_host(loaded.weights), {"table": table()}).values()
    expected = np.asarray(theirs.predict(table(), verbose=0), np.float32)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=within)


def types_of(loaded: models.LoadedModel) -> dict[str, str]:
    """In which type each layer gives what it computes."""
    model = compile_graph(loaded.graph, precision=loaded.precision)
    found, _ = model.trace(model.from_host(loaded.weights), {"table": jnp.asarray(table(2))})
    return {loaded.graph[key].name: own[0].dtype.name for key, own in found.values.items()}


# Computing


def test_a_layer_takes_and_gives_its_own_type(mixed: None, tmp_path: Path) -> None:
    loaded = saved(classifier(LAYERS.Dense(4, name="first")), tmp_path)
    assert (loaded.precision, loaded.notes, kept(loaded.graph)) == (MIXED, (), {"shares"})
    kinds = dict.fromkeys(("first", "row", "scores"), "bfloat16") | dict.fromkeys(("shares", "output"), "float32")
    assert types_of(loaded) == {"table": "float32", **kinds}
    model = compile_graph(loaded.graph, precision=MIXED)
    (shares,) = model.predict(model.from_host(loaded.weights), {"table": table()}).values()
    np.testing.assert_allclose(np.sum(shares, -1), 1, atol=1e-6)  # of bfloat16, some rows miss by 0.004


def ending(last: Activation) -> Graph:
    return chain(
        Input(shape=(6, 6, 2)),
        Conv2D(filters=8, dtype="float32"),
        GlobalAveragePooling2D(),
        Dense(units=3),
        last,
        Output(loss="sparse_categorical_crossentropy", metrics=("accuracy",)),
    )[0]


def test_a_run_follows_that_of_keras(tmp_path: Path) -> None:
    """Losses agree to 0.0005, where shares that Keras rounds before their logarithm allow but 0.003."""
    made = project(tmp_path, ending(Activation(activation="softmax", dtype="float32")))
    data = prepare(compile_graph(made.graph), made.data.source.load(), made.data)
    theirs, model = keras_history(made, first_weights(made), tmp_path / "m.h5", data)
    assert [layer.compute_dtype for layer in model.layers[1:]] == ["float32", "bfloat16", "bfloat16", "float32"]
    end = finished(made)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(end.history[name], theirs[name], rtol=0, atol=0.0005)


def test_a_layer_of_its_own_type_in_float32_is_as_any_other(tmp_path: Path) -> None:
    found = [
        finished(project(tmp_path, ending(last), precision="float32")).history
        for last in (Activation(activation="softmax", dtype="float32"), Activation(activation="softmax"))
    ]
    assert found[0] == found[1]


# Keras's files


def test_layers_inside_of_others(mixed: None, tmp_path: Path) -> None:
    """A layer on the canvas is in float32 where all that compute inside of it are, whatever it says of itself."""
    theirs = classifier(
        LAYERS.TimeDistributed(LAYERS.Dense(4, dtype="float32"), name="each"),
        LAYERS.Bidirectional(LAYERS.LSTM(3, return_sequences=True), name="both", dtype="float32"),
        LAYERS.RNN(LAYERS.GRUCell(4, dtype="float32"), return_sequences=True, name="cell", dtype="float32"),
        LAYERS.LSTM(4, recurrent_initializer="identity", return_sequences=True, dtype="float32", name="memory"),
    )
    loaded = saved(theirs, tmp_path)
    assert kept(loaded.graph) == {"each", "cell", "memory", "shares"}
    assert loaded.notes == ()
    assert types_of(loaded)["both"] == "bfloat16"
    predict_alike(loaded, theirs)


def test_models_within(mixed: None, tmp_path: Path) -> None:
    inputs = keras.Input((8, 4))
    inner = keras.Sequential([keras.Input((8, 4)), LAYERS.Dense(4), LAYERS.Softmax(dtype="float32", name="soft")])
    theirs = classifier(
        keras.Model(inputs, inner(LAYERS.Reshape((8, 4), dtype="float32", name="same")(inputs)), name="inside")
    )
    loaded = saved(theirs, tmp_path)
    assert kept(loaded.graph) == {"soft", "same", "shares"}
    predict_alike(loaded, theirs)


def test_what_differs_inside_of_a_layer_is_told(mixed: None, tmp_path: Path) -> None:
    cells = [LAYERS.GRUCell(4, dtype="float32", name="whole"), LAYERS.GRUCell(4, name="rounded")]
    loaded = saved(classifier(LAYERS.RNN(cells, return_sequences=True, name="stack")), tmp_path)
    assert kept(loaded.graph) == {"shares"}
    assert loaded.notes == ("The layer whole within stack computes in float32 there; here in bfloat16.",)


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".json"])
def test_files_there_and_back(suffix: str, mixed: None, tmp_path: Path) -> None:
    each = LAYERS.TimeDistributed(LAYERS.Dense(4, dtype="float32"), dtype="float32", name="each")
    theirs = classifier(LAYERS.Dense(5, name="first"), each)
    first = saved(theirs, tmp_path)
    path = tmp_path / f"ours{suffix}"
    models.save(path, first.graph, first.weights, precision=first.precision)
    again = models.load(path)
    assert (again.notes, again.precision, kept(again.graph)) == ((), MIXED, {"each", "shares"})
    opened: Any
    if suffix == ".json":
        opened = keras.models.model_from_json(path.read_text())
        opened.load_weights(tmp_path / "ours.weights.h5")
    else:
        opened = keras.saving.load_model(path)

    def policies(model: Any) -> list[Any]:
        layers = [*model.layers[1:], model.get_layer("each").layer]
        return [(layer.name, layer.dtype_policy.name) for layer in layers]

    assert [policy for _, policy in policies(opened)] == [policy for _, policy in policies(theirs)]
    np.testing.assert_array_equal(opened.predict(table(), verbose=0), theirs.predict(table(), verbose=0))


def test_one_mixed_layer_makes_the_others_keep_to_float32(tmp_path: Path) -> None:
    theirs = classifier(LAYERS.Dense(4, dtype=MIXED, name="first"))
    loaded = saved(theirs, tmp_path)
    assert kept(loaded.graph) == {"row", "scores", "shares"}
    predict_alike(loaded, theirs)


# mixed_float16


@pytest.fixture
def half() -> Iterator[None]:
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    yield
    keras.mixed_precision.set_dtype_policy("float32")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_files_of_mixed_float16_open_in_bfloat16(suffix: str, half: None, tmp_path: Path) -> None:
    """With the optimizer's state, which Keras keeps inside of an optimizer that scales the loss."""
    theirs = classifier(LAYERS.Dense(4, name="first"))
    theirs.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    theirs.fit(table(), np.arange(32) % 3, batch_size=8, verbose=0)
    loaded = saved(theirs, tmp_path, suffix)
    assert (loaded.precision, kept(loaded.graph)) == (MIXED, {"shares"})
    policy = "The layers compute in float16 there (mixed_float16); here they compute in bfloat16 (mixed_bfloat16)."
    scaling = "The loss is not scaled up here: no layer computes in float16, which would need it."
    assert set(loaded.notes) == ({policy, scaling} if suffix == ".h5" else {policy})
    predict_alike(loaded, theirs)
    state, inner = loaded.optimizer_state, theirs.optimizer.inner_optimizer
    assert state is not None
    assert state.iterations == 4
    expected = {variable.path.split("/")[-1]: np.asarray(variable) for variable in inner.variables}
    for key, own in state.slots["velocity"].items():
        for name, array in own.items():
            np.testing.assert_array_equal(array, expected[f"{loaded.graph[key].name}_{name}_velocity"])


# Programs and settings


def test_a_program_says_it(tmp_path: Path) -> None:
    made = project(tmp_path, ending(Activation(activation="softmax", dtype="float32")))
    code = keras_code(made)
    assert 'layers.Activation("softmax", dtype="float32")' in code
    try:
        built: Any = run(code)["model"]
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    assert [layer.compute_dtype for layer in built.layers[1:]] == ["float32", "bfloat16", "bfloat16", "float32"]


def test_what_computes_nothing_of_its_own_has_no_type() -> None:
    for refused in (Hashing, Functional, Output):
        with pytest.raises(ValidationError, match="dtype"):
            refused.model_validate({"dtype": "float32"})
    with pytest.raises(ValidationError, match="computes as the layer around it does"):
        TimeDistributed(layer=Dense(dtype="float32"))
    assert TimeDistributed(layer=Dense(), dtype="float32").replace(dtype=None) == TimeDistributed(layer=Dense())


def test_files_of_float32_say_nothing_of_it(tmp_path: Path) -> None:
    made = project(tmp_path, ending(Activation(activation="softmax", dtype="float32")), precision="float32")
    models.save(tmp_path / "m.keras", made.graph, first_weights(made), TrainingSettings())
    theirs: Any = keras.saving.load_model(tmp_path / "m.keras")
    assert {layer.dtype_policy.name for layer in theirs.layers} == {"float32"}
    assert kept(models.load(tmp_path / "m.keras").graph) == set()
