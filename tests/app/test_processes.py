"""Several processes that train together, on this machine: their numbers, and their ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.processes import Report, RuntimeLog, _ended, explanation
from engine.data.builtin import Digits
from engine.events import EpochDone
from engine.formats import project_file
from engine.history import read_history
from engine.layers.core import Dense, Input, Output
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten
from engine.optimizers import SGD
from engine.outcome import Outcome, read_outcome, write_outcome
from engine.project import DataSettings, Project, TrainingSettings
from engine.runs import start_from
from engine.templates import chain
from engine.training import train

TOGETHER = 2
ROOT = Path(__file__).parents[2]
LEFT_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class Together:
    """Processes of `layerloom train --distributed` that were started here."""

    def __init__(self, folder: Path, *arguments: str, numbers: tuple[int, ...] = (0, 1)) -> None:
        at = f"127.0.0.1:{free_port()}"
        how = ["--progress", "lines", "--distributed", "--coordinator", at, "--processes", str(TOGETHER)]
        self.all = {
            number: subprocess.Popen(
                [sys.executable, "-m", "app", "train", *arguments, *how, "--process", str(number)],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for number in numbers
        }

    def end(self, number: int, seconds: float) -> tuple[int, str, str]:
        """Exit status and what was said, once it has ended."""
        out, complaint = self.all[number].communicate(timeout=seconds)
        return self.all[number].returncode, out, complaint

    def close(self) -> None:
        for process in self.all.values():
            with suppress(ProcessLookupError):
                process.kill()
            process.communicate()


@pytest.fixture
def started() -> Iterator[list[Together]]:
    found: list[Together] = []
    yield found
    for together in found:
        together.close()


def digits(folder: Path, **training: object) -> Path:
    made, _ = chain(
        Input(shape=(8, 8, 1)), Flatten(), Dense(units=64, activation="relu"), Dropout(rate=0.3),
        Dense(units=10, activation="softmax"), Output(),
    )  # fmt: skip
    settings = {"epochs": 2, "batch_size": 50, "optimizer": SGD(learning_rate=0.02, momentum=0.9)} | training
    project = Project(made, data=DataSettings(source=Digits()), training=TrainingSettings(**settings))  # type: ignore
    project_file.save(project, folder / "p.loom")
    return folder / "p.loom"


def weights_of(folder: Path) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    with h5py.File(folder / "last.h5") as file:

        def take(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset):
                found[name] = np.asarray(item)

        file["model_weights"].visititems(take)
    return found


def assert_near(ours: Path, theirs: Path) -> None:
    one, other = weights_of(ours), weights_of(theirs)
    assert one.keys() == other.keys() != set()
    for name, value in one.items():
        np.testing.assert_allclose(other[name], value, atol=1e-5 * np.abs(value).max(), rtol=0, err_msg=name)
    for a, b in zip(read_history(ours / "history.csv"), read_history(theirs / "history.csv"), strict=True):
        assert a == pytest.approx(b, rel=1e-5)


def train_here(project: Path, *arguments: str) -> None:
    done = CliRunner().invoke(cli, ["train", str(project), "--progress", "none", *arguments])
    assert done.exit_code == 0, done.output


def test_two_processes_train_as_one_and_one_goes_on(tmp_path: Path, started: list[Together]) -> None:
    project = digits(tmp_path, distribution="sharded")
    started.append(Together(tmp_path, "p.loom"))
    status, out, complaint = started[0].end(0, 120)
    assert status == 0, complaint
    assert complaint == ""
    assert out.count("Epoch") == 2
    assert started[0].end(1, 30) == (0, "", "")
    (together,) = (tmp_path / "p.runs").iterdir()
    train_here(project, "--out", str(tmp_path / "alone"))
    assert_near(tmp_path / "alone", together)
    # What two processes wrote is whole: one goes on from it, to where one alone comes.
    train_here(project, "--from", str(together), "--out", str(tmp_path / "on"))
    train_here(project, "--from", str(tmp_path / "alone"), "--out", str(tmp_path / "alone_on"))
    assert_near(tmp_path / "alone_on", tmp_path / "on")


def begun(folder: Path, together: Together) -> Path:
    """The run of processes that were just started, once there is a checkpoint."""
    until = time.monotonic() + 90
    while time.monotonic() < until and together.all[0].poll() is None:
        found = list(folder.glob("p.runs/*/last.h5"))
        if found:
            return found[0].parent
        time.sleep(0.1)
    raise AssertionError(together.end(0, 5))


@pytest.mark.parametrize(("own", "state"), [(0, "failed"), (1, "running")])
def test_the_end_of_a_run_is_noted_where_its_process_could_not(tmp_path: Path, own: int, state: str) -> None:
    write_outcome(tmp_path, Outcome(epochs=3))
    said = _ended(Report(own, 2, "", folder=str(tmp_path)), "Process 1 ended.")
    assert said.startswith("Process 1 ended.")
    outcome = read_outcome(tmp_path)
    assert (outcome.state, outcome.epochs) == (state, 3)
    assert outcome.problem == ("Process 1 ended." if own == 0 else "")


def test_one_that_is_killed_ends_the_other_which_says_so(tmp_path: Path, started: list[Together]) -> None:
    project = digits(tmp_path)
    started.append(Together(tmp_path, "p.loom", "--epochs", "100000"))
    run = begun(tmp_path, started[0])
    started[0].all[1].send_signal(signal.SIGKILL)
    since = time.monotonic()
    status, _, complaint = started[0].end(0, LEFT_SECONDS)
    assert time.monotonic() - since < LEFT_SECONDS
    assert status == 1
    lost = r"Error: Process 1 \(.+, pid \d+\) ended, or can no longer be reached\. "
    found = re.match(lost + r"The last checkpoint, of .+, is (.+): ", complaint)
    assert found, complaint
    assert (tmp_path / found[1]) == run / "last.h5"
    assert complaint.count("\n") == 1
    assert read_outcome(run).state == "failed"
    done = read_history(run / "history.csv")[-1]["epoch"]
    loaded = project_file.load(project)
    job = train(loaded, start_from(loaded, run))
    epoch = next(event for event in job if isinstance(event, EpochDone))
    job.close()
    assert epoch.epoch == done + 1


@pytest.mark.exhaustive
def test_where_the_first_is_killed_the_others_say_so(tmp_path: Path, started: list[Together]) -> None:
    digits(tmp_path)
    started.append(Together(tmp_path, "p.loom", "--epochs", "100000"))
    run = begun(tmp_path, started[0])
    started[0].all[0].send_signal(signal.SIGKILL)
    status, _, complaint = started[0].end(1, LEFT_SECONDS)
    assert status == 1
    assert re.match(r"Error: Process 0 \(.+, pid \d+\) ended, or can no longer be reached\.", complaint), complaint
    assert str(run / "last.h5") in complaint


@pytest.mark.exhaustive
def test_one_that_never_joins_is_named(tmp_path: Path, started: list[Together]) -> None:
    digits(tmp_path)
    started.append(Together(tmp_path, "p.loom", "--join-timeout", "3", numbers=(0,)))
    status, _, complaint = started[0].end(0, LEFT_SECONDS)
    assert (status, complaint) == (
        1,
        "Error: Of 2 processes, process 1 did not join in time. Nothing was trained.\n",
    )
    assert not (tmp_path / "p.runs").exists()


@pytest.mark.exhaustive
def test_processes_stop_together(tmp_path: Path, started: list[Together]) -> None:
    digits(tmp_path)
    started.append(Together(tmp_path, "p.loom", "--epochs", "100000"))
    run = begun(tmp_path, started[0])
    started[0].all[1].send_signal(signal.SIGTERM)
    assert [started[0].end(number, LEFT_SECONDS)[0] for number in (0, 1)] == [0, 0]
    assert read_outcome(run).state == "stopped"


@pytest.mark.exhaustive
def test_one_with_other_settings_is_refused(tmp_path: Path, started: list[Together]) -> None:
    digits(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    digits(other, batch_size=49)
    here = Together(tmp_path, "p.loom", numbers=(0,))
    started.append(here)
    at = here.all[0].args[here.all[0].args.index("--coordinator") + 1]  # type: ignore
    there = subprocess.Popen(
        [sys.executable, "-m", "app", "train", "p.loom", "--distributed", f"--coordinator={at}",
         "--processes=2", "--process=1"],
        cwd=other, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    _, complaint = there.communicate(timeout=60)
    assert (there.returncode, complaint) == (
        1,
        "Error: The project is another one here than that of process 0.\n",
    )
    status, _, complaint = here.end(0, LEFT_SECONDS)
    assert status == 1
    assert "has failed: The project is another one here than that of process 0." in complaint


# What is said of an end

REPORT = Report(
    count=3, coordinator="h:1", project="p.loom", joined=True, peers=((0, "process 0 (a)"), (2, "process 2 (c)"))
)


def log_of(*lines: str) -> RuntimeLog:
    log = RuntimeLog()
    log.follow(iter(line + "\n" for line in lines))  # type: ignore
    return log


def test_lines_of_the_runtime_are_kept_from_those_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    log = log_of(
        "E1122 04:09:25.233391    5263 a.cc:1549] tasks are unhealthy (stopped sending heartbeats):",
        "2",
        "The tasks have crashed. Check the task logs",
        "Error: one of ours.",
        "I1122 04:49:01.883904   19462 a.cc:778] CoordinationService::InsertKeyValue(key=k, value={",
        "  some of it",
        "}, allow_overwrite=false)",
        "Another.",
        "F1122 04:09:25.234727    5274 client.h:80] Terminating process",
        "*** Check failure stack trace: ***",
    )
    assert capsys.readouterr().err == "Error: one of ours.\nAnother.\n"
    assert explanation(-6, REPORT, log) == "Process 2 (c) ended, or can no longer be reached."


def test_an_end_is_explained(tmp_path: Path) -> None:
    assert explanation(0, REPORT, log_of()) == ""
    assert explanation(1, REPORT, log_of()) == ""  # it has said why itself
    lost = log_of("F1122 04:09:25.234727 1 client.h:80] Failed to send RPC to coordination service.")
    assert explanation(-6, REPORT, lost) == "Process 0 (a) ended, or can no longer be reached."
    failed = Report(**{**vars(REPORT), "failed": (2, "d.csv: is gone.")})
    assert explanation(1, failed, log_of()) == "Process 2 (c) has failed: d.csv: is gone."
    assert explanation(-9, REPORT, log_of()).startswith("This process was ended by SIGKILL. The machine may")
    begun = Report(**{**vars(REPORT), "own": 0, "folder": str(tmp_path)})
    assert explanation(-9, begun, log_of()).endswith("There is no checkpoint yet.")
    waiting = log_of(
        "F1122 04:09:25.234727 1 client.h:80] DEADLINE_EXCEEDED", "RPC: /x.CoordinationService/RegisterTask"
    )
    early = Report(own=1, count=3, coordinator="h:1")
    assert explanation(-6, early, waiting).startswith("Not all of 3 processes joined in time at h:1")


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    report = Report(**{**vars(REPORT), "failed": (1, "why"), "lost": True, "folder": "f"})
    report.write(tmp_path / "r.json")
    assert Report.read(tmp_path / "r.json") == report
    assert json.loads((tmp_path / "r.json").read_text())["count"] == 3


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--process", "1"], "goes with --distributed"),
        (["--distributed", "--coordinator", "here"], "is no HOST:PORT"),
        (["--distributed", "--processes", "2", "--process", "2"], "they count from 0"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: list[str], part: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["train", str(digits(tmp_path)), *options])
    assert done.exit_code == 2
    assert part in " ".join(done.output.replace("│", " ").split())
