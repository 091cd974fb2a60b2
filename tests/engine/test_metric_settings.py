"""The settings of metrics: what they compute is what Keras's classes compute with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from pydantic import ValidationError

from engine.chosen_metrics import by_figure, chosen
from engine.data.prepare import prepare
from engine.events import Finished
from engine.figures import figure_names, rises
from engine.fixes import Problem
from engine.formats import models
from engine.formats.keras_code import keras_code
from engine.formats.keras_training import read_training
from engine.formats.project_file import dumps, loads
from engine.inference import infer
from engine.layers.core import Output
from engine.losses import LOSSES, TargetKind
from engine.metric_sums import Seen, nothing
from engine.metrics import METRICS
from engine.model import compile_graph
from engine.project import Project, TrainingSettings
from engine.training import train
from tests.engine.graphs import run
from tests.engine.test_metrics import CASES, close, in_keras, network, project, targets
from tests.engine.test_training import first_weights, keras_history

SETTINGS: tuple[tuple[str, str], ...] = (
    ("several answers", "binary_accuracy(threshold=0.3)"),
    ("one-hot", "top_k_categorical_accuracy(k=3)"),
    ("one-hot", "top_k_categorical_accuracy(k=1)"),
    ("labels", "sparse_top_k_categorical_accuracy(k=2)"),
    ("places of labels", "sparse_top_k_categorical_accuracy(k=2)"),
    *(
        (case, f"{name}({settings})")
        for name in ("precision", "recall")
        for case, settings in (
            ("several answers", "thresholds=0.25"),
            ("one-hot", "top_k=2"),
            ("one-hot", "thresholds=0.3, top_k=3"),
            ("several answers", "class_id=1"),
            ("one-hot", "thresholds=0.2, top_k=2, class_id=0"),
            ("places of one-hot", "top_k=2, class_id=3"),
        )
    ),
    *(("one-hot", f"f1_score(average='{mean}')") for mean in ("micro", "weighted")),
    *(
        ("several answers", f"f1_score(average='{mean}', threshold=0.3)")
        for mean in ("macro", "micro", "weighted")
    ),
    ("binary", "f1_score"),
    ("one-hot", "fbeta_score(average='micro', beta=0.5)"),
    ("several answers", "fbeta_score(average='weighted', threshold=0.7, beta=2.0)"),
    ("one-hot", "fbeta_score"),
    *(
        ("several answers", f"auc({points}, curve='{curve}', summation_method='{way}')")
        for points in ("num_thresholds=50", "multi_label=True")
        for curve in ("ROC", "PR", "PRGAIN")
        for way in ("interpolation", "minoring", "majoring")
    ),
    ("places of answers", "auc(num_thresholds=2, curve='PR')"),
    ("labels", "mean_iou(target_class_ids=[1, 3])"),
    ("labels", "mean_iou(ignore_class=1)"),
    ("places of one-hot", "mean_iou(target_class_ids=[0, 6], ignore_class=2)"),
    ("one-hot", "mean_iou(ignore_class=0)"),
    ("places of answers", "mean_iou(target_class_ids=[1], threshold=0.3)"),
    ("several numbers", "r2_score(class_aggregation='variance_weighted_average')"),
    ("numbers", "r2_score(class_aggregation='variance_weighted_average')"),
)
"""Targets, and metrics with settings of every kind."""


def predictions(kind: TargetKind, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Not far from any target, with equal numbers among them, and some that lie on a threshold."""
    found = rng.random((60, *shape)) ** 2
    if kind in ("labels", "one-hot"):
        found /= found.sum(-1, keepdims=True)
    return np.round(found, 2).astype(np.float32)


