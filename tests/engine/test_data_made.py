"""Data that is made: points in a plane, and a series."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from engine.data.series import Sines
from engine.data.source import SOURCES, Source
from engine.data.toy import Blobs, Circles, Moons, Spirals
from engine.events import Finished
from engine.formats import project_file
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from engine.layers.recurrent import LSTM
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train

TOYS = ("moons", "circles", "spirals", "blobs")
MADE = (*TOYS, "sines")


def points(source: Source) -> tuple[Any, Any]:
    found = source.load()
    return found.features["x"], found.targets["y"]


def trained(graph: Graph, source: Source, **settings: Any) -> Finished:
    project = Project(graph, data=DataSettings(source=source), training=TrainingSettings(**settings))
    (finished,) = [event for event in train(project) if isinstance(event, Finished)]
    return finished


def test_all_that_is_made_says_so() -> None:
    assert {name for name, cls in SOURCES.items() if cls.made} == set(MADE)


@pytest.mark.parametrize("name", MADE)
def test_the_same_seed_gives_the_same_samples(name: str) -> None:
    source = SOURCES[name]()
    first, again, other = (points(s) for s in (source, source, source.replace(seed=1)))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_is_what_was_said(name: str) -> None:
    source = SOURCES[name]()
    loaded = source.load()
    for columns, arrays in ((source.features(), loaded.features), (source.targets(), loaded.targets)):
        shapes = {name: array.shape[1:] for name, array in arrays.items()}
        assert {name: column.shape for name, column in columns.items()} == shapes
    assert loaded.features["x"].dtype == np.float32


@pytest.mark.parametrize("name", MADE)
def test_it_goes_through_a_project_file(name: str, tmp_path: Path) -> None:
    source = SOURCES[name](samples=77, noise=0.2, seed=5)
    project_file.save(Project(data=DataSettings(source=source)), tmp_path / "a.loom")
    assert project_file.load(tmp_path / "a.loom").data.source == source


@pytest.mark.parametrize(
    ("source", "classes"), [(Moons(), 2), (Circles(), 2), (Spirals(arms=5), 5), (Blobs(classes=10), 10)]
)
def test_classes_are_as_many_as_asked_and_equally_large(source: Any, classes: int) -> None:
    x, y = points(source.replace(samples=101))
    counts = np.bincount(y)
    assert len(x) == 101
    assert len(counts) == classes == len(source.targets()["y"].classes)
    assert counts.max() - counts.min() <= 1


def test_without_noise_points_lie_where_they_should() -> None:
    x, y = points(Circles(noise=0, radius=0.25))
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), np.where(y == 0, 1, 0.25), atol=1e-6)
    x, y = points(Moons(noise=0))
    np.testing.assert_allclose(np.linalg.norm(x[y == 0], axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(x[y == 1] - [1, 0.5], axis=1), 1, atol=1e-6)
    assert x[y == 0, 1].min() >= 0
    assert x[y == 1, 1].max() <= 0.5
    x, y = points(Spirals(noise=0, arms=3, turns=2))
    distance = np.linalg.norm(x, axis=1)
    wound = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) - 2 * distance - y / 3
    np.testing.assert_allclose(np.abs(wound - np.round(wound))[distance > 0.1], 0, atol=1e-5)
    x, y = points(Blobs(noise=0, classes=4))
    assert len(np.unique(x, axis=0)) == 4


def test_noise_moves_points_and_leaves_them_in_their_class() -> None:
    still, labels = points(Moons(noise=0, samples=5000))
    noisy, same = points(Moons(noise=0.3, samples=5000))
    np.testing.assert_array_equal(labels, same)
    assert np.std(noisy - still) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(
    "wrong", [{"arms": 6}, {"arms": 1}, {"samples": 9}, {"noise": -0.1}, {"noise": float("nan")}, {"radius": 1}]
)
def test_settings_have_limits(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Spirals(**wrong)


def test_two_moons_are_learned() -> None:
    layers = [Dense(units=32, activation="relu"), Dense(units=32, activation="relu")]
    graph, _ = chain(Input(shape=(2,)), *layers, Dense(units=2, activation="softmax"), Output())
    assert trained(graph, Moons(noise=0.05), epochs=40).test["accuracy"] > 0.9


# The series


def test_windows_are_followed_by_the_next_value_and_parts_by_later_ones() -> None:
    source = Sines(samples=100, window=8)
    loaded = source.load()
    assert loaded.validation is not None
    assert loaded.test is not None
    parts = ({**loaded.features, **loaded.targets}, loaded.validation, loaded.test)
    assert [len(part["x"]) for part in parts] == [70, 10, 20]
    x = np.concatenate([part["x"] for part in parts])[..., 0]
    y = np.concatenate([part["y"] for part in parts])
    assert x.shape == (100, 8)
    np.testing.assert_array_equal(x[1:, :-1], x[:-1, 1:])
    np.testing.assert_array_equal(x[1:, -1], y[:-1])


def test_a_series_without_noise_stays_between_its_peaks() -> None:
    y = Sines(noise=0, sines=1, samples=2000).load().targets["y"]
    assert np.abs(y).max() == pytest.approx(1, abs=0.02)


def test_the_next_value_is_learned() -> None:
    graph, _ = chain(
        Input(shape=(20, 1)), LSTM(units=16), Dense(units=1), Output(loss="mean_squared_error", metrics=())
    )
    source = Sines(window=20, noise=0.01)
    finished = trained(graph, source, epochs=30, batch_size=16)
    spread = float(np.var(source.load().targets["y"]))
    assert finished.test["loss"] < 0.1 * spread  # far better than always telling the mean
    later = replace(Project(graph), data=DataSettings(source=source, validation_split=0.5, test_split=0.3))
    started = next(event for event in train(later) if hasattr(event, "validation_samples"))
    assert (started.samples, started.validation_samples, started.test_samples) == (350, 50, 100)  # type: ignore[attr-defined]
