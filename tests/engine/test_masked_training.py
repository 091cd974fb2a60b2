"""Loss and metrics where predictions have masks: what Keras's fit and evaluate say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine.averages import loss_average, metric_average
from engine.data.arrays import Npz
from engine.data.prepare import prepare
from engine.errors import TrainingError
from engine.evaluation import evaluate_project
from engine.events import Finished, Result
from engine.formats.keras_h5 import save_model
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from engine.layers.embedding import Embedding, Masking
from engine.layers.global_pooling import GlobalAveragePooling2D
from engine.layers.recurrent import LSTM
from engine.layers.wrappers import TimeDistributed
from engine.model import compile_graph
from engine.optimizers import SGD, Adam, Optimizer
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train
from tests.engine.test_training import first_weights, for_keras, keras_history


def _network(*, tag: bool, whole: bool) -> Graph:
    """A tag for each word, and a number for the whole sentence."""
    table = Embedding(input_dim=9, output_dim=4, mask_zero=True)
    graph, words = chain(Input(shape=(7,), dtype="int32"), table)
    if tag:
        graph, _ = chain(
            LSTM(units=5, return_sequences=True),
            Dense(units=3, activation="softmax"),
            Output(loss_weight=0.5),
            graph=graph,
            after=words,
        )
    if whole:
        number = Output(loss="mean_squared_error", metrics=("mae",))
        graph, _ = chain(LSTM(units=4), Dense(units=1), number, graph=graph, after=words)
    names = ("tag", "whole") if tag and whole else ("tag",)
    for node, name in zip(graph.of_type(Output), names, strict=True):
        graph = graph.rename(node.id, name)
    return graph


def _project(graph: Graph, folder: Path, optimizer: Optimizer | None = None, samples: int = 110) -> Project:
    """Sentences of different lengths, one of them empty; the batches differ much in what they hold."""
    rng = np.random.default_rng(0)
    words = rng.integers(1, 9, (samples, 7))
    lengths = np.sort(rng.integers(0, 8, samples))
    words[np.arange(7) >= lengths[:, None]] = 0
    path = folder / "data.npz"
    np.savez(path, input=words, tag=words % 3, whole=words.sum(1) / 20)
    data = DataSettings(source=Npz(path=str(path)), validation_split=0.25, test_split=0.3)
    training = TrainingSettings(epochs=3, batch_size=10, shuffle=False, optimizer=optimizer or Adam())
    return Project(graph, data=data, training=training)


@pytest.mark.parametrize("whole", [False, True])
def test_history_and_evaluation_are_those_of_keras(whole: bool, tmp_path: Path) -> None:
    project = _project(_network(tag=True, whole=whole), tmp_path)
    data = prepare(compile_graph(project.graph), project.data.source.load(), project.data)
    theirs, model = keras_history(project, first_weights(project), tmp_path / "m.h5", data)
    (end,) = [event for event in train(project) if isinstance(event, Finished)]

    def keras_name(name: str) -> str:
        """Keras calls an output by its last layer, and mae in full once a model is loaded."""
        for ours, theirs in zip(("tag_", "whole_"), model.output_names, strict=False):
            name = name.replace(ours, f"{theirs}_")
        return name.replace("mae", "mean_absolute_error")

    # With JAX as its backend, the metrics of Keras's fit (not of its evaluate) lose the mask: see the next test.
    for name in end.history.keys() - {"accuracy", "tag_accuracy"}:
        expected = theirs[keras_name(name)]
        np.testing.assert_allclose(end.history[name], expected, rtol=2e-4, atol=1e-6, err_msg=name)
    assert data.test is not None
    judged = model.evaluate(*for_keras(data.test), verbose=0, return_dict=True)
    assert end.test == pytest.approx({name: judged[keras_name(name)] for name in end.test}, rel=2e-4)
    *_, last = evaluate_project(project, end.weights)
    assert isinstance(last, Result)
    assert last.value == pytest.approx(end.test, rel=1e-5)


def test_metrics_of_training_leave_out_what_is_masked(tmp_path: Path) -> None:
    """As Keras's fit does with TensorFlow; next to nothing is learned, so that evaluation must agree."""
    project = _project(_network(tag=True, whole=False), tmp_path, SGD(learning_rate=1e-9))
    data = prepare(compile_graph(project.graph), project.data.source.load(), project.data)
    _, model = keras_history(project, first_weights(project), tmp_path / "m.h5", data)
    (end,) = [event for event in train(project) if isinstance(event, Finished)]
    judged = model.evaluate(*for_keras(data.training), verbose=0, return_dict=True)
    assert end.history["accuracy"] == pytest.approx([judged["accuracy"]] * 3, rel=1e-6)
    rows, tags = for_keras(data.training)
    hits = model.predict(rows, verbose=0).argmax(-1) == tags
    assert judged["accuracy"] == pytest.approx(hits[rows != 0].mean(), rel=1e-6)
    assert abs(hits.mean() - hits[rows != 0].mean()) > 0.01


