"""What a run costs before it starts: estimated, compiled, compared with what is free; and batches that fit."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np
import pytest

from engine import room, templates
from engine.costs import costs
from engine.data import memory
from engine.data.prepare import prepared
from engine.errors import MemoryShortError
from engine.events import Compiled, EpochDone, Event, Finished, Progress
from engine.inference import infer
from engine.judging import COMPILING, Judge
from engine.layers.core import Input
from engine.model import compile_graph
from engine.project import Project
from engine.runs import read_run, recorded
from engine.step_cost import StepCost, compiled_cost, estimated_cost
from engine.steps import StepFunctions
from engine.training import train

T = TypeVar("T")

KNOWN = ("digits-cnn", "digits-autoencoder", "iris-mlp")


def gather(job: Iterator[Event], events: list[Event]) -> None:
    """Keep the events of a job, those before an error as well."""
    for event in job:
        events.append(event)


def until_compiled(project: Project, **how: Any) -> list[Event]:
    """The events of a run up to its first step."""
    found: list[Event] = []
    for event in train(project, **how):
        found.append(event)
        if isinstance(event, Compiled):
            break
    return found


def cost_of(project: Project) -> StepCost:
    event = until_compiled(project)[-1]
    assert isinstance(event, Compiled)
    assert event.cost is not None
    return event.cost


@pytest.mark.parametrize("name", KNOWN)
def test_the_estimate_is_near_what_the_compiler_says(name: str) -> None:
    project = templates.make(name)
    found = cost_of(project)
    guess = estimated_cost(costs(infer(project.graph)), project.training)
    assert guess is not None
    assert guess.flops is not None
    assert found.flops is not None
    # The compiler joins layers and reuses memory, and leaves out the gradient by the samples: some third apart.
    assert 0.65 < guess.extra / found.extra < 1.55
    assert 0.65 < guess.flops / found.flops < 1.55


def test_loops_within_a_step_count_by_the_estimate() -> None:
    project = templates.make("digits-lstm")
    guess = estimated_cost(costs(infer(project.graph)), project.training)
    assert guess is not None
    assert cost_of(project).flops == guess.flops  # XLA counts a loop once, whatever its length


def test_the_cost_of_a_step_is_that_of_one_step() -> None:
    few = templates.make("iris-mlp").with_training(batch_size=16)
    many = few.with_training(batch_size=64)
    one, other = cost_of(few), cost_of(many)
    assert one.flops is not None
    assert other.flops is not None
    assert 3.0 < other.flops / one.flops <= 4.0  # though an epoch of the first has four times the steps


def test_what_the_compiler_says_is_what_is_taken() -> None:
    # One product whose size is known: 4096 x 1024 numbers come out and are kept until they are summed by columns.
    def function(x: jax.Array, w: jax.Array) -> jax.Array:
        y = x @ w
        return y.sort(0)[0]

    shapes = (jax.ShapeDtypeStruct((4096, 8), np.float32), jax.ShapeDtypeStruct((8, 1024), np.float32))
    found = compiled_cost(jax.jit(function).lower(*shapes).compile())
    assert found is not None
    product = 4096 * 1024 * 4
    assert product <= found.extra <= 3 * product
    assert found.memory - found.extra == 4 * (4096 * 8 + 8 * 1024)


def test_sizes_that_are_not_known_give_no_estimate() -> None:
    project = templates.make("iris-mlp")
    (node,) = project.graph.of_type(Input)
    graph = project.graph.set_layer(node.id, Input(shape=(None,)))
    assert estimated_cost(costs(infer(graph)), project.training) is None


# Too little memory


def short_of(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(room, "free_for_training", lambda: free)


def refused(project: Project) -> MemoryShortError:
    with pytest.raises(MemoryShortError) as caught:
        until_compiled(project)
    return caught.value


def test_offers_the_largest_power_of_two_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    project = templates.make("iris-mlp").with_training(batch_size=100)
    needed = cost_of(project).extra
    short_of(monkeypatch, int(needed * 0.6))
    error = refused(project)
    size = error.batch_size
    assert size is not None
    assert size & (size - 1) == 0
    assert not error.begun
    assert f"Batches of {size} fit" in str(error)
    until_compiled(project.with_training(batch_size=size))  # it does
    assert 2 * size >= 100 or refused(project.with_training(batch_size=2 * size))  # and the next does not


def test_trains_anyway_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    short_of(monkeypatch, 1000)
    events = until_compiled(templates.make("iris-mlp"), anyway=True)
    assert isinstance(events[-1], Compiled)


def test_weights_that_do_not_fit_are_told_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    short_of(monkeypatch, 1000)
    monkeypatch.setattr("engine.model.Model.init", lambda *_: pytest.fail("weights were made"))
    error = refused(templates.make("iris-mlp"))
    assert error.batch_size is None
    assert "no batch is small enough" in str(error)


def test_where_not_even_one_sample_fits_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    project = templates.make("iris-mlp").with_training(batch_size=4)
    free = [10**9]  # there is enough for the weights, and nothing for a step
    monkeypatch.setattr(room, "free_for_training", lambda: free.pop() if free else 10)
    error = refused(project)
    assert error.batch_size is None
    assert "No smaller batch fits" in str(error)


def test_a_search_can_be_cancelled_between_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def cost(size: int) -> StepCost:
        tried.append(size)
        return StepCost(0, None, 900 + size)

    short_of(monkeypatch, 1100)
    search = room.check_step(StepCost(0, None, 2000), 1000, cost)
    assert isinstance(next(search), Progress)
    assert tried == []  # the word comes before the work
    with pytest.raises(MemoryShortError, match="Batches of 64 fit") as caught:
        list(search)
    assert caught.value.batch_size == 64
    assert tried == [256, 128, 64]


def ended(job: Generator[Any, None, T]) -> T:
    """What a job gives in the end."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value


