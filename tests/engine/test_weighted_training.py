"""Class weights and sample weights in training: the numbers of Keras's own fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from engine.class_weight import balanced, read_class_weight
from engine.data.arrays import Npz
from engine.data.columns import TableColumn
from engine.data.prepare import prepare
from engine.data.samples import Samples
from engine.data.table import Table
from engine.errors import DataError
from engine.events import Remarked
from engine.formats.keras_h5 import save_model
from engine.graph import Graph
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.layers.recurrent import SimpleRNN
from engine.model import compile_graph
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train
from tests.engine.test_training import finished, first_weights, for_keras

Array = np.ndarray[Any, Any]

_X = np.random.default_rng(0).normal(size=(120, 5)).astype(np.float32)
_LABELS = np.digitize(_X[:, 0], [0.3, 1.2]).astype(np.int32)
_WEIGHTS = np.random.default_rng(1).uniform(0, 3, 120)


def network(loss: str, units: int, activation: str, class_weight: str = "") -> Graph:
    output = Output(loss=loss, metrics=("accuracy",) if "cross" in loss else ("mae",), class_weight=class_weight)
    made, _ = chain(
        Input(shape=(5,)), Dense(units=6, activation="relu"), Dense(units=units, activation=activation), output
    )
    return made


def project_of(graph: Graph, folder: Path, **arrays: Array) -> Project:
    """A project on these arrays, a tenth of which training is watched on."""
    np.savez(folder / "d.npz", **arrays)  # type: ignore[arg-type]  # pyright: ignore
    data = DataSettings(source=Npz(path=str(folder / "d.npz")), validation_split=0.1, test_split=0.2)
    return Project(graph, data=data, training=TrainingSettings(epochs=4, batch_size=16, shuffle=False))


def kerass(project: Project, folder: Path, **weights: Any) -> tuple[dict[str, list[float]], dict[str, float]]:
    """What Keras's own fit and evaluate make of it; samples that are held back have weights of their own alone."""
    data = prepare(compile_graph(project.graph), project.data.source.load(), project.data)
    save_model(folder / "m.h5", project.graph, first_weights(project), project.training)
    model = keras.saving.load_model(folder / "m.h5")
    assert data.validation is not None
    assert data.test is not None

    def own(samples: Samples) -> tuple[Any, ...]:
        return tuple(samples.weights.values())[:1]

    settings = project.training
    history = model.fit(
        *for_keras(data.training),
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        shuffle=False,
        verbose=0,
        validation_data=(*for_keras(data.validation), *own(data.validation)),
        **weights,
    )
    more = own(data.test)
    test = model.evaluate(
        *for_keras(data.test), sample_weight=more[0] if more else None, return_dict=True, verbose=0
    )
    return history.history, test


def check_same(project: Project, folder: Path, **weights: Any) -> None:
    """Hold a run against Keras."""
    theirs, test = kerass(project, folder, **weights)
    end = finished(project)
    for name in ("loss", "val_loss", "accuracy", "val_accuracy"):
        np.testing.assert_allclose(end.history[name], theirs[name], rtol=1e-4)
    np.testing.assert_allclose(end.test["loss"], test["loss"], rtol=1e-4)


@pytest.mark.parametrize(
    ("loss", "activation", "classes"),
    [
        ("sparse_categorical_crossentropy", "softmax", 3),
        ("categorical_crossentropy", "softmax", 3),
        ("binary_crossentropy", "sigmoid", 2),
    ],
)
@pytest.mark.parametrize("setting", ["balanced", "0.5, 2, 3.5"])
def test_class_weights_are_those_of_keras(
    loss: str, activation: str, classes: int, setting: str, tmp_path: Path
) -> None:
    labels = np.minimum(_LABELS, classes - 1)
    setting = setting if setting == "balanced" else ", ".join(setting.split(", ")[:classes])
    y: Array = labels[:, None].astype(np.float32) if classes == 2 else labels
    project = project_of(network(loss, 1 if classes == 2 else classes, activation, setting), tmp_path, x=_X, y=y)
    data = prepare(compile_graph(project.graph), project.data.source.load(), project.data)
    trained = next(iter(data.training.targets.values()))
    trained = np.asarray(trained).argmax(-1) if loss.startswith("categorical") else np.asarray(trained).ravel()
    weights = (
        compute_class_weight("balanced", classes=np.arange(classes), y=trained)
        if setting == "balanced"
        else read_class_weight(setting)
    )
    check_same(project, tmp_path, class_weight=dict(enumerate(map(float, weights))))


def test_sample_weights_are_those_of_keras(tmp_path: Path) -> None:
    project = project_of(network("sparse_categorical_crossentropy", 3, "softmax"), tmp_path, x=_X, y=_LABELS,
                         sample_weight=_WEIGHTS)  # fmt: skip
    data = prepare(compile_graph(project.graph), project.data.source.load(), project.data)
    check_same(project, tmp_path, sample_weight=next(iter(data.training.weights.values())))


