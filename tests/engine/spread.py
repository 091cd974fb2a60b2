"""Runs on one device and on eight simulated ones, side by side, in a process of its own.

The devices are those of `--xla_force_host_platform_device_count`, which must be set before JAX is first used.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine import feeding
from engine.data import consent, holding
from engine.data.arrays import Npz
from engine.data.builtin import Digits, Iris
from engine.data.consent import read_script
from engine.data.generator import PythonGenerator
from engine.events import Compiled, Event, Finished
from engine.graph import Graph
from engine.layers.conv import Conv2D
from engine.layers.core import Activation, Dense, Input, Output
from engine.layers.embedding import Embedding
from engine.layers.normalization import BatchNormalization
from engine.layers.recurrent import LSTM
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten
from engine.optimizers import SGD, Adam
from engine.project import DataSettings, Project, TrainingSettings
from engine.step_cost import compiled_cost
from engine.templates import chain
from engine.training import train
from tests.engine.graphs import graph

DEVICES = 8

_GENERATOR = """
import numpy as np

def batches():
    rng = np.random.default_rng(0)
    while True:
        y = rng.integers(0, 3, 20)
        yield (np.eye(3)[y] + rng.normal(size=(20, 3))).astype("float32"), y
"""


def _project(made: Graph, source: Any, **training: Any) -> Project:
    settings = {"epochs": 2, "batch_size": 32, "optimizer": SGD(learning_rate=0.05, momentum=0.9)}
    return Project(made, data=DataSettings(source=source), training=TrainingSettings(**(settings | training)))


def dropout(_: Path) -> Project:
    """Random numbers are those of one device, with batches that eight devices cannot share evenly."""
    made, _ = chain(
        Input(shape=(8, 8, 1)), Flatten(), Dense(units=64, activation="relu"), Dropout(rate=0.4),
        Dense(units=10, activation="softmax"), Output(),
    )  # fmt: skip
    return _project(made, Digits(), batch_size=100)


def batch_statistics(_: Path) -> Project:
    """Statistics of a batch are of the whole of it; the last one holds fewer samples than there are devices."""
    made, _ = chain(
        Input(shape=(8, 8, 1)), Conv2D(filters=16, padding="same", use_bias=False), BatchNormalization(),
        Activation(activation="relu"), Conv2D(filters=16, strides=(2, 2)), BatchNormalization(), Flatten(),
        Dense(units=10, activation="softmax"), Output(),
    )  # fmt: skip
    return _project(made, Digits(), batch_size=64, optimizer=SGD(learning_rate=0.02), epochs=1)


def weighted_outputs(folder: Path) -> Project:
    """Several outputs, of which one has a weight for each sample and class."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(170, 6)).astype(np.float32)
    made = graph(
        ("x", Input(shape=(6,)), []),
        ("trunk", Dense(units=32, activation="tanh"), ["x"]),
        ("kinds", Dense(units=3, activation="softmax"), ["trunk"]),
        ("sizes", Dense(units=1), ["trunk"]),
        ("kind", Output(class_weight="1, 2, 5", loss_weight=0.5), ["kinds"]),
        ("size", Output(loss="mean_squared_error", metrics=("mae",)), ["sizes"]),
    )
    weights = rng.uniform(0, 3, 170)
    np.savez(
        folder / "weighted.npz", x=x, kind=np.digitize(x[:, 0], [0.3, 1]), size=x.sum(1), sample_weight=weights
    )
    return _project(made, Npz(path=str(folder / "weighted.npz")), batch_size=24, epochs=3)


def masks(folder: Path) -> Project:
    """Sentences of different lengths: a mask goes through a recurrent layer to the loss of each word."""
    rng = np.random.default_rng(0)
    words = rng.integers(1, 9, (90, 7))
    words[np.arange(7) >= rng.integers(1, 8, 90)[:, None]] = 0
    np.savez(folder / "words.npz", input=words, output=words % 3)
    made, _ = chain(
        Input(shape=(7,), dtype="int32"), Embedding(input_dim=9, output_dim=8, mask_zero=True),
        LSTM(units=16, return_sequences=True), Dense(units=3, activation="softmax"), Output(),
    )  # fmt: skip
    return _project(made, Npz(path=str(folder / "words.npz")), batch_size=20)


def streamed(folder: Path) -> Project:
    """Many chunks of batches in an epoch, where the data is more than is held in memory."""
    holding.HELD = feeding.HELD = 0
    feeding.CHUNK = 2000
    return weighted_outputs(folder)


