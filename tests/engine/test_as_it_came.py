"""What a Keras user brings in goes out as it came: the model's name, compiled or not, and with what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.errors import StyleError
from engine.formats import models, project_file
from engine.formats.keras_code import keras_code
from engine.layers.core import Dense, Input, Output
from engine.layers.placeholder import Placeholder
from engine.layers.regularization import Dropout
from engine.model import compile_graph
from engine.project import Project
from engine.runs import keep_weights, read_run, recorded
from engine.templates import make
from engine.training import train
from tests.engine.graphs import graph, run

FORMATS = [".keras", ".h5"]


def network(name: str = "mine", outputs: int = 1) -> keras.Model:
    inputs = keras.Input((4,), name="table")
    made = [keras.layers.Dense(2, name=f"give{number}")(inputs) for number in range(outputs)]
    return keras.Model(inputs, made if outputs > 1 else made[0], name=name)


def there_and_back(theirs: keras.Model, suffix: str, folder: Path) -> tuple[models.LoadedModel, Any]:
    """A model of Keras, opened here, and written and opened by Keras again."""
    theirs.save(folder / f"theirs{suffix}")
    loaded = models.load(folder / f"theirs{suffix}")
    project = project_file.loads(project_file.dumps(loaded.project))
    given = {"dialect": "keras3", "name": project.name}
    models.save(folder / f"ours{suffix}", project.graph, loaded.weights, project.compiling, **given)
    return loaded, keras.saving.load_model(folder / f"ours{suffix}")


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_name_is_kept_and_nothing_compiled(suffix: str, tmp_path: Path) -> None:
    _, back = there_and_back(network(), suffix, tmp_path)
    assert back.name == "mine"
    assert not back.compiled


def test_the_name_is_kept_by_json(tmp_path: Path) -> None:
    theirs = network()
    (tmp_path / "m.json").write_text(theirs.to_json())
    theirs.save_weights(tmp_path / "m.weights.h5")
    loaded = models.load(tmp_path / "m.json")
    models.save(tmp_path / "n.json", loaded.graph, loaded.weights, name=loaded.name)
    assert keras.models.model_from_json((tmp_path / "n.json").read_text()).name == "mine"


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("metrics", [None, ["mae"]], ids=["none", "mae"])
def test_losses_and_metrics_are_those_that_were_given(metrics: Any, suffix: str, tmp_path: Path) -> None:
    theirs = network()
    theirs.compile("sgd", "mean_squared_error", metrics=metrics)
    loaded, back = there_and_back(theirs, suffix, tmp_path)
    assert loaded.notes == ()
    x, y = np.ones((3, 4), np.float32), np.zeros((3, 2), np.float32)
    again, before = (model.evaluate(x, y, verbose=0, return_dict=True) for model in (back, theirs))
    assert len(again) == len(before) == 1 + len(metrics or [])
    np.testing.assert_allclose(list(again.values()), list(before.values()), rtol=1e-6)


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_output_without_a_loss_is_only_predicted(suffix: str, tmp_path: Path) -> None:
    theirs = network(outputs=2)
    theirs.compile("sgd", {"give1": "mean_absolute_error"})
    loaded, back = there_and_back(theirs, suffix, tmp_path)
    losses = [node.layer.loss for node in loaded.graph.of_type(Output) if isinstance(node.layer, Output)]
    assert losses == [None, "mean_absolute_error"]
    x, y = np.ones((3, 4), np.float32), np.zeros((3, 2), np.float32)
    assert back.evaluate(x, [y, y], verbose=0) == pytest.approx(np.abs(theirs(x)[1]).mean(), rel=1e-5)


def test_a_run_compiles_what_came_uncompiled(tmp_path: Path) -> None:
    network().save(tmp_path / "m.keras")
    loaded = models.load(tmp_path / "m.keras")
    kept = keep_weights(tmp_path / "p.loom", loaded.project, loaded.weights, "m.keras")
    assert not keras.saving.load_model(kept / "last.h5").compiled
    assert not read_run(kept).project.compiled
    iris = make("iris-mlp").with_training(epochs=1)
    uncompiled = Project(iris.graph, data=iris.data, training=iris.training, name="iris", compiled=False)
    (tmp_path / "run").mkdir()
    for _ in recorded(uncompiled, train(uncompiled), tmp_path / "run"):
        pass
    trained = keras.saving.load_model(tmp_path / "run" / "last.h5")
    assert trained.compiled
    assert trained.name == "iris"
    assert read_run(tmp_path / "run").project.compiled


@pytest.mark.parametrize("style", ["functional", "sequential", "subclass"])
def test_programs_name_the_model_and_compile_what_was_compiled(style: Any, tmp_path: Path) -> None:
    network().save(tmp_path / "m.keras")
    project = models.load(tmp_path / "m.keras").project
    code = keras_code(project, style=style)
    model = run(code)["model"]
    assert model.name == "mine"
    assert not model.compiled
    usual = keras_code(Project(project.graph), style=style)
    assert "mine" in code
    assert "mine" not in usual
    assert run(usual)["model"].compiled


@pytest.mark.parametrize("suffix", FORMATS)
def test_several_outputs_are_called_after_their_layers(suffix: str, tmp_path: Path) -> None:
    theirs = network(outputs=2)
    theirs.compile("sgd", {"give0": "mean_squared_error", "give1": "mean_absolute_error"})
    loaded, back = there_and_back(theirs, suffix, tmp_path)
    outputs = {node.name: node.layer.loss for node in loaded.graph if isinstance(node.layer, Output)}
    assert outputs == {"give0_output": "mean_squared_error", "give1_output": "mean_absolute_error"}
    assert back.output_names == theirs.output_names


def test_outputs_with_names_of_their_own_keep_them(tmp_path: Path) -> None:
    layers = network(outputs=2)
    theirs = keras.Model(layers.inputs, {"first": layers.outputs[0], "give1": layers.outputs[1]})
    theirs.compile("sgd", {"first": "mean_squared_error", "give1": "mean_absolute_error"})
    theirs.save(tmp_path / "m.keras")
    outputs = {node.name: node.layer for node in models.load(tmp_path / "m.keras").graph.of_type(Output)}
    losses = {name: layer.loss for name, layer in outputs.items() if isinstance(layer, Output)}
    assert losses == {"first": "mean_squared_error", "give1_output": "mean_absolute_error"}


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_outputs_by_key_keep_their_weights_apart(suffix: str, tmp_path: Path) -> None:
    inputs = keras.Input((4,), name="table")
    dense = keras.layers.Dense
    ends = {"c": dense(3)(dense(3)(inputs)), "b": dense(3)(inputs), "a": dense(3)(dense(3)(inputs))}
    theirs = keras.Model(inputs, ends)
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    expected = theirs(x)
    loaded, back = there_and_back(theirs, suffix, tmp_path)
    model = compile_graph(loaded.graph)
    found = model.predict(model.from_host(loaded.weights), {"table": x})
    assert found.keys() == expected.keys()
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-5, atol=1e-6)
    for ours, key in zip(back(x), sorted(ends), strict=True):
        np.testing.assert_allclose(ours, expected[key], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["int64", "int16", "uint8", "float64"])
def test_inputs_of_any_numbers_are_taken(dtype: str, tmp_path: Path) -> None:
    inputs = keras.Input((4,), dtype=dtype, name="table")
    theirs = keras.Model(inputs, keras.layers.Embedding(9, 2)(inputs) if "int" in dtype else keras.ops.exp(inputs))
    loaded, back = there_and_back(theirs, ".keras", tmp_path)
    x = np.random.default_rng(0).integers(0, 9, (3, 4)).astype(dtype)
    model = compile_graph(loaded.graph)
    (found,) = model.predict(model.from_host(loaded.weights), {"table": x}).values()
    np.testing.assert_allclose(found, theirs(x), rtol=1e-5)
    np.testing.assert_allclose(back(x), theirs(x), rtol=1e-5)


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".json"])
def test_a_placeholder_in_a_sequence_has_the_shape_that_the_next_layer_tells(suffix: str, tmp_path: Path) -> None:
    layers = keras.layers
    unknown = layers.Dense(3, dtype="float16", name="half")
    model = keras.Sequential([keras.Input((5,)), unknown, layers.Dropout(0.1), layers.Dense(2, name="end")])
    model.save(tmp_path / "theirs.keras")
    loaded = models.load(tmp_path / "theirs.keras")
    assert isinstance(loaded.graph.by_name("half").layer, Placeholder)
    assert isinstance(loaded.graph.by_name("end").layer, Dense)
    path = tmp_path / f"ours{suffix}"
    models.save(path, loaded.graph, loaded.weights)
    if suffix == ".json":
        again = keras.models.model_from_json(path.read_text())
        again.load_weights(tmp_path / "ours.weights.h5")
    else:
        again = keras.saving.load_model(path)
    rows = np.ones((2, 5), np.float32)
    np.testing.assert_allclose(again.predict(rows, verbose=0), model.predict(rows, verbose=0), atol=1e-3)


def test_no_file_is_written_that_keras_cannot_open_for_want_of_a_shape(tmp_path: Path) -> None:
    made = graph(
        ("table", Input(shape=(5,)), []),
        ("strange", Placeholder(entry={"class_name": "X", "config": {}}), ["table"]),
        ("drop", Dropout(), ["strange"]),
        ("end", Output(), ["drop"]),
    )
    with pytest.raises(StyleError, match="The shape that strange gives is not known"):
        models.save(tmp_path / "m.keras", made, {})
    assert not list(tmp_path.iterdir())