@pytest.mark.parametrize(("case", "text"), SETTINGS, ids=[f"{case} {text}" for case, text in SETTINGS])
def test_a_metric_with_settings_computes_what_that_of_keras_does(case: str, text: str) -> None:
    """Over three batches, the last of them filled up with samples that do not count."""
    loss, _, shape = CASES[case]
    kind, rng = LOSSES[loss].targets, np.random.default_rng(3)
    metric = chosen(text)
    found = metric.in_keras(kind, shape)
    theirs: Any = getattr(keras.metrics, found.class_name)(**found.settings)
    target, prediction = targets(kind, (60, *shape), rng), predictions(kind, shape, rng)
    total: Any = nothing(metric.sums, kind, shape)
    for start, stop in ((0, 24), (24, 48), (48, 60)):
        given = [
            np.concatenate([array[start:stop], array[: 24 - (stop - start)]]) for array in (target, prediction)
        ]
        counted = (np.arange(24) < stop - start).astype(np.float32)
        batch = Seen(jnp.asarray(given[0]), jnp.asarray(given[1]), (None, ""), None, jnp.asarray(counted), kind)
        total = jax.tree.map(lambda one, other: one + np.asarray(other), total, metric.sums(batch))
        theirs.update_state(target[start:stop], prediction[start:stop])
    rtol = 1e-5 if metric.metric.name == "r2_score" else 1e-6  # Keras takes float32 sums from one another for it
    np.testing.assert_allclose(total.value, theirs.result(), rtol=rtol, atol=1e-7)
    plain = chosen(metric.metric.name)
    assert metric == plain or metric.settings != plain.settings


def test_every_metric_with_settings_is_held_to_keras() -> None:
    more = {name for name, metric in METRICS.items() if len(metric.settings.model_fields) > 1}
    assert {chosen(text).metric.name for _, text in SETTINGS} == more
    named = {
        (chosen(text).metric.name, field)
        for _, text in SETTINGS
        for field in chosen(text).settings.model_fields_set
    }
    fields = {(name, field) for name in more for field in METRICS[name].settings.model_fields if field != "name"}
    assert named >= fields - {("sparse_top_k_categorical_accuracy", "name")}


