"""The proof of an export: Keras in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from engine.errors import Cancelled
from engine.events import Result
from engine.formats import proof
from engine.formats.keras_h5 import save_model
from engine.formats.proof import Proof, prove
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from engine.model import compile_graph
from tests.engine.graphs import graph, many_sided, ready


@pytest.fixture
def exported(tmp_path: Path) -> tuple[Path, Graph, Any]:
    made = many_sided()
    model, variables = ready(made)
    weights = model.to_host(variables)
    path = tmp_path / "m.h5"
    save_model(path, made, weights)
    return path, made, weights


def outcome(path: Path, made: Graph, weights: Any) -> Proof:
    *_, last = prove(path, made, weights)
    assert isinstance(last, Result)
    return last.value


def test_a_sound_file_is_proved(exported: tuple[Path, Graph, Any]) -> None:
    found = outcome(*exported)
    assert found.holds, str(found)
    assert [output.name for output in found.outputs] == ["kind_out", "size_out"]
    assert found.backend == "jax"
    assert "predicts the same" in str(found)


def test_outputs_are_compared_in_the_order_of_the_graph(tmp_path: Path) -> None:
    made = graph(
        ("in", Input(shape=(3,)), []),
        ("small", Dense(units=2), ["in"]),
        ("large", Dense(units=4), ["in"]),
        ("z", Output(loss="mean_squared_error", metrics=()), ["small"]),
        ("a", Output(loss="mean_squared_error", metrics=()), ["large"]),
    )
    model, variables = ready(made)
    save_model(tmp_path / "m.h5", made, model.to_host(variables))
    found = outcome(tmp_path / "m.h5", made, model.to_host(variables))
    assert found.holds, str(found)
    assert [output.name for output in found.outputs] == ["z", "a"]


def test_other_weights_are_found_out(exported: tuple[Path, Graph, Any]) -> None:
    path, made, weights = exported
    with h5py.File(path, "r+") as file:
        file["model_weights/size/size/bias"][:] += 0.1
    found = outcome(path, made, weights)
    assert not found.holds
    assert [output.holds for output in found.outputs] == [True, False]
    assert found.outputs[1].difference == pytest.approx(0.1, rel=1e-3)
    assert "TOO FAR" in str(found)


def test_a_file_that_keras_cannot_open_is_told(exported: tuple[Path, Graph, Any]) -> None:
    path, made, weights = exported
    path.write_bytes(path.read_bytes()[:1000])
    found = outcome(path, made, weights)
    assert not found.holds
    assert "Keras could not open the file" in found.reason


def test_without_keras_it_says_so(exported: tuple[Path, Graph, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    # A Python that sees no installed libraries: -S leaves site-packages out.
    run = proof.subprocess.Popen
    monkeypatch.setattr(
        proof.subprocess, "Popen", lambda arguments, **more: run([sys.executable, "-S", *arguments[1:]], **more)
    )
    found = outcome(*exported)
    assert "not installed" in found.reason
    assert str(found).startswith("Not checked")


def test_a_check_can_be_cancelled(exported: tuple[Path, Graph, Any]) -> None:
    job = prove(*exported)
    next(job)
    with pytest.raises(Cancelled):
        job.throw(Cancelled())


def test_open_sizes_and_whole_numbers_get_samples_that_fit() -> None:
    made = graph(
        ("a", Input(shape=(None, 3)), []),
        ("b", Input(shape=(2,), dtype="int32"), []),
        ("c", Dense(units=2), ["a"]),
        ("d", Dense(units=2), ["b"]),
        ("e", Output(loss="mean_squared_error", metrics=()), ["c"]),
        ("f", Output(loss="mean_squared_error", metrics=()), ["d"]),
    )
    found = proof.random_inputs(compile_graph(made))
    assert found["a"].shape == (4, 16, 3)
    assert found["b"].dtype == np.int32
    assert found["b"].min() >= 0
    assert found["b"].max() < 10
