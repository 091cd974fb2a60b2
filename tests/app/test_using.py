"""`layerloom evaluate` on other data than the project's, and its report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import cli
from engine.adaptation import learned
from engine.data.opening import source_of
from engine.data.prepare import prepare
from engine.data.source import finished
from engine.errors import FileFormatError
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