def test_evaluation_takes_no_larger_batches_than_there_is_memory_for(monkeypatch: pytest.MonkeyPatch) -> None:
    project = templates.make("digits-mlp")
    model = compile_graph(project.graph)
    functions = StepFunctions(model, project.training.optimizer)
    variables = model.init(0)
    samples = ended(prepared(model, project.data)).training
    large = Judge(functions, variables, samples)
    batches, sums = ended(large.compiled.waited(COMPILING))
    needed = compiled_cost(sums)
    assert needed is not None
    short_of(monkeypatch, int(needed.extra / room.SHARE / 2.5))
    small = Judge(functions, variables, samples)
    assert ended(small.compiled.waited(COMPILING)).feed.batch_size < batches.batch_size
    for judge in (large, small):
        list(judge.run(variables))
    assert small.figures == pytest.approx(large.figures, rel=1e-5)


# When it runs out


@pytest.mark.parametrize(("batch_size", "offered"), [(1, None), (2, 1), (3, 2), (32, 16), (33, 32), (100, 64)])
def test_less_than_the_batch_that_was_too_much_is_offered(batch_size: int, offered: int | None) -> None:
    for error in (MemoryError(), RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 3 bytes.")):
        found = room.run_out(error, batch_size, begun=True)
        assert found is not None
        assert found.batch_size == offered
        assert found.begun
    assert room.run_out(RuntimeError("INVALID_ARGUMENT"), batch_size, begun=False) is None


def running_out(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the memory end at a call of the compiled steps."""
    compile_steps, calls = StepFunctions.compile_steps, [0]

    def compiled(self: StepFunctions, *args: Any) -> Any:
        steps = compile_steps(self, *args)

        def run(*given: Any) -> Any:
            calls[0] += 1
            if calls[0] > after:
                raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 12345 bytes.")
            return steps(*given)

        return _Steps(run, steps)

    monkeypatch.setattr(StepFunctions, "compile_steps", compiled)


class _Steps:
    def __init__(self, run: Any, steps: Any) -> None:
        self.run, self.steps = run, steps

    def __call__(self, *given: Any) -> Any:
        return self.run(*given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.steps, name)


def test_a_run_that_runs_out_keeps_its_last_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    project = templates.make("iris-mlp").with_training(epochs=500)
    running_out(monkeypatch, after=40)
    folder = tmp_path / "p.runs" / "run"
    folder.mkdir(parents=True)
    events: list[Event] = []
    with pytest.raises(MemoryShortError) as caught:
        gather(recorded(project, train(project), folder), events)
    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert caught.value.begun
    assert caught.value.batch_size == project.training.batch_size // 2
    assert epochs
    run = read_run(folder)
    assert run.start.position.epoch == epochs[-1].epoch
    for owner, arrays in epochs[-1].weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(run.weights[owner][name], array)


def test_a_run_that_was_refused_leaves_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    project = templates.make("iris-mlp")
    short_of(monkeypatch, 1000)
    folder = tmp_path / "p.runs" / "run"
    folder.mkdir(parents=True)
    with pytest.raises(MemoryShortError):
        list(recorded(project, train(project), folder))
    assert not (tmp_path / "p.runs").exists()
    own = tmp_path / "chosen" / "run"  # a folder that somebody named stays where it lies
    own.mkdir(parents=True)
    with pytest.raises(MemoryShortError):
        list(recorded(project, train(project), own))
    assert (tmp_path / "chosen").exists()


def test_it_may_run_out_before_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    running_out(monkeypatch, after=0)
    with pytest.raises(MemoryShortError) as caught:
        list(train(templates.make("iris-mlp")))
    assert not caught.value.begun


def test_enough_memory_changes_nothing() -> None:
    project = templates.make("iris-mlp").with_training(epochs=1)
    plain, anyway = list(train(project)), list(train(project, anyway=True))
    assert isinstance(plain[-1], Finished)
    assert isinstance(anyway[-1], Finished)
    assert plain[-1].test == anyway[-1].test
    assert room.free_for_training() is not None


# What is free


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_a_container_has_only_what_it_is_left() -> None:
    free = memory.free_memory()
    assert free is not None
    assert free > 0


def test_limits_of_control_groups_of_version_2(tmp_path: Path) -> None:
    own, mount = tmp_path / "own", tmp_path / "fs"
    own.write_text("0::/outer/inner\n")
    assert memory._free_in_groups(own, mount) is None
    stat = "anon 1\ninactive_file 300\n"
    write(mount / "outer", memory__max="5000", memory__current="1000", memory__stat=stat)
    write(mount / "outer" / "inner", memory__max="max", memory__current="900", memory__stat=stat)
    assert memory._free_in_groups(own, mount) == 4300
    write(mount / "outer" / "inner", memory__max="1000")
    assert memory._free_in_groups(own, mount) == 400
    write(mount / "outer" / "inner", memory__current="99999")
    assert memory._free_in_groups(own, mount) == 0


def test_limits_of_control_groups_of_version_1(tmp_path: Path) -> None:
    own, mount = tmp_path / "own", tmp_path / "fs"
    own.write_text("7:cpu,cpuacct:/a\n4:memory:/a\n0::/\n")
    files = {"memory__limit_in_bytes": "800", "memory__usage_in_bytes": "500"}
    write(mount / "memory" / "a", **files, memory__stat="total_inactive_file 50\n")
    assert memory._free_in_groups(own, mount) == 350
