"""What is kept of compiled functions in memory: equal networks are trained by the same ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from engine.devices import Placement
from engine.events import Finished
from engine.layers.core import Dense, Input, Output
from engine.layers.nested import Functional
from engine.layout import Layout
from engine.optimizers import SGD, Adam
from engine.optimizers.schedules import ExponentialDecay
from engine.project import Project
from engine.recent import Recent
from engine.steps import forget
from engine.templates import chain, make
from engine.training import train


def test_what_was_asked_for_longest_ago_is_made_anew() -> None:
    recent, made = Recent[str](2), list[str]()

    def ask(key: str) -> str:
        return recent.made(key, lambda: made.append(key) or key.upper())

    assert [ask(key) for key in "abacab"] == list("ABACAB")
    assert made == ["a", "b", "c", "b"]


def test_what_another_thread_makes_is_waited_for() -> None:
    recent, begun, go = Recent[int](2), Event(), Event()

    def slow() -> int:
        begun.set()
        assert go.wait(10)
        return 1

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(recent.made, "key", slow)
        assert begun.wait(10)
        second = threads.submit(recent.made, "key", lambda: 2)
        assert not wait([second], 0.05).done
        go.set()
        assert first.result() == second.result() == 1


def test_what_failed_is_tried_again() -> None:
    recent = Recent[int](2)
    with pytest.raises(ZeroDivisionError):
        recent.made("key", lambda: 1 // 0)
    assert recent.made("key", lambda: 3) == 3


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions that are compiled from now on; nothing is kept from before."""
    made: list[str] = []
    compiled = Placement.compiled

    def counted(self: Placement, function: Any, *arguments: Any, **how: Any) -> Any:
        made.append(function.__name__)
        return compiled(self, function, *arguments, **how)

    monkeypatch.setattr(Placement, "compiled", counted)
    forget()
    return made


def losses(project: Project) -> tuple[float, ...]:
    (end,) = [event for event in train(project) if isinstance(event, Finished)]
    return end.history["loss"]


def test_a_network_is_compiled_once(compiled: list[str]) -> None:
    project = make("iris-mlp").with_training(epochs=2, optimizer=Adam(learning_rate=0.01))
    first = losses(project)
    before = sorted(compiled)
    assert before == ["_steps", "_steps", "_sums", "_sums"]  # whole batches and the rest; validation and test
    assert losses(project) == first
    assert losses(project.with_training(seed=3)) != first
    assert losses(project.with_training(optimizer=Adam(learning_rate=0.02))) != first
    assert losses(project) == first
    assert sorted(compiled) == before


@pytest.mark.parametrize(
    "optimizer", [SGD(), Adam(beta_1=0.8), Adam(learning_rate=ExponentialDecay(initial_learning_rate=0.01))]
)
def test_another_optimizer_is_another_function(optimizer: Any, compiled: list[str]) -> None:
    project = make("iris-mlp").with_training(epochs=1, optimizer=Adam(learning_rate=0.01))
    losses(project)
    before = len(compiled)
    losses(project.with_training(optimizer=optimizer))
    assert compiled.count("_steps") == 4
    assert len(compiled) == 2 * before


def test_another_network_is_another_function(compiled: list[str]) -> None:
    project = make("iris-mlp").with_training(epochs=1)
    losses(project)
    node = next(node for node in project.graph if isinstance(node.layer, Dense))
    losses(replace(project, graph=project.graph.set_layer(node.id, node.layer.replace(use_bias=False))))
    assert compiled.count("_steps") == 4


def test_cards_that_are_moved_in_a_group_are_the_same_network(compiled: list[str]) -> None:
    inner, _ = chain(Input(shape=(4,)), Dense(units=8, activation="relu"), Output(loss=None, metrics=()))
    group = Functional(graph=inner)
    graph, _ = chain(Input(shape=(4,)), group, Dense(units=3, activation="softmax"), Output())
    (node,) = graph.of_type(Functional)
    project = replace(make("iris-mlp").with_training(epochs=1), graph=graph)
    first, before = losses(project), sorted(compiled)
    moved = group.laid_out(Layout(dict.fromkeys(inner.nodes, (7.0, 9.0))))
    assert moved != group
    assert losses(replace(project, graph=graph.set_layer(node.id, moved))) == first
    assert sorted(compiled) == before