# How they are written


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("accuracy", "accuracy"),
        ("accuracy()", "accuracy"),
        ("top_k_categorical_accuracy(k=5)", "top_k_categorical_accuracy"),
        ("top_k_categorical_accuracy(3)", "top_k_categorical_accuracy(k=3)"),
        ("auc(summation_method='minoring', curve='PR')", "auc(curve='PR', summation_method='minoring')"),
        ("precision(thresholds=[0.7])", "precision(thresholds=0.7)"),
        ("mean_iou(target_class_ids=(1,))", "mean_iou(target_class_ids=[1])"),
        ("mae(name='off')", "mae(name='off')"),
    ],
)
def test_a_metric_is_kept_in_its_shortest_form(text: str, short: str) -> None:
    assert Output(metrics=(text,)).metrics == (short,)
    assert chosen(short).text == short


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("top_k", "must be one of accuracy, "),
        ("top_k_categorical_accuracy(k=0)", "k of top_k_categorical_accuracy must be greater than or equal to 1"),
        ("top_k_categorical_accuracy(n=3)", "top_k_categorical_accuracy takes k, name, not n"),
        ("accuracy('a', 'b')", "accuracy takes name, not 2 values"),
        ("auc(curve='pr')", "curve of auc must be 'ROC', 'PR' or 'PRGAIN' (it is 'pr')"),
        ("precision(thresholds=1.5)", "thresholds of precision must be less than or equal to 1"),
        ("precision(thresholds=[0.3, 0.7])", "thresholds of precision must be a valid number"),
        ("f1_score(average=None)", "average of f1_score must be 'macro', 'micro' or 'weighted' (it is None)"),
        (
            "mse(name='val_mse')",
            "name of mse must not be like the name of a loss, or of a figure of the validation",
        ),
        ("mse(name='a,b')", "name of mse must be a name of up to 60 letters"),
        (
            "mse(name=open('x'))",
            "must be a name, or a name with arguments such as top_k_categorical_accuracy(k=3)",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(text: str, why: str) -> None:
    with pytest.raises(ValidationError) as error:
        Output(metrics=(text,))
    assert error.value.errors()[0]["msg"].removeprefix("Value error, ").startswith(why)


def test_projects_keep_settings_and_old_files_are_as_they_were() -> None:
    made = Project(network("one-hot", ("accuracy", "top_k_categorical_accuracy(k=3)")))
    assert '"accuracy"' in dumps(made)
    assert loads(dumps(made), "p.loom").graph == made.graph
    old = dumps(made).replace("top_k_categorical_accuracy(k=3)", "auc")
    (layer,) = [node.layer for node in loads(old, "p.loom").graph.of_type(Output)]
    assert layer == Output(loss="categorical_crossentropy", metrics=("accuracy", "auc"))


# What their figures are called


TWICE = (
    "top_k_categorical_accuracy(k=2)", "top_k_categorical_accuracy(k=3)", "precision", "precision(thresholds=0.2)",
    "auc(curve='PR', name='prc')", "mse", "recall(class_id=1, name='found')",
)  # fmt: skip


def test_figures_of_one_name_are_numbered() -> None:
    assert [*by_figure(TWICE)] == [
        "top_k_categorical_accuracy", "top_k_categorical_accuracy_1", "precision", "precision_1", "prc", "mse",
        "found",
    ]  # fmt: skip
    graph = network("one-hot", (*TWICE, "mse(name='far_auc')"))
    assert figure_names(graph)[1:] == (*by_figure(TWICE), "far_auc")
    assert [rises(graph, name) for name in ("val_prc", "precision_1", "mse", "far_auc", "loss", "val_loss")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip


def test_a_history_with_settings_is_that_of_keras(tmp_path: Path) -> None:
    made = project("one-hot", tmp_path)
    made = replace(made, graph=network("one-hot", TWICE)).with_training(
        callbacks=made.training.callbacks.replace(monitor="val_prc", early_stopping={"patience": 1})
    )
    data = prepare(compile_graph(made.graph), made.data.source.load(), made.data)
    theirs, _ = keras_history(made, first_weights(made), tmp_path / "m.h5", data)
    *_, end = train(made)
    assert isinstance(end, Finished)
    assert {in_keras(name) for name in end.history} == {*theirs}
    for name, values in end.history.items():
        close(values, theirs[in_keras(name)][: len(values)], name)


# Keras's files and programs


WRITTEN = (
    *((case, text) for case, text in SETTINGS if "name=" not in text),
    ("one-hot", "auc(curve='PR', name='prc')"),
    ("numbers", "mae(name='off')"),
    ("binary", "binary_accuracy(name='right')"),
)


@pytest.mark.parametrize(("case", "text"), WRITTEN, ids=[f"{case} {text}" for case, text in WRITTEN])
def test_settings_come_back_from_what_keras_writes(case: str, text: str) -> None:
    loss, _, shape = CASES[case]
    graph = network(case, ())
    (node,) = graph.of_type(Output)
    found = chosen(text).in_keras(LOSSES[loss].targets, shape)
    entry = keras.metrics.serialize(getattr(keras.metrics, found.class_name)(**found.settings))
    read = read_training(graph, {"loss": loss, "metrics": [entry]})
    layer = read.graph[node.id].layer
    assert isinstance(layer, Output)
    assert (layer.metrics, read.report.notes) == ((chosen(text).text,), ())


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_files_with_settings_open_in_keras_and_here(suffix: str, tmp_path: Path) -> None:
    made = network("one-hot", TWICE)
    model = compile_graph(made)
    models.save(tmp_path / f"m{suffix}", made, model.to_host(model.init(0)), TrainingSettings())
    loaded = models.load(tmp_path / f"m{suffix}")
    assert loaded.notes == ()
    assert [node.layer for node in loaded.graph.of_type(Output)] == [node.layer for node in made.of_type(Output)]
    opened: Any = keras.saving.load_model(tmp_path / f"m{suffix}")
    x = np.zeros((4, 5), np.float32)
    judged = opened.evaluate(x, np.eye(7, dtype=np.float32)[:4], verbose="0", return_dict=True)
    assert {*judged} == {in_keras(name) if suffix == ".h5" else name for name in figure_names(made)}


def test_several_thresholds_become_several_metrics() -> None:
    graph = network("binary", ())
    (node,) = graph.of_type(Output)
    entry = keras.metrics.serialize(keras.metrics.Precision(thresholds=[0.3, 0.7]))
    read = read_training(graph, {"loss": "binary_crossentropy", "metrics": [entry]})
    layer = read.graph[node.id].layer
    assert isinstance(layer, Output)
    assert layer.metrics == ("precision(thresholds=0.3)", "precision(thresholds=0.7)")


def test_programs_say_what_is_set() -> None:
    code = keras_code(Project(network("one-hot", TWICE)))
    for line in (
        "keras.metrics.TopKCategoricalAccuracy(k=2),",
        '"precision",',
        'keras.metrics.Precision(thresholds=0.2, name="precision"),',
        'keras.metrics.AUC(curve="PR", name="prc"),',
        'keras.metrics.Recall(class_id=1, name="found"),',
    ):
        assert line in code
    model: Any = run(code)["model"]
    model.evaluate(np.zeros((4, 5)), np.eye(7)[:4], verbose="0")
    assert {*model.get_metrics_result()} == {*figure_names(network("one-hot", TWICE))}


def test_a_program_that_watches_a_named_figure_says_which_way_is_better(tmp_path: Path) -> None:
    made = project("one-hot", tmp_path)
    made = replace(made, graph=network("one-hot", TWICE)).with_training(
        callbacks=made.training.callbacks.replace(monitor="val_prc")
    )
    code = " ".join(keras_code(made, with_training=True).split())
    assert 'monitor="val_prc", mode="max"' in code


# What does not suit


def problems(case: str, text: str) -> list[Problem]:
    return [problem for problem in infer(network(case, (text,))).problems if problem.field == "metrics"]


@pytest.mark.parametrize(
    ("case", "text", "message", "left"),
    [
        (
            "one-hot",
            "precision(top_k=9)",
            "precision looks at the 9 highest predictions, but output has only 7.",
            "precision",
        ),
        (
            "binary",
            "recall(class_id=1)",
            "recall looks at class 1, but the classes of output are 0 to 0.",
            "recall",
        ),
        (
            "labels",
            "mean_iou(target_class_ids=[2, 7])",
            "mean_iou looks at class 7, but the classes of output are 0 to 6.",
            "mean_iou",
        ),
        (
            "places of answers",
            "mean_iou(target_class_ids=[2])",
            "mean_iou looks at class 2, but the classes of output are 0 to 1.",
            "mean_iou",
        ),
        (
            "places of answers",
            "mean_iou(ignore_class=0)",
            "The ignore_class of mean_iou counts for several classes only: here it changes nothing.",
            "mean_iou",
        ),
        (
            "labels",
            "mean_iou(threshold=0.3)",
            "The threshold of mean_iou counts for yes-or-no answers only: here it changes nothing.",
            "mean_iou",
        ),
        (
            "places of answers",
            "auc(curve='PR', multi_label=True)",
            "A curve for each number needs a row of them, but output is 4 × 3 × 1.",
            "auc(curve='PR')",
        ),
    ],
)
def test_settings_that_go_beyond_are_told_and_put_back(case: str, text: str, message: str, left: str) -> None:
    (problem,) = problems(case, text)
    assert problem.message == message
    graph = problem.fixes[0].edit(network(case, (text,)))
    (layer,) = [node.layer for node in graph.of_type(Output)]
    assert isinstance(layer, Output)
    assert layer.metrics == (left,)
    assert problems(case, left) == []


def test_settings_go_along_with_the_loss() -> None:
    (problem,) = problems("one-hot", "sparse_top_k_categorical_accuracy(k=2)")
    graph = problem.fixes[0].edit(network("one-hot", ("sparse_top_k_categorical_accuracy(k=2)",)))
    assert [node.layer.metrics for node in graph.of_type(Output) if isinstance(node.layer, Output)] == [
        ("top_k_categorical_accuracy(k=2)",)
    ]
