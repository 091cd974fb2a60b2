"""Exercises 14 and 15 of those that introductions to Keras share: fit, what it prints, and its callbacks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_iris

from engine.callbacks import Callbacks, EarlyStopping
from engine.data.arrays import Npz
from engine.events import EpochDone, Event, Finished
from engine.formats import models, project_file
from engine.formats.keras_code import keras_code
from engine.formats.keras_h5 import save_model
from engine.layers.core import Dense, Input, Output
from engine.model import compile_graph
from engine.optimizers import Adam
from engine.project import DataSettings, Project, TrainingSettings
from engine.runs import recorded, start_from
from engine.templates import chain
from engine.training import train
from tests.app.commands import layerloom

WITHIN = 1e-4
"""Relative: float32 rounds differently in two programs."""


def _flowers() -> tuple[Any, Any]:
    """Iris, in an order that mixes the classes."""
    found = load_iris()
    order = np.random.default_rng(2).permutation(len(found.target))
    return found.data[order].astype(np.float32), found.target[order].astype(np.int32)


def _project(folder: Path, epochs: int, **settings: Any) -> Project:
    x, y = _flowers()
    np.savez(folder / "flowers.npz", x=x, y=y)
    graph, _ = chain(
        Input(shape=(4,)), Dense(units=16, activation="relu"), Dense(units=3, activation="softmax"), Output()
    )
    data = DataSettings(
        source=Npz(path=str(folder / "flowers.npz")), validation_split=0.2, test_split=0, shuffle=False
    )
    return Project(graph, data=data, training=TrainingSettings(epochs=epochs, shuffle=False, **settings))


def _keras(made: Project, folder: Path) -> keras.Model:
    """The same model with the same weights in Keras."""
    model = compile_graph(made.graph)
    save_model(folder / "begin.h5", made.graph, model.to_host(model.init(made.training.seed)), made.training)
    found: Any = keras.saving.load_model(folder / "begin.h5")
    return found


def _epochs(events: list[Event]) -> list[EpochDone]:
    return [event for event in events if isinstance(event, EpochDone)]


def test_exercise_14_a_share_is_held_back_as_keras_holds_it_back(tmp_path: Path) -> None:
    made = _project(tmp_path, 4, batch_size=16)
    events = list(train(made))
    model, (x, y) = _keras(made, tmp_path), _flowers()
    theirs = model.fit(x, y, validation_split=0.2, batch_size=16, epochs=4, shuffle=False, verbose=0).history
    for name, figures in theirs.items():
        ours = [event.logs[name] for event in _epochs(events)]
        np.testing.assert_allclose(ours, figures, rtol=WITHIN, err_msg=name)
    code = keras_code(made, with_training=True)
    assert "batch_size=16" in code
    assert "epochs=4" in code


def test_exercise_14_silent_a_bar_or_a_line_for_each_epoch(tmp_path: Path) -> None:
    project_file.save(_project(tmp_path, 2), tmp_path / "iris.loom")
    said = {}
    for kind in ("none", "lines", "bar"):
        done = layerloom("train", "iris.loom", "--progress", kind, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        said[kind] = done.stdout
    lines = [line for line in said["lines"].splitlines() if line.startswith("Epoch")]
    number = r"\d+\.\d{4}"
    pattern = rf"loss {number}  accuracy {number}  val_loss {number}  val_accuracy {number}"
    assert [bool(re.fullmatch(rf"Epoch {n}/2  {pattern}", line)) for n, line in enumerate(lines, 1)] == [True] * 2
    assert "Epoch" not in said["none"]
    assert "steps/s" in said["bar"]
    assert "steps/s" not in said["lines"]


def test_exercise_15_the_best_is_kept_in_a_file_and_gone_on_from(tmp_path: Path) -> None:
    callbacks = Callbacks(early_stopping=EarlyStopping(patience=5))
    made = _project(tmp_path, 100, batch_size=8, optimizer=Adam(learning_rate=0.05), callbacks=callbacks)
    (tmp_path / "run").mkdir()
    events = list(recorded(made, train(made), tmp_path / "run"))

    model, (x, y) = _keras(made, tmp_path), _flowers()
    best = tmp_path / "best.keras"
    watching = [
        keras.callbacks.ModelCheckpoint(best, save_best_only=True),
        keras.callbacks.EarlyStopping(patience=5),
    ]
    theirs = model.fit(
        x, y, validation_split=0.2, batch_size=8, epochs=100, shuffle=False, verbose=0, callbacks=watching
    ).history

    ended = events[-1]
    assert isinstance(ended, Finished)
    assert ended.epochs == len(theirs["val_loss"]) < 100
    np.testing.assert_allclose(ended.history["val_loss"], theirs["val_loss"], rtol=10 * WITHIN)
    number = int(np.argmin(theirs["val_loss"]))
    kept = models.load(tmp_path / "run" / "best.h5")
    there: Any = keras.saving.load_model(best)
    for node, layer in zip((n for n in kept.graph if isinstance(n.layer, Dense)), there.layers[1:], strict=True):
        for one, other in zip(kept.weights[node.id].values(), layer.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-3)
    opened: Any = keras.saving.load_model(tmp_path / "run" / "best.h5")
    assert opened.evaluate(x[-30:], y[-30:], verbose=0)[0] == pytest.approx(
        _epochs(events)[number].logs["val_loss"], rel=WITHIN
    )

    more = made.with_training(epochs=3, callbacks=Callbacks())
    again = list(train(more, start_from(more, tmp_path / "run")))
    assert [event.epoch for event in _epochs(again)] == [ended.epochs + 1, ended.epochs + 2, ended.epochs + 3]
    from_best = list(train(more, start_from(more, tmp_path / "run" / "best.h5")))
    assert [event.epoch for event in _epochs(from_best)] == [1, 2, 3]
    assert _epochs(from_best)[0].logs["loss"] < _epochs(events)[0].logs["loss"]
