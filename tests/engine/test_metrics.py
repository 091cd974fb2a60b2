"""Metrics: their figures over uneven batches are those of Keras's fit and evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.arrays import Npz
from engine.data.prepare import prepare
from engine.evaluation import evaluate_project
from engine.events import EpochDone, Finished, Result, StepsDone
from engine.graph import Graph
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.losses import LOSSES, TargetKind
from engine.metrics import METRICS, metric_of
from engine.model import compile_graph
from engine.optimizers import SGD
from engine.project import DataSettings, Project, TrainingSettings
from engine.tallies import Agreement, Explained, Overlap, Share, Thresholds
from engine.templates import chain
from engine.training import train
from tests.engine.test_training import first_weights, for_keras, keras_history

CASES: dict[str, tuple[str, str, tuple[int, ...]]] = {
    "labels": ("sparse_categorical_crossentropy", "softmax", (7,)),
    "places of labels": ("sparse_categorical_crossentropy", "softmax", (4, 3, 7)),
    "one-hot": ("categorical_crossentropy", "softmax", (7,)),
    "places of one-hot": ("categorical_crossentropy", "softmax", (4, 3, 7)),
    "binary": ("binary_crossentropy", "sigmoid", (1,)),
    "several answers": ("binary_crossentropy", "sigmoid", (3,)),
    "places of answers": ("binary_crossentropy", "sigmoid", (4, 3, 1)),
    "signs": ("hinge", "tanh", (1,)),
    "several signs": ("squared_hinge", "tanh", (3,)),
    "numbers": ("mean_squared_error", "softplus", (1,)),
    "several numbers": ("mean_squared_error", "softplus", (3,)),
    "places of numbers": ("mean_squared_error", "softplus", (4, 3, 2)),
}
"""A loss, the activation before it, and the shape of what is predicted."""

IN_FULL = {"mae": "mean_absolute_error", "mse": "mean_squared_error"}
"""What Keras calls two of them once it has opened an .h5 file."""


def suiting(case: str) -> tuple[str, ...]:
    """All metrics that suit a case."""
    loss, _, shape = CASES[case]
    found = (metric for metric in METRICS.values() if metric.suits(loss))
    return tuple(metric.name for metric in found if not metric.of_rows or len(shape) == 1)


def network(case: str, metrics: tuple[str, ...] | None = None) -> Graph:
    loss, activation, shape = CASES[case]
    last = (
        Dense(units=shape[-1], activation=activation)
        if len(shape) == 1
        else Conv2D(filters=shape[-1], kernel_size=(1, 1), activation=activation)
    )
    chosen = suiting(case) if metrics is None else metrics
    graph, _ = chain(Input(shape=(*shape[:-1], 5)), last, Output(loss=loss, metrics=chosen))
    return graph


def targets(kind: TargetKind, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Some classes are rare, and one is never there."""
    if kind in ("labels", "one-hot"):
        labels = np.minimum(rng.geometric(0.4, shape[:-1]) - 1, shape[-1] - 2)
        return labels if kind == "labels" else np.eye(shape[-1], dtype=np.float32)[labels]
    if kind == "binary":
        return (rng.random(shape) < 0.3).astype(np.float32)
    return rng.choice([-1.0, 1.0], shape) if kind == "signs" else rng.random(shape) + 0.5


def project(case: str, folder: Path, epochs: int = 2) -> Project:
    """Batches of 16 out of 66 samples to learn from, 30 to validate with and 24 to test with."""
    loss, _, shape = CASES[case]
    rng = np.random.default_rng(5)
    x = rng.normal(size=(120, *shape[:-1], 5)).astype(np.float32)
    np.savez(folder / "d.npz", input=x, output=targets(LOSSES[loss].targets, (120, *shape), rng))
    data = DataSettings(source=Npz(path=str(folder / "d.npz")), validation_split=0.25, test_split=0.2)
    settings = TrainingSettings(epochs=epochs, batch_size=16, shuffle=False, optimizer=SGD(learning_rate=0.2))
    return Project(network(case), data=data, training=settings)