def test_keras_heeds_masks_in_means_of_places_alone(tmp_path: Path) -> None:
    metrics = ("accuracy", "mse", "precision", "recall", "auc", "mean_iou", "root_mean_squared_error")
    graph, _ = chain(
        Input(shape=(7,), dtype="int32"),
        Embedding(input_dim=9, output_dim=4, mask_zero=True),
        Dense(units=3, activation="softmax"),
        Output(loss="categorical_crossentropy", metrics=metrics),
    )
    graph = graph.rename(graph.by_name("output").id, "tag")
    project = _project(graph, tmp_path)
    model, weights = compile_graph(graph), first_weights(project)
    data = prepare(model, project.data.source.load(), project.data)
    assert data.test is not None
    save_model(tmp_path / "m.h5", graph, weights, project.training)
    theirs: Any = keras.saving.load_model(tmp_path / "m.h5")
    judged = theirs.evaluate(*for_keras(data.test), verbose="0", return_dict=True)
    *_, last = evaluate_project(project, weights)
    assert isinstance(last, Result)
    judged["mse"] = judged.pop("mean_squared_error")
    assert last.value == pytest.approx(judged, rel=2e-4)
    assert last.value["mse"] ** 0.5 != pytest.approx(last.value["root_mean_squared_error"], rel=1e-3)


def test_averages_are_those_of_keras() -> None:
    rng = np.random.default_rng(0)
    target, values = rng.normal(size=(2, 4, 5, 1)).astype(np.float32)
    masks = np.array([[1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [0] * 5, [1] * 5], bool)
    counted = jnp.ones(4)
    for mask in (masks, np.zeros_like(masks)):
        prediction = jnp.asarray(values)
        getattr(keras, "src").backend.set_keras_mask(prediction, jnp.asarray(mask))  # noqa: B009
        squared = jnp.square(target - values)
        loss = keras.losses.MeanSquaredError()(target, prediction)
        np.testing.assert_allclose(loss_average(squared, jnp.asarray(mask), counted).value, loss, rtol=1e-6)
        metric = keras.metrics.MeanSquaredError()
        metric.update_state(target, prediction)
        found = metric_average(squared, jnp.asarray(mask), counted)
        np.testing.assert_allclose(found.value, metric.result(), rtol=1e-6)
        np.testing.assert_allclose(found.count, metric.count, rtol=1e-6)


def test_samples_that_fill_a_batch_up_do_not_count() -> None:
    values, mask = jnp.array([[1.0, 2], [3, 9], [7, 7]]), jnp.array([[True, True], [True, False], [True, True]])
    counted = jnp.array([1.0, 1, 0])
    for average in (loss_average, metric_average):
        assert float(average(values, mask, counted).value) == pytest.approx(2)
        assert float(average(values, None, counted).value) == pytest.approx(15 / 4)
    assert float(loss_average(values, mask, counted).count) == 2
    assert float(metric_average(values, mask, counted).count) == 1.5


def test_a_mask_that_cannot_be_of_the_prediction_is_said(tmp_path: Path) -> None:
    """Pictures at each step, masked place by place, of which one number each is left: Keras fails, too."""
    graph, _ = chain(
        Input(shape=(3, 4, 4, 2)),
        Masking(),
        TimeDistributed(layer=GlobalAveragePooling2D()),
        Output(loss="mean_squared_error"),
    )
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", input=rng.random((20, 3, 4, 4, 2)), output=rng.random((20, 3, 2)))
    project = Project(graph, data=DataSettings(source=Npz(path=str(tmp_path / "d.npz"))))
    with pytest.raises(TrainingError, match=r"output: a mask of \(3, 4, 4\) does not fit a loss of \(3,\)"):
        list(train(project))
