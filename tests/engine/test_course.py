"""The exercises that introductions to Keras share: built, written as a course would, run and compared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import keras
import numpy as np
import pytest

from engine.data.arrays import Npz
from engine.errors import FileFormatError
from engine.evaluation import predict
from engine.events import Finished, Result
from engine.formats import models, project_file
from engine.formats.keras_code import keras_code
from engine.formats.keras_config import to_config
from engine.formats.keras_h5 import save_model
from engine.formats.keras_styles import Style
from engine.formats.summary import summary_rows, summary_text
from engine.graph import Graph
from engine.layers.conv import Conv1D, Conv2D, Conv3D
from engine.layers.core import Activation, Dense, Input, Output
from engine.layers.merging import Concatenate
from engine.layers.pooling import AveragePooling2D, MaxPooling1D, MaxPooling2D
from engine.layers.reshaping import Flatten
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train
from tests.app.commands import layerloom
from tests.engine.graphs import batch, many_sided, ready, run

_BINARY = Output(loss="binary_crossentropy")


def _program(made: Graph, style: Style, **more: Any) -> str:
    """The code, from the first line that is its own."""
    code = keras_code(Project(made), style=style, **more)
    return code.partition("from keras import layers\n")[2].strip("\n")


def _model(made: Graph, style: Style) -> str:
    """The part of the code that makes the model."""
    return _program(made, style).partition("\n\nmodel.compile(")[0]


def _agrees(made: Graph, styles: list[Style], folder: Path) -> None:
    """Each program, with our weights, predicts what we do."""
    model, variables = ready(made)
    path, inputs = str(folder / "weights.h5"), batch(model)
    save_model(path, made, model.to_host(variables))
    ours = list(model.predict(variables, inputs).values())
    for style in styles:
        theirs = run(keras_code(Project(made), path, style=style))["model"]
        given = list(inputs.values())
        found = theirs.predict(given if len(given) > 1 else given[0], verbose=0)
        for one, other in zip(found if isinstance(found, list) else [found], ours, strict=True):
            np.testing.assert_allclose(one, other, 1e-5, 1e-6)


# 1: a chain of layers and activations


def _first() -> Graph:
    made, _ = chain(
        Input(shape=(100,)),
        Dense(units=64),
        Activation(),
        Dense(units=10),
        Activation(activation="softmax"),
        Output(),
    )
    return made


def test_exercise_1(tmp_path: Path) -> None:
    made = _first()
    assert (
        _program(made, "sequential")
        == """\
model = keras.Sequential(
    [
        keras.Input(shape=(100,)),
        layers.Dense(64),
        layers.Activation("relu"),
        layers.Dense(10),
        layers.Activation("softmax"),
    ]
)

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.001),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

if __name__ == "__main__":
    model.summary()"""
    )
    _agrees(made, ["sequential", "functional", "subclass"], tmp_path)


# 2: the same network as a list and by calls


def test_exercise_2(tmp_path: Path) -> None:
    dense = Dense(units=32, activation="relu")
    made, _ = chain(Input(shape=(784,)), dense, Dense(units=10, activation="softmax"), Output())
    assert (
        _model(made, "sequential")
        == """\
model = keras.Sequential(
    [
        keras.Input(shape=(784,)),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)"""
    )
    assert (
        _model(made, "functional")
        == """\
inputs = keras.Input(shape=(784,))
x = layers.Dense(32, activation="relu")(inputs)
outputs = layers.Dense(10, activation="softmax")(x)

model = keras.Model(inputs, outputs)"""
    )
    _agrees(made, ["sequential", "functional"], tmp_path)


# 3 and 4: two inputs; layers of their own, and shared ones


def _joined(made: Graph, left: str, right: str, end: Dense) -> Graph:
    join = made.new_node(Concatenate())
    made = made.add(join).connect(left, join.id).connect(right, join.id)
    made, _ = chain(end, _BINARY, graph=made, after=join.id)
    return made


def test_exercise_3(tmp_path: Path) -> None:
    made, left = chain(Input(shape=(100,)), Dense(units=64, activation="relu"))
    made, right = chain(Input(shape=(10,)), Dense(units=32), graph=made)
    made = _joined(made, left, right, Dense(units=1, activation="sigmoid"))
    assert (
        _program(made, "functional")
        == """\
input_ = keras.Input(shape=(100,), name="input")
input_1 = keras.Input(shape=(10,), name="input_1")
dense = layers.Dense(64, activation="relu")(input_)
dense_1 = layers.Dense(32)(input_1)
x = layers.Concatenate()([dense, dense_1])
outputs = layers.Dense(1, activation="sigmoid")(x)

model = keras.Model([input_, input_1], outputs)

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.001),
    loss="binary_crossentropy",
    metrics=["accuracy"],
)

