"""The network that is begun for data: it has no problems, fits the data and learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.fitness import made_to_fit, misfits
from engine.data.arrays import Npz
from engine.data.imdb import Imdb
from engine.data.source import SOURCES, Column, DataSet
from engine.events import Finished
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.layers.preprocessing import Rescaling
from engine.project import DataSettings, Project, TrainingSettings
from engine.starting import columns_of, started
from engine.templates import make
from engine.training import train
from tests.engine.data_files import imdb_file


@pytest.mark.parametrize("name", [name for name, cls in SOURCES.items() if cls().features()])
def test_a_network_is_begun_for_each_source_and_trains(name: str) -> None:
    source = SOURCES[name]()
    graph = started(*columns_of(source.load()))
    project = Project(graph, data=DataSettings(source=source), training=TrainingSettings(epochs=2))
    assert not infer(graph).problems
    assert misfits(project, infer(graph)) == ()
    *_, end = train(project)
    assert isinstance(end, Finished)
    assert end.history["loss"][-1] < end.history["loss"][0]


def test_each_feature_and_target_has_its_node() -> None:
    rows = np.zeros((6, 4), np.float32)
    ds = DataSet(
        {"a": rows, "b": rows.reshape(6, 2, 2), "words": np.full((6, 1), "x")},
        {"kind": np.arange(6) % 3, "size": rows[:, 0]},
        {"kind": ("p", "q", "r")},
    )
    graph = started(*columns_of(ds))
    entries = {node.name: node.layer for node in graph.of_type(Input)}
    assert entries == {
        "a": Input(shape=(4,)), "b": Input(shape=(2, 2)), "words": Input(shape=(1,), dtype="string")
    }  # fmt: skip
    assert {node.name: node.layer.loss for node in graph.of_type(Output)} == {  # type: ignore[attr-defined]
        "kind": "sparse_categorical_crossentropy",
        "size": "mean_squared_error",
    }
    assert not infer(graph).problems


def test_a_network_for_texts_learns_what_words_mean(tmp_path: Path) -> None:
    labels = np.arange(60) % 2
    texts = np.array([[f"a film that was {'good' if label else 'bad'} {n}"] for n, label in enumerate(labels)])
    np.savez(tmp_path / "texts.npz", x=texts, y=labels)
    source = Npz(path=str(tmp_path / "texts.npz"))
    features, targets = columns_of(source.load())
    assert features == {"x": Column((1,), text=6)}
    graph = started(features, targets)
    assert not infer(graph).problems
    *_, end = train(Project(graph, data=DataSettings(source=source), training=TrainingSettings(epochs=15)))
    assert isinstance(end, Finished)
    assert end.history["accuracy"][-1] > 0.95


def test_a_network_for_rows_of_words_learns_what_they_mean(tmp_path: Path) -> None:
    source = Imdb(path=str(imdb_file(tmp_path, train=300)), length=20)
    features, targets = columns_of(source.load())
    assert features == {"x": Column((20,), words=10_000)}
    graph = started(features, targets)
    assert graph.of_type(Input)[0].layer == Input(shape=(20,), dtype="int32")
    project = Project(graph, data=DataSettings(source=source), training=TrainingSettings(epochs=40))
    assert misfits(project, infer(graph)) == ()
    *_, end = train(project)
    assert isinstance(end, Finished)
    assert end.history["accuracy"][-1] > 0.9


def test_labels_without_names_are_classes() -> None:
    _, targets = columns_of(DataSet({"x": np.zeros((4, 2))}, {"y": np.array([0, 2, 1, 2])}))
    assert targets == {"y": Column((), ("0", "1", "2"))}


def test_a_network_that_is_there_is_made_to_fit() -> None:
    graph = make("iris-mlp").graph
    features, targets = {"x": Column((13,))}, {"y": Column(())}
    fitted = made_to_fit(graph, features, targets)
    (entry,) = fitted.of_type(Input)
    assert entry.layer == replace_shape(entry.layer, (13,))
    assert fitted.of_type(Dense)[-1].layer == Dense(units=1)
    assert fitted.of_type(Output)[0].layer == Output(loss="mean_squared_error", metrics=("mae",))
    assert made_to_fit(fitted, features, targets) is fitted
    assert not infer(fitted).problems


def replace_shape(layer: object, shape: tuple[int, ...]) -> object:
    return layer.replace(shape=shape)  # type: ignore[attr-defined]


def test_nothing_that_goes_in_makes_no_network() -> None:
    assert len(started({}, {"y": Column(())})) == 0
    assert replace(Project(), graph=started({}, {})).graph == Project().graph


@pytest.mark.parametrize("shape", [(1,), (15,), (16,), (100, 2), (16_000,), (441_000, 2)])
@pytest.mark.parametrize("rate", [1000, 16_000, 192_000])
def test_a_network_is_begun_for_sounds_of_any_length(shape: tuple[int, ...], rate: int) -> None:
    graph = started({"x": Column(shape, sampling_rate=rate)}, {"y": Column((), ("a", "b"))})
    assert not infer(graph).problems


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 300, 1), (8, 8, 1), (28, 28, 1), (512, 512, 4)])
def test_a_network_is_begun_for_pictures_of_any_size(shape: tuple[int, ...]) -> None:
    graph = started({"x": Column(shape, picture=True)}, {"y": Column(())})
    assert not infer(graph).problems
    assert len(graph.of_type(Rescaling)) == 1
