"""Sweeps: what can be varied, how it is written, which runs are made, and how one goes on."""

from __future__ import annotations

import math
import shutil
import statistics
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import templates
from engine.errors import Cancelled, DataError, FileError, TrainingError
from engine.events import Beside, EpochDone, Event, Failed, Finished, StepsDone
from engine.formats.keras_h5 import load_checkpoint
from engine.grouping import group
from engine.history import read_history
from engine.inference import infer
from engine.layout import Layout
from engine.past_runs import Remarks, read_record, read_remarks, run_folders, write_remarks
from engine.project import Project
from engine.runs import delete_run, runs_folder
from engine.sweeps import sweep as sweep_module
from engine.sweeps.axes import Axis, parsed
from engine.sweeps.events import SweepDone, SweepStarted, TrialDone, TrialEpoch, TrialStarted
from engine.sweeps.moving import move_sweep
from engine.sweeps.plan import Plan
from engine.sweeps.study import Study, SweepState, sweep_states, sweeps_file
from engine.sweeps.sweep import sweep, sweep_on
from engine.sweeps.variables import variables, varied


@pytest.fixture
def project() -> Project:
    return templates.make("iris-mlp").with_training(epochs=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "p.loom"


def plan(project: Project, *params: str, **settings: Any) -> Plan:
    return Plan(axes=tuple(parsed(project, param) for param in params), **settings)


def state_of(events: Sequence[Event]) -> SweepState:
    last = events[-1]
    assert isinstance(last, SweepDone)
    return last.state


# What is varied


def test_all_settings_are_offered_by_the_names_on_the_cards(project: Project) -> None:
    known = {found.name: found for found in variables(project)}
    assert {"seed", "batch_size", "optimizer", "learning_rate", "optimizer.beta_1"} <= known.keys()
    assert known["dense.units"].value == str(project.graph.by_name("dense").layer.units)  # type: ignore[attr-defined]
    assert known["dense.activation"].spec.choices


def test_settings_are_changed_where_they_stand(project: Project) -> None:
    changed = varied(project, {"dense.units": 7, "optimizer": "SGD", "optimizer.momentum": 0.5, "batch_size": 4})
    assert changed.graph.by_name("dense").layer.units == 7  # type: ignore[attr-defined]
    assert (changed.training.optimizer.type, changed.training.batch_size) == ("SGD", 4)
    assert changed.training.optimizer.learning_rate == project.training.optimizer.learning_rate


def test_layers_within_a_model_are_changed() -> None:
    flat = templates.make("iris-mlp")
    nodes = [flat.graph.by_name(name).id for name in ("dense", "dense_1")]
    layout = Layout({node.id: (0.0, 100.0 * place) for place, node in enumerate(flat.graph)})
    graph, _ = group(flat.graph, infer(flat.graph), nodes, layout)
    grouped = replace(flat, graph=graph)
    inner = next(found.name for found in variables(grouped) if found.name.endswith("/dense.units"))
    changed = varied(grouped, {inner: 9})
    assert next(found.value for found in variables(changed) if found.name == inner) == "9"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lr=1e-4..1e-2:3", (0.0001, 0.001, 0.01)),
        ("seed=0..3", (0, 1, 2, 3)),
        ("dense.units=8..64:log:4", (8, 16, 32, 64)),
        ("dense.units=32, 64", ("32", "64")),
        ("dense.activation=relu,tanh", ("relu", "tanh")),
        ("dense.kernel_regularizer=none,l2(l2=0.1)", None),
        ("shuffle=yes,no", ("yes", "no")),
    ],
)
def test_values_are_read_as_they_are_written(project: Project, text: str, values: tuple[Any, ...] | None) -> None:
    axis = parsed(project, text)
    if values is not None:
        assert axis.grid() == pytest.approx(values) if not isinstance(values[0], str) else axis.grid() == values
    again = parsed(project, f"{axis.name}={axis.text}")
    assert again == axis
    plan(project, text, method="grid").check(project)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lr", "says nothing to vary"),
        ("units=3,4", "Is it dense.units or dense_1.units"),
        ("dense.units=3,x", "dense.units cannot be 'x': a whole number is wanted"),
        ("dense.units=0,3", "dense.units cannot be 0: input should be greater"),
        ("lr=1..0.1", "from the smaller to the larger"),
        ("lr=0..1", "begins above 0"),
        ("lr=0.1..1:often", ":log or :linear"),
        ("dense.activation=relu,relux", "relux"),
        ("seed=1,,2", "a value is missing"),
    ],
)
def test_what_cannot_be_varied_is_said(project: Project, text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence.replace("(", r"\(")):
        plan(project, text).check(project)