if __name__ == "__main__":
    model.summary()"""
    )
    _agrees(made, ["functional", "subclass"], tmp_path)


def _pair(shared: bool) -> Graph:
    made, left = chain(Input(shape=(784,)), Dense(units=10))
    entry = made.new_node(Input(shape=(784,)))
    made = made.add(entry)
    right = made.new_node(Dense(units=10), shares=left if shared else None)
    made = made.add(right).connect(entry.id, right.id)
    made = _joined(made, left, right.id, Dense(units=1, activation="sigmoid"))
    return made.rename("n1", "a").rename(entry.id, "b").rename(made.by_name("dense_2").id, "end")


@pytest.mark.parametrize("shared", [False, True])
def test_exercise_4(shared: bool, tmp_path: Path) -> None:
    made = _pair(shared)
    ways = (
        ["dense = layers.Dense(10)(a)", "dense_1 = layers.Dense(10)(b)"],
        ["dense_layer = layers.Dense(10)", "dense = dense_layer(a)", "dense_1 = dense_layer(b)"],
    )
    assert _model(made, "functional").splitlines() == [
        'a = keras.Input(shape=(784,), name="a")',
        'b = keras.Input(shape=(784,), name="b")',
        *ways[shared],
        "x = layers.Concatenate()([dense, dense_1])",
        'outputs = layers.Dense(1, activation="sigmoid", name="end")(x)',
        "",
        "model = keras.Model([a, b], outputs)",
    ]
    assert sum(row.parameters for row in summary_rows(made)) == 7850 * (1 if shared else 2) + 21
    _agrees(made, ["functional", "subclass"], tmp_path)


# 5: a class of one's own, trained on random labels


def test_exercise_5(tmp_path: Path) -> None:
    layers = [Dense(units=64, activation="relu"), Dense(units=32, activation="relu"), Dense(units=16)]
    made, _ = chain(Input(shape=(2,)), *layers, Dense(units=1, activation="sigmoid"), _BINARY)
    rng = np.random.default_rng(0)
    path = tmp_path / "random.npz"
    np.savez(path, x=rng.normal(size=(200, 2)).astype(np.float32), y=rng.integers(0, 2, 200))
    assert (
        _model(made, "subclass")
        == """\


