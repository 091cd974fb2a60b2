"""Programs of graphs that hold models within the model."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from engine.errors import StyleError
from engine.formats.jax_code import jax_code
from engine.formats.keras_code import keras_code
from engine.formats.keras_h5 import save_model
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from engine.layers.embedding import Embedding
from engine.layers.merging import Add, Concatenate
from engine.layers.nested import Functional
from engine.layers.normalization import BatchNormalization
from engine.layers.recurrent import LSTM
from engine.layers.regularization import Dropout
from engine.layers.wrappers import TimeDistributed
from engine.model import compile_graph
from engine.project import Project
from tests.engine.graphs import batch, graph, ready, run
from tests.engine.layer_cases import close
from tests.engine.test_code import executed, formatted, programs, values

_INSIDE = Output(loss=None, metrics=())
_END = Output(loss="mean_squared_error", metrics=())


def _agree(made: Graph, folder: Path) -> dict[str, str]:
    """All programs of a graph, of which each gives our numbers and is laid out as it should be."""
    model, variables = ready(made)
    path, inputs = str(folder / "m.h5"), batch(model)
    for node in model.inputs:
        if isinstance(node.layer, Input) and node.layer.dtype == "int32":
            inputs[node.name] = abs(inputs[node.name]) * 2
    save_model(path, made, model.to_host(variables))
    ours = list(model.predict(variables, inputs).values())
    found = programs(made, path)
    for kind, code in found.items():
        close(values(executed(code, path), inputs), ours)
        formatted(code, folder, 115 if kind == "jax" else 100)
    return found


def _block(units: int = 4) -> Functional:
    made = graph(
        ("input", Input(shape=(4,)), []),
        ("dense", Dense(units=units, activation="relu"), ["input"]),
        ("norm", BatchNormalization(), ["dense"]),
        ("drop", Dropout(), ["norm"]),
        ("dense_1", Dense(units=4), ["drop"]),
        ("output", _INSIDE, ["dense_1"]),
    )
    return Functional(graph=made)


def test_a_chain_with_a_model_in_it(tmp_path: Path) -> None:
    made = graph(
        ("input", Input(shape=(4,)), []),
        ("dense", Dense(units=4), ["input"]),
        ("block", _block(), ["dense"]),
        ("dense_1", Dense(units=2), ["block"]),
        ("out", _END, ["dense_1"]),
    )
    found = _agree(made, tmp_path)
    assert found.keys() == {"jax", "functional", "sequential", "subclass"}
    assert found["functional"].partition("from keras import layers\n")[2].partition("\n\nmodel.")[0].strip() == (
        """\
def make_block():
    inputs = keras.Input(shape=(4,))
    x = layers.Dense(4, activation="relu", name="dense")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dropout(0.5, name="drop")(x)
    outputs = layers.Dense(4)(x)
    return keras.Model(inputs, outputs, name="block")


inputs = keras.Input(shape=(4,))
x = layers.Dense(4)(inputs)
x = make_block()(x)
outputs = layers.Dense(2, name="dense_1")(x)

