"""Compiled functions that are kept on the disk."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import compiled_files, warming
from engine.compiled_files import keep_compiled
from engine.data.table import Table
from engine.devices import Placement
from engine.errors import TrainingError
from engine.events import Progress, StepsDone
from engine.grouping import group
from engine.inference import infer
from engine.layers.core import Dense
from engine.layout import Layout
from engine.project import Project
from engine.steps import StepFunctions
from engine.templates import make
from engine.training import train
from engine.warming import warm_up


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set here is set for no other test."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)


def test_a_second_start_compiles_nothing_anew(tmp_path: Path) -> None:
    code = """
from engine.compiled_files import keep_compiled
keep_compiled()
import jax
found = []
jax.monitoring.register_event_listener(lambda name, **_: found.append(name))
from engine.warming import warm_up
from engine.templates import make
list(warm_up(make("iris-mlp")))
print(*(sum(name.endswith(end) for name in found) for end in ("/cache_hits", "/cache_misses")))
"""
    os.environ |= {"LAYERLOOM_CACHE_DIR": str(tmp_path), "JAX_RAISE_PERSISTENT_CACHE_ERRORS": "1"}

    def hits_and_misses() -> list[int]:
        done = subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, capture_output=True)
        return [int(number) for number in done.stdout.split()]

    hits, misses = hits_and_misses()
    assert misses
    assert any("_steps" in path.name for path in tmp_path.rglob("*-cache"))
    assert hits_and_misses() == [hits + misses, 0]


def test_a_damaged_file_is_replaced_without_a_word(tmp_path: Path) -> None:
    code = """
from engine.compiled_files import keep_compiled
keep_compiled()
import jax, warnings
def doubled(x): return 2 * x
print(jax.jit(doubled)(4.0))
warnings.warn("something else")
"""
    os.environ["LAYERLOOM_CACHE_DIR"] = str(tmp_path)

    def run() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, env=os.environ, capture_output=True, text=True
        )
        assert done.stdout == "8.0\n"
        return done.stderr

    assert "something else" in run()
    (kept,) = tmp_path.rglob("jit_doubled-*")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-20])
    told = run()
    assert "Error reading" not in told
    assert "something else" in told
    assert len(zlib.decompress(kept.read_bytes())) == len(zlib.decompress(whole))


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.environ["LAYERLOOM_CACHE_DIR"] = str(tmp_path)
    keep_compiled()
    folder = Path(os.environ.pop("JAX_COMPILATION_CACHE_DIR"))
    for number in range(5):
        path = folder / f"{number}-cache"
        path.write_bytes(bytes(100))
        os.utime(path, (number, number))
    monkeypatch.setattr(compiled_files, "MOST", 250)
    keep_compiled()
    assert sorted(path.name for path in folder.iterdir()) == ["3-cache", "4-cache"]


def test_a_folder_that_cannot_be_had_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "compiled").write_text("a file where the folder should be")
    os.environ["LAYERLOOM_CACHE_DIR"] = str(tmp_path)
    keep_compiled()
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ


def test_what_the_environment_says_stays(tmp_path: Path) -> None:
    os.environ |= {"LAYERLOOM_CACHE_DIR": str(tmp_path), "JAX_COMPILATION_CACHE_DIR": "/elsewhere"}
    keep_compiled()
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == "/elsewhere"
    assert not list(tmp_path.iterdir())


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The graphs that are compiled from now on; nothing is compiled in truth, nor kept."""
    graphs: list[Any] = []

    def noted(self: StepFunctions, *_: Any) -> Any:
        graphs.append(self.model.graph)
        raise TrainingError("enough")

    monkeypatch.setattr(StepFunctions, "compile_steps", noted)
    return graphs


def test_small_projects_with_data_at_hand_are_compiled_ahead(compiled: list[Any]) -> None:
    project = make("digits-mlp")
    assert {type(event) for event in warm_up(project)} == {Progress}
    assert compiled == [project.graph]


@pytest.mark.parametrize("why", ["nodes", "nodes within", "parameters", "data"])
def test_other_projects_are_not(
    why: str, compiled: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, small = make("digits-mlp"), make("iris-mlp")
    if why == "nodes":
        monkeypatch.setattr(warming, "NODES", len(small.graph))
    elif why == "nodes within":
        layers = [node.id for node in project.graph if isinstance(node.layer, Dense)]
        project = replace(
            project,
            graph=group(project.graph, infer(project.graph), layers, Layout(dict.fromkeys(layers, (0.0, 0.0))))[0],
        )
        monkeypatch.setattr(warming, "NODES", len(project.graph))
    elif why == "parameters":
        monkeypatch.setattr(warming, "PARAMETERS", 1000)
    else:
        source = Table(path=str(tmp_path / "there is none.csv"))
        project = replace(project, data=project.data.replace(source=source))
    list(warm_up(project))
    assert compiled == ([] if why == "parameters" else [small.graph])


def test_what_was_compiled_ahead_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    project = make("iris-mlp").with_training(epochs=1, batch_size=21)
    list(warm_up(project))
    monkeypatch.setattr(Placement, "compiled", lambda *_, **__: pytest.fail("compiled anew"))
    with closing(train(project)) as events:
        assert any(isinstance(event, StepsDone) for event in events)


def test_a_project_that_cannot_be_trained_is_left_alone() -> None:
    assert list(warm_up(Project())) == [Progress("Warming up")]
