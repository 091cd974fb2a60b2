"""Looking into a network: what layers give for a sample, norms, dead and exploding layers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from engine.control import Control
from engine.data.samples import Batch, Meaning
from engine.diagnosis import diagnosed
from engine.errors import DataError
from engine.events import Event, HostWeights, InPassing, Result, StepsDone
from engine.graph import Graph
from engine.insight import Insight, Looker, Material, Norms, gather, thinned
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.reshaping import Flatten
from engine.model import compile_graph
from engine.templates import make
from engine.training import train
from tests.engine.graphs import graph

Array = np.ndarray[Any, Any]


def seeing(activation: str = "relu") -> Graph:
    return graph(
        ("x", Input(shape=(6, 5, 1)), []),
        ("conv", Conv2D(filters=3, activation=activation), ["x"]),
        ("flat", Flatten(), ["conv"]),
        ("answer", Dense(units=2), ["flat"]),
        ("y", Output(loss="mean_squared_error", metrics=()), ["answer"]),
    )


def material() -> Material:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (10, 6, 5, 1)).astype(np.float32)
    return Material(Batch({"x": x}, {"y": np.ones((10, 2), np.float32)}, {}), Meaning())


def named(made: Graph) -> dict[str, str]:
    return {node.name: node.id for node in made}


def weights_of(made: Graph) -> dict[str, dict[str, Array]]:
    model = compile_graph(made)
    return model.to_host(model.init(0))


def look(made: Graph, weights: HostWeights, number: int = 0) -> Insight:
    *_, last = Looker(made, material()).look(weights, number)
    assert isinstance(last, Result)
    return last.value


def test_what_layers_give_is_what_the_model_computes() -> None:
    made = seeing()
    model, weights, ids = compile_graph(made), weights_of(made), named(made)
    found = look(made, weights, 3)
    x = material().batch.inputs["x"]
    values = {
        key: np.asarray(one) for key, one in model.values(model.from_host(weights), {"x": jnp.asarray(x)}).items()
    }
    maps = found.activations[ids["conv"]]
    assert maps.pictured
    np.testing.assert_allclose(np.moveaxis(maps.values, 0, 2), values[ids["conv"]][3], rtol=1e-5, atol=1e-6)
    row = found.activations[ids["answer"]]
    assert not row.pictured
    np.testing.assert_allclose(row.values, values[ids["answer"]][3], rtol=1e-5)
    conv = values[ids["conv"]]
    spread = maps.spread
    assert spread.mean == pytest.approx(conv[3].mean(), rel=1e-4)
    assert spread.std == pytest.approx(conv[3].std(), rel=1e-4)
    assert spread.zeros == pytest.approx((conv[3] == 0).mean())
    assert spread.size == pytest.approx(np.sqrt(np.square(conv).mean()), rel=1e-4)


def test_norms_are_those_of_weights_and_gradient() -> None:
    made = seeing("linear")
    weights, ids = weights_of(made), named(made)
    norms = look(made, weights).norms
    for name in ("conv", "answer"):
        own = weights[ids[name]].values()
        assert norms[ids[name]].weights == pytest.approx(
            np.sqrt(sum(np.square(one).sum() for one in own)), rel=1e-5
        )
        assert norms[ids[name]].gradient > 0


def test_dead_units_are_told() -> None:
    made = seeing()
    weights, ids = weights_of(made), named(made)
    assert diagnosed(look(made, weights)) == ()
    weights[ids["conv"]]["bias"] = np.array([-100, -100, 0], np.float32)
    found = look(made, weights)
    assert found.activations[ids["conv"]].spread.dead == pytest.approx(2 / 3)
    (symptom,) = diagnosed(found)
    assert symptom.node == ids["conv"]
    assert symptom.text.startswith("67% of the units of Conv2D 'conv' are dead: they give 0 for all 10 samples.")


def test_what_grows_beyond_all_bounds_is_told() -> None:
    made = seeing("linear")
    weights, ids = weights_of(made), named(made)
    weights[ids["conv"]]["bias"] = np.full(3, 1e6, np.float32)
    found = {one.node: one.text for one in diagnosed(look(made, weights))}
    assert found[ids["flat"]].startswith("Flatten 'flat' explodes: it gives numbers of about 1.0e+06.")
    assert found[ids["answer"]].startswith("The gradient of Dense 'answer' explodes")
    broken = replace(look(made, weights), norms={ids["conv"]: Norms(1.0, float("nan"))})
    assert "its length is nan" in {one.node: one.text for one in diagnosed(broken)}[ids["conv"]]


def test_large_pictures_are_thinned_evenly() -> None:
    values = np.arange(200 * 300 * 100, dtype=np.float32).reshape(200, 300, 100)
    found = np.asarray(thinned(values, 2**18))  # type: ignore[arg-type]
    assert found.shape == (64, 50, 60)
    np.testing.assert_array_equal(found[0], values[::4, ::5, 0])
    assert np.asarray(thinned(values[0, 0], 16)).shape[0] <= 16  # type: ignore[arg-type]
    assert np.asarray(thinned(values[:, 0], 2**18)).shape == (1, 50, 50)  # type: ignore[arg-type]


def test_samples_are_those_of_the_validation_data() -> None:
    project = make("iris-mlp")
    *_, last = gather(project)
    assert isinstance(last, Result)
    assert last.value.size == 15


def test_a_run_tells_its_weights_when_it_is_asked() -> None:
    project = make("iris-mlp").with_training(epochs=2)
    plain = [event for event in train(project) if isinstance(event, StepsDone)]
    control = Control()
    control.ask_weights()
    events: list[Event] = list(train(project, control=control))
    (passing,) = [event for event in events if isinstance(event, InPassing)]
    assert passing.step == 0
    model = compile_graph(project.graph)
    fresh = model.to_host(model.init(project.training.seed))
    for owner, own in fresh.items():
        if "kernel" in own:
            np.testing.assert_array_equal(passing.weights[owner]["kernel"], own["kernel"])
    steps = [event for event in events if isinstance(event, StepsDone)]
    one, other = (np.concatenate([event.logs["loss"] for event in some]) for some in (plain, steps))
    np.testing.assert_array_equal(one, other)


def test_a_generator_has_nothing_to_look_at() -> None:
    from engine.data.generator import PythonGenerator

    project = make("iris-mlp")
    drawn = replace(project, data=project.data.replace(source=PythonGenerator(path="x.py", function="f")))
    with pytest.raises(DataError, match="no samples that could be looked at"):
        list(gather(drawn))