def test_a_figure_that_there_is_not_is_refused(project: Project) -> None:
    with pytest.raises(TrainingError, match="compared by 'val_beauty': there are val_loss"):
        plan(project, "seed=0..3", monitor="val_beauty").check(project)


def test_nothing_is_drawn_twice_where_all_is_known(project: Project) -> None:
    made = plan(project, "seed=0..3", "shuffle=yes,no", method="random", trials=50)
    assert made.total == 8
    listed = made.listed()
    assert listed is not None
    assert len(set(listed)) == 8
    assert plan(project, "lr=0.1..0.2", method="random").listed() is None


# Running


def test_trials_are_runs_and_the_best_comes_first(project: Project, path: Path) -> None:
    made = plan(project, "lr=0.001,0.05", "seed=0..1", method="grid", monitor="val_loss")
    told = list(sweep(path, made, project))
    state = state_of(told)
    assert [dict(trial.settings) for trial in state.trials] == [
        {"learning_rate": rate, "seed": seed} for rate in ("0.001", "0.05") for seed in (0, 1)
    ]
    folders = {folder.name: read_record(folder) for folder in run_folders(path)}
    assert folders.keys() == {trial.run for trial in state.trials}
    for trial in state.trials:
        run = folders[trial.run]
        assert run.remarks.tags == (state.name,)
        assert run.outcome.state == "finished"
        assert run.settings["training.optimizer.learning_rate"] == trial.settings["learning_rate"]
        assert run.outcome.best["val_loss"] == trial.value == trial.figures["val_loss"]
        assert run.outcome.test["loss"] == trial.figures["test_loss"]
    values = [trial.value for trial in state.ranked]
    assert values == sorted(values, key=lambda value: value or math.inf)
    assert sum(isinstance(event, TrialEpoch) for event in told) == 8
    assert sweep_states(path) == (state,)


def test_a_trial_that_fails_does_not_end_the_sweep(project: Project, path: Path) -> None:
    made = plan(project, "dense_2.units=2,3", "batch_size=64", method="grid", epochs=1)
    state = state_of(list(sweep(path, made, project)))
    failed, good = state.trials
    assert failed.state == "failed"
    assert failed.problem
    assert good.value is not None
    assert state.best == good
    assert [folder.name for folder in run_folders(path)] == [good.run]