def in_keras(name: str) -> str:
    prefix, plain = ("val_", name[4:]) if name.startswith("val_") else ("", name)
    return prefix + IN_FULL.get(plain, plain)


def close(ours: Any, theirs: Any, name: str) -> None:
    """Counts agree to the last one; other sums are of float32, in another order."""
    np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("case", CASES)
def test_history_and_evaluation_are_those_of_keras(case: str, tmp_path: Path) -> None:
    made = project(case, tmp_path)
    data = prepare(compile_graph(made.graph), made.data.source.load(), made.data)
    theirs, model = keras_history(made, first_weights(made), tmp_path / "m.h5", data)
    *_, end = train(made)
    assert isinstance(end, Finished)
    assert [*end.history][: 1 + len(suiting(case))] == ["loss", *suiting(case)]
    for name, values in end.history.items():
        close(values, theirs[in_keras(name)], name)
    assert data.test is not None
    judged = model.evaluate(*for_keras(data.test), verbose="0", return_dict=True)
    for name, value in end.test.items():
        close(value, judged[in_keras(name)], name)
    *_, last = evaluate_project(made, end.weights)
    assert isinstance(last, Result)
    assert last.value == pytest.approx(end.test, rel=1e-6)


def test_every_metric_is_held_to_keras() -> None:
    assert {name for case in CASES for name in suiting(case)} == METRICS.keys()


# Step by step


def test_what_is_no_mean_is_shown_as_it_stands_since_the_epoch_began(tmp_path: Path) -> None:
    made = project("binary", tmp_path)
    steps: dict[str, list[float]] = {}
    for event in train(made):
        if isinstance(event, StepsDone):
            for name, values in event.logs.items():
                steps.setdefault(name, []).extend(values)
        elif isinstance(event, EpochDone):
            for name in ("precision", "recall", "f1_score", "auc", "mean_iou", "root_mean_squared_error"):
                assert steps[name][-1] == event.logs[name], name
            for name in ("loss", "accuracy", "mae"):
                assert event.logs[name] == pytest.approx(np.average(steps[name], weights=[16] * 4 + [2])), name
            assert {len(values) for values in steps.values()} == {5}
            steps = {}


@pytest.mark.parametrize("case", ["one-hot", "several numbers"])
def test_figures_do_not_depend_on_how_steps_are_put_into_calls(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def history() -> Any:
        *_, end = train(project(case, tmp_path))
        assert isinstance(end, Finished)
        return end.history

    monkeypatch.setattr("engine.pace.CALL_SECONDS", 10.0)
    first = history()
    monkeypatch.setattr("engine.pace.CALL_SECONDS", 1e-9)
    assert history() == first


def test_where_nothing_is_found_figures_are_numbers() -> None:
    """No yes is predicted, none is there, and the target never changes."""
    zeros = np.zeros((3, 2))
    assert Share(zeros[:, 0], zeros[:, 0]).value.tolist() == [0, 0, 0]
    assert Agreement(zeros, zeros, zeros).value.tolist() == [0, 0, 0]
    assert Overlap(zeros, zeros, zeros).value.tolist() == [0, 0, 0]
    assert Thresholds(zeros, zeros).value.tolist() == [0, 0, 0]
    same = Explained(np.array([4.0]), np.array([8.0]), np.array([16.0]), np.array([1.0]))
    assert same.value == 0


# What figures are called


@pytest.mark.parametrize(
    ("figure", "metric"),
    [
        ("accuracy", "accuracy"),
        ("val_tag_accuracy", "accuracy"),
        ("val_sparse_top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy"),
        ("size_mse", "mse"),
        ("val_tag_auc_1", "auc"),
        ("loss", None),
        ("tag_loss", None),
        ("reprecision", None),
    ],
)
def test_the_metric_of_a_figure(figure: str, metric: str | None) -> None:
    found = metric_of(figure)
    assert (found and found.name) == metric
