"""Exercise 10 of the course: sequences of any length, through layers with a memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.data.arrays import Npz
from engine.evaluation import predict
from engine.events import Finished, Result
from engine.formats.keras_code import keras_code
from engine.formats.keras_h5 import load_model, save_model
from engine.formats.keras_styles import Style
from engine.graph import Graph
from engine.inference import infer
from engine.layer import Layer
from engine.layers.core import Dense, Input, Output
from engine.layers.recurrent import LSTM
from engine.layers.wrappers import Bidirectional
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train
from tests.engine.graphs import ready, run

_SEQUENCES = LSTM(units=32, return_sequences=True)

_PLAIN = """\
model = keras.Sequential(
    [
        keras.Input(shape=(None, 1)),
        layers.LSTM(32, return_sequences=True),
        layers.LSTM(32),
        layers.Dense(1, activation="sigmoid"),
    ]
)"""

_PLAIN_CALLS = """\
inputs = keras.Input(shape=(None, 1))
x = layers.LSTM(32, return_sequences=True)(inputs)
x = layers.LSTM(32)(x)
outputs = layers.Dense(1, activation="sigmoid")(x)

model = keras.Model(inputs, outputs)"""

# The LSTM inside counts when Keras numbers the names that it gives: it would call the next one lstm_1.
_BOTH_WAYS = """\
model = keras.Sequential(
    [
        keras.Input(shape=(None, 1)),
        layers.Bidirectional(layers.LSTM(32, return_sequences=True)),
        layers.LSTM(32, name="lstm"),
        layers.Dense(1, activation="sigmoid"),
    ]
)"""

_BOTH_WAYS_CALLS = """\
inputs = keras.Input(shape=(None, 1))
x = layers.Bidirectional(layers.LSTM(32, return_sequences=True))(inputs)
x = layers.LSTM(32, name="lstm")(x)
outputs = layers.Dense(1, activation="sigmoid")(x)

model = keras.Model(inputs, outputs)"""

_COMPILE = """\
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.001),
    loss="binary_crossentropy",
    metrics=["accuracy"],
)"""


def _network(first: Layer) -> Graph:
    made, _ = chain(
        Input(shape=(None, 1)),
        first,
        LSTM(units=32),
        Dense(units=1, activation="sigmoid"),
        Output(loss="binary_crossentropy"),
    )
    return made


NETWORKS = {"plain": _network(_SEQUENCES), "both ways": _network(Bidirectional(layer=_SEQUENCES))}


def _data(folder: Path, length: int = 9) -> Npz:
    """Sequences that rise or fall on the whole."""
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(120, length, 1)) + rng.choice([-0.5, 0.5], size=(120, 1, 1))
    np.savez(folder / "data.npz", x=steps.cumsum(1).astype(np.float32), y=(steps.sum((1, 2)) > 0).astype(int))
    return Npz(path=str(folder / "data.npz"))


@pytest.mark.parametrize(
    ("name", "style", "model"),
    [
        ("plain", "sequential", _PLAIN),
        ("plain", "functional", _PLAIN_CALLS),
        ("both ways", "sequential", _BOTH_WAYS),
        ("both ways", "functional", _BOTH_WAYS_CALLS),
    ],
)
def test_the_code_is_what_the_course_writes(name: str, style: Style, model: str, tmp_path: Path) -> None:
    made = NETWORKS[name]
    code = keras_code(Project(made), style=style)
    written = code.partition("from keras import layers\n")[2].strip("\n")
    assert written.partition("\n\nif __name__")[0] == f"{model}\n\n{_COMPILE}"
    network, variables = ready(made)
    path = str(tmp_path / "weights.h5")
    save_model(path, made, network.to_host(variables))
    theirs = run(keras_code(Project(made), path, style=style))["model"]
    for length in (1, 7):
        x = np.random.default_rng(length).normal(size=(3, length, 1)).astype(np.float32)
        ours = network.predict(variables, {"input": x})["output"]
        np.testing.assert_allclose(theirs.predict(x, verbose=0), ours, 1e-5, 1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_it_trains_and_keras_predicts_the_same(name: str, tmp_path: Path) -> None:
    made = NETWORKS[name]
    data = DataSettings(source=_data(tmp_path), validation_split=0.1, test_split=0.1)
    project = Project(made, data=data, training=TrainingSettings(epochs=6, batch_size=16))
    (end,) = [event for event in train(project) if isinstance(event, Finished)]
    assert end.history["loss"][-1] < end.history["loss"][0]
    save_model(tmp_path / "trained.h5", made, end.weights, project.training)
    theirs: Any = keras.saving.load_model(tmp_path / "trained.h5")
    loaded = load_model(tmp_path / "trained.h5")
    for length in (4, 9, 20):  # other lengths than those that were learned from, too
        x = np.random.default_rng(length).normal(size=(5, length, 1)).astype(np.float32)
        expected = theirs.predict(x, verbose=0)
        for graph, weights in ((made, end.weights), (loaded.graph, loaded.weights)):
            *_, last = predict(graph, weights, {"input": x})
            assert isinstance(last, Result)
            np.testing.assert_allclose(last.value["output"], expected, 1e-5, 1e-6)


def test_a_sequence_of_sequences_is_asked_for_where_the_first_gives_its_last_step_only() -> None:
    """The mistake that everyone makes once."""
    made = _network(LSTM(units=32))
    problem = infer(made).errors[0]
    assert made[problem.node or ""].name == "lstm_1"
    assert problem.message == "LSTM needs sequences (steps × features), but gets 32."