def test_it_can_be_stopped_at_a_step_of_any_run(
    project: Project, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, end = StepsDone(1, 1, {}, 0.0), Failed(TrainingError("It ends."))

    def together(*_: Any) -> Generator[Event]:
        for place, event in ((0, steps), (1, steps), (0, end), (1, steps), (1, end)):
            yield Beside(place, event)

    monkeypatch.setattr(sweep_module, "train_together", together)
    told = list(sweep(path, plan(project, "seed=0..1", method="grid"), project))
    assert [type(event) for event in told[3:-1]] == [Event, TrialDone, Event, TrialDone]


def whole(project: Project, path: Path, made: Plan) -> list[tuple[Any, ...]]:
    """What comes of a sweep without a break: of each trial its figures, and the history of its run."""
    return results(path, state_of(list(sweep(path, made, project))))


def results(path: Path, state: SweepState) -> list[tuple[Any, ...]]:
    folder = runs_folder(path)
    return [
        (dict(trial.settings), trial.value, trial.figures, read_history(folder / trial.run / "history.csv"))
        for trial in state.trials
    ]


def broken(path: Path, made: Plan, project: Project, more: int = 0) -> list[Path]:
    """The runs of a sweep that is stopped after the second epoch of its first trial, and so many events."""
    job = sweep(path, made, project)
    for event in job:
        if isinstance(event, TrialEpoch) and event.epoch == 2:
            break
    for _ in range(more):
        next(job)
    last = [job.throw(Cancelled()), *job][-1]
    assert isinstance(last, SweepDone)
    assert (last.stopped, last.state.done) == (True, 0)
    return run_folders(path)


def test_trials_that_were_broken_off_go_on_where_they_were(
    project: Project, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Side by side, at an epoch's end and within one: with the numbers of a sweep without a break, bit for bit."""
    monkeypatch.setattr("engine.pace.CALL_SECONDS", 0)  # a step in each call
    longer = project.with_training(epochs=4)
    made = plan(longer, "seed=0..1", method="grid")
    expected = whole(longer, path.with_name("whole.loom"), made)
    for name, more in (("end.loom", 0), ("within.loom", 4)):
        target = path.with_name(name)
        first = [load_checkpoint(folder / "last.h5").position for folder in broken(target, made, longer, more)]
        assert len(first) == 2
        assert any(position.batches for position in first) == bool(more)
        told = list(sweep_on(target))
        epochs = [(event.number, event.epoch) for event in told if isinstance(event, TrialEpoch)]
        assert sorted(epochs) == [(1, 3), (1, 4), (2, 3), (2, 4)]
        assert results(target, state_of(told)) == expected


@pytest.mark.parametrize("fault", ["damaged", "gone", "at its end"])
def test_a_trial_whose_weights_are_of_no_use_is_made_anew(project: Project, path: Path, fault: str) -> None:
    made = plan(project, "seed=3", method="grid", epochs=3)
    expected = whole(project, path.with_name("whole.loom"), made)
    (folder,) = broken(path, made, project)
    last = folder / "last.h5"
    if fault == "damaged":
        last.write_bytes(last.read_bytes()[:2000])
    elif fault == "gone":
        delete_run(folder)
    else:
        shutil.copy(next(runs_folder(path.with_name("whole.loom")).glob("*/last.h5")), last)
    told = list(sweep_on(path))
    assert [event.epoch for event in told if isinstance(event, TrialEpoch)] == [1, 2, 3]
    assert results(path, state_of(told)) == expected


# Without training, which takes its time


def figures(project: Project) -> float:
    """A figure that is best at a rate of 0.01 and with many units."""
    rate = float(project.training.optimizer.learning_rate)  # type: ignore[arg-type]
    return (math.log10(rate) + 2) ** 2 + 1 / project.graph.by_name("dense").layer.units  # type: ignore[attr-defined]


def pretended(
    projects: Sequence[Project], recorder: Callable[[int, Generator[Event]], Generator[Event]], starts: Any
) -> Generator[Event]:
    for place, one in enumerate(projects):
        if one.training.seed == 13:
            yield Beside(place, Failed(TrainingError("The loss is no longer a finite number.")))
            continue
        yield Beside(place, EpochDone(1, 1, {"loss": 1.0, "val_loss": figures(one)}, {}, 0.1))
        yield Beside(place, Finished(1, 1, {"loss": 1.0}, {}, 0.1))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "train_together", pretended)


@pytest.mark.usefixtures("quick")
def test_a_sweep_that_was_stopped_goes_on_with_what_is_left(project: Project, path: Path) -> None:
    job = sweep(path, plan(project, "seed=0..9", method="grid"), project)
    for event in job:
        if isinstance(event, TrialDone) and event.trial.number == 4:
            break
    stopped = [job.throw(Cancelled()), *job]
    assert isinstance(stopped[-1], SweepDone)
    assert stopped[-1].stopped
    assert stopped[-1].state.done == 4
    told = list(sweep_on(path))
    assert isinstance(told[0], SweepStarted)
    assert told[0].state.done == 4
    state = state_of(told)
    assert [trial.settings["seed"] for trial in sorted(state.trials, key=lambda one: one.number)] == [
        *range(4), *range(4, 10)
    ]  # fmt: skip
    assert [trial.number for trial in state.trials] == list(range(1, 11))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("method", ["grid", "random", "tpe"])
def test_a_sweep_whose_program_was_killed_goes_on(project: Project, path: Path, method: Any) -> None:
    made = plan(project, "lr=1e-4..1:7", method=method, trials=7)
    study = Study.create(path, made, project)
    broken = [dict(one.settings) for one in study.ask()][:7]  # nobody writes down what became of them
    state = state_of(list(sweep_on(path)))
    assert state.done == 7
    assert all(trial.state == "finished" for trial in state.trials)
    assert sorted(str(trial.settings) for trial in state.trials) == sorted(map(str, broken))


@pytest.mark.usefixtures("quick")
def test_more_trials_are_made_where_they_are_wanted(project: Project, path: Path) -> None:
    first = state_of(list(sweep(path, plan(project, "lr=1e-4..1", method="random", trials=3), project)))
    more = state_of(list(sweep_on(path, first.name, trials=5)))
    assert more.trials[:3] == first.trials
    assert len({trial.settings["learning_rate"] for trial in more.trials}) == 5


@pytest.mark.usefixtures("quick")
def test_the_project_is_that_of_the_beginning(project: Project, path: Path) -> None:
    made = plan(project.with_training(batch_size=7), "seed=0..1", method="grid")
    assert state_of(list(sweep(path, made, project.with_training(batch_size=7)))).project.training.batch_size == 7
    assert Study.open(path).project.training.batch_size == 7


@pytest.mark.usefixtures("quick")
def test_tpe_learns_from_what_was_made(project: Project, path: Path) -> None:
    state = state_of(list(sweep(path, plan(project, "lr=1e-8..1e3", method="tpe", trials=25, seed=2), project)))
    values = [trial.value or 0.0 for trial in state.trials]
    assert statistics.median(values[10:]) < 4  # of what is drawn at random it is 7.6


@pytest.mark.usefixtures("quick")
def test_failures_are_told_and_have_no_figure(project: Project, path: Path) -> None:
    state = state_of(list(sweep(path, plan(project, "seed=12..14", method="grid"), project)))
    assert [trial.state for trial in state.trials] == ["finished", "failed", "finished"]
    assert "no longer a finite number" in state.trials[1].problem
    assert state.ranked[-1].number == 2


@pytest.mark.usefixtures("quick")
def test_more_is_better_of_some_figures(project: Project, path: Path) -> None:
    made = plan(project, "seed=0..1", monitor="val_accuracy", method="grid")
    assert made.rises(project)
    assert any(isinstance(event, TrialStarted) for event in sweep(path, made, project))


def test_without_optuna_it_is_said_what_to_install(
    project: Project, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(TrainingError, match=r"pip install 'layerloom\[sweeps\]'"):
        list(sweep(path, plan(project, "seed=0..1"), project))


def test_a_damaged_file_is_named(project: Project, path: Path) -> None:
    with pytest.raises(FileError, match="has no sweep yet"):
        list(sweep_on(path))
    sweeps_file(path).parent.mkdir()
    sweeps_file(path).write_bytes(
        b"not a data base at all, just some text that is long enough to be a header....." * 20
    )
    with pytest.raises(FileError, match=r"sweeps\.sqlite"):
        list(sweep_on(path))


def test_an_axis_needs_no_project_to_be_kept() -> None:
    axis = Axis(name="learning_rate", low=0.001, high=0.1, log=True)
    assert Axis.model_validate_json(axis.model_dump_json()) == axis


# Moving


def moved_from(project: Project, path: Path) -> SweepState:
    """A sweep of four trials, two of them done, with the folders of their runs."""
    job = sweep(path, plan(project, "seed=12..15", method="grid"), project)
    for event in job:
        if isinstance(event, TrialDone) and event.trial.number == 2:
            break
    job.throw(Cancelled())
    list(job)
    (state,) = sweep_states(path)
    for trial in state.trials:
        folder = runs_folder(path) / trial.run
        folder.mkdir(parents=True)
        (folder / "project.loom").write_text(trial.run)
        write_remarks(folder, Remarks(tags=("kept", state.name)))
    return state


@pytest.mark.usefixtures("quick")
def test_a_sweep_is_brought_to_another_project_with_its_runs(project: Project, path: Path) -> None:
    before, target = moved_from(project, path), path.with_name("q.loom")
    broken, foreign = runs_folder(path) / "broken", runs_folder(path) / "foreign"
    for folder, tag in ((broken, before.name), (foreign, "mine")):
        folder.mkdir()
        write_remarks(folder, Remarks(tags=(tag,)))
    assert move_sweep(before.name, path, target) == before.name
    assert sweep_states(path) == ()
    assert sweep_states(target) == (before,)
    assert run_folders(path) == [foreign]
    assert {folder.name for folder in run_folders(target)} == {"broken", *(trial.run for trial in before.trials)}
    state = state_of(list(sweep_on(target)))
    assert (state.done, [trial.state for trial in state.trials[:2]]) == (4, ["finished", "failed"])
    assert state.trials[:2] == before.trials


@pytest.mark.usefixtures("quick")
def test_names_that_are_taken_there_are_changed(project: Project, path: Path) -> None:
    target = path.with_name("q.loom")
    there, before = state_of(list(sweep(target, plan(project, "seed=1..2"), project))), moved_from(project, path)
    (runs_folder(target) / before.trials[0].run).mkdir(parents=True)
    assert there.name == before.name == "sweep-1"
    assert move_sweep("sweep-1", path, target) == "sweep-2"
    state = Study.open(target, "sweep-2").state
    assert state.trials[0].run == f"{before.trials[0].run}-2"
    assert state.trials[1].run == before.trials[1].run
    for old, new in zip(before.trials, state.trials, strict=True):
        folder = runs_folder(target) / new.run
        assert (folder / "project.loom").read_text() == old.run
        assert read_remarks(folder).tags == ("kept", "sweep-2")
    assert Study.open(target, "sweep-1").state == there


@pytest.mark.usefixtures("quick")
def test_a_sweep_that_cannot_be_brought_stays_whole(project: Project, path: Path) -> None:
    before, target = moved_from(project, path), path.with_name("q.loom")
    sweeps_file(target).parent.mkdir()
    sweeps_file(target).write_bytes(b"not a data base at all, just some text that is long enough....." * 20)
    with pytest.raises(FileError, match=r"q\.runs"):
        move_sweep(before.name, path, target)
    assert sweep_states(path) == (before,)
    assert {folder.name for folder in run_folders(path)} == {trial.run for trial in before.trials}
    assert run_folders(target) == []
