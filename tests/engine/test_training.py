"""Training: the events of a run, their numbers against Keras's own fit, and what ends a run."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.data.arrays import Npz
from engine.data.builtin import Digits, Iris
from engine.data.prepare import PreparedData, Samples, prepare
from engine.errors import Cancelled, DataError, NotReadyError, TrainingError
from engine.events import Compiled, EpochDone, Event, Finished, HostWeights, Progress, Started, StepsDone
from engine.formats.keras_h5 import save_model
from engine.graph import Graph
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Concatenate
from engine.layers.normalization import BatchNormalization
from engine.layers.pooling import MaxPooling2D
from engine.layers.preprocessing import Normalization
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten
from engine.ledger import Ledger
from engine.losses import LOSSES
from engine.model import compile_graph
from engine.optimizers import SGD, Adam, RMSprop
from engine.project import DataSettings, Project, TrainingSettings
from engine.step_cost import StepCost
from engine.templates import chain, make
from engine.training import train

pytestmark = pytest.mark.usefixtures("compiled_in_full")


def iris(epochs: int = 3, **settings: Any) -> Project:
    return make("iris-mlp").with_training(epochs=epochs, **settings)


def finished(project: Project) -> Finished:
    (event,) = [event for event in train(project) if isinstance(event, Finished)]
    return event


def test_events_come_in_order_and_add_up() -> None:
    events = [event for event in train(iris()) if not isinstance(event, Progress)]
    started, compiled, *middle, end = events
    assert isinstance(started, Started)
    assert (started.samples, started.validation_samples, started.test_samples) == (105, 15, 30)
    assert started.steps_per_epoch == 7
    assert isinstance(compiled, Compiled)
    steps = [event for event in middle if isinstance(event, StepsDone)]
    assert sum(len(event.logs["loss"]) for event in steps) == steps[-1].step == 21
    epochs = [event for event in middle if isinstance(event, EpochDone)]
    assert [event.epoch for event in epochs] == [1, 2, 3]
    assert list(epochs[0].logs) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert isinstance(end, Finished)
    assert end.history["loss"] == tuple(event.logs["loss"] for event in epochs)
    assert not end.stopped


def test_events_hold_plain_numbers_only() -> None:
    def plain(value: Any) -> bool:
        if isinstance(value, Ledger):
            return value.model_validate_json(value.model_dump_json()) == value
        if isinstance(value, dict):
            return all(plain(item) for item in value.values())
        if isinstance(value, tuple):
            return all(plain(item) for item in value)
        if isinstance(value, StepCost):
            return plain(dataclasses.astuple(value))
        return type(value) in (int, float, bool, str, type(None), np.ndarray)

    for event in train(iris(1)):
        for field in dataclasses.fields(event):
            assert plain(getattr(event, field.name)), (type(event), field.name)


def test_the_figure_of_an_epoch_is_the_mean_over_its_samples() -> None:
    events = list(train(iris(1, batch_size=32)))
    losses = np.concatenate([event.logs["loss"] for event in events if isinstance(event, StepsDone)])
    (epoch,) = [event for event in events if isinstance(event, EpochDone)]
    assert epoch.logs["loss"] == pytest.approx(np.average(losses, weights=[32, 32, 32, 9]), rel=1e-6)


def _dropout_project(epochs: int = 2) -> Project:
    graph, _ = chain(
        Input(shape=(8, 8, 1)),
        Conv2D(filters=4, activation="relu"),
        BatchNormalization(),
        MaxPooling2D(),
        Flatten(),
        Dropout(rate=0.4),
        Dense(units=10, activation="softmax"),
        Output(),
    )
    return Project(graph, data=DataSettings(source=Digits()), training=TrainingSettings(epochs=epochs))


def test_same_project_same_numbers_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    first = finished(_dropout_project())
    # Another pace puts the steps into other calls; that must not show.
    monkeypatch.setattr("engine.pace.CALL_SECONDS", 0.0001)
    second = finished(_dropout_project())
    assert first.history == second.history
    assert first.test == second.test
    for owner, arrays in first.weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, second.weights[owner][name])


def test_another_seed_gives_other_numbers() -> None:
    assert finished(iris(1, seed=1)).history != finished(iris(1)).history


# Against Keras


def for_keras(samples: Samples) -> tuple[Any, Any]:
    """Inputs and targets as Keras's fit and evaluate take them."""
    inputs, targets = dict(samples.inputs), list(samples.targets.values())
    return inputs if len(inputs) > 1 else next(iter(inputs.values())), targets if len(targets) > 1 else targets[0]


