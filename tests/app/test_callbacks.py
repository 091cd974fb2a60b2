"""Callbacks in the window and on the command line: switched, changed while a run goes on, gone on with."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from typer.testing import CliRunner

from app.cli import cli
from app.session import RunState
from app.window import MainWindow
from engine.callbacks import Callbacks, EarlyStopping, ReduceLROnPlateau
from engine.data.builtin import Iris
from engine.events import Altered, EpochDone, Event, Finished, StepsDone
from engine.formats import project_file
from engine.project import DataSettings, Project, TrainingSettings
from engine.runs import latest_run, read_run
from engine.templates import make
from tests.app.test_window import click, small_project


def heard(window: MainWindow) -> list[Event]:
    events: list[Event] = []
    window.session.happened.connect(events.append)
    return events


def test_a_callback_is_switched_on_and_set(qtbot: QtBot, window: MainWindow) -> None:
    form = window.work.training_settings.callbacks
    switch = form.switches["early_stopping"]
    assert switch.form.isHidden()
    switch.switch.click()
    assert window.document.project.training.callbacks.early_stopping == EarlyStopping()
    assert not switch.form.isHidden()
    form.monitor.setCurrentText("val_accuracy")
    form.monitor.textActivated.emit("val_accuracy")
    assert window.document.project.training.callbacks.monitor == "val_accuracy"
    window.document.undo_stack.undo()
    window.document.undo_stack.undo()
    assert window.document.project.training.callbacks == Callbacks()
    assert switch.form.isHidden()
    assert not switch.switch.isChecked()


def test_a_run_takes_up_what_is_changed(qtbot: QtBot, window: MainWindow) -> None:
    window.document.reset(small_project(epochs=100_000))
    events = heard(window)
    click(qtbot, window, "train")
    qtbot.waitUntil(lambda: any(isinstance(event, EpochDone) for event in events), timeout=60_000)
    panel = window.work.training_settings
    assert not panel.running.isHidden()
    training = window.document.project.training
    window.document.edit_training("Change", training.replace(epochs=2), "training.epochs")
    qtbot.waitUntil(lambda: not window.session.running, timeout=60_000)
    altered = [event for event in events if isinstance(event, Altered)]
    assert len(altered) == 1
    assert isinstance(events[-1], Finished)
    assert not events[-1].stopped
    assert events[-1].epochs == altered[0].epochs
    assert panel.running.isHidden()


def test_a_held_run_makes_one_step_at_a_time(qtbot: QtBot, window: MainWindow) -> None:
    window.document.reset(small_project(epochs=100_000))
    events = heard(window)
    steps = lambda: [event.step for event in events if isinstance(event, StepsDone)]  # noqa: E731
    click(qtbot, window, "train")
    qtbot.waitUntil(lambda: len(steps()) > 0, timeout=60_000)
    window.actions_["step"].trigger()
    assert window.session.state is RunState.PAUSED
    thread = window.session._thread
    assert thread is not None
    qtbot.wait(300)
    for _ in range(3):
        count = len(steps())
        window.actions_["step"].trigger()
        qtbot.waitUntil(lambda count=count: len(steps()) == count + 1, timeout=20_000)
    made = steps()[-3:]
    assert made == [made[0], made[0] + 1, made[0] + 2]
    assert window.session.state is RunState.PAUSED
    window.session.stop()
    qtbot.waitUntil(lambda: not window.session.running, timeout=60_000)


# On the command line


def small(path: Path, **training: object) -> Path:
    graph = make("iris-mlp").graph
    made = Project(graph, data=DataSettings(source=Iris()), training=TrainingSettings(epochs=4, **training))  # type: ignore[arg-type]
    project_file.save(made, path)
    return path


def run(*arguments: str | Path) -> tuple[int, list[dict[str, object]], str]:
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return done.exit_code, lines, f"{done.output}{done.exception}"


def test_callbacks_are_named_on_the_command_line(tmp_path: Path) -> None:
    path = small(tmp_path / "a.loom")
    wanted = [
        "--early-stopping",
        "7",
        "--reduce-on-plateau",
        "3",
        "--monitor",
        "val_accuracy",
        "--keep-every",
        "2",
    ]
    status, _, text = run("train", path, "--json", *wanted)
    assert status == 0, text
    folder = latest_run(path)
    assert folder is not None
    callbacks = read_run(folder).project.training.callbacks
    assert callbacks.early_stopping == EarlyStopping(patience=7)
    assert callbacks.reduce_lr_on_plateau == ReduceLROnPlateau(patience=3)
    assert callbacks.monitor == "val_accuracy"
    assert [file.name for file in sorted(folder.glob("epoch-*"))] == ["epoch-00002.h5", "epoch-00004.h5"]
    status, _, text = run("train", path, "--monitor", "val_f1")
    assert status == 1
    assert "val_f1" in text


def test_a_run_that_ended_goes_on_for_as_many_epochs_more(tmp_path: Path) -> None:
    path = small(tmp_path / "a.loom")
    assert run("train", path, "--json")[0] == 0
    status, lines, text = run("train", path, "--json", "--resume")
    assert status == 0, text
    assert [line["epoch"] for line in lines if line["event"] == "epoch"] == [5, 6, 7, 8]
    folder = latest_run(path)
    assert folder is not None
    with (folder / "history.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == [str(epoch) for epoch in range(1, 9)]


@pytest.mark.parametrize(("progress", "lines"), [("bar", 4), ("lines", 4), ("none", 0)])
def test_what_is_shown_meanwhile(progress: str, lines: int, tmp_path: Path) -> None:
    status, _, text = run("train", small(tmp_path / "a.loom"), "--progress", progress)
    assert status == 0
    assert sum(line.startswith("Epoch") and "val_accuracy" in line for line in text.splitlines()) == lines
