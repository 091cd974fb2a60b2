"""`layerloom data inspect` and `layerloom train --data`, as a user and as a machine call them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engine.data.source import Source
from engine.formats import project_file
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from tests.app.commands import layerloom
from tests.engine.class_folders import picture_folder
from tests.engine.data_files import imdb_file
from tests.engine.test_data_hdf5 import written as written_hdf5
from tests.engine.test_table import flowers, settled, written
from tests.engine.test_texts import folders


def saved(folder: Path, source: Source, graph: Graph | None = None) -> None:
    if graph is None:
        graph, _ = chain(Input(shape=(2,)), Dense(units=3, activation="softmax"), Output())
    project = Project(graph, data=DataSettings(source=source), training=TrainingSettings(epochs=1))
    project_file.save(project, folder / "p.loom")


def test_a_table_is_inspected(tmp_path: Path) -> None:
    flowers(tmp_path / "f.csv")
    done = layerloom("data", "inspect", "f.csv", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["source"], found["rows"], found["samples"]) == ("table", 150, 150)
    assert [column["kind"] for column in found["columns"]] == ["number", "number", "category"]
    assert found["features"]["x"] == {"shape": [150, 2], "type": "float32", "missing": 0}
    assert found["classes"] == {"y": {"setosa": 50, "versicolor": 50, "virginica": 50}}
    assert found["problems"] == []
    shown = layerloom("data", "inspect", "f.csv", cwd=tmp_path).stdout
    assert "written with: comma, double quotes, decimal point, header" in shown
    assert "species: target, category, 3 classes" in shown
    assert "classes of y (3): setosa 50, versicolor 50, virginica 50" in shown


def test_faulty_rows_are_among_the_problems(tmp_path: Path) -> None:
    path = Path(flowers(tmp_path / "f.csv"))
    written(path, path.read_text() + "1,2\n" * 7)
    done = layerloom("data", "inspect", "f.csv", "--json", cwd=tmp_path)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["faulty_rows"] == 7
    assert "line 152: There are 2 cells, but 3 columns. Mend the file" in found["problems"][0]
    assert found["problems"][1] == "line 153: There are 2 cells, but 3 columns."
    assert found["problems"][5] == "... and 2 more rows that cannot be read."


def test_arrays_are_inspected(tmp_path: Path) -> None:
    x = np.ones((6, 4))
    x[2, 1] = np.nan
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.arange(6), x_test=x[:2], y_test=np.arange(2))
    found = json.loads(layerloom("data", "inspect", "a.npz", "--json", cwd=tmp_path).stdout)
    assert found["features"] == {"x": {"shape": [6, 4], "type": "float64", "missing": 1}}
    assert found["test"]["y"]["shape"] == [2]
    assert found["classes"] == {"y": dict.fromkeys("012345", 1)}
    assert "test y: 2 int64" in layerloom("data", "inspect", "a.npz", cwd=tmp_path).stdout


def test_pictures_at_which_a_run_would_stop_are_problems(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set", each=3)
    (folder / "red" / "bad.png").write_bytes(b"no picture")
    done = layerloom("data", "inspect", "set", "--json", cwd=tmp_path)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    (problem,) = found["problems"]
    assert problem.startswith("1 of 10 samples cannot be read: red/bad.png: is no picture")
    assert found["samples"] == 9
    assert not any("left out" in note for note in found["notes"])


def test_an_hdf5_file_is_inspected(tmp_path: Path) -> None:
    written_hdf5(
        tmp_path / "a.h5",
        train__x=np.ones((6, 4), np.float32),
        train__y=np.arange(6),
        test__x=np.ones((2, 4)),
        test__y=np.arange(2),
        made=2024,
    )
    found = json.loads(layerloom("data", "inspect", "a.h5", "--json", cwd=tmp_path).stdout)
    assert found["source"] == "hdf5"
    assert found["features"] == {"x": {"shape": [6, 4], "type": "float32", "missing": 0}}
    assert found["test"]["y"]["shape"] == [2]
    assert found["notes"] == ["Single values are left out: made."]


def test_texts_and_reviews_are_inspected(tmp_path: Path) -> None:
    folders(tmp_path / "films", 3, ("train", "test"))
    found = json.loads(layerloom("data", "inspect", "films", "--json", cwd=tmp_path).stdout)
    assert (found["source"], found["samples"]) == ("texts", 6)
    assert found["features"] == {"x": {"shape": [6, 1], "type": "text", "missing": 0}}
    assert found["classes"] == {"y": {"bad": 3, "good": 3}}
    assert found["test"]["y"]["shape"] == [6]
    imdb_file(tmp_path / "reviews", 12, 5)
    shown = layerloom("data", "inspect", "reviews/imdb.npz", cwd=tmp_path).stdout
    assert "imdb.npz: IMDB reviews" in shown
    assert "feature x: 12 x 200 int32" in shown
    assert "classes of y (2): negative" in shown


def test_what_cannot_be_read_exits_with_a_sentence(tmp_path: Path) -> None:
    written(tmp_path / "empty.csv", "")
    written(tmp_path / "notes.docx", "x")
    for name, told in (
        ("none.csv", "no such file"),
        ("empty.csv", "is empty"),
        ("notes.docx", "known by its name"),
    ):
        done = layerloom("data", "inspect", name, cwd=tmp_path)
        assert done.returncode == 1
        assert told in done.stderr
        assert "Traceback" not in done.stderr


def test_another_file_trains_in_place_of_the_projects(tmp_path: Path) -> None:
    source = settled(flowers(tmp_path / "f.csv", rows=60))
    saved(tmp_path, source)
    flowers(tmp_path / "more.csv", rows=300)
    counts = []
    for options in ((), ("--data", "more.csv")):
        done = layerloom("train", "p.loom", "--json", *options, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        rows = map(json.loads, done.stdout.splitlines())
        counts.append(next(row["step"] for row in rows if row["event"] == "epoch"))
    assert counts == [2, 7]  # 42 and 210 samples in batches of 32
    written(tmp_path / "other.csv", "a,b\n" + "1.5,2.5\n" * 30)
    done = layerloom("train", "p.loom", "--data", "other.csv", cwd=tmp_path)
    assert done.returncode == 1
    assert "has no column 'sepal'" in done.stderr
