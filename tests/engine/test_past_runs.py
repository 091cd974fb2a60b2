"""The runs of a project as they are listed: also those that are damaged, half written, or of an older version."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from engine import templates
from engine.errors import FileFormatError, TrainingError
from engine.events import EpochDone, Event, Finished, Progress, Result
from engine.history import read_history, until, write_history
from engine.optimizers import Adam
from engine.outcome import OUTCOME_FILE, Outcome
from engine.past_runs import (
    Remarks,
    RunRecord,
    find_run,
    read_record,
    reading_runs,
    write_remarks,
)
from engine.project import Project
from engine.runs import new_run_folder, read_run, recorded, start_from
from engine.training import train


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "p.loom"


def iris(epochs: int = 2) -> Project:
    return templates.make("iris-mlp").with_training(epochs=epochs)


def trained(path: Path, project: Project, origin: Path | None = None) -> Path:
    folder = new_run_folder(path)
    for _ in recorded(project, train(project, None if origin is None else start_from(project, origin)), folder):
        pass
    return folder


def listed(path: Path, known: tuple[RunRecord, ...] = ()) -> tuple[RunRecord, ...]:
    events = list(reading_runs(path, known))
    assert isinstance(events[-1], Result)
    return events[-1].value


def test_a_run_is_listed_with_what_came_of_it(path: Path) -> None:
    folder = trained(path, iris(3))
    (run,) = listed(path)
    rows = read_history(folder / "history.csv")
    best = min(rows, key=lambda row: row["val_loss"])
    assert (run.folder, run.problems, run.has_weights) == (folder, (), True)
    assert (run.outcome.state, run.outcome.epochs, run.outcome.best_epoch) == ("finished", 3, best["epoch"])
    assert run.outcome.best == pytest.approx({name: value for name, value in best.items() if name != "epoch"})
    assert run.outcome.test.keys() == {"loss", "accuracy"}
    assert run.outcome.parameters > 0
    assert run.project is not None
    assert run.project.training.epochs == 3


def test_a_run_that_goes_on_keeps_the_epochs_before_it(path: Path) -> None:
    first = trained(path, iris(2))
    second = trained(path, iris(1), first)
    rows = read_history(second / "history.csv")
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[:2] == read_history(first / "history.csv")
    outcome = read_record(second).outcome
    assert (outcome.begins, outcome.epochs, outcome.best_epoch) == (2, 3, 3)
    third = read_run(second).start
    assert (third.position.epoch, len(third.history)) == (3, 3)


def test_the_best_epoch_may_be_one_of_the_run_before(path: Path) -> None:
    first = trained(path, iris(3))
    second = trained(path, iris(2).with_training(optimizer=Adam(learning_rate=30.0)), first)
    before, after = read_record(first).outcome, read_record(second).outcome
    assert (after.epochs, after.best_epoch) == (5, before.best_epoch)
    assert after.best == pytest.approx(before.best)
    assert after.last["val_loss"] > after.best["val_loss"]


def test_a_run_of_which_there_is_only_a_history_is_listed_with_it(path: Path) -> None:
    folder = trained(path, iris(3))
    told = read_record(folder).outcome
    (folder / OUTCOME_FILE).unlink()
    found = read_record(folder).outcome
    assert (found.state, found.epochs, found.best_epoch) == ("unknown", 3, told.best_epoch)
    assert found.best == pytest.approx(told.best)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("project.loom", "{", "is not JSON"),
        (OUTCOME_FILE, '{"state": "lost"}', "setting state"),
        ("remarks.json", '{"tags": 3}', "setting tags"),
        ("remarks.json", "[]", "must be an object"),
    ],
)
def test_a_damaged_file_is_told_and_the_rest_is_listed(path: Path, name: str, text: str, said: str) -> None:
    whole, broken = trained(path, iris(1)), trained(path, iris(1))
    (broken / name).write_text(text)
    runs = {run.folder: run for run in listed(path)}
    assert runs[whole].problems == ()
    assert len(runs[broken].problems) == 1
    assert said in runs[broken].problems[0]
    assert name in runs[broken].problems[0]


def test_a_folder_without_a_project_is_no_run_and_files_are_passed_over(path: Path) -> None:
    (path.with_suffix(".runs") / "old").mkdir(parents=True)
    (path.with_suffix(".runs") / "notes.txt").write_text("mine")
    (run,) = listed(path)
    assert run.name == "old"
    assert "holds no project.loom" in run.problems[0]
    assert listed(path.with_name("other.loom")) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("loss\n1\n", "no column 'epoch'"),
        ("epoch,loss\n1,0.5\n2,much\n", "line 3: loss is 'much'"),
        ("epoch,loss\n1,0.5,7\n", "line 2 has another number of columns"),
        ("epoch,loss\n,0.5\n", "line 2 does not say which epoch"),
        ("epoch,loss\n1,\xff", "is damaged"),
    ],
)
def test_a_damaged_history_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "history.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(FileFormatError, match=said):
        read_history(tmp_path / "history.csv")


def test_figures_that_are_not_measured_after_every_epoch_are_left_open(tmp_path: Path) -> None:
    rows = ({"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25, "val_loss": 1.0})
    write_history(tmp_path / "history.csv", rows)
    assert read_history(tmp_path / "history.csv") == rows
    assert until(rows, 1) == rows[:1]


def test_only_what_changed_is_read_again(path: Path) -> None:
    first, second = trained(path, iris(1)), trained(path, iris(1))
    before = listed(path)
    write_remarks(first, Remarks(tags=("good",), note="Keep."))
    after = {run.folder: run for run in listed(path, before)}
    assert after[second] is next(run for run in before if run.folder == second)
    assert after[first].remarks == Remarks(tags=("good",), note="Keep.")


def test_a_run_is_found_by_its_name_its_beginning_or_its_folder(path: Path) -> None:
    for name in ("20260101-000000-1", "20260101-000000-2", "20260202-000000-1"):
        (path.with_suffix(".runs") / name).mkdir(parents=True)
    runs = listed(path)
    assert [run.name for run in runs] == ["20260202-000000-1", "20260101-000000-2", "20260101-000000-1"]
    assert runs[0].when.month == 2
    assert find_run(runs, "202602") is runs[0]
    assert find_run(runs, str(runs[1].folder)) is runs[1]
    assert find_run(runs, "20260101") is None
    assert find_run(runs, "") is None


def breaking(project: Project) -> Generator[Event]:
    for event in train(project):
        yield event
        if isinstance(event, EpochDone):
            raise TrainingError("No more.")


def test_a_run_that_fails_says_so_with_its_figures(tmp_path: Path) -> None:
    with pytest.raises(TrainingError):
        list(recorded(iris(), breaking(iris()), tmp_path))
    found = read_record(tmp_path)
    assert (found.outcome.state, found.outcome.problem, found.outcome.epochs) == ("failed", "No more.", 1)
    assert found.has_weights


def test_figures_that_are_no_numbers_are_left_out_of_what_came_of_a_run() -> None:
    figures = {"loss": 0.5, "accuracy": float("nan")}
    assert Outcome().after(EpochDone(1, 10, figures, {}, 0.1, improved=True)).best == {"loss": 0.5}


def test_a_run_that_was_cut_off_is_listed_as_running(tmp_path: Path) -> None:
    events = recorded(iris(1), train(iris(1)), tmp_path)
    next(event for event in events if isinstance(event, EpochDone))
    assert json.loads((tmp_path / OUTCOME_FILE).read_text())["state"] == "running"
    found = read_record(tmp_path)
    assert (found.outcome.state, found.has_weights, found.problems) == ("running", False, ())
    assert any(isinstance(event, Finished) for event in events)
    assert read_record(tmp_path).outcome.state == "finished"


def test_reading_tells_how_far_it_is(path: Path) -> None:
    for name in ("1", "2"):
        (path.with_suffix(".runs") / name).mkdir(parents=True)
    steps = [event for event in reading_runs(path) if isinstance(event, Progress)]
    assert [(step.done, step.total) for step in steps] == [(1, 2), (2, 2)]
