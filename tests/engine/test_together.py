"""Runs that go side by side have the numbers of runs by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import together
from engine.callbacks import Callbacks, EarlyStopping, ReduceLROnPlateau
from engine.data.builtin import Iris
from engine.errors import Cancelled
from engine.events import Beside, EpochDone, Event, Failed, Finished, StepsDone
from engine.history import read_history
from engine.layers.core import Dense, Input, Output
from engine.layers.normalization import BatchNormalization
from engine.layers.preprocessing import Normalization
from engine.layers.regularization import Dropout
from engine.optimizers import SGD, Adam
from engine.optimizers.schedules import CosineDecay
from engine.project import DataSettings, Project, TrainingSettings
from engine.runs import read_run, recorded
from engine.templates import chain
from engine.together import comparable, train_together
from engine.training import train


def project(**settings: Any) -> Project:
    """Dropout and statistics of batches, the last of which is smaller."""
    graph, _ = chain(
        Input(shape=(4,)),
        Normalization(),
        Dense(units=8, activation="tanh"),
        BatchNormalization(),
        Dropout(rate=0.3),
        Dense(units=3, activation="softmax"),
        Output(),
    )
    usual: dict[str, Any] = {"optimizer": Adam(learning_rate=0.01), "epochs": 3, "batch_size": 16}
    training = TrainingSettings(**{**usual, **settings})
    return Project(graph, data=DataSettings(source=Iris()), training=training)


def with_rate(made: Project, rate: float, seed: int) -> Project:
    return made.with_training(seed=seed, optimizer=made.training.optimizer.replace(learning_rate=rate))


def end_of(events: Any) -> Finished:
    *_, last = events
    assert isinstance(last, Finished)
    return last


def ends(events: Sequence[Event]) -> dict[int, Finished]:
    told = [event for event in events if isinstance(event, Beside)]
    return {beside.place: beside.event for beside in told if isinstance(beside.event, Finished)}


def assert_same(one: Finished, other: Finished) -> None:
    assert one.epochs == other.epochs
    assert one.history.keys() == other.history.keys()
    for name, values in other.history.items():
        np.testing.assert_allclose(one.history[name], values, rtol=2e-5, atol=1e-6, err_msg=name)
    np.testing.assert_allclose(list(one.test.values()), list(other.test.values()), rtol=2e-5, atol=1e-6)
    for owner, arrays in other.weights.items():
        for name, array in arrays.items():
            np.testing.assert_allclose(one.weights[owner][name], array, rtol=2e-4, atol=2e-6, err_msg=name)


def test_seeds_and_rates_have_the_numbers_of_runs_by_themselves() -> None:
    made = project()
    several = [with_rate(made, rate, seed) for rate in (0.003, 0.05) for seed in range(4)]
    found = ends(list(train_together(several)))
    assert len(found) == 8
    for place, one in enumerate(several):
        assert_same(found[place], end_of(train(one)))
    assert len({found[place].history["loss"] for place in found}) == 8


def test_a_schedule_is_that_of_each() -> None:
    schedule = CosineDecay(initial_learning_rate=0.05, decay_steps=15)
    made = project(optimizer=SGD(learning_rate=schedule, momentum=0.9))
    found = ends(list(train_together([made, made.with_training(seed=5)])))
    assert_same(found[1], end_of(train(made.with_training(seed=5))))


def test_each_stops_by_itself_and_has_a_rate_of_its_own() -> None:
    callbacks = Callbacks(
        early_stopping=EarlyStopping(patience=2),
        reduce_lr_on_plateau=ReduceLROnPlateau(patience=1, factor=0.5),
    )
    made = project(epochs=8, callbacks=callbacks)
    several = [with_rate(made, rate, seed) for rate, seed in ((0.3, 0), (0.01, 1), (0.8, 2))]
    found = ends(list(train_together(several)))
    for place, one in enumerate(several):
        assert_same(found[place], end_of(train(one)))
    assert len({end.epochs for end in found.values()}) > 1


def test_one_that_fails_does_not_end_the_others() -> None:
    made = project(optimizer=SGD(learning_rate=0.01))
    made = replace(made, graph=without_bounds(made))
    several = [with_rate(made, 1000.0, 0), with_rate(made, 0.01, 1)]
    told = list(train_together(several))
    (failed,) = [e for e in told if isinstance(e, Beside) and isinstance(e.event, Failed)]
    assert failed.place == 0
    assert isinstance(failed.event, Failed)
    assert "no longer a finite number" in str(failed.event.error)
    assert_same(ends(told)[1], end_of(train(several[1])))


def without_bounds(made: Project) -> Any:
    """Without the layers that keep numbers small."""
    graph, _ = chain(
        Input(shape=(4,)),
        Dense(units=8),
        Dense(units=8),
        Dense(units=1),
        Output(loss="mean_squared_error", metrics=()),
    )
    return graph


def test_a_stop_ends_all_with_what_they_have() -> None:
    several = [project(epochs=1000).with_training(seed=seed) for seed in range(3)]
    job = train_together(several)
    for event in job:
        if isinstance(event, Beside) and isinstance(event.event, EpochDone):
            break
    told = [job.throw(Cancelled()), *job]
    found = ends(told)
    assert sorted(found) == [0, 1, 2]
    assert all(end.stopped for end in found.values())


def test_each_is_a_run_that_can_be_gone_on_with(tmp_path: Path) -> None:
    several = [project(epochs=2).with_training(seed=seed) for seed in range(2)]
    folders = [tmp_path / str(place) for place in range(2)]
    for folder in folders:
        folder.mkdir()
    list(train_together(several, lambda place, events: recorded(several[place], events, folders[place])))
    assert len(read_history(folders[1] / "history.csv")) == 2
    run = read_run(folders[1])
    assert_same(end_of(train(run.project, run.start)), end_of(train(several[1].with_training(epochs=4))))


@pytest.mark.parametrize("most", [1, 2])
def test_groups_are_bounded(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "MOST", most)
    made = project(epochs=1)
    told = list(train_together([made.with_training(seed=seed) for seed in range(3)]))
    begun = [e.place for e in told if isinstance(e, Beside) and isinstance(e.event, StepsDone | Finished)]
    assert begun.index(2) > max(place for place, other in enumerate(begun) if other == 0)
    assert len(ends(told)) == 3


def test_what_may_differ() -> None:
    made = project()
    assert comparable(made) == comparable(with_rate(made, 0.5, 7))
    assert comparable(made) != comparable(made.with_training(batch_size=8))
    schedule = made.with_training(optimizer=Adam(learning_rate=CosineDecay()))
    assert comparable(made) != comparable(schedule)