def drawn(folder: Path) -> Project:
    """What a program yields: whichever samples are asked for, the next are given."""
    path = folder / "mine.py"
    path.write_text(_GENERATOR)
    consent.allow(read_script(path))
    made, _ = chain(Input(shape=(3,)), Dense(units=3, activation="softmax"), Output())
    return _project(made, PythonGenerator(path=str(path), steps_per_epoch=6), batch_size=20)


def averaged(_: Path) -> Project:
    """Gradients of several batches make a step, clipped by the length of all; the end is a mean of weights."""
    made, _ = chain(
        Input(shape=(4,)), Dense(units=64, activation="tanh"), Dense(units=3, activation="softmax"), Output()
    )
    optimizer = Adam(learning_rate=0.01, gradient_accumulation_steps=2, use_ema=True, global_clipnorm=0.5)
    return _project(made, Iris(), batch_size=8, optimizer=optimizer)


CASES: dict[str, Callable[[Path], Project]] = {
    case.__name__: case for case in (dropout, batch_statistics, weighted_outputs, masks, streamed, drawn, averaged)
}


def end_of(project: Project, distribution: str) -> Finished:
    """How a run ends that is computed in this way."""
    *_, end = train(project.with_training(distribution=distribution))
    assert isinstance(end, Finished)
    return end


def apart(one: Finished, other: Finished) -> float:
    """How far two ends of a run are apart: weights by the largest of their array, figures by themselves."""
    found = [0.0]
    for owner, arrays in one.weights.items():
        for name, array in arrays.items():
            scale = max(float(np.abs(array).max()), 1e-3)
            found.append(float(np.abs(array - other.weights[owner][name]).max()) / scale)
    for name, figures in one.history.items():
        found += [abs(a - b) / max(abs(a), 1e-3) for a, b in zip(figures, other.history[name], strict=True)]
    found += [abs(value - other.test[name]) / max(abs(value), 1e-3) for name, value in one.test.items()]
    return max(found)


def compared(folder: Path, *names: str) -> dict[str, Any]:
    """What a new process with eight devices finds: how far runs are apart from one device, by `case:distribution`.

    "memory" has the bytes of each device that last between steps, by distribution, for a wide layer.
    """
    # Compiled in full, as for users: quick code rounds otherwise for eight devices than for one.
    environment = os.environ | {"XLA_FLAGS": f"--xla_force_host_platform_device_count={DEVICES}"}
    command = [sys.executable, "-m", __name__, str(folder), *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _lasting(distribution: str) -> int:
    made, _ = chain(Input(shape=(4,)), Dense(units=1024), Dense(units=3, activation="softmax"), Output())
    project = _project(made, Iris(), optimizer=Adam(), distribution=distribution)
    (cost,) = [event.cost for event in _until_compiled(project) if isinstance(event, Compiled)]
    assert cost is not None
    assert (cost.devices, cost.sharing) == (DEVICES, DEVICES)
    return cost.memory - cost.extra


def wide() -> Project:
    """Many weights, few samples."""
    made, _ = chain(
        Input(shape=(4,)), Dense(units=1024), Dense(units=512), Dense(units=3, activation="softmax"), Output()
    )
    return _project(made, Iris(), optimizer=Adam())


def _talk(distribution: str) -> tuple[int, dict[str, tuple[int, int]]]:
    """What a step of a wide network takes anew, and what devices tell each other in it, as compiled."""
    from tests.bench.devices import compiled, talk

    project = wide()
    placement, steps = compiled(project, DEVICES, sharded=distribution == "sharded")
    cost = compiled_cost(steps, placement=placement)
    assert cost is not None
    return cost.extra, talk(steps)


def _until_compiled(project: Project) -> Iterator[Event]:
    for event in train(project):
        yield event
        if isinstance(event, Compiled):
            return


def _main(folder: Path, names: list[str]) -> None:
    found: dict[str, Any] = {"memory": {kind: _lasting(kind) for kind in ("data_parallel", "sharded")}}
    found["talk"] = {kind: _talk(kind) for kind in ("data_parallel", "sharded")}
    usual = holding.HELD, feeding.CHUNK
    for name in names:
        case, kinds = name.split(":")
        project = CASES[case](folder)
        one = end_of(project, "one_device")
        found |= {f"{case}:{kind}": apart(one, end_of(project, kind)) for kind in kinds.split(",")}
        holding.HELD, feeding.CHUNK = usual
        feeding.HELD = holding.HELD
    print(json.dumps(found))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2:])