def test_both_at_once_are_multiplied(tmp_path: Path) -> None:
    project = project_of(network("sparse_categorical_crossentropy", 3, "softmax", "1, 2, 3"), tmp_path, x=_X,
                         y=_LABELS, sample_weight=_WEIGHTS)  # fmt: skip
    data = prepare(compile_graph(project.graph), project.data.source.load(), project.data)
    (targets,), (weights,) = data.training.targets.values(), data.training.weights.values()
    assert data.validation is not None
    (held,) = data.validation.weights.values()
    assert (np.asarray(held) <= 3).all()  # classes count in training alone
    own = np.asarray(weights) / np.array([1, 2, 3])[np.asarray(targets)]
    nearest = abs(own[:, None] - _WEIGHTS.astype(np.float32)[None]).min(1)
    np.testing.assert_allclose(nearest, 0, atol=1e-6)
    check_same(project, tmp_path, sample_weight=np.asarray(weights))


def test_each_place_of_a_sequence_counts_by_its_class(tmp_path: Path) -> None:
    made, _ = chain(
        Input(shape=(7, 2)),
        SimpleRNN(units=4, return_sequences=True),
        Dense(units=3, activation="softmax"),
        Output(class_weight="1, 2, 5"),
    )
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 7, 2)).astype(np.float32), rng.integers(0, 3, (60, 7))
    project = project_of(made, tmp_path, x=x, y=y)
    data = prepare(compile_graph(made), project.data.source.load(), project.data)
    (targets,), (weights,) = data.training.targets.values(), data.training.weights.values()
    np.testing.assert_array_equal(weights, np.array([1, 2, 5], np.float32)[np.asarray(targets)])
    check_same(project, tmp_path, sample_weight=np.asarray(weights))


def test_a_column_of_a_table_weighs_its_rows(tmp_path: Path) -> None:
    rows = [f"{i % 13},{'yes' if i % 3 else 'no'},{1 if i % 3 else 0}" for i in range(90)]
    (tmp_path / "a.csv").write_text("\n".join(["age,label,w", *rows]))
    columns = (
        TableColumn(name="age"),
        TableColumn(name="label", role="target", kind="category", missing="most_frequent", classes=("no", "yes")),
        TableColumn(name="w", role="weight"),
    )
    made, _ = chain(Input(shape=(1,)), Dense(units=2, activation="softmax"), Output())
    source = Table(path=str(tmp_path / "a.csv"), columns=columns)
    settings = TrainingSettings(epochs=3, shuffle=False)
    project = Project(made, data=DataSettings(source=source), training=settings)
    data = prepare(compile_graph(made), source.load(), project.data)
    for part in (data.training, data.validation, data.test):
        assert part is not None
        (targets,), (weights,) = part.targets.values(), part.weights.values()
        np.testing.assert_array_equal(weights, targets)  # a row counts where it is called "yes"
    check_same(project, tmp_path, sample_weight=next(iter(data.training.weights.values())))


def test_balanced_is_that_of_scikit_learn() -> None:
    labels = np.repeat([0, 1, 3], [70, 20, 10])
    expected = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=labels)
    np.testing.assert_allclose(balanced(np.bincount(labels))[[0, 1, 3]], expected)


def test_what_weights_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be 'balanced', or a number for each class"):
        Output(class_weight="1, two")
    with pytest.raises(ValueError, match="must be numbers of 0 or more"):
        Output(class_weight="1, -2")
    assert Output(class_weight=" 1,2.50").class_weight == "1, 2.5"
    (problem,) = infer(network("sparse_categorical_crossentropy", 3, "softmax", "1, 2")).problems
    assert problem.message == "output has 2 class weights, but tells 3 classes apart."
    assert [fix.text for fix in problem.fixes] == ["Balance the classes", "Let all classes count alike"]
    (problem,) = infer(network("mean_squared_error", 3, "linear", "balanced")).problems
    assert "mean_squared_error of 3 does not tell" in problem.message
    bad = _WEIGHTS.copy()
    bad[7] = -1
    project = project_of(network("sparse_categorical_crossentropy", 3, "softmax"), tmp_path, x=_X, y=_LABELS,
                         sample_weight=bad)  # fmt: skip
    with pytest.raises(DataError, match="The weight of sample 7 is -1"):
        list(train(project))


def test_a_run_says_what_is_on_both_sides(tmp_path: Path) -> None:
    x, y = np.concatenate([_X, _X]), np.concatenate([_LABELS, _LABELS])
    project = project_of(network("sparse_categorical_crossentropy", 3, "softmax"), tmp_path, x=x, y=y)
    (remark,) = [event.text for event in train(project) if isinstance(event, Remarked)]
    assert "of 72 samples held back are trained on as well" in remark
    together = project.data.replace(keep_duplicates_together=True)
    project = Project(project.graph, data=together, training=project.training)
    assert not [event for event in train(project) if isinstance(event, Remarked)]
