"""`layerloom evaluate` and `layerloom predict` on other data than the project's: tables, pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from app.cli import cli
from engine import templates
from engine.adaptation import learned
from engine.asking import picture_for
from engine.data.opening import source_of
from engine.data.prepare import prepare
from engine.data.source import finished
from engine.errors import DataError, FileError, FileFormatError
from engine.formats import project_file
from engine.model import compile_graph
from engine.project import DataSettings, Project
from engine.runs import keep_weights
from engine.starting import columns_of, started


def table(path: Path, rows: int, seed: int, hole: str = "") -> None:
    """Two numbers, and whether their sum is above 1."""
    x = np.random.default_rng(seed).uniform(size=(rows, 2))
    lines = [f"{a:.6f},{b:.6f},{'high' if a + b > 1 else 'low'}" for a, b in x]
    lines[0] = lines[0].replace(lines[0].split(",")[0], hole, 1) if hole else lines[0]
    path.write_text("a,b,kind\n" + "\n".join(lines) + "\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of a table, with weights that nobody trained."""
    table(tmp_path / "train.csv", 60, 0)
    source = finished(source_of(tmp_path / "train.csv").proposing())
    made = Project(started(*columns_of(source.load())), data=DataSettings(source=source))
    path = tmp_path / "sums.loom"
    project_file.save(made, path)
    model = compile_graph(made.graph)
    graph = learned(model, prepare(model, source.load(), made.data).training)
    model = compile_graph(graph)
    keep_weights(path, replace(made, graph=graph), model.to_host(model.init(0)), "a test")
    return path


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def test_a_table_is_evaluated_on_and_reported(project: Path, tmp_path: Path) -> None:
    table(tmp_path / "other.csv", 25, 1)
    report = tmp_path / "out.html"
    done = run(
        *("evaluate", str(project), "--data", str(tmp_path / "other.csv"), "--report", str(report), "--json")
    )
    figures = json.loads(done.output)
    assert figures["report"] == str(report)
    text = report.read_text(encoding="utf-8")
    assert "25 samples" in text
    assert f"{figures['loss']:.4g}" in text
    assert "<td>high</td>" in text
    plain = json.loads(run("evaluate", str(project), "--data", str(tmp_path / "other.csv"), "--json").output)
    assert plain == {name: value for name, value in figures.items() if name != "report"}


def test_a_part_of_the_project_is_evaluated(project: Path) -> None:
    test, training = (
        json.loads(run("evaluate", str(project), "--part", part, "--json").output) for part in ("test", "training")
    )
    assert test != training
    assert test == json.loads(run("evaluate", str(project), "--json").output)


def test_what_figures_of_the_training_data_would_fill_is_refused(project: Path, tmp_path: Path) -> None:
    table(tmp_path / "holes.csv", 25, 1, hole="NA")
    with pytest.raises(FileFormatError, match="name it as the test table of the project"):
        run("evaluate", str(project), "--data", str(tmp_path / "holes.csv"))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--part", "test", "--data", "x.csv"], "leave out --data"),
        (["--report", "out.pdf"], "none of .html"),
    ],
)
def test_options_that_do_not_go_together_are_told(project: Path, more: list[str], words: str) -> None:
    done = CliRunner().invoke(cli, ["evaluate", str(project), *more])
    assert done.exit_code == 2
    assert words in " ".join(done.output.replace("│", " ").split())


# Exercise 19: one picture from disk to a class and a probability for each class


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A project of light and dark pictures in folders, trained."""
    rng = np.random.default_rng(0)
    for name, low in (("dark", 0), ("light", 200)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(20):
            pixels = rng.integers(low, low + 55, (12, 12), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    source = finished(source_of(tmp_path / "photos").proposing())
    made = Project(started(source.features(), source.targets()), data=DataSettings(source=source))
    path = tmp_path / "photos.loom"
    project_file.save(made, path)
    run("train", str(path), "--epochs", "8", "--json")
    return path


def test_a_picture_from_disk_becomes_a_class_with_probabilities(pictures: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.new("RGB", (30, 20), (230, 228, 231)).save(photo)
    answer = json.loads(run("predict", str(pictures), "--data", str(photo), "--json").output)
    ((name, found),) = answer.items()
    assert found["classes"] == ["dark", "light"]
    (shares,) = found["values"]
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert shares[1] > 0.5
    lines = run("predict", str(pictures), "--data", str(photo)).stdout.splitlines()
    assert lines[0] == name
    assert lines[1].startswith("  light: ")
    assert lines[2].startswith("  dark: ")
    assert float(lines[1].split(": ")[1]) == pytest.approx(shares[1], abs=1e-4)


def test_a_picture_gets_the_range_of_the_data_that_was_learned_from(tmp_path: Path) -> None:
    project = templates.make("digits-cnn")
    Image.new("L", (16, 16), 255).save(tmp_path / "white.png")
    ((_, array),) = finished(picture_for(project, tmp_path / "white.png", of_data=True)).items()
    assert array.shape == (1, 8, 8, 1)
    assert array.min() == array.max() == 16.0


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no picture", "is no picture of a kind that is known"), (None, "there is no such file")],
)
def test_what_is_no_picture_is_told(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "x.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=words):
        finished(picture_for(templates.make("digits-cnn"), path, of_data=True))
    with pytest.raises(DataError, match="does not take one picture"):
        finished(picture_for(templates.make("iris-mlp"), path, of_data=True))


def test_rows_of_a_table_are_predicted_without_their_targets(project: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("a,b\n0.1,0.2\n0.9,0.8\n")
    out = run("predict", str(project), "--data", str(tmp_path / "new.csv")).stdout
    assert "sample 2" in out
    assert "high: " in out