model = keras.Model(inputs, outputs)"""
    )
    assert "        make_block(),\n" in found["sequential"]
    assert "self.block = make_block()\n" in found["subclass"]
    assert "self.block(x, training=training)" in found["subclass"]
    assert '    x = block(w["block"], x)\n' in found["jax"]
    keras.utils.clear_session()  # Keras counts names through all models of a process
    model = run(keras_code(Project(made)))["model"]
    assert [layer.name for layer in model.get_layer("block").layers][1:] == ["dense", "norm", "drop", "dense_1"]


def test_a_model_in_a_model_that_is_called_twice(tmp_path: Path) -> None:
    outer = graph(
        ("left", Input(shape=(4,)), []),
        ("right", Input(shape=(4,)), []),
        ("block", _block(), ["left"]),
        ("make_block", Dense(units=4), ["right"]),
        ("sum", Add(), ["block", "make_block"]),
        ("sum_out", _INSIDE, ["sum"]),
        ("block_out", _INSIDE, ["block"]),
    )
    pair = Functional(graph=outer, trainable=False)
    made = graph(
        ("a", Input(shape=(4,)), []),
        ("b", Input(shape=(4,)), []),
        ("block", pair, ["a", "b"]),
        ("again", pair, ["b", "a"]),
        ("all", Concatenate(), ["block", "again"]),
        ("end", Dense(units=2), ["all"]),
        ("out", _END, ["end"]),
        shares={"again": "block"},
    )
    made = made.connect(made.by_name("again").id, made.by_name("all").id, output=1)
    found = _agree(made, tmp_path)
    for style in ("functional", "subclass"):
        assert found[style].count("def make_block") == 2
        assert found[style].count("make_block_2()") == 2
        assert ".trainable = False" in found[style]
    assert found["jax"].count("\ndef block") == 2
    model = run(found["functional"])["model"]
    assert [weight.path.split("/")[0] for weight in model.trainable_weights] == ["end", "end"]


def _reader(mask_zero: bool) -> Functional:
    made = graph(
        ("words", Input(shape=(None,), dtype="int32"), []),
        ("embedding", Embedding(input_dim=5, output_dim=3, mask_zero=mask_zero), ["words"]),
        ("drop", Dropout(), ["embedding"]),
        ("out", _INSIDE, ["drop"]),
    )
    return Functional(graph=made)


def _runs() -> Functional:
    made = graph(
        ("steps", Input(shape=(None, 3)), []),
        ("lstm", LSTM(units=2, return_sequences=True), ["steps"]),
        ("out", _INSIDE, ["lstm"]),
    )
    return Functional(graph=made)


@pytest.mark.parametrize("mask_zero", [False, True])
def test_masks_go_into_models_and_come_out(mask_zero: bool, tmp_path: Path) -> None:
    made = graph(
        ("words", Input(shape=(6,), dtype="int32"), []),
        ("series", Input(shape=(6, 3)), []),
        ("reader", _reader(mask_zero), ["words"]),
        ("runs", _runs(), ["reader"]),
        ("plain", _runs(), ["series"]),
        ("last", LSTM(units=2), ["runs"]),
        ("other", LSTM(units=2), ["plain"]),
        ("sum", Add(), ["last", "other"]),
        ("out", _END, ["sum"]),
        shares={"plain": "runs"},
    )
    code = _agree(made, tmp_path)["jax"]
    assert ("x, mask = reader(" in code) is mask_zero
    assert code.count("\ndef runs") == (2 if mask_zero else 1)
    assert ("def runs_2(w, inputs, mask):" in code) is mask_zero


def test_a_model_for_each_step_of_a_sequence(tmp_path: Path) -> None:
    made = graph(
        ("a", Input(shape=(3, 4)), []),
        ("each", TimeDistributed(layer=_block()), ["a"]),
        ("out", _END, ["each"]),
    )
    with pytest.raises(StyleError, match="each calls a model for each of its parts"):
        jax_code(Project(made))
    model, variables = ready(made)
    path, inputs = str(tmp_path / "m.h5"), batch(model)
    save_model(path, made, model.to_host(variables))
    for style in ("functional", "sequential", "subclass"):
        code = keras_code(Project(made), path, style=style)
        assert 'layers.TimeDistributed(make_functional(), name="each")' in code
        close(values(executed(code, path), inputs), list(model.predict(variables, inputs).values()))


def test_first_weights_of_models_within() -> None:
    made = graph(("a", Input(shape=(4,)), []), ("block", _block(), ["a"]), ("out", _END, ["block"]))
    model = compile_graph(made)
    weights = executed(jax_code(Project(made)), None, seed=3)["weights"]
    (expected,) = model.to_host(model.init(3)).values()
    assert weights["block"].keys() == expected.keys()
    assert all((weights["block"][name] == value).all() for name, value in expected.items())
