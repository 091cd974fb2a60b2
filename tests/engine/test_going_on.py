"""Training that goes on where it stopped: after a run here, after one in Keras, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from engine.data.arrays import Npz
from engine.data.builtin import Iris
from engine.errors import Cancelled, TrainingError
from engine.events import Compiled, EpochDone, Event, Finished, HostWeights, Started
from engine.formats import models
from engine.formats.keras_h5 import load_checkpoint
from engine.formats.keras_optimizer import optimizer_config
from engine.formats.keras_optimizer_state import NOT_FITTING
from engine.layers.core import Dense, Input, Output
from engine.layers.normalization import BatchNormalization
from engine.layers.preprocessing import Normalization
from engine.layers.regularization import Dropout
from engine.optimizers import SGD, Adafactor, Adam, AdamW, Nadam, RMSprop
from engine.optimizers.schedules import CosineDecay, ExponentialDecay
from engine.project import DataSettings, Project, TrainingSettings
from engine.runs import keep_weights, latest_run, recorded, start_from
from engine.start import Start
from engine.templates import chain
from engine.training import train

OPTIMIZERS = [
    Adam(learning_rate=0.01),
    SGD(learning_rate=0.05, momentum=0.9, nesterov=True),
    SGD(learning_rate=0.1),
    RMSprop(learning_rate=0.002, momentum=0.5),
    RMSprop(),
    AdamW(amsgrad=True, clipnorm=0.5, learning_rate=CosineDecay(initial_learning_rate=0.05, decay_steps=20)),
    Nadam(learning_rate=0.05, gradient_accumulation_steps=2),
    Adafactor(learning_rate=0.1),
]

each_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: f"{o.type}-{len(o.slots())}")


def project(optimizer: Any, epochs: int, **settings: Any) -> Project:
    graph, _ = chain(
        Input(shape=(4,)),
        Normalization(),
        Dense(units=12, activation="tanh"),
        BatchNormalization(),
        Dropout(rate=0.3),
        Dense(units=3, activation="softmax"),
        Output(),
    )
    training = TrainingSettings(optimizer=optimizer, epochs=epochs, batch_size=16, **settings)
    return Project(graph, data=DataSettings(source=Iris()), training=training)


def end_of(events: Any) -> Finished:
    *_, last = events
    assert isinstance(last, Finished)
    return last


def assert_equal(ours: HostWeights, theirs: HostWeights) -> None:
    for owner, arrays in theirs.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(ours[owner][name], array)


def kept(made: Project, folder: Path) -> Finished:
    """A run that is written to a folder."""
    folder.mkdir()
    return end_of(recorded(made, train(made), folder))


# After a run here


@each_optimizer
def test_a_run_in_two_parts_is_a_run_in_one(optimizer: Any, tmp_path: Path) -> None:
    whole = end_of(train(project(optimizer, 5)))
    kept(project(optimizer, 2), tmp_path / "first")
    rest = project(optimizer, 3)
    events = list(train(rest, start_from(rest, tmp_path / "first")))
    second = end_of(events)
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [3, 4, 5]
    assert [event.epochs for event in events if isinstance(event, Started)] == [5]
    assert second.history == whole.history
    assert (second.step, second.test) == (whole.step, whole.test)
    assert_equal(second.weights, whole.weights)
    assert second.optimizer_state is not None
    assert whole.optimizer_state is not None
    assert second.optimizer_state.iterations == whole.optimizer_state.iterations == whole.step
    assert second.optimizer_state.slots.keys() == {slot.name for slot in optimizer.slots()}


@pytest.mark.parametrize(("step", "batches"), [(10, 3), (14, 7)], ids=["within", "before its end is told"])
def test_a_run_stopped_within_an_epoch_goes_on_within_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, batches: int
) -> None:
    monkeypatch.setattr("engine.pace.CALL_SECONDS", 0)  # a step in each call
    whole = end_of(train(project(Adam(), 3)))
    (tmp_path / "first").mkdir()
    made = project(Adam(), 3)
    events = recorded(made, train(made), tmp_path / "first")
    while getattr(event := next(events), "step", 0) < step:
        pass
    ended: list[Event] = [event, events.throw(Cancelled()), *events]
    first = end_of(ended)
    assert (first.epochs, first.step, first.batches) == (1, step, batches)
    assert load_checkpoint(tmp_path / "first" / "last.h5").position == first.position
    rest = project(Adam(), 2)
    second = end_of(train(rest, start_from(rest, tmp_path / "first")))
    assert second.step == whole.step
    assert second.history == whole.history
    assert_equal(second.weights, whole.weights)
    others = project(Adam(), 1, seed=1)
    assert start_from(others, tmp_path / "first").position.batches == 0


def test_another_optimizer_starts_anew_and_says_so(tmp_path: Path) -> None:
    first = kept(project(Adam(), 2), tmp_path / "first")
    made = project(RMSprop(momentum=0.5), 1)
    events = list(train(made, start_from(made, tmp_path / "first")))
    assert ["another one now" in event.note for event in events if isinstance(event, Compiled)] == [True]
    state = end_of(events).optimizer_state
    assert state is not None
    assert state.iterations == end_of(events).step - first.step == 7


def test_weights_alone_are_begun_with_and_known_figures_kept() -> None:
    first = end_of(train(project(Adam(), 2)))
    made = project(SGD(learning_rate=1e-12), 1)
    data = made.data.replace(test_split=0.5)  # of which other means would be taken
    second = end_of(train(replace(made, data=data), Start(first.weights)))
    assert second.epochs == 1
    normalization = made.graph.of_type(Normalization)[0].id
    assert_equal({normalization: second.weights[normalization]}, {normalization: first.weights[normalization]})
    dense = made.graph.of_type(Dense)[0].id
    np.testing.assert_allclose(second.weights[dense]["kernel"], first.weights[dense]["kernel"], rtol=1e-6)


def test_figures_that_were_never_taken_are_taken_from_the_data() -> None:
    first = end_of(train(project(Adam(), 1)))
    made = project(Adam(), 1)
    key = made.graph.of_type(Normalization)[0].id
    never = {name: np.full_like(value, name == "variance") for name, value in first.weights[key].items()}
    second = end_of(train(made, Start({**first.weights, key: never})))
    assert_equal({key: second.weights[key]}, {key: first.weights[key]})


def test_weights_of_another_network_are_refused() -> None:
    made = project(Adam(), 1)
    weights = end_of(train(made)).weights
    dense = made.graph.of_type(Dense)[0]
    wider = replace(made, graph=made.graph.set_layer(dense.id, dense.layer.replace(units=9)))
    with pytest.raises(TrainingError, match="do not fit this network: kernel of dense"):
        list(train(wider, Start(weights)))


# After a run in Keras, and back


def _arrays(path: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 5)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] > 0).astype(np.int32) + (x[:, 2] > 1)
    np.savez(path, **{"x": x, "out": y})
    return x, y


def _keras_model(optimizer: Any) -> keras.Model:
    """A model within, a layer that is used twice, a frozen one, and one with two kinds of weights."""
    inputs = keras.Input((5,), name="x")
    shared = keras.layers.Dense(5, activation="tanh", name="shared")
    h = keras.layers.BatchNormalization()(shared(shared(inputs)))
    h = keras.layers.Dense(6, activation="tanh", trainable=False)(h)
    inner = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(4)])
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="give")(inner(h)))
    model.compile(
        keras.optimizers.deserialize(optimizer_config(optimizer)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def _going_on(loaded: models.LoadedModel, path: Path, epochs: int) -> Finished:
    assert loaded.training is not None
    output = loaded.graph.of_type(Output)[0]
    graph = loaded.graph.rename(output.id, "out")
    data = DataSettings(source=Npz(path=str(path)), validation_split=0, test_split=0)
    training = loaded.training.replace(epochs=epochs, batch_size=32, shuffle=False)
    return end_of(
        train(Project(graph, data=data, training=training), Start(loaded.weights, loaded.optimizer_state))
    )


def _fit(model: keras.Model, arrays: tuple[Any, Any], epochs: int) -> Mapping[str, Any]:
    return model.fit(*arrays, batch_size=32, epochs=epochs, shuffle=False, verbose=0).history


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@each_optimizer
def test_goes_on_after_keras_and_keras_after_us(optimizer: Any, suffix: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    arrays = _arrays(tmp_path / "d.npz")
    theirs = _keras_model(optimizer)
    _fit(theirs, arrays, 3)
    if suffix == ".h5" and optimizer.type == "Adafactor":  # of whose arrays two have one name there
        with pytest.raises(ValueError, match="name already exists"):
            theirs.save(tmp_path / f"theirs{suffix}")
        return
    theirs.save(tmp_path / f"theirs{suffix}")
    loaded = models.load(tmp_path / f"theirs{suffix}")
    assert loaded.notes == ()
    assert loaded.optimizer_state is not None
    assert loaded.optimizer_state.iterations == 9
    assert f"{loaded.optimizer_state.iterations} steps" in " ".join(loaded.report.came_over)
    state = loaded.optimizer_state
    models.save(tmp_path / f"ours{suffix}", loaded.graph, loaded.weights, loaded.training, optimizer_state=state)
    written = models.load(tmp_path / f"ours{suffix}").optimizer_state
    assert written is not None
    for slot, slots in state.slots.items():
        assert_equal(written.slots[slot], slots)
    again = keras.saving.load_model(tmp_path / f"ours{suffix}")
    if suffix == ".keras":  # Keras 3 takes no state from an .h5, its own included
        for ours, variable in zip(again.optimizer.variables, theirs.optimizer.variables, strict=True):
            np.testing.assert_array_equal(ours, variable)
    wanted = _fit(theirs, arrays, 2)["loss"]
    # float32: the two ways to the same sum differ in rounding
    np.testing.assert_allclose(_going_on(loaded, tmp_path / "d.npz", 2).history["loss"], wanted, rtol=1e-4)
    back = _fit(again, arrays, 2)["loss"]
    if suffix == ".keras" or not optimizer.slots():
        np.testing.assert_allclose(back, wanted, rtol=1e-4)
    anew = models.LoadedModel(loaded.graph, loaded.weights, loaded.training)
    if optimizer.slots():
        assert _going_on(anew, tmp_path / "d.npz", 2).history["loss"] != pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_state_that_does_not_fit_is_noted(suffix: str, tmp_path: Path) -> None:
    theirs = _keras_model(Adam())
    theirs.compile(keras.optimizers.Muon(), "sparse_categorical_crossentropy")
    _fit(theirs, _arrays(tmp_path / "d.npz"), 1)
    theirs.save(tmp_path / f"m{suffix}")
    loaded = models.load(tmp_path / f"m{suffix}")
    assert loaded.optimizer_state is None
    (note,) = loaded.report.changed
    assert "Muon" in note
    assert loaded.report.not_understood == (NOT_FITTING,)
    assert loaded.project.lost == (note, NOT_FITTING)


def test_a_schedule_of_the_learning_rate_comes_over(tmp_path: Path) -> None:
    theirs = _keras_model(Adam())
    schedule = keras.optimizers.schedules.ExponentialDecay(0.25, 10, 0.9)
    theirs.compile(keras.optimizers.SGD(schedule, momentum=0.5), "sparse_categorical_crossentropy")
    _fit(theirs, _arrays(tmp_path / "d.npz"), 1)
    theirs.save(tmp_path / "m.keras")
    loaded = models.load(tmp_path / "m.keras")
    assert loaded.training is not None
    rate = ExponentialDecay(initial_learning_rate=0.25, decay_steps=10, decay_rate=0.9)
    assert loaded.training.optimizer == SGD(learning_rate=rate, momentum=0.5)
    assert loaded.optimizer_state is not None
    assert loaded.optimizer_state.iterations == 3
    assert loaded.notes == ()


def test_a_run_that_failed_goes_on_from_its_last_epoch(tmp_path: Path) -> None:
    whole = end_of(train(project(Adam(), 4)))
    made = project(Adam(), 4)

    def breaking() -> Any:
        for event in train(made):
            yield event
            if isinstance(event, EpochDone) and event.epoch == 2:
                raise TrainingError("The machine ran out of memory.")

    (tmp_path / "first").mkdir()
    with pytest.raises(TrainingError):
        list(recorded(made, breaking(), tmp_path / "first"))
    rest = project(Adam(), 2)
    second = end_of(train(rest, start_from(rest, tmp_path / "first")))
    assert_equal(second.weights, whole.weights)


def test_a_state_that_is_no_state_is_passed_over(tmp_path: Path) -> None:
    end = end_of(train(project(Adam(), 1)))
    made = project(Adam(), 1)
    path = tmp_path / "m.h5"
    models.save(path, made.graph, end.weights, made.training, optimizer_state=end.optimizer_state)
    assert models.load(path).optimizer_state is not None
    with h5py.File(path, "r+") as file:
        file["layerloom/optimizer_weights/adam/iteration"][()] = -1
    assert models.load(path).optimizer_state is None
    with h5py.File(path, "r+") as file:
        del file["layerloom/optimizer_weights/adam/iteration"]
        file["layerloom/optimizer_weights/adam/iteration"] = np.zeros(3, np.int32)
    assert models.load(path).report.not_understood == (NOT_FITTING,)


def test_weights_that_were_kept_bring_the_state_along(tmp_path: Path) -> None:
    made = project(Adam(), 2)
    end = end_of(train(made))
    keep_weights(tmp_path / "p.loom", made, end.weights, "a test", end.optimizer_state)
    folder = latest_run(tmp_path / "p.loom")
    assert folder is not None
    start = start_from(made, folder)
    assert start.optimizer_state is not None
    assert end.optimizer_state is not None
    for slot, arrays in end.optimizer_state.slots.items():
        assert_equal(start.optimizer_state.slots[slot], arrays)
