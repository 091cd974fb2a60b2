"""`layerloom sweep`, as a user and as a machine call it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer

from app.sweep_command import Method, sweep
from engine import templates
from engine.errors import FileError, TrainingError
from engine.events import Beside, EpochDone, Event, Failed, Finished
from engine.formats import project_file
from engine.project import Project
from engine.sweeps import sweep as sweep_module


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "p.loom"
    project_file.save(templates.make("iris-mlp"), found)
    return found


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs whose figure is their seed; number 13 fails, number 99 is where Ctrl+C is pressed."""

    def pretended(projects: Sequence[Project], recorder: Any, starts: Any) -> Generator[Event]:
        for place, one in enumerate(projects):
            seed = one.training.seed
            if seed == 13:
                yield Beside(place, Failed(TrainingError("The loss is no longer a finite number.")))
                continue
            yield Beside(place, EpochDone(1, 1, {"loss": 1.0, "val_loss": float(seed)}, {}, 0.1))
            yield Beside(place, Finished(1, 1, {"loss": 0.5}, {}, 0.1))
            if seed == 99:
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(sweep_module, "train_together", pretended)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_line_for_each_run_and_a_table_with_the_best_first(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(path, ["seed=5,13,2"], method=Method.grid)
    told = lines(capsys)
    assert told[0] == "1/3  seed 5  val_loss 5.0000"
    assert told[1] == "2/3  seed 13  The loss is no longer a finite number."
    head, first, second = told[4:7]
    assert head.split() == ["seed", "val_loss", "test_loss", "run"]
    assert first.split()[:4] == ["3", "2", "2.0000", "0.5000"]
    assert second.split()[:2] == ["1", "5"]
    assert told[-1] == "1 of 3 runs failed."


def test_json_for_machines(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(path, ["seed=5,2"], method=Method.grid, as_json=True)
    told = [json.loads(line) for line in lines(capsys)]
    assert [line["event"] for line in told] == ["trial", "trial", "ended", "ended", "finished"]
    best = told[-1]["trials"][0]
    assert (best["settings"], best["value"], best["state"]) == ({"seed": "2"}, 2.0, "finished")


def test_ctrl_c_ends_it_and_says_how_to_go_on(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(path, ["seed=5,99,2,3"], method=Method.grid)
    told = lines(capsys)
    assert told[-2:] == ["Stopped after 2 of 4 runs.", f"To go on: layerloom sweep {path} --resume"]
    sweep(path, resume=True)
    told = lines(capsys)
    assert told[0] == "3/4  seed 2  val_loss 2.0000"
    assert len([line for line in told if line.startswith(("3/4", "4/4"))]) == 2


def test_bad_use_is_said(path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="use --resume"):
        sweep(path)
    with pytest.raises(typer.BadParameter, match="name none"):
        sweep(path, ["seed=1,2"], resume=True)
    with pytest.raises(FileError, match="no such project"):
        sweep(path.with_name("other.loom"), ["seed=1,2"])
    with pytest.raises(FileError, match="no sweep yet"):
        sweep(path, resume=True)