def keras_history(
    project: Project, weights: HostWeights, path: Path, data: PreparedData
) -> tuple[dict[str, list[float]], keras.Model]:
    """What Keras's own fit makes of the same weights, in the same order of samples."""
    save_model(path, project.graph, weights, project.training)
    model = keras.saving.load_model(path)
    history = model.fit(
        *for_keras(data.training),
        batch_size=project.training.batch_size,
        epochs=project.training.epochs,
        shuffle=False,
        verbose=0,
        validation_data=for_keras(data.validation) if data.validation else None,
    )
    return history.history, model


def first_weights(project: Project) -> HostWeights:
    model = compile_graph(project.graph)
    return model.to_host(model.init(project.training.seed))


@pytest.mark.parametrize(
    "optimizer",
    [
        Adam(learning_rate=0.01),
        SGD(learning_rate=0.1),
        SGD(learning_rate=0.05, momentum=0.9),
        SGD(learning_rate=0.05, momentum=0.9, nesterov=True),
        RMSprop(),
        RMSprop(learning_rate=0.002, momentum=0.5),
    ],
    ids=lambda optimizer: f"{optimizer.type}-{optimizer.learning_rate}",
)
def test_loss_history_is_that_of_keras_fit(optimizer: Any, tmp_path: Path) -> None:
    graph, _ = chain(
        Input(shape=(4,)), Dense(units=8, activation="tanh"), Dense(units=3, activation="softmax"), Output()
    )
    settings = TrainingSettings(optimizer=optimizer, epochs=6, batch_size=16, shuffle=False)
    project = Project(graph, data=DataSettings(source=Iris()), training=settings)
    data = prepare(compile_graph(graph), Iris().load(), project.data)
    theirs, _ = keras_history(project, first_weights(project), tmp_path / "m.h5", data)
    ours = finished(project).history
    # float32, 42 steps: rounding differs between the two ways to the same sum
    np.testing.assert_allclose(ours["loss"], theirs["loss"], rtol=1e-4)
    np.testing.assert_allclose(ours["accuracy"], theirs["accuracy"], atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "activation", "metrics"),
    [
        ("binary_crossentropy", "sigmoid", ("accuracy",)),
        ("mean_squared_error", "linear", ("mae",)),
        ("mean_absolute_error", "linear", ("mse", "mae")),
        ("categorical_crossentropy", "softmax", ("accuracy",)),
        ("huber", "linear", ("mae",)),
        ("log_cosh", "linear", ()),
        ("mean_absolute_percentage_error", "linear", ()),
        ("mean_squared_logarithmic_error", "softplus", ()),
        ("cosine_similarity", "linear", ()),
        ("poisson", "softplus", ("mae",)),
        ("kl_divergence", "softmax", ("accuracy",)),
        ("binary_focal_crossentropy", "sigmoid", ("accuracy",)),
        ("categorical_focal_crossentropy", "softmax", ("accuracy",)),
        ("hinge", "tanh", ("accuracy",)),
        ("squared_hinge", "tanh", ("accuracy",)),
        ("categorical_hinge", "linear", ("accuracy",)),
    ],
)
def test_each_loss_follows_keras(loss: str, activation: str, metrics: tuple[str, ...], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(96, 5)).astype(np.float32)
    labels = (x[:, 0] + x[:, 1] > 0).astype(np.int32)
    one_hot = LOSSES[loss].targets == "one-hot" or loss == "cosine_similarity"
    target = np.eye(2, dtype=np.float32)[labels] if one_hot else labels[:, None].astype(np.float32)
    np.savez(tmp_path / "d.npz", input=x, output=target)
    graph, _ = chain(
        Input(shape=(5,)),
        Dense(units=6, activation="relu"),
        Dense(units=target.shape[1], activation=activation),
        Output(loss=loss, metrics=metrics),
    )
    data = DataSettings(source=Npz(path=str(tmp_path / "d.npz")), validation_split=0, test_split=0)
    project = Project(graph, data=data, training=TrainingSettings(epochs=5, shuffle=False))
    prepared = prepare(compile_graph(graph), data.source.load(), data)
    theirs, _ = keras_history(project, first_weights(project), tmp_path / "m.h5", prepared)
    ours = finished(project).history
    np.testing.assert_allclose(ours["loss"], theirs["loss"], rtol=1e-4)
    in_full = {"mae": "mean_absolute_error", "mse": "mean_squared_error"}  # what a loaded model calls them
    for name in metrics:
        np.testing.assert_allclose(ours[name], theirs[in_full.get(name, name)], rtol=1e-4)


