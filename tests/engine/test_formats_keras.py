"""Keras models: ours opened by Keras, Keras's opened here, with the same numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import jax
import keras
import numpy as np
import pytest

from engine.errors import FileError, NameTakenError, NotReadyError, StyleError
from engine.events import START, OptimizerState, RunPosition
from engine.formats import models
from engine.formats.keras_config import to_config
from engine.formats.keras_h5 import load_checkpoint, load_model, save_checkpoint, save_model
from engine.formats.keras_reading import from_config
from engine.formats.project_file import dumps, loads
from engine.formats.reading import Place
from engine.graph import Graph
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Add
from engine.layers.preprocessing import Normalization
from engine.layers.wrappers import TimeDistributed
from engine.ledger import NEW
from engine.model import compile_graph
from engine.optimizers import SGD, Adam, AdamW, RMSprop
from engine.project import Project, TrainingSettings
from engine.start import identifiers
from tests.engine.graphs import batch, graph, many_sided, ready
from tests.engine.layer_cases import close
from tests.engine.oracle import keras_predict, predict

PLACE = Place("test.h5")


# Ours, opened by Keras


def test_many_sided_model_is_opened_by_keras_ready_to_evaluate(tmp_path: Path) -> None:
    made = many_sided()
    model, variables = ready(made)
    path, inputs, weights = tmp_path / "m.h5", batch(model, 12), model.to_host(variables)
    save_model(path, made, weights, TrainingSettings(optimizer=RMSprop(rho=0.8)))
    theirs = keras.saving.load_model(path)
    assert isinstance(theirs.optimizer, keras.optimizers.RMSprop)
    assert theirs.optimizer.rho == 0.8
    outputs = predict(made, weights, inputs)
    close(keras_predict(theirs, inputs), outputs)
    targets = [np.arange(12) % 3, np.linspace(-1, 1, 12, dtype=np.float32)[:, None]]
    found = theirs.evaluate(list(inputs.values()), targets, verbose=0, return_dict=True)
    crossentropy = -np.log(np.asarray(outputs[0])[np.arange(12), targets[0]]).mean()
    squares = ((np.asarray(outputs[1]) - targets[1]) ** 2).mean()
    close(found["loss"], crossentropy + 0.5 * squares, rtol=1e-4)
    close(found["kind_accuracy"], (np.asarray(outputs[0]).argmax(1) == targets[0]).mean())
    close(found["size_mean_absolute_error"], np.abs(np.asarray(outputs[1]) - targets[1]).mean(), rtol=1e-4)
    names = [layer.name for layer in theirs.layers]
    assert "unused" not in names
    assert "again" not in names


@pytest.mark.parametrize(
    "optimizer", [Adam(learning_rate=0.02, beta_1=0.8), SGD(momentum=0.9, nesterov=True)], ids=str
)
def test_single_output_trains_on_in_keras(optimizer: Adam | SGD, tmp_path: Path) -> None:
    made = graph(
        ("a", Input(shape=(4,)), []),
        ("b", Dense(units=1, activation="sigmoid"), ["a"]),
        ("c", Output(loss="binary_crossentropy"), ["b"]),
    )
    model, variables = ready(made)
    save_model(tmp_path / "m.h5", made, model.to_host(variables), TrainingSettings(optimizer=optimizer))
    theirs = keras.saving.load_model(tmp_path / "m.h5")
    history = theirs.fit(np.ones((8, 4)), np.ones((8, 1)), epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]
    assert "accuracy" in history
    close(float(theirs.optimizer.learning_rate), optimizer.learning_rate)


def test_several_yes_or_no_answers_are_counted_one_by_one(tmp_path: Path) -> None:
    """Keras takes "accuracy" of several numbers for that of classes."""
    made = graph(
        ("a", Input(shape=(4,)), []),
        ("b", Dense(units=3, activation="sigmoid"), ["a"]),
        ("c", Output(loss="binary_crossentropy"), ["b"]),
    )
    model, variables = ready(made)
    save_model(tmp_path / "m.h5", made, model.to_host(variables), TrainingSettings())
    theirs, x = keras.saving.load_model(tmp_path / "m.h5"), batch(model)["a"]
    y = np.tile(np.array([1.0, 0.0, 1.0], np.float32), (5, 1))
    found = theirs.evaluate(x, y, verbose=0, return_dict=True)["accuracy"]
    close(found, ((np.asarray(theirs(x)) > 0.5) == (y > 0.5)).mean())
    assert load_model(tmp_path / "m.h5").graph.of_type(Output)[0].layer == made.of_type(Output)[0].layer


def test_there_and_back_keeps_the_graph(tmp_path: Path) -> None:
    made, training = many_sided(), TrainingSettings(optimizer=SGD(learning_rate=0.1))
    model, variables = ready(made)
    weights = model.to_host(variables)
    save_model(tmp_path / "m.h5", made, weights, training)
    loaded = load_model(tmp_path / "m.h5")
    assert loaded.training is not None
    assert loaded.training.optimizer == training.optimizer
    assert loaded.notes == ()
    inputs = batch(model)
    close(predict(loaded.graph, loaded.weights, inputs), predict(made, weights, inputs), rtol=0, atol=0)
    ours = {node.name: node.layer for node in made if not isinstance(node.layer, Output)}
    theirs = {node.name: node.layer for node in loaded.graph if not isinstance(node.layer, Output)}
    assert theirs == {("shared_1" if k == "again" else k): v for k, v in ours.items() if k != "unused"}
    assert [n.layer for n in made.of_type(Output)] == [n.layer for n in loaded.graph.of_type(Output)]
    shared = loaded.graph.by_name("shared_1").shares
    assert shared is not None
    assert loaded.graph[shared].name == "shared"


def test_layers_are_in_the_order_of_keras() -> None:
    """Keras loads by the order of `model.layers`, so files must have that of the model it makes of our config."""
    config = to_config(many_sided())["config"]
    model = keras.Model.from_config(json.loads(json.dumps(config)))
    assert [layer.name for layer in model.layers] == [layer["name"] for layer in config["layers"]]


def test_config_says_what_keras_says() -> None:
    config = to_config(many_sided())["config"]
    theirs = keras.Model.from_config(json.loads(json.dumps(config))).get_config()
    assert theirs["input_layers"] == config["input_layers"]
    assert theirs["output_layers"] == config["output_layers"]
    for ours, entry in zip(config["layers"], theirs["layers"], strict=True):
        assert {key: ours[key] for key in ("module", "class_name", "name")} == {
            key: entry[key] for key in ("module", "class_name", "name")
        }
        assert len(ours["inbound_nodes"]) == len(entry["inbound_nodes"])
        for call, other in zip(ours["inbound_nodes"], entry["inbound_nodes"], strict=True):
            assert call["args"] == json.loads(json.dumps(other["args"]))
        for key, value in ours["config"].items():
            if key == "dtype" or (value is None and key not in entry["config"]):
                continue
            found = entry["config"][key]
            if isinstance(value, dict):
                assert found["class_name"] == value["class_name"]
                assert value["config"].items() <= found["config"].items()
            elif key != "strides" or value is not None:
                assert json.loads(json.dumps(found)) in (value, [value])


def test_an_owner_that_comes_after_its_link(tmp_path: Path) -> None:
    made = graph(
        ("in", Input(shape=(4,)), []),
        ("first", Dense(units=4, activation="tanh"), ["in"]),
        ("second", Dense(units=4, activation="tanh"), ["first"]),
        ("sum", Add(), ["second", "first"]),
        ("out", Output(loss="mean_squared_error", metrics=()), ["sum"]),
        shares={"second": "first"},
    )
    nodes = dict(made.nodes)
    from dataclasses import replace

    first, second = made.by_name("first").id, made.by_name("second").id
    nodes[first], nodes[second] = replace(nodes[first], shares=second), replace(nodes[second], shares=None)
    made = Graph(nodes, made.edges)
    model, variables = ready(made)
    save_model(tmp_path / "m.h5", made, model.to_host(variables))
    inputs = batch(model)
    ours = predict(made, model.to_host(variables), inputs)
    close(keras_predict(keras.saving.load_model(tmp_path / "m.h5"), inputs), ours)
    loaded = load_model(tmp_path / "m.h5")
    close(predict(loaded.graph, loaded.weights, inputs), ours, rtol=0, atol=0)


def test_hostile_names(tmp_path: Path) -> None:
    names = ["x'; import os #", 'say "hello"', "größe 层 🙂", "class", "..", "%s{0}\\n", "a" * 200]
    made = graph(("in", Input(shape=(3,)), []))
    last = "in"
    for name in names:
        node = made.new_node(Dense(units=3), name)
        made = made.add(node).connect(made.by_name(last).id, node.id)
        last = name
    node = made.new_node(Output(loss="mean_squared_error", metrics=()), "out")
    made = made.add(node).connect(made.by_name(last).id, node.id)
    model, variables = ready(made)
    save_model(tmp_path / "m.h5", made, model.to_host(variables))
    inputs = batch(model)
    ours = predict(made, model.to_host(variables), inputs)
    close(keras_predict(keras.saving.load_model(tmp_path / "m.h5"), inputs), ours)
    loaded = load_model(tmp_path / "m.h5")
    assert [n.name for n in loaded.graph][:-1] == [n.name for n in made][:-1]
    with pytest.raises(NameTakenError):
        made.rename(made.by_name("class").id, ".")


def test_lists_of_names_over_64_kb_are_split(tmp_path: Path) -> None:
    made, last = graph(("in", Input(shape=(2,)), [])), "n1"
    for number in range(400):
        node = made.new_node(Dense(units=2), f"layer_{number:04}_{'x' * 180}")
        made = made.add(node).connect(last, node.id)
        last = node.id
    node = made.new_node(Output(loss="mean_squared_error", metrics=()))
    made = made.add(node).connect(last, node.id)
    model = compile_graph(made)
    weights = model.to_host(model.init(0))
    save_model(tmp_path / "m.h5", made, weights)
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names1" in file["model_weights"].attrs
    loaded = load_model(tmp_path / "m.h5")
    assert len(loaded.graph) == len(made)
    assert all(
        (a["kernel"] == b["kernel"]).all() for a, b in zip(weights.values(), loaded.weights.values(), strict=True)
    )
    assert len(keras.saving.load_model(tmp_path / "m.h5").layers) == 401


def test_a_graph_with_problems_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError):
        save_model(tmp_path / "m.h5", graph(("in", Input(), [])), {})
    made = many_sided()
    with pytest.raises(FileError, match="do not fit"):
        save_model(tmp_path / "m.h5", made, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("within", [False, True])
def test_figures_that_keras_would_not_use_are_not_put_in_h5(within: bool, tmp_path: Path) -> None:
    """Keras 3 itself forgets them; its .keras files and Keras 2 do not."""
    layer = TimeDistributed(layer=Normalization()) if within else Normalization()
    made = graph(("in", Input(shape=(3, 2)), []), ("n", layer, ["in"]), ("out", Output(), ["n"]))
    model, variables = ready(made)
    weights, x = model.to_host(variables), {"in": np.ones((4, 3, 2), np.float32)}
    if within:
        with pytest.raises(StyleError, match=r"n holds a layer that takes figures from data.* a \.keras file"):
            models.save(tmp_path / "m.h5", made, weights)
        assert not list(tmp_path.iterdir())
        save_model(tmp_path / "m.h5", made, weights)  # as a checkpoint for this program
        theirs = keras_predict(keras.saving.load_model(tmp_path / "m.h5"), x)
        np.testing.assert_array_equal(theirs[0], x["in"])
        models.save(tmp_path / "m2.h5", made, weights, dialect="keras2")
    else:
        models.save(tmp_path / "m.h5", made, weights)
        close(keras_predict(keras.saving.load_model(tmp_path / "m.h5"), x), predict(made, weights, x))
    models.save(tmp_path / "m.keras", made, weights)
    close(keras_predict(keras.saving.load_model(tmp_path / "m.keras"), x), predict(made, weights, x))


def test_checkpoint_keeps_the_run_and_is_a_keras_model(tmp_path: Path) -> None:
    made, training = many_sided(), TrainingSettings()
    model, variables = ready(made)
    weights = model.to_host(variables)
    slots = {slot: {key: dict(own) for key, own in variables.params.items()} for slot in ("momentum", "velocity")}
    state, position = OptimizerState(7, jax.tree.map(np.asarray, slots), "Adam"), RunPosition(3, 120, 2)
    save_checkpoint(tmp_path / "c.h5", made, weights, training, state, position, NEW)
    found = load_checkpoint(tmp_path / "c.h5")
    owners = identifiers(made, found.model.graph)
    assert found.position == position
    assert found.model.optimizer_state is not None
    assert found.model.optimizer_state.iterations == 7
    jax.tree.map(np.testing.assert_array_equal, found.model.optimizer_state.slots, state.moved(owners).slots)
    inputs = batch(model)
    close(keras_predict(keras.saving.load_model(tmp_path / "c.h5"), inputs), predict(made, weights, inputs))
    save_model(tmp_path / "m.h5", made, weights)
    assert load_checkpoint(tmp_path / "m.h5").position == START


# Keras's, opened by us


def _keras_sequential() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, activation="relu", kernel_initializer=keras.initializers.HeNormal(seed=1)),
            keras.layers.BatchNormalization(),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5, seed=3),
            keras.layers.Dense(3),
            keras.layers.Activation("softmax"),
        ]
    )


def _keras_functional() -> keras.Model:
    layers = keras.layers
    a, b = keras.Input((6, 6, 2), name="b_second"), keras.Input((4,), name="a_first")
    shared = layers.Dense(4, activation=keras.activations.leaky_relu, name="shared")
    x = layers.Conv2D(3, (2, 3), strides=2, padding="same", use_bias=False)(a)
    x = layers.BatchNormalization(axis=-1, scale=False)(x)
    x = layers.GlobalMaxPooling2D()(x)
    y = shared(layers.Normalization()(b))
    y = layers.add([shared(y), y])
    z = layers.concatenate([x, y])
    return keras.Model(
        inputs={"one": a, "two": b},
        outputs=[layers.Dense(1, activation="sigmoid", name="yes")(z), layers.Dense(2, name="two")(z)],
    )


def _randomize(model: keras.Model) -> None:
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if variable.dtype == "float32":
            variable.assign(np.abs(rng.normal(size=variable.shape)) * 0.3 + 0.1)
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
def test_keras_sequential(compiled: bool, tmp_path: Path) -> None:
    theirs = _keras_sequential()
    _randomize(theirs)
    if compiled:
        theirs.compile(
            keras.optimizers.Adam(0.002), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"]
        )
        theirs.fit(np.ones((2, 8, 8, 1)), np.zeros(2), verbose=0)
    theirs.save(tmp_path / "k.h5")
    loaded = load_model(tmp_path / "k.h5")
    x = {"x": np.random.default_rng(1).normal(size=(4, 8, 8, 1)).astype(np.float32)}
    close(predict(loaded.graph, loaded.weights, x), keras_predict(theirs, x))
    assert loaded.graph.of_type(Output)[0].layer == Output()
    assert (loaded.training is None) != compiled
    assert loaded.training is None or loaded.training.optimizer == Adam(learning_rate=0.002)
    assert not infer(loaded.graph).problems


def test_keras_functional(tmp_path: Path) -> None:
    theirs = _keras_functional()
    _randomize(theirs)
    theirs.compile(
        keras.optimizers.AdamW(),
        {"yes": "binary_crossentropy", "two": "dice"},
        metrics={"yes": ["accuracy", "auc", "false_positives"], "two": ["mae"]},
        loss_weights={"yes": 1.0, "two": 0.25},
    )
    theirs.save(tmp_path / "k.h5")
    loaded = load_model(tmp_path / "k.h5")
    rng = np.random.default_rng(1)
    x = {
        "one": rng.normal(size=(4, 6, 6, 2)).astype(np.float32),
        "two": rng.normal(size=(4, 4)).astype(np.float32),
    }
    found = predict(loaded.graph, loaded.weights, x)
    close(found, jax.tree.leaves(theirs(x, training=False)))
    outputs = [node.layer for node in loaded.graph.of_type(Output)]
    assert outputs[0] == Output(loss="binary_crossentropy", metrics=("accuracy", "auc"))
    assert outputs[1] == Output(loss="mean_squared_error", metrics=("mae",), loss_weight=0.25)
    assert len(loaded.notes) == 2  # the loss dice, the metric false_positives
    assert loaded.training == TrainingSettings(optimizer=AdamW())
    save_model(tmp_path / "again.h5", loaded.graph, loaded.weights)
    again = keras.saving.load_model(tmp_path / "again.h5")
    close(jax.tree.leaves(again(list(x.values()), training=False)), found)


def test_keras_single_layer_forms(tmp_path: Path) -> None:
    x = keras.Input((3,))
    keras.Model(inputs=x, outputs=keras.layers.Dense(2)(x)).save(tmp_path / "k.h5")
    with h5py.File(tmp_path / "k.h5") as file:
        config = json.loads(file.attrs["model_config"])
    assert config["config"]["output_layers"][1:] == [0, 0]  # not a list of outputs, but the only one
    assert [type(node.layer).__name__ for node in from_config(config, PLACE)] == ["Input", "Dense", "Output"]


def test_an_output_that_no_usual_loss_fits(tmp_path: Path) -> None:
    x = keras.Input((1,))
    inner = keras.Model(x, keras.layers.Softmax()(x))
    y = keras.Input((1,))
    keras.Model(y, keras.layers.Softmax()(inner(y))).save(tmp_path / "k.h5")
    read = load_model(tmp_path / "k.h5").graph
    assert infer(read).errors == ()
    assert read.of_type(Output)[0].layer == Output(loss=None, metrics=())


def test_keras_2_dialect() -> None:
    dense = {"name": "dense", "trainable": True, "dtype": "float32", "units": 3, "activation": "softmax"}
    dense |= {"kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}}}
    sequential = {
        "name": "s",
        "layers": [{"class_name": "Dense", "config": {**dense, "batch_input_shape": [None, 4]}}],
    }
    made = from_config({"class_name": "Sequential", "config": sequential}, PLACE)
    assert [node.layer for node in made] == [Input(shape=(4,)), Dense(units=3, activation="softmax"), Output()]
    entry = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4], "name": "a"}, "name": "a"}
    norm = {"name": "n", "axis": [1], "gamma_initializer": {"class_name": "Ones", "config": {}}}
    layers = [
        {**entry, "inbound_nodes": []},
        {"class_name": "Dense", "config": dense, "name": "dense", "inbound_nodes": [[["a", 0, 0, {}]]]},
        {
            "class_name": "BatchNormalization",
            "config": norm,
            "name": "n",
            "inbound_nodes": [[["dense", 0, 0, {}]]],
        },
    ]
    config = {"name": "m", "layers": layers, "input_layers": [["a", 0, 0]], "output_layers": [["n", 0, 0]]}
    made = from_config({"class_name": "Model", "config": config}, PLACE)
    assert [node.name for node in made] == ["a", "dense", "n", "output"]
    assert made.by_name("n").layer.model_dump()["axis"] == 1


@keras.saving.register_keras_serializable("mine")
class Scale(keras.layers.Layer):
    """A layer of somebody's own making."""

    def build(self, x_shape: Any, y_shape: Any = None) -> None:
        self.inner = keras.layers.Dense(3)
        self.inner.build(x_shape)
        self.factor = self.add_weight(shape=(3,), name="factor")

    def call(self, x: Any, y: Any = None, strength: float = 1.0) -> Any:
        return self.inner(x) * self.factor * strength + (0 if y is None else y)

    def compute_output_shape(self, x_shape: Any, y_shape: Any = None) -> Any:
        return (*x_shape[:-1], 3)


