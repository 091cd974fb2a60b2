"""The styles of Keras code and the programs that train: what is refused, and what runs as it is written."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from engine.data.arrays import Npz
from engine.data.builtin import BreastCancer, Diabetes, Digits, Iris, Wine
from engine.data.hdf5_arrays import Hdf5
from engine.data.prepare import prepare
from engine.data.series import Sines
from engine.data.source import Source
from engine.data.toy import Blobs, Circles, Moons, Spirals
from engine.errors import DataError, StyleError
from engine.formats.data_text import loading
from engine.formats.keras_code import keras_code
from engine.formats.keras_styles import STYLES, Style
from engine.graph import Graph
from engine.layers.categories import Discretization
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Add
from engine.layers.preprocessing import Normalization, Rescaling
from engine.layers.reshaping import Flatten
from engine.model import compile_graph
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import TEMPLATES
from tests.engine.graphs import graph, many_sided, run

_END = Output(loss="mean_squared_error", metrics=())


def _diamond() -> Graph:
    return graph(
        ("a", Input(shape=(4,)), []),
        ("b", Dense(units=4), ["a"]),
        ("c", Dense(units=4), ["a"]),
        ("d", Add(), ["b", "c"]),
        ("out", _END, ["d"]),
    )


def _twice() -> Graph:
    return graph(
        ("a", Input(shape=(4,)), []),
        ("b", Dense(units=4), ["a"]),
        ("c", Dense(units=4), ["b"]),
        ("out", _END, ["c"]),
        shares={"c": "b"},
    )


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (many_sided(), "this network has 2 inputs"),
        (_diamond(), "c does not follow b"),
        (_twice(), "the weights of b are used more than once"),
    ],
)
def test_what_is_no_chain_is_not_written_as_one(made: Graph, reason: str) -> None:
    with pytest.raises(StyleError, match=reason):
        keras_code(Project(made), style="sequential")


def test_names_are_written_only_where_keras_would_find_others() -> None:
    made = graph(
        ("input", Input(shape=(4,)), []),
        ("dense_1", Dense(units=3), ["input"]),
        ("dense", Dense(units=3), ["dense_1"]),
        ("dense_2", Dense(units=3), ["dense"]),
        ("out", _END, ["dense_2"]),
    )
    code = keras_code(Project(made), style="sequential")
    assert [line.strip() for line in code.splitlines() if "Dense" in line] == [
        'layers.Dense(3, name="dense_1"),',
        "layers.Dense(3),",
        'layers.Dense(3, name="dense_2"),',
    ]


# Programs that train


def _fast(project: Project, **changes: Any) -> Project:
    return project.with_training(epochs=3, **changes)


def _trained(code: str, folder: Path) -> dict[str, list[float]]:
    """What `fit` told of a program, run here."""
    keras.utils.clear_session()  # names are counted from the start, as in a process of its own
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        history: dict[str, list[float]] = run(code)["history"].history
    assert (folder / "best.weights.h5").exists()
    return history


def _trained_by_itself(code: str, folder: Path) -> dict[str, list[float]]:
    """The same of a process of its own, which has nothing but the program."""
    (folder / "train.py").write_text(code + "\nimport json\n\nprint(json.dumps(history.history))\n")
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "train.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "best.weights.h5").exists()
    history: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return history


@pytest.mark.parametrize("style", STYLES)
def test_a_program_that_trains_runs_as_it_is_written(style: Style, tmp_path: Path) -> None:
    code = keras_code(_fast(TEMPLATES["digits-cnn"].make()), style=style, with_training=True)
    history = _trained_by_itself(code, tmp_path)
    assert history["loss"][-1] < history["loss"][0] / 2
    assert history["val_accuracy"][-1] > 0.8


def test_layers_take_figures_from_the_data_that_reaches_them(tmp_path: Path) -> None:
    made = graph(
        ("a", Input(shape=(10,)), []),
        ("first", Normalization(), ["a"]),
        ("scaled", Rescaling(scale=3.0), ["first"]),
        ("second", Normalization(), ["scaled"]),
        ("end", Dense(units=1), ["second"]),
        ("out", Output(loss="mean_squared_error", metrics=("mae",)), ["end"]),
    )
    project = Project(
        made, data=DataSettings(source=Diabetes()), training=TrainingSettings(epochs=2, shuffle=False)
    )
    code = keras_code(project, style="sequential", with_training=True)
    assert code.index("adapt(x_train)") < code.index("before = keras.Model") < code.index("model.fit(")
    assert "shuffle=False" in code
    _trained(code, tmp_path)
    with pytest.raises(StyleError, match="second takes figures from what other layers make"):
        keras_code(project, style="subclass", with_training=True)


def test_bins_are_learned_from_the_data() -> None:
    """As text only: Keras needs TensorFlow to find bins."""
    made = graph(
        ("a", Input(shape=(10,)), []),
        ("bins", Discretization(num_bins=4), ["a"]),
        ("scaled", Rescaling(scale=1.0), ["bins"]),
        ("end", Dense(units=1), ["scaled"]),
        ("out", Output(loss="mean_squared_error", metrics=()), ["end"]),
    )
    project = Project(made, data=DataSettings(source=Diabetes()), training=TrainingSettings(epochs=2))
    code = keras_code(project, style="sequential", with_training=True)
    assert 'model.get_layer("bins").adapt(x_train)' in code


@pytest.mark.parametrize("style", ["functional", "subclass"])
def test_several_inputs_and_outputs_are_trained(style: Style, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / 'it\'s "data".npz'
    arrays = {
        "picture": rng.integers(0, 255, (60, 8, 8, 1)),
        "table": rng.normal(size=(60, 6)),
        "kind_out": rng.integers(0, 3, 60),
        "size_out": rng.normal(size=60),
    }
    np.savez(path, **{f"{name}_train": array for name, array in arrays.items()})  # type: ignore[arg-type]  # pyright: ignore
    np.savez(tmp_path / "val.npz", **{name: array[:20] for name, array in arrays.items()})  # type: ignore[arg-type]  # pyright: ignore
    source = Npz(path=str(path), validation_path=str(tmp_path / "val.npz"))
    project = Project(many_sided(), data=DataSettings(source=source), training=TrainingSettings(epochs=2))
    history = _trained(keras_code(project, style=style, with_training=True), tmp_path)
    assert "val_loss" in history


def test_arrays_of_an_hdf5_file_are_trained_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / 'it\'s "data".h5'
    with h5py.File(path, "w") as file:
        for part, count in (("train", 60), ("test", 20)):
            file[f"{part}/images"] = rng.integers(0, 255, (count, 8, 8), np.uint8)
            file[f"{part}/labels"] = rng.integers(0, 3, count)
    made = graph(
        ("a", Input(shape=(8, 8, 1)), []),
        ("flat", Flatten(), ["a"]),
        ("b", Dense(units=3, activation="softmax"), ["flat"]),
        ("out", Output(), ["b"]),
    )
    project = Project(made, data=DataSettings(source=Hdf5(path=str(path))), training=TrainingSettings(epochs=2))
    assert "val_loss" in _trained(keras_code(project, with_training=True), tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        Digits(),
        Iris(),
        Wine(),
        BreastCancer(),
        Diabetes(),
        Moons(),
        Blobs(classes=4),
        Spirals(arms=3),
        Circles(),
        Sines(),
    ],
)
def test_the_program_trains_on_the_same_samples(source: Source) -> None:
    (x,), (y,) = source.features().values(), source.targets().values()
    units, loss = (len(y.classes), "categorical_crossentropy") if y.classes else (1, "mean_squared_error")
    made = graph(
        ("a", Input(shape=x.shape), []),
        ("flat", Flatten(), ["a"]),
        ("b", Dense(units=units, activation="softmax" if y.classes else "linear"), ["flat"]),
        ("out", Output(loss=loss, metrics=()), ["b"]),
    )
    if x.shape == (8, 8, 1):
        made = made.set_layer("n1", Input(shape=(64,)))
    project = Project(made, data=DataSettings(source=source, validation_split=0.15))
    code = keras_code(project, with_training=True)
    space = run(code[: code.index("inputs = ")])
    ours = prepare(compile_graph(made), source.load(), project.data)
    for suffix, part in (("train", ours.training), ("val", ours.validation), ("test", ours.test)):
        assert part is not None
        np.testing.assert_array_equal(space[f"x_{suffix}"], part.inputs["a"])
        np.testing.assert_array_equal(space[f"y_{suffix}"], part.targets["out"])


_SPLITS: list[dict[str, Any]] = [
    {"shuffle": False},
    {"stratify": True},
    {"stratify": True, "shuffle": False, "test_split": 0.0},
    {"keep_duplicates_together": True},
    {"keep_duplicates_together": True, "stratify": True, "seed": 3},
]


@pytest.mark.parametrize("settings", _SPLITS)
@pytest.mark.parametrize("rows", ["labels", "one-hot"])
def test_the_program_splits_in_the_same_way(settings: dict[str, Any], rows: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {"x": rng.integers(0, 3, (120, 3)).astype(np.float32), "y": rng.integers(0, 4, 120)}
    if rows == "one-hot":
        arrays["y"] = np.eye(4, dtype=np.float32)[arrays["y"]]
    _check_same_split(tmp_path, arrays, settings)


@pytest.mark.parametrize("together", [False, True])
def test_the_program_keeps_groups_together(together: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {"x": rng.integers(0, 9, (120, 3)).astype(np.float32), "y": rng.integers(0, 4, 120)}
    arrays["groups"] = rng.integers(0, 40, 120)
    code = _check_same_split(tmp_path, arrays, {"keep_duplicates_together": together})
    assert ("joined(" in code) == together


def _check_same_split(folder: Path, arrays: dict[str, Any], settings: dict[str, Any]) -> str:
    """Write the program of a project, run what splits its data, and compare the parts with ours."""
    np.savez(folder / "data.npz", **arrays)
    made = graph(
        ("x", Input(shape=(3,)), []),
        ("b", Dense(units=4, activation="softmax"), ["x"]),
        ("out", Output(metrics=()), ["b"]),
    )
    source = Npz(path=str(folder / "data.npz"))
    project = Project(made, data=DataSettings(source=source, **settings))
    code = keras_code(project, with_training=True)
    space = run(code[: code.index("inputs = ")])
    ours = prepare(compile_graph(made), source.load(), project.data)
    for suffix, part in (("train", ours.training), ("val", ours.validation), ("test", ours.test)):
        if part is not None:
            np.testing.assert_array_equal(space[f"x_{suffix}"], part.inputs["x"])
            np.testing.assert_array_equal(space[f"y_{suffix}"], part.targets["out"])
    assert ours.validation is not None
    return code


@pytest.mark.parametrize("setting", ["balanced", "1, 2.5, 0.5"])
@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
@pytest.mark.parametrize("own", [False, True])
def test_the_program_weighs_in_the_same_way(setting: str, loss: str, own: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {"x": rng.normal(size=(90, 3)), "y": rng.choice(3, 90, p=[0.7, 0.2, 0.1])}
    if own:
        arrays["sample_weight"] = rng.uniform(0, 2, 90)
    np.savez(tmp_path / "data.npz", **arrays)
    made = graph(
        ("x", Input(shape=(3,)), []),
        ("b", Dense(units=3, activation="softmax"), ["x"]),
        ("out", Output(loss=loss, metrics=(), class_weight=setting), ["b"]),
    )
    source = Npz(path=str(tmp_path / "data.npz"))
    project = Project(made, data=DataSettings(source=source), training=TrainingSettings(epochs=2))
    code = keras_code(project, with_training=True)
    space = run(code[: code.index("inputs = ")])
    ours = prepare(compile_graph(made), source.load(), project.data)
    (expected,) = ours.training.weights.values()
    if own:
        found = space["weights"]
        assert "sample_weight=weights" in code
        assert "validation_data=(x_val, y_val, w_val)" in code
        assert "model.evaluate(x_test, y_test, sample_weight=w_test, return_dict=True)" in code
    else:
        labels = space["y_train"].argmax(-1) if loss.startswith("categorical") else space["y_train"]
        found = np.array([space["class_weight"][label] for label in labels.tolist()])
        assert "class_weight=class_weight" in code
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    _trained(code, tmp_path)


def test_the_program_weighs_each_of_several_outputs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {"a": rng.normal(size=(60, 3)), "one": rng.integers(0, 3, 60), "two": rng.normal(size=60)}
    np.savez(tmp_path / "data.npz", **arrays)  # type: ignore[arg-type]  # pyright: ignore
    made = graph(
        ("a", Input(shape=(3,)), []),
        ("b", Dense(units=3, activation="softmax"), ["a"]),
        ("one", Output(metrics=(), class_weight="1, 2, 3"), ["b"]),
        ("c", Dense(units=1), ["a"]),
        ("two", _END, ["c"]),
    )
    source = Npz(path=str(tmp_path / "data.npz"))
    project = Project(made, data=DataSettings(source=source), training=TrainingSettings(epochs=2))
    code = keras_code(project, with_training=True)
    space = run(code[: code.index("inputs = ")])
    ours = prepare(compile_graph(made), source.load(), project.data)
    np.testing.assert_array_equal(space["weights"][0], ours.training.weights["one"])
    np.testing.assert_array_equal(space["weights"][1], np.ones(len(ours.training.targets["two"])))
    _trained(code, tmp_path)


def test_data_that_does_not_fit_gives_no_program() -> None:
    project = TEMPLATES["digits-cnn"].make()
    for data, reason in ((Iris(), "input takes 8 × 8 × 1"), (Npz(), "No NPZ file is chosen yet")):
        with pytest.raises(DataError, match=reason):
            keras_code(replace(project, data=DataSettings(source=data)), with_training=True)
    with pytest.raises(StyleError, match="no Python yet"):
        loading(Source())
