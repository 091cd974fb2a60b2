"""Training on what a Python file of the person's own yields."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data import consent
from engine.data.consent import read_script
from engine.data.generator import PythonGenerator
from engine.errors import Cancelled, ConsentError, DataError, FileError, StyleError
from engine.evaluation import evaluate_project
from engine.events import EpochDone, Event, Finished, Progress, Started, StepsDone
from engine.formats import project_file
from engine.formats.jax_code import jax_code
from engine.formats.keras_code import keras_code
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Concatenate
from engine.layers.preprocessing import Normalization
from engine.optimizers import SGD
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train
from tests.engine.graphs import graph
from tests.engine.test_flow import gone, wait_until

ROWS = """
    import numpy as np

    def batches(seed=0):
        rng = np.random.default_rng(seed)
        while True:
            y = rng.integers(0, 3, 16)
            yield np.eye(3)[y] * 5 + 10, y

    def held_back():
        return batches(1)
"""


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    consent.forget()


def source(folder: Path, text: str = ROWS, **settings: Any) -> PythonGenerator:
    """A file that may be run, as a source."""
    path = folder / "mine.py"
    path.write_text(textwrap.dedent(text))
    consent.allow(read_script(path))
    return PythonGenerator(path=str(path), **settings)


def small() -> Graph:
    return chain(Input(shape=(3,)), Normalization(), Dense(units=3, activation="softmax"), Output())[0]


def run(made: Graph, data: PythonGenerator, **training: Any) -> list[Event]:
    return list(train(Project(made, data=DataSettings(source=data), training=TrainingSettings(**training))))


def test_a_project_learns_from_a_file(tmp_path: Path) -> None:
    data = source(tmp_path, steps_per_epoch=30, validation_function="held_back", validation_steps=5)
    settings = TrainingSettings(epochs=4, batch_size=7, optimizer=SGD(learning_rate=0.5))
    project_file.save(Project(small(), data=DataSettings(source=data), training=settings), tmp_path / "a.loom")
    project = project_file.load(tmp_path / "a.loom")
    assert project.data.source == data
    events = list(train(project))
    (started,) = [event for event in events if isinstance(event, Started)]
    (finished,) = [event for event in events if isinstance(event, Finished)]
    assert (started.steps_per_epoch, started.samples) == (30, 30 * 16)
    assert (started.validation_samples, started.test_samples) == (5 * 16, 0)
    assert sum(len(event.logs["loss"]) for event in events if isinstance(event, StepsDone)) == 120
    assert finished.history["val_accuracy"][-1] > 0.9
    # Every class is at 15 in a third of the samples, at 10 in the others: Normalization has seen that.
    (means,) = [own["mean"] for own in finished.weights.values() if "mean" in own]
    np.testing.assert_allclose(np.ravel(means), 10 + 5 / 3, atol=0.5)


def test_each_step_takes_the_batch_that_was_yielded(tmp_path: Path) -> None:
    text = """
        import numpy as np
        def batches():
            number = 0
            while True:
                number += 1
                size = 5 if number % 2 else 3
                yield np.full((size, 1), number), np.full(size, float(number))
    """
    made = chain(Input(shape=(1,)), Dense(units=1, kernel_initializer="zeros"), Output(loss="mean_squared_error"))[
        0
    ]
    events = run(made, source(tmp_path, text, steps_per_epoch=4), epochs=2, optimizer=SGD(learning_rate=1e-9))
    losses = np.concatenate([event.logs["loss"] for event in events if isinstance(event, StepsDone)])
    # Fives, in their order: 11111 22233 33344 45555 ...
    numbers = np.repeat(np.arange(1, 20), [5, 3] * 9 + [5])[:40].reshape(8, 5)
    np.testing.assert_allclose(losses, (numbers**2).mean(1), rtol=1e-4)


def test_several_inputs_and_outputs_come_in_a_list_or_by_name(tmp_path: Path) -> None:
    made = graph(
        ("left", Input(shape=(2,)), []),
        ("right", Input(shape=(4,)), []),
        ("both", Concatenate(), ["left", "right"]),
        ("kind", Dense(units=3, activation="softmax"), ["both"]),
        ("size", Dense(units=1), ["both"]),
        ("kind_out", Output(), ["kind"]),
        ("size_out", Output(loss="mean_squared_error", metrics=()), ["size"]),
    )
    listed = "(np.ones((6, 2)), np.ones((6, 4))), (np.arange(6) % 3, np.ones(6))"
    named = "{'right': np.ones((6, 4)), 'left': np.ones((6, 2))}, {'size': np.ones(6), 'kind': np.arange(6) % 3}"
    for batch in (listed, named):
        text = f"import numpy as np\ndef batches():\n    while True: yield {batch}\n"
        events = run(made, source(tmp_path, text, steps_per_epoch=3), epochs=1)
        assert {"loss", "kind_out_loss", "size_out_loss"} <= events[-1].history.keys()  # type: ignore[attr-defined]


def test_nothing_runs_without_a_yes(tmp_path: Path) -> None:
    data = source(tmp_path, f"open({str(tmp_path / 'ran')!r}, 'w')\n" + textwrap.dedent(ROWS))
    consent.forget()
    project = Project(small(), data=DataSettings(source=data))
    project_file.save(project, tmp_path / "a.loom")
    project_file.load(tmp_path / "a.loom")
    keras_code(project, with_training=True)
    for ask in (lambda: list(train(project)), data.load):
        with pytest.raises(ConsentError, match="is a program, and would be run with your rights"):
            ask()
    with pytest.raises(DataError, match="A generator has no data for a test"):
        list(evaluate_project(project, {}))
    assert not (tmp_path / "ran").exists()


def test_the_first_batches_are_looked_at(tmp_path: Path) -> None:
    found = source(tmp_path, steps_per_epoch=3).load()
    assert found.features["x"].shape == (48, 3)
    assert found.targets["y"].shape == (48,)
    assert found.notes == ("Drawn to be looked at: 3 batches of 16 samples. An epoch has 3.",)


def test_faults_in_mid_run_are_told_and_end_the_process(tmp_path: Path) -> None:
    text = """
        import numpy as np

        def batches():
            for number in range(25):
                yield np.ones((4, 3)), np.arange(4) % 3
            assert number > 100, 'enough'
    """
    data = source(tmp_path, text, steps_per_epoch=10)
    made = chain(Input(shape=(3,)), Dense(units=3, activation="softmax"), Output())[0]
    with pytest.raises(FileError, match=r"mine\.py: line 7, in batches: AssertionError: enough\."):
        run(made, data, epochs=9)
    with pytest.raises(DataError, match=r"holds labels from . to 2, but the network gives 2 numbers"):
        run(chain(Input(shape=(3,)), Dense(units=2, activation="softmax"), Output())[0], source(tmp_path))
    weighted = (
        "import numpy as np\ndef batches():\n    while True: yield np.ones((2, 3)), np.ones(2), np.ones(2)\n"
    )
    with pytest.raises(FileError, match="sample_weight, which is not learned with yet"):
        run(made, source(tmp_path, weighted))
    with pytest.raises(DataError, match="No Python file is chosen"):
        run(made, PythonGenerator())


@pytest.mark.parametrize("hangs", [False, True])
def test_a_stop_ends_the_process_within_a_second(hangs: bool, tmp_path: Path) -> None:
    text = """
        import os, time
        import numpy as np
        open({pid!r}, "w").write(str(os.getpid()))
        def batches():
            for number in range(10**9):
                if {hangs} and number > 20:
                    time.sleep(600)
                yield np.ones((4, 3)), np.zeros(4)
    """.format(pid=str(tmp_path / "pid"), hangs=hangs)
    data = source(tmp_path, text, steps_per_epoch=10)
    made = chain(Input(shape=(3,)), Dense(units=3, activation="softmax"), Output())[0]
    project = Project(made, data=DataSettings(source=data), training=TrainingSettings(epochs=10_000))
    job = train(project)
    for event in job:
        if isinstance(event, EpochDone):
            break
    pid = int((tmp_path / "pid").read_text())
    if hangs:
        assert any(isinstance(event, Progress) and event.text == "Waiting for the data" for event in job)
    assert not gone(pid)
    start = time.monotonic()
    last = [job.throw(Cancelled()), *job][-1]
    assert isinstance(last, Finished)
    assert last.stopped
    assert wait_until(lambda: gone(pid), 1)
    assert time.monotonic() - start < 3


# Programs


def _trained(code: str, folder: Path) -> dict[str, Any]:
    """The history of a program, as it runs by itself."""
    (folder / "program.py").write_text(code + "\nimport json\nprint('history', json.dumps(history.history))\n")
    space = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "program.py"], cwd=folder, capture_output=True, text=True, env=space)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("history"))[8:])


@pytest.mark.parametrize("watched", [False, True])
def test_the_program_imports_the_file_and_fits_to_it(watched: bool, tmp_path: Path) -> None:
    (tmp_path / "my data").mkdir()
    function: dict[str, Any] = {"validation_function": "held_back", "validation_steps": 2} if watched else {}
    data = source(tmp_path / "my data", steps_per_epoch=5, **function)
    project = Project(small(), data=DataSettings(source=data), training=TrainingSettings(epochs=2))
    code = keras_code(project, style="sequential", with_training=True)
    assert f'"{tmp_path / "my data"}"' in code  # on a line of its own, where the path is long
    assert ("from mine import batches, held_back" if watched else "from mine import batches") in code
    assert "training = batches()" in code
    assert "steps_per_epoch=5" in code
    assert ("val_loss" in _trained(code, tmp_path)) == watched
    with pytest.raises(StyleError, match="a program that trains it is written for Keras"):
        jax_code(project, with_training=True)


def test_names_that_a_program_cannot_import_are_told(tmp_path: Path) -> None:
    data = source(tmp_path)
    (tmp_path / "my batches.py").write_text(textwrap.dedent(ROWS))
    for changes, told in (({"path": str(tmp_path / "my batches.py")}, "my batches"), ({"function": "a.b"}, "a.b")):
        project = Project(small(), data=DataSettings(source=data.replace(**changes)))
        with pytest.raises(StyleError, match=f"Python cannot import '{told}'"):
            keras_code(project, with_training=True)
    project = Project(small(), data=DataSettings(source=data.replace(function="layers")))
    assert "from mine import layers as layers_of_file" in keras_code(project, with_training=True)