@pytest.mark.parametrize("after", [".keras", ".h5"])
@pytest.mark.parametrize("before", [".keras", ".h5"])
def test_layers_that_are_not_known_survive(before: str, after: str, tmp_path: Path) -> None:
    x, y = keras.Input((4,)), keras.Input((3,))
    layers = keras.layers
    z = Scale(name="mine")(layers.Dense(4)(x), y=y, strength=2.0)
    z = layers.Lambda(lambda v: v + 1, output_shape=(3,), name="code")(z)
    theirs = keras.Model([x, y], layers.Dense(2)(z))
    theirs.save(tmp_path / f"k{before}")
    loaded = models.load(tmp_path / f"k{before}")
    assert {node.name for node in loaded.graph if node.layer.trouble} == {"mine", "code"}
    found = infer(loaded.graph)
    assert len(found.errors) == 2
    assert found.shape(loaded.graph.of_type(Output)[0].id) == (2,)
    project = loads(dumps(Project(loaded.graph)))
    assert project.graph == loaded.graph
    models.save(tmp_path / f"ours{after}", project.graph, loaded.weights)
    if before == after:
        again = keras.saving.load_model(tmp_path / f"ours{after}", safe_mode=False)
        inputs = {"x": np.ones((2, 4), np.float32), "y": np.ones((2, 3), np.float32)}
        close(keras_predict(again, inputs), keras_predict(theirs, inputs))
    once_more = models.load(tmp_path / f"ours{after}")
    assert sum(len(arrays) for arrays in once_more.weights.values()) == len(theirs.variables)