def test_a_picture_network_with_batch_normalization_follows_keras(tmp_path: Path) -> None:
    project = _dropout_project(1)
    graph = project.graph.remove(project.graph.by_name("dropout").id, heal=True)
    settings = TrainingSettings(epochs=1, batch_size=64, shuffle=False)
    project = replace(project, graph=graph, training=settings)
    data = prepare(compile_graph(graph), Digits().load(), project.data)
    theirs, model = keras_history(project, first_weights(project), tmp_path / "m.h5", data)
    end = finished(project)
    np.testing.assert_allclose(end.history["loss"], theirs["loss"], rtol=2e-4)
    moving = end.weights[graph.by_name("batch_normalization").id]["moving_mean"]
    np.testing.assert_allclose(moving, model.get_layer("batch_normalization").moving_mean, rtol=1e-3, atol=1e-3)


def test_what_holds_weights_in_bounds_follows_keras(tmp_path: Path) -> None:
    """Regularizers of weights and outputs, constraints after each step, and a frozen layer."""
    graph, _ = chain(
        Input(shape=(4,)),
        Dense(units=8, activation="tanh", kernel_regularizer="l2(0.02)", activity_regularizer="l1(0.003)"),
        Dense(units=8, trainable=False),
        Dense(units=8, kernel_constraint="max_norm(0.5)", bias_constraint="non_neg", bias_regularizer="l1"),
        Dense(units=3, activation="softmax", kernel_constraint="unit_norm"),
        Output(),
    )
    settings = TrainingSettings(epochs=5, batch_size=16, shuffle=False)
    project = Project(graph, data=DataSettings(source=Iris()), training=settings)
    data = prepare(compile_graph(graph), Iris().load(), project.data)
    first = first_weights(project)
    theirs, model = keras_history(project, first, tmp_path / "m.h5", data)
    end = finished(project)
    np.testing.assert_allclose(end.history["loss"], theirs["loss"], rtol=1e-4)
    for node in graph.of_type(Dense):
        for name, value in end.weights[node.id].items():
            np.testing.assert_allclose(value, getattr(model.get_layer(node.name), name), rtol=2e-3, atol=2e-4)
    frozen = graph.of_type(Dense)[1].id
    np.testing.assert_array_equal(end.weights[frozen]["kernel"], first[frozen]["kernel"])


def _two_by_two() -> Graph:
    """Two inputs, two outputs: a class and a number."""
    graph, left = chain(Input(shape=(3,)), Dense(units=4, activation="relu"))
    graph, right = chain(Input(shape=(2,)), Dense(units=4, activation="relu"), graph=graph)
    graph, joined = chain(Concatenate(), graph=graph, after=left)
    graph = graph.connect(right, joined)
    graph, _ = chain(Dense(units=2, activation="softmax"), Output(), graph=graph, after=joined)
    number = Output(loss="mean_squared_error", loss_weight=0.25, metrics=("mae",))
    graph, _ = chain(Dense(units=1), number, graph=graph, after=joined)
    names = {"input": "left", "input_1": "right", "output": "class", "output_1": "number"}
    for before, after in names.items():
        graph = graph.rename(graph.by_name(before).id, after)
    return graph


