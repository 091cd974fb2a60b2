"""The exercises of the course on published data: read in its own format, trained on, evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from engine import feeding
from engine.data import consent
from engine.data.cifar import Cifar10
from engine.data.generator import PythonGenerator
from engine.data.idx import FashionMnist, Mnist
from engine.data.imdb import Imdb
from engine.data.source import Source
from engine.errors import ConsentError
from engine.evaluation import evaluate_project
from engine.events import Finished, Result, Started
from engine.formats import project_file
from engine.formats.keras_code import keras_code
from engine.graph import Graph
from engine.layer import Layer
from engine.layers.augmentation_geometry import RandomRotation, RandomTranslation, RandomZoom
from engine.layers.conv import Conv1D, Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.embedding import Embedding
from engine.layers.global_pooling import GlobalMaxPooling1D
from engine.layers.pooling import MaxPooling2D
from engine.layers.preprocessing import Rescaling
from engine.layers.recurrent import LSTM
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten
from engine.model import compile_graph
from engine.optimizers import Adam, Optimizer, RMSprop
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train
from tests.engine.data_files import cifar_archive, imdb_file, mnist_files

_SCALED = Rescaling(scale=1 / 255)


def _trains(
    made: Graph, source: Source, optimizer: Optimizer, epochs: int, batch_size: int, folder: Path
) -> tuple[Started, Finished]:
    """Train a project as it comes back from its file; evaluating it says what the run said at its end."""
    settings = TrainingSettings(optimizer=optimizer, epochs=epochs, batch_size=batch_size)
    project_file.save(Project(made, data=DataSettings(source=source), training=settings), folder / "a.loom")
    project = project_file.load(folder / "a.loom")
    events = list(train(project))
    (started,) = [event for event in events if isinstance(event, Started)]
    (finished,) = [event for event in events if isinstance(event, Finished)]
    (figures,) = [
        event.value for event in evaluate_project(project, finished.weights) if isinstance(event, Result)
    ]
    assert figures == pytest.approx(finished.test, rel=1e-5)
    assert finished.test.keys() == {"loss", "accuracy"}
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= finished.history.keys()
    assert len(finished.history["val_loss"]) == epochs
    return started, finished


def test_exercise_6_mnist_as_vectors(tmp_path: Path) -> None:
    mnist_files(tmp_path / "mnist", separator=".")
    made, _ = chain(
        Input(shape=(784,)),
        _SCALED,
        Dense(units=32, activation="relu"),
        Dense(units=10, activation="softmax"),
        Output(loss="categorical_crossentropy"),
    )
    source = Mnist(path=str(tmp_path / "mnist"))
    started, finished = _trains(made, source, RMSprop(learning_rate=0.003), 10, 32, tmp_path)
    assert (started.samples, started.validation_samples, started.test_samples) == (180, 20, 60)
    assert finished.test["accuracy"] > 0.8


@pytest.mark.parametrize("kind", [Mnist, FashionMnist])
def test_exercise_7_pictures_from_the_four_files(kind: type[Mnist | FashionMnist], tmp_path: Path) -> None:
    files = mnist_files(tmp_path / "mnist", packed=False)
    made, _ = chain(
        Input(shape=(28, 28, 1)),
        _SCALED,
        Conv2D(filters=16, kernel_size=(3, 3), activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dense(units=128, activation="relu"),
        Dense(units=10, activation="softmax"),
        Output(),
    )
    source = kind(path=str(files["train images"]))
    started, finished = _trains(made, source, Adam(), 4, 16, tmp_path)
    assert started.test_samples == 60
    assert finished.test["accuracy"] > 0.8


def test_exercise_12_cifar_from_its_archive(tmp_path: Path) -> None:
    archive = cifar_archive(tmp_path / "cifar-10-binary.tar.gz")
    made, _ = chain(
        Input(shape=(32, 32, 3)),
        _SCALED,
        Conv2D(filters=16, kernel_size=(3, 3), padding="same", activation="relu"),
        MaxPooling2D(),
        Conv2D(filters=16, kernel_size=(3, 3), padding="same", activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dropout(rate=0.5),
        Dense(units=10, activation="softmax"),
        Output(),
    )
    started, finished = _trains(made, Cifar10(path=str(archive)), Adam(learning_rate=0.003), 4, 20, tmp_path)
    assert (started.samples, started.validation_samples, started.test_samples) == (180, 20, 40)
    assert finished.test["accuracy"] > 0.8


@pytest.mark.parametrize(
    "middle",
    [
        (LSTM(units=16),),
        (Conv1D(filters=16, kernel_size=(3,), activation="relu"), GlobalMaxPooling1D()),
    ],
    ids=["LSTM", "Conv1D"],
)
def test_exercise_11_reviews_of_films(middle: tuple[Layer, ...], tmp_path: Path) -> None:
    imdb_file(tmp_path / "imdb", train=200, test=60)
    made, _ = chain(
        Input(shape=(16,), dtype="int32"),
        Embedding(input_dim=100, output_dim=16),
        *middle,
        Dense(units=1, activation="sigmoid"),
        Output(loss="binary_crossentropy"),
    )
    source = Imdb(path=str(tmp_path / "imdb" / "imdb.npz"), num_words=100, length=16, maxlen=60)
    started, finished = _trains(made, source, Adam(learning_rate=0.01), 12, 20, tmp_path)
    assert (started.samples, started.validation_samples, started.test_samples) == (180, 20, 60)
    assert finished.test["accuracy"] > 0.8


@pytest.mark.parametrize("streamed", [False, True])
def test_exercise_8_pictures_are_rescaled_and_varied_in_a_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, streamed: bool
) -> None:
    if streamed:  # as data that is larger than memory is: batch by batch, from the background
        monkeypatch.setattr(feeding, "HELD", 0)
    mnist_files(tmp_path / "mnist")
    source = Mnist(path=str(tmp_path / "mnist"))
    plain = (
        Conv2D(filters=16, kernel_size=(3, 3), activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dense(units=64, activation="relu"),
        Dense(units=10, activation="softmax"),
        Output(),
    )
    turned, moved = RandomRotation(factor=0.03), RandomTranslation(height_factor=0.05, width_factor=0.05)
    varied = (turned, moved, RandomZoom(height_factor=0.05))
    graph, _ = chain(Input(shape=(28, 28, 1)), _SCALED, *varied, *plain)
    _, finished = _trains(graph, source, Adam(learning_rate=0.003), 6, 20, tmp_path)
    assert finished.test["accuracy"] > 0.8

    # what is judged and predicted is not varied: a network without these layers says the same of the same weights
    bare, _ = chain(Input(shape=(28, 28, 1)), _SCALED, *plain)
    by_name = {graph[key].name: arrays for key, arrays in finished.weights.items()}
    weights = {node.id: by_name[node.name] for node in bare if node.name in by_name}
    assert len(weights) == 3
    project = Project(bare, data=DataSettings(source=source))
    (figures,) = [event.value for event in evaluate_project(project, weights) if isinstance(event, Result)]
    assert figures == pytest.approx(finished.test, rel=1e-5)


def test_pictures_are_varied_in_training_alone_and_anew_each_time(tmp_path: Path) -> None:
    mnist_files(tmp_path / "mnist")
    x = {"input": np.asarray(Mnist(path=str(tmp_path / "mnist")).load().features["x"][:8], np.float32)}
    graph, _ = chain(
        Input(shape=(28, 28, 1)), _SCALED, RandomRotation(), RandomTranslation(), RandomZoom(), Output(loss=None)
    )
    model = compile_graph(graph)
    variables = model.init(0)

    def given(**settings: Any) -> Any:
        (values,) = model.apply(variables, x, **settings).outputs.values()
        return np.asarray(values)

    np.testing.assert_allclose(given(), x["input"] / 255, atol=1e-6)
    first, second = (given(training=True, key=jax.random.key(seed)) for seed in (1, 2))
    assert np.abs(first - given()).max() > 0.1
    assert np.abs(first - second).max() > 0.1
    np.testing.assert_array_equal(first, given(training=True, key=jax.random.key(1)))


def test_exercise_9_a_generator_of_random_batches(tmp_path: Path) -> None:
    (tmp_path / "random_batches.py").write_text(
        "import numpy as np\n\n\n"
        "def batches():\n"
        "    while True:\n"
        "        x = np.random.random((32, 100))\n"
        "        y = np.random.randint(0, 2, (32, 1))\n"
        "        yield x, y\n"
    )
    source = PythonGenerator(path=str(tmp_path / "random_batches.py"))  # 100 steps make an epoch, as they come
    made, _ = chain(
        Input(shape=(100,)),
        Dense(units=64, activation="relu"),
        Dense(units=1, activation="sigmoid"),
        Output(loss="binary_crossentropy"),
    )
    settings = TrainingSettings(optimizer=Adam(), epochs=2)
    project_file.save(Project(made, data=DataSettings(source=source), training=settings), tmp_path / "a.loom")
    project = project_file.load(tmp_path / "a.loom")
    with pytest.raises(ConsentError):
        list(train(project))
    consent.allow(source.script())
    events = list(train(project))
    (started,) = [event for event in events if isinstance(event, Started)]
    (finished,) = [event for event in events if isinstance(event, Finished)]
    assert (started.steps_per_epoch, started.samples, finished.step) == (100, 3200, 200)
    assert 0.6 < finished.history["loss"][-1] < 0.8  # there is nothing to be learned
    code = keras_code(project, style="sequential", with_training=True)
    assert "from random_batches import batches" in code
    assert "steps_per_epoch=100" in code
