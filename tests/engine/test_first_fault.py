"""The first node that gives no finite numbers, as the error of a run names it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engine.callbacks import Callbacks
from engine.data.arrays import Npz
from engine.errors import TrainingError
from engine.events import Event, StepsDone
from engine.first_fault import first_fault
from engine.graph import Graph
from engine.layer import Layer
from engine.layers.core import Dense, Input, Output
from engine.layers.expression import Lambda
from engine.layers.merging import Add
from engine.model import compile_graph
from engine.optimizers import SGD, Adam
from engine.project import DataSettings, Project, TrainingSettings
from engine.training import train
from tests.engine.graphs import graph


@pytest.fixture
def data(tmp_path: Path) -> DataSettings:
    """Numbers from 0 to 2, the first sample zeros."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 2, (32, 3)).astype(np.float32)
    x[0] = 0
    np.savez(tmp_path / "data.npz", x=x, y=x.sum(1, keepdims=True))
    return DataSettings(source=Npz(path=str(tmp_path / "data.npz")), validation_split=0, test_split=0)


def project(graph: Graph, data: DataSettings, **settings: Any) -> Project:
    settings = {"optimizer": SGD(learning_rate=0.01), "batch_size": 8, "epochs": 2, **settings}
    return Project(graph, data=data, training=TrainingSettings(**settings))


def chained(*layers: Layer, loss: str = "mean_squared_error") -> Graph:
    """Layers one behind the other, named a, b, c, ..."""
    names = ["x", *"abcdefg"[: len(layers)]]
    steps = [(name, layer, [before]) for name, layer, before in zip(names[1:], layers, names, strict=False)]
    end = ("y", Output(loss=loss, metrics=()), [names[len(layers)]])
    return graph(("x", Input(shape=(3,)), []), *steps, end)


def error_of(events: Generator[Event]) -> TrainingError:
    with pytest.raises(TrainingError) as caught:
        list(events)
    return caught.value


def name_of(made: Project, error: TrainingError) -> str:
    assert error.node is not None
    return made.graph[error.node].name


def test_an_exponential_that_overflows_is_named(data: DataSettings) -> None:
    made = project(chained(Dense(units=4), Lambda(expression="exp(x * x * 1e4)"), Dense(units=1)), data)
    error = error_of(train(made))
    assert name_of(made, error) == "b"
    assert "Lambda 'b' is the first to give infinity." in str(error)
    assert "no longer a finite number at step 1 (epoch 1)" in str(error)


def test_a_logarithm_of_zero_is_named(data: DataSettings) -> None:
    made = project(chained(Lambda(expression="log(x)"), Dense(units=1)), data, shuffle=False)
    error = error_of(train(made))
    assert (name_of(made, error), "Lambda 'a' is the first to give infinity." in str(error)) == ("a", True)


def test_a_division_by_zero_is_named(data: DataSettings) -> None:
    made = project(chained(Dense(units=3), Lambda(expression="(x - x) / (x - x)"), Dense(units=1)), data)
    error = error_of(train(made))
    assert (name_of(made, error), "Lambda 'b' is the first to give NaN." in str(error)) == ("b", True)


def test_a_rate_that_is_too_large_is_told_with_the_weights_it_has_made(data: DataSettings) -> None:
    made = project(chained(Dense(units=4), Dense(units=1)), data, optimizer=SGD(learning_rate=1000.0), epochs=50)
    error = error_of(train(made))
    assert name_of(made, error) in ("a", "b", "y")
    assert "There are weights as large as" in str(error)
    assert "A smaller learning rate often mends this" in str(error)


def test_a_gradient_that_is_no_number_is_found_before_it_spoils_the_weights(data: DataSettings) -> None:
    """The root of 0 is 0, but its slope is infinite."""
    root = Lambda(expression="sqrt(x - x)")
    made = project(
        graph(
            ("x", Input(shape=(3,)), []),
            ("a", Dense(units=3), ["x"]),
            ("root", root, ["a"]),
            ("sum", Add(), ["a", "root"]),
            ("last", Dense(units=1), ["sum"]),
            ("y", Output(loss="mean_squared_error", metrics=()), ["last"]),
        ),
        data,
    )
    error = error_of(train(made))
    assert str(error).startswith("The weights are no longer finite numbers at step 1 (epoch 1).")
    assert (name_of(made, error), "The gradient of Lambda 'root' is the first to be NaN." in str(error)) == (
        "root",
        True,
    )


def test_a_loss_that_is_not_finite_where_all_layers_are(data: DataSettings) -> None:
    """What is predicted is 1e25: its square is too large."""
    made = project(chained(Lambda(expression="x * 0 + 1e25"), Dense(units=1, kernel_initializer="ones")), data)
    error = error_of(train(made))
    assert name_of(made, error) == "y"
    assert "the mean_squared_error of Output 'y' is infinity" in str(error)


def test_a_run_may_be_told_to_go_on_with_what_is_no_number(data: DataSettings) -> None:
    made = project(chained(Lambda(expression="log(x)"), Dense(units=1)), data, shuffle=False)
    made = made.with_training(callbacks=Callbacks(terminate_on_nan=None))
    losses = np.concatenate([event.logs["loss"] for event in train(made) if isinstance(event, StepsDone)])
    assert len(losses) == 8
    assert not np.isfinite(losses).any()


def test_a_step_that_is_sound_has_no_fault(data: DataSettings) -> None:
    model = compile_graph(chained(Dense(units=4, activation="relu"), Dense(units=1)))
    batch = {"x": jnp.ones((2, 3))}, {"y": jnp.ones((2, 1))}, {}
    assert first_fault(model, model.init(0), batch, jax.random.key(0)) is None


def test_weights_that_are_not_finite_are_told(data: DataSettings) -> None:
    model = compile_graph(chained(Dense(units=4), Dense(units=1)))
    variables = model.init(0)
    second = model.owners[1]
    variables.params[second.id]["kernel"] = variables.params[second.id]["kernel"].at[0, 0].set(jnp.inf)
    fault = first_fault(
        model, variables, ({"x": jnp.ones((2, 3))}, {"y": jnp.ones((2, 1))}, {}), jax.random.key(0)
    )
    assert fault == (second.id, "The weights of Dense 'b' are the first that are no longer finite.")


def test_a_step_that_is_not_taken_leaves_the_numbers_of_those_before(data: DataSettings) -> None:
    """Careful or not, the steps of a run that goes well are the same."""
    made = project(chained(Dense(units=4, activation="relu"), Dense(units=1)), data, optimizer=Adam())
    free = made.with_training(callbacks=Callbacks(terminate_on_nan=None))
    ends = [list(train(one))[-1] for one in (made, free, replace(made))]
    for one, other in zip(jax.tree.leaves(ends[0].weights), jax.tree.leaves(ends[1].weights), strict=True):  # type: ignore[attr-defined]
        np.testing.assert_array_equal(one, other)
