"""Exercise 16 of those that introductions to Keras share: errors of a regression, and how good a classifier is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from engine.data.builtin import Diabetes, Iris
from engine.data.prepare import prepare
from engine.evaluation import predict
from engine.events import Finished, Result
from engine.formats.keras_code import keras_code
from engine.formats.keras_h5 import save_model
from engine.layers.core import Dense, Input, Output
from engine.layers.preprocessing import Normalization, Rescaling
from engine.model import compile_graph
from engine.optimizers import SGD, Adam
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train
from tests.engine.graphs import run
from tests.engine.test_training import first_weights, for_keras, keras_history


def _finished(project: Project) -> Finished:
    *_, end = train(project)
    assert isinstance(end, Finished)
    return end


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error"])
def test_exercise_16_a_regression_with_sgd(loss: str, tmp_path: Path) -> None:
    graph, _ = chain(
        Input(shape=(10,)),
        Rescaling(scale=10.0),
        Dense(units=8, activation="relu"),
        Dense(units=1),
        Output(loss=loss, metrics=("mse", "mae")),
    )
    settings = TrainingSettings(optimizer=SGD(learning_rate=1e-4), epochs=4, shuffle=False)
    project = Project(graph, data=DataSettings(source=Diabetes()), training=settings)
    data = prepare(compile_graph(graph), Diabetes().load(), project.data)
    theirs, model = keras_history(project, first_weights(project), tmp_path / "m.h5", data)
    end = _finished(project)
    in_full = {"mse": "mean_squared_error", "mae": "mean_absolute_error"}
    for name in ("loss", "mse", "mae"):
        for part in ("", "val_"):
            np.testing.assert_allclose(end.history[part + name], theirs[part + in_full.get(name, name)], rtol=1e-4)
    assert end.history[{"mean_squared_error": "mse"}.get(loss, "mae")] == pytest.approx(
        end.history["loss"], rel=1e-6
    )
    assert data.test is not None
    judged = model.evaluate(*for_keras(data.test), verbose="0", return_dict=True)
    for name in ("loss", "mse", "mae"):
        assert end.test[name] == pytest.approx(judged[in_full.get(name, name)], rel=1e-4)


def test_exercise_16_precision_recall_and_f1_of_a_classifier(tmp_path: Path) -> None:
    graph, _ = chain(
        Input(shape=(4,)),
        Normalization(),
        Dense(units=8, activation="relu"),
        Dense(units=3, activation="softmax"),
        Output(loss="categorical_crossentropy", metrics=("accuracy", "precision", "recall", "f1_score")),
    )
    settings = TrainingSettings(optimizer=Adam(learning_rate=0.01), epochs=8, shuffle=False)
    project = Project(graph, data=DataSettings(source=Iris()), training=settings)
    end = _finished(project)
    data = prepare(compile_graph(graph), Iris().load(), project.data)
    assert data.test is not None
    inputs, targets = for_keras(data.test)
    *_, last = predict(graph, end.weights, dict(data.test.inputs))
    assert isinstance(last, Result)
    _agrees_with_scikit_learn(end.test, last.value["output"], targets)
    path = str(tmp_path / "weights.h5")
    save_model(path, graph, end.weights)
    code = keras_code(project, path, style="sequential")
    assert '"precision", "recall", keras.metrics.F1Score(average="macro")' in " ".join(code.split())
    model: Any = run(code)["model"]
    judged = model.evaluate(inputs, targets, verbose="0", return_dict=True)
    assert judged == pytest.approx(end.test, rel=1e-4)


def _agrees_with_scikit_learn(figures: Any, predicted: Any, targets: Any) -> None:
    """Precision and recall of all answers above one half, F1 of the likeliest classes."""
    sure = predicted > 0.5
    precision, recall, *_ = precision_recall_fscore_support(targets, sure, average="micro", zero_division=0)
    *_, f1, _ = precision_recall_fscore_support(targets.argmax(1), predicted.argmax(1), average="macro")
    assert [figures[name] for name in ("precision", "recall", "f1_score")] == pytest.approx(
        [precision, recall, f1]
    )