def test_several_inputs_and_outputs_follow_keras(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    left, right = (rng.normal(size=(80, n)).astype(np.float32) for n in (3, 2))
    arrays = {"left": left, "right": right, "class": (left[:, 0] > 0).astype(int), "number": right.sum(1)}
    np.savez(tmp_path / "d.npz", **arrays)
    data = DataSettings(source=Npz(path=str(tmp_path / "d.npz")), validation_split=0.1, test_split=0)
    project = Project(_two_by_two(), data=data, training=TrainingSettings(epochs=4, shuffle=False))
    prepared = prepare(compile_graph(project.graph), data.source.load(), data)
    theirs, _ = keras_history(project, first_weights(project), tmp_path / "m.h5", prepared)
    end = finished(project)
    np.testing.assert_allclose(end.history["loss"], theirs["loss"], rtol=1e-4)
    assert {"class_loss", "class_accuracy", "number_loss", "number_mae", "val_number_mae"} <= set(end.history)
    total = np.array(end.history["class_loss"]) + 0.25 * np.array(end.history["number_loss"])
    np.testing.assert_allclose(end.history["loss"], total, rtol=1e-5)


# What ends a run


def test_cancelled_after_a_step_ends_with_a_result() -> None:
    events = train(iris(5000))
    for event in events:
        if isinstance(event, EpochDone) and event.epoch == 2:
            break
    rest: list[Event] = [events.throw(Cancelled()), *events]
    end = rest[-1]
    assert isinstance(end, Finished)
    assert end.stopped
    assert end.epochs == 2
    assert end.test["accuracy"] > 0


def test_cancelled_before_a_step_has_nothing_to_show() -> None:
    events = train(iris())
    next(events)
    with pytest.raises(Cancelled):
        events.throw(Cancelled())


def test_a_loss_that_blows_up_names_the_step() -> None:
    graph, _ = chain(
        Input(shape=(10,)), Dense(units=8), Dense(units=1), Output(loss="mean_squared_error", metrics=())
    )
    base = make("diabetes-regression")
    settings = TrainingSettings(optimizer=SGD(learning_rate=1000), epochs=50)
    with pytest.raises(TrainingError, match=r"no longer a finite number at step \d+ \(epoch \d+\)"):
        list(train(replace(base, graph=graph, training=settings)))


def test_a_graph_with_problems_does_not_train() -> None:
    with pytest.raises(NotReadyError, match="no Input"):
        list(train(Project()))


def test_a_batch_larger_than_the_data_is_one_step() -> None:
    events = list(train(iris(2, batch_size=5000)))
    (started,) = [event for event in events if isinstance(event, Started)]
    assert started.steps_per_epoch == 1
    assert isinstance(events[-1], Finished)


def test_without_validation_and_test_there_are_only_training_figures() -> None:
    project = iris(1)
    data = project.data.replace(validation_split=0, test_split=0)
    end = finished(replace(project, data=data))
    assert list(end.history) == ["loss", "accuracy"]
    assert end.test == {}


def test_no_samples_left_is_said() -> None:
    data = DataSettings(source=Iris(), validation_split=0.9, test_split=0.9)
    with pytest.raises(DataError, match="Nothing is left to train on"):
        list(train(replace(iris(), data=data)))


def test_normalization_takes_its_figures_from_the_training_data() -> None:
    project = iris(1)
    data = prepare(compile_graph(project.graph), Iris().load(), project.data)
    weights = finished(project).weights[project.graph.by_name("normalization").id]
    rows = next(iter(data.training.inputs.values()))
    np.testing.assert_allclose(weights["mean"], rows.mean(0), rtol=1e-5)
    np.testing.assert_allclose(weights["variance"], rows.var(0), rtol=1e-4)


def test_normalization_in_mid_graph_sees_what_reaches_it() -> None:
    graph, _ = chain(
        Input(shape=(4,)), Dense(units=5), Normalization(), Dense(units=3, activation="softmax"), Output()
    )
    project = replace(iris(1), graph=graph).with_training(optimizer=SGD(learning_rate=1e-9))
    end = finished(project)
    kernel = end.weights["n2"]["kernel"]
    data = prepare(compile_graph(graph), Iris().load(), project.data)
    reached = data.training.inputs["input"] @ kernel
    np.testing.assert_allclose(end.weights["n3"]["mean"], reached.mean(0), rtol=1e-3, atol=1e-4)


def test_the_digits_example_reaches_97_percent() -> None:
    end = finished(make("digits-cnn"))
    assert end.test["accuracy"] >= 0.97


def test_a_normalization_whose_owner_no_output_needs_is_adapted() -> None:
    graph, _ = chain(Input(shape=(4,)), Normalization())
    graph = graph.add(graph.new_node(Normalization(), shares="n2")).connect("n1", "n3")
    graph, _ = chain(Dense(units=3, activation="softmax"), Output(), graph=graph, after="n3")
    end = finished(replace(iris(1), graph=graph))
    assert end.weights["n2"]["mean"].min() > 1  # all lengths of an iris are


def test_whole_numbers_go_through_every_layer() -> None:
    graph, _ = chain(
        Input(shape=(6, 6, 1), dtype="int32"),
        Conv2D(filters=2),
        MaxPooling2D(),
        Flatten(),
        Dense(units=2, activation="softmax"),
        Output(),
    )
    model = compile_graph(graph)
    ones = np.ones((2, 6, 6, 1), np.int32)
    assert model.predict(model.init(0), {"input": ones})["output"].dtype == np.float32
