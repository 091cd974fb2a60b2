"""Models in and out on the command line: layers, import, export."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from app.exchange import import_model
from engine.errors import FileError
from engine.formats import models, project_file
from engine.grouping import group
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.layout import Layout
from engine.project import Project
from engine.templates import chain
from tests.app.commands import layerloom


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Keras model in every format, and what it predicts."""
    folder = tmp_path_factory.mktemp("exchange")
    inputs = keras.Input((6,), name="table")
    x = keras.layers.Dense(5, activation="relu", name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="kind")(x), name="reader")
    model.compile(optimizer=keras.optimizers.RMSprop(0.002), loss="sparse_categorical_crossentropy")
    model.save(folder / "m.keras")
    model.save(folder / "m.h5")
    (folder / "m.json").write_text(model.to_json())
    model.save_weights(folder / "w.weights.h5")
    rows = np.random.default_rng(0).normal(size=(7, 6)).astype(np.float32)
    np.savez(folder / "rows.npz", table=rows)
    np.save(folder / "expected.npy", model.predict(rows, verbose=0))
    return folder


def test_layers_prints_the_coverage(tmp_path: Path) -> None:
    done = layerloom("layers", "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert found["here"] >= 130
    assert found["of"] == found["here"] + len(found["omitted"])
    assert {"category": "Core", "name": "Dense", "keras": "Dense"}.items() <= next(
        row for row in found["layers"] if row["name"] == "Dense"
    ).items()
    text = layerloom("layers", cwd=tmp_path).stdout
    assert f"{found['here']} of the {found['of']} classes of keras.layers are here." in text
    assert "TFSMLayer" in text.split("Not here")[1]


@pytest.mark.parametrize("model", ["m.keras", "m.h5", "m.json"])
def test_import_makes_a_project_that_predicts_the_same(folder: Path, model: str, tmp_path: Path) -> None:
    weights = ["--weights", str(folder / "w.weights.h5")] if model == "m.json" else []
    done = layerloom("import", str(folder / model), *weights, "-o", "p.loom", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    project = project_file.load(tmp_path / "p.loom")
    assert [node.name for node in project.graph.of_type(Dense)] == ["hidden", "kind"]
    assert len(project.layout.positions) == len(project.graph)
    if model != "m.json":
        assert project.training.optimizer.type == "RMSprop"
    done = layerloom("predict", "p.loom", "--data", str(folder / "rows.npz"), "--out", "out.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (found,) = np.load(tmp_path / "out.npz").values()
    np.testing.assert_allclose(found, np.load(folder / "expected.npy"), atol=1e-6)
    again = layerloom("import", str(folder / model), *weights, "-o", "p.loom", cwd=tmp_path)
    assert again.returncode == 1
    assert "exists already" in again.stderr


@pytest.mark.parametrize("name", ["out.keras", "out.h5"])
def test_export_is_proved_by_keras(folder: Path, name: str, tmp_path: Path) -> None:
    done = layerloom("export", str(folder / "m.keras"), "--to", name, "--verify", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    proof = json.loads(done.stdout)["proof"]
    assert proof["holds"] is True
    assert proof["outputs"][0]["difference"] < 1e-5
    model = keras.saving.load_model(tmp_path / name)
    np.testing.assert_allclose(
        model.predict(np.load(folder / "rows.npz")["table"], verbose=0),
        np.load(folder / "expected.npy"),
        atol=1e-6,
    )


def test_export_keeps_name_and_metrics(folder: Path, tmp_path: Path) -> None:
    done = layerloom("export", str(folder / "m.keras"), "--to", "out.keras", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "out.keras") as archive:
        config = json.loads(archive.read("config.json"))
    assert config["config"]["name"] == "reader"
    assert config["compile_config"]["metrics"] is None


def test_the_state_of_the_optimizer_is_exported_where_there_is_one(folder: Path, tmp_path: Path) -> None:
    model = keras.saving.load_model(folder / "m.keras")
    model.fit(np.load(folder / "rows.npz")["table"], np.arange(7) % 3, verbose=0)
    model.save(tmp_path / "fitted.keras")
    done = layerloom("export", "fitted.keras", "--to", "out.keras", "--with-optimizer", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    state = keras.saving.load_model(tmp_path / "out.keras").optimizer.variables
    for ours, theirs in zip(state, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    none = layerloom("export", str(folder / "m.keras"), "--to", "n.keras", "--with-optimizer", cwd=tmp_path)
    assert none.returncode == 1
    assert "no optimizer's state" in none.stderr


def test_an_import_keeps_the_state_of_the_optimizer(folder: Path, tmp_path: Path) -> None:
    model = keras.saving.load_model(folder / "m.keras")
    model.fit(np.load(folder / "rows.npz")["table"], np.arange(7) % 3, verbose=0)
    model.save(tmp_path / "fitted.keras")
    assert layerloom("import", "fitted.keras", "-o", "p.loom", cwd=tmp_path).returncode == 0
    done = layerloom("export", "p.loom", "--to", "out.keras", "--with-optimizer", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    state = keras.saving.load_model(tmp_path / "out.keras").optimizer.variables
    for ours, theirs in zip(state, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_groups_are_taken_apart_where_that_is_wanted(tmp_path: Path) -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(units=3), Dense(units=2), Output())
    places = Layout({key: (0.0, 90.0 * row) for row, key in enumerate(graph.order)})
    inner = [graph.by_name("dense").id, graph.by_name("dense_1").id]
    project_file.save(Project(group(graph, infer(graph), inner, places)[0]), tmp_path / "p.loom")
    done = layerloom("export", "p.loom", "--to", "out.keras", "--flat", "--verify", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["proof"]["holds"]
    assert {node.name for node in models.load(tmp_path / "out.keras").graph} >= {"dense", "dense_1"}
    assert layerloom("export", "p.loom", "--to", "nested.keras", cwd=tmp_path).returncode == 0
    assert "dense" not in {node.name for node in models.load(tmp_path / "nested.keras").graph}


@pytest.mark.parametrize("name", ["m.keras", "m.json"])
def test_a_model_is_not_exported_over_itself(folder: Path, name: str, tmp_path: Path) -> None:
    for file in ("m.keras", "m.json"):
        shutil.copy(folder / file, tmp_path)
    shutil.copy(folder / "w.weights.h5", tmp_path / "m.weights.h5")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    done = layerloom("export", name, "--to", str(tmp_path / name), cwd=tmp_path)
    assert done.returncode == 1
    assert "would be overwritten" in done.stderr
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_project_is_not_imported(tmp_path: Path) -> None:
    layerloom("new", "iris-mlp", "p.loom", cwd=tmp_path)
    done = layerloom("import", "p.loom", "-o", "q.loom", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "Error: p.loom: is a project already, not a Keras model.\n"
    assert not (tmp_path / "q.loom").exists()


@pytest.mark.parametrize("name", ["OUT.KERAS", "OUT.H5", "OUT.JSON", "OUT.PY", "OUT.SVG"])
def test_the_case_of_an_ending_does_not_matter(folder: Path, name: str, tmp_path: Path) -> None:
    done = layerloom("export", str(folder / "m.keras"), "--to", name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / name).stat().st_size > 0


def test_a_failed_import_leaves_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise FileError("last.h5", "could not be written: No space left on device.")

    monkeypatch.setattr("engine.runs.save_model", full)
    with pytest.raises(FileError, match="No space left"):
        import_model(folder / "m.keras", tmp_path / "p.loom")
    assert list(tmp_path.iterdir()) == []


def test_a_placeholder_cannot_be_proved_and_the_export_holds(tmp_path: Path) -> None:
    inputs = keras.Input((4,))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2, name="code")(inputs)).save(tmp_path / "m.keras")
    done = layerloom("export", "m.keras", "--to", "out.keras", "--verify", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "code is a placeholder for the class Lambda" in done.stdout
    assert (tmp_path / "out.keras").exists()


def test_export_as_json_with_the_weights_beside(folder: Path, tmp_path: Path) -> None:
    done = layerloom("export", str(folder / "m.h5"), "--to", "out.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "out.weights.h5" in done.stdout
    model = keras.models.model_from_json((tmp_path / "out.json").read_text())
    model.load_weights(tmp_path / "out.weights.h5")
    rows = np.load(folder / "rows.npz")["table"]
    np.testing.assert_allclose(model.predict(rows, verbose=0), np.load(folder / "expected.npy"), atol=1e-6)


def test_export_for_keras_2_has_its_words(folder: Path, tmp_path: Path) -> None:
    import h5py

    done = layerloom("export", str(folder / "m.keras"), "--to", "k2.h5", "--dialect", "keras2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with h5py.File(tmp_path / "k2.h5") as file:
        assert str(file.attrs["keras_version"]).startswith("2.")
        assert "batch_input_shape" in str(file.attrs["model_config"])


@pytest.mark.parametrize("style", ["functional", "sequential", "subclass"])
def test_exported_styles_run(folder: Path, style: str, tmp_path: Path) -> None:
    done = layerloom("export", str(folder / "m.keras"), "--to", "net.py", "--style", style, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ran = subprocess.run(
        [sys.executable, "net.py"], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "hidden" in ran.stdout


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (["--to", "x.keras", "--dialect", "keras2"], ".h5"),
        (["--to", "x.h5", "--style", "sequential"], ".py"),
        (["--to", "x.py", "--verify"], ".keras"),
        (["--to", "x.h5", "--dialect", "keras2", "--verify"], "Keras 2"),
        (["--to", "x.h5", "--with-training"], ".py"),
        (["--to", "x.onnx"], "ends in none of"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(folder: Path, options: list[str], cause: str) -> None:
    done = layerloom("export", "m.keras", *options, cwd=folder)
    assert done.returncode == 2
    assert cause in done.stderr
    assert "Traceback" not in done.stderr