class Network(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(64, activation="relu")
        self.dense_1 = layers.Dense(32, activation="relu")
        self.dense_2 = layers.Dense(16)
        self.dense_3 = layers.Dense(1, activation="sigmoid")

    def call(self, inputs):
        x = self.dense(inputs)
        x = self.dense_1(x)
        x = self.dense_2(x)
        return self.dense_3(x)


model = Network()
# The layers make their weights when they are called for the first time.
model(keras.Input(shape=(2,)))""".strip("\n")
    )
    _agrees(made, ["subclass"], tmp_path)
    project = Project(
        made, data=DataSettings(source=Npz(path=str(path))), training=TrainingSettings(epochs=30, batch_size=32)
    )
    (finished,) = [event for event in train(project) if isinstance(event, Finished)]
    losses = finished.history["loss"]
    assert losses[-1] < losses[0]
    row = {"input": np.array([[0.5, -0.5]], np.float32)}
    (found,) = [event.value for event in predict(made, finished.weights, row) if isinstance(event, Result)]
    assert found["output"].shape == (1, 1)
    assert 0 < found["output"][0, 0] < 1


# 13: convolution and pooling


def test_exercise_13(tmp_path: Path) -> None:
    made, _ = chain(
        Input(shape=(28, 28, 1)),
        Conv2D(filters=32, kernel_size=(3, 3), strides=(1, 1), padding="same", activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dense(units=10, activation="softmax"),
        Output(),
    )
    assert (
        _model(made, "sequential")
        == """\
model = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(32, (3, 3), padding="same", activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]
)"""
    )
    _agrees(made, ["sequential", "functional", "subclass"], tmp_path)


def _averaged() -> Graph:
    made, _ = chain(
        Input(shape=(28, 28, 1)),
        Conv2D(filters=32, kernel_size=(3, 3), padding="same", activation="relu"),
        AveragePooling2D(),
        Flatten(),
        Dense(units=10, activation="softmax"),
        Output(),
    )
    return made


def _series() -> Graph:
    made, _ = chain(
        Input(shape=(100, 6)),
        Conv1D(filters=16, kernel_size=(5,), activation="relu"),
        MaxPooling1D(),
        Flatten(),
        Dense(units=1, activation="sigmoid"),
        _BINARY,
    )
    return made


def _volume() -> Graph:
    made, _ = chain(
        Input(shape=(8, 10, 6, 1)),
        Conv3D(filters=8, kernel_size=(3, 3, 3), strides=(2, 2, 2), activation="relu"),
        Flatten(),
        Dense(units=3, activation="softmax"),
        Output(),
    )
    return made


@pytest.mark.parametrize(
    ("made", "lines"),
    [
        (
            _averaged(),
            [
                "keras.Input(shape=(28, 28, 1)),",
                'layers.Conv2D(32, (3, 3), padding="same", activation="relu"),',
                "layers.AveragePooling2D((2, 2)),",
                "layers.Flatten(),",
                'layers.Dense(10, activation="softmax"),',
            ],
        ),
        (
            _series(),
            [
                "keras.Input(shape=(100, 6)),",
                'layers.Conv1D(16, (5,), activation="relu"),',
                "layers.MaxPooling1D((2,)),",
                "layers.Flatten(),",
                'layers.Dense(1, activation="sigmoid"),',
            ],
        ),
        (
            _volume(),
            [
                "keras.Input(shape=(8, 10, 6, 1)),",
                'layers.Conv3D(8, (3, 3, 3), strides=(2, 2, 2), activation="relu"),',
                "layers.Flatten(),",
                'layers.Dense(3, activation="softmax"),',
            ],
        ),
    ],
    ids=["average", "series", "volume"],
)
def test_exercise_13_in_other_shapes(made: Graph, lines: list[str], tmp_path: Path) -> None:
    written = [line.strip() for line in _model(made, "sequential").splitlines()]
    assert written == ["model = keras.Sequential(", "[", *lines, "]", ")"]
    _agrees(made, ["sequential", "functional", "subclass"], tmp_path)


# 17: files


def _predicted(loaded: models.LoadedModel, inputs: dict[str, Any]) -> Any:
    (found,) = [
        event.value for event in predict(loaded.graph, loaded.weights, inputs) if isinstance(event, Result)
    ]
    return found["output"]


@pytest.mark.parametrize("name", ["whole.h5", "whole.keras"])
def test_exercise_17_a_whole_model(name: str, tmp_path: Path) -> None:
    made = _first()
    model, variables = ready(made)
    inputs = batch(model)
    ours = model.predict(variables, inputs)["output"]
    models.save(tmp_path / name, made, model.to_host(variables), TrainingSettings())
    np.testing.assert_array_equal(_predicted(models.load(tmp_path / name), inputs), ours)
    theirs: Any = keras.saving.load_model(tmp_path / name)
    np.testing.assert_allclose(theirs.predict(inputs["input"], verbose=0), ours, 1e-5, 1e-6)


def test_exercise_17_weights_and_architecture_apart(tmp_path: Path) -> None:
    made = _first()
    model, variables = ready(made)
    inputs, weights, config = batch(model), model.to_host(variables), tmp_path / "model.json"
    ours = model.predict(variables, inputs)["output"]
    models.save(config, made, weights)
    (tmp_path / "model.weights.h5").rename(tmp_path / "other.weights.h5")
    models.save(tmp_path / "only.weights.h5", made, weights)
    theirs: Any = keras.models.model_from_json(config.read_text())
    for name in ("other.weights.h5", "only.weights.h5"):
        loaded = models.load(config, tmp_path / name)
        assert [node.layer for node in loaded.graph if not isinstance(node.layer, Output)] == [
            node.layer for node in made if not isinstance(node.layer, Output)
        ]
        np.testing.assert_array_equal(_predicted(loaded, inputs), ours)
        theirs.load_weights(tmp_path / name)
        np.testing.assert_allclose(theirs.predict(inputs["input"], verbose=0), ours, 1e-5, 1e-6)
    other, _ = chain(Input(shape=(100,)), Dense(units=63), Dense(units=10), Output())
    with pytest.raises(FileFormatError):
        models.load_weights(tmp_path / "only.weights.h5", other)


# 18: the summary


def _keras_table(model: Any) -> tuple[dict[str, tuple[str, str, str]], list[str]]:
    """Type, shape and parameters of each layer, and the totals, out of what Keras prints."""
    lines: list[str] = []
    model.summary(print_fn=lambda text, line_break=False: lines.append(text), line_length=190)  # pyright: ignore
    text = "\n".join(lines)
    rows: dict[str, tuple[str, str, str]] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("│")[1:-1]]
        if cells and (match := re.fullmatch(r"(\S+) \((\w+)\)", cells[0])):
            rows[match[1]] = (match[2], cells[1], cells[2])
    return rows, re.findall(r"^ *(\S+ params: [\d,]+)", text, re.MULTILINE)


def test_exercise_18(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # Keras cuts its table off at the width of the terminal
    needed = many_sided()
    needed = needed.remove(needed.by_name("unused").id)
    for made in (needed, _first()):
        ours = {row.name: (row.type, row.output_shape, f"{row.parameters:,}") for row in summary_rows(made)}
        totals = re.findall(r"^(\S+ params: [\d,]+)", summary_text(made), re.MULTILINE)
        assert (ours, totals) == _keras_table(keras.Model.from_config(to_config(made)["config"]))
        assert len(totals) == 3


def test_exercise_18_a_picture_with_shapes_and_names(tmp_path: Path) -> None:
    made = many_sided()
    made = made.remove(made.by_name("unused").id)
    project_file.save(Project(made), tmp_path / "net.loom")
    done = layerloom("export", "net.loom", "--to", "net.svg", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    texts = [text for text in ElementTree.parse(tmp_path / "net.svg").getroot().itertext() if text.strip()]
    assert {node.name for node in made} <= set(texts)
    assert {"8 × 8 × 1", "8 × 8 × 4", "4 × 4 × 4", "6", "16", "3", "1"} <= set(texts)
