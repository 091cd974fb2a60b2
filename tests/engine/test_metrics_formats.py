"""Metrics in Keras's files and programs: what they say there, and that they come back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import pytest

from engine.chosen_metrics import chosen
from engine.data.prepare import prepare
from engine.evaluation import evaluate_project
from engine.events import Result
from engine.formats import models
from engine.formats.keras_code import keras_code
from engine.formats.keras_training import read_training
from engine.layers.core import Output
from engine.losses import LOSSES
from engine.metrics import METRICS, Metric
from engine.model import compile_graph
from engine.project import Project, TrainingSettings
from tests.engine.graphs import run
from tests.engine.test_metrics import CASES, network, project, suiting
from tests.engine.test_training import first_weights, for_keras


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("case", CASES)
def test_files_come_back_as_they_were_written(case: str, suffix: str, tmp_path: Path) -> None:
    made = network(case)
    model = compile_graph(made)
    models.save(tmp_path / f"m{suffix}", made, model.to_host(model.init(0)), TrainingSettings())
    loaded = models.load(tmp_path / f"m{suffix}")
    assert loaded.notes == ()
    assert [node.layer for node in loaded.graph.of_type(Output)] == [node.layer for node in made.of_type(Output)]


@pytest.mark.parametrize("case", ["labels", "several answers", "one-hot"])
def test_a_keras_file_and_a_program_evaluate_alike(case: str, tmp_path: Path) -> None:
    """Those that need settings are objects in them, which go by our names."""
    chosen = [name for name in ("accuracy", "f1_score", "mean_iou", "auc") if name in suiting(case)]
    made = replace(project(case, tmp_path), graph=network(case, tuple(chosen)))
    weights = first_weights(made)
    *_, last = evaluate_project(made, weights)
    assert isinstance(last, Result)
    models.save(tmp_path / "m.keras", made.graph, weights, made.training)
    models.save(tmp_path / "m.h5", made.graph, weights, made.training)
    data = prepare(compile_graph(made.graph), made.data.source.load(), made.data)
    assert data.test is not None
    program = run(keras_code(made, str(tmp_path / "m.h5")))["model"]
    opened: Any = keras.saving.load_model(tmp_path / "m.keras")
    for model in (opened, program):
        judged = model.evaluate(*for_keras(data.test), verbose="0", return_dict=True)
        assert {name: pytest.approx(value, rel=2e-4) for name, value in judged.items()} == last.value


@pytest.mark.parametrize("style", ["functional", "sequential", "subclass"])
def test_programs_name_what_needs_no_settings(style: Any) -> None:
    code = keras_code(Project(network("several answers", ("accuracy", "precision", "f1_score"))), style=style)
    assert 'keras.metrics.BinaryAccuracy(name="accuracy"),' in code
    assert '"precision",' in code
    assert 'keras.metrics.F1Score(average="macro", threshold=0.5),' in code


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_keras_knows_each_metric_by_name_or_takes_its_settings(metric: Metric) -> None:
    found = metric.maker(metric.targets[0], (3,), metric.settings())
    theirs = getattr(keras.metrics, found.class_name)(**found.settings) if found.settings else None
    assert theirs is not None or metric.name == "accuracy" or keras.metrics.get(metric.name) is not None


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_settings_are_read_and_what_is_not_known_here_is_told(suffix: str, tmp_path: Path) -> None:
    inputs = keras.Input((5,), name="table")
    theirs = keras.Model(inputs, keras.layers.Dense(4, "softmax", name="give")(inputs))
    kinds = keras.metrics
    theirs.compile(
        "sgd",
        "categorical_crossentropy",
        metrics=[
            kinds.Precision(thresholds=0.7),
            kinds.Recall(thresholds=0.5),
            "f1_score",
            kinds.AUC(curve="PR", name="prc", from_logits=True),
            kinds.TopKCategoricalAccuracy(k=3),
            kinds.OneHotMeanIoU(num_classes=9),
            kinds.MeanSquaredError(name="mse_3"),
            kinds.CategoricalAccuracy(name="accuracy"),
            kinds.TruePositives(),
        ],
    )
    theirs.save(tmp_path / f"m{suffix}")
    loaded = models.load(tmp_path / f"m{suffix}")
    (layer,) = [node.layer for node in loaded.graph.of_type(Output)]
    assert isinstance(layer, Output)
    assert layer.metrics == (
        "precision(thresholds=0.7)", "recall(thresholds=0.5)", "f1_score", "auc(curve='PR', name='prc')",
        "top_k_categorical_accuracy(k=3)", "mean_iou", "mse", "accuracy",
    )  # fmt: skip
    assert loaded.notes == (
        "The metric f1_score of give has average=None; here it is 'macro'.",
        "The metric auc of give has from_logits=True, which is not known here.",
        "The metric mean_iou of give has num_classes=9; here it is 4.",
        "The metric true_positives of give is not known here and is left out.",
    )


@pytest.mark.parametrize("case", ["labels", "one-hot", "binary", "signs", "numbers", "several numbers"])
def test_every_way_in_which_keras_writes_a_metric_is_known(case: str) -> None:
    loss, _, shape = CASES[case]
    graph = network(case, ())
    (node,) = graph.of_type(Output)
    for name in suiting(case):
        found = chosen(name).in_keras(LOSSES[loss].targets, shape)
        entries: list[Any] = [name]
        if found.class_name:
            entries = [kinds(found.class_name, found.settings)]
        for entry in entries:
            read = read_training(graph, {"loss": loss, "metrics": [entry]})
            assert isinstance(layer := read.graph[node.id].layer, Output)
            assert (layer.metrics, read.report.notes) == ((name,), ())


def kinds(class_name: str, settings: Any) -> Any:
    """A metric as Keras serializes it, with all its settings."""
    return keras.metrics.serialize(getattr(keras.metrics, class_name)(**settings))
