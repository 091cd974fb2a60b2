"""`layerloom runs`, as a user and as a machine call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.run_commands import runs
from engine import templates
from engine.errors import FileError
from engine.formats import project_file
from engine.past_runs import Remarks, write_remarks
from engine.project import Project
from engine.runs import new_run_folder, recorded
from engine.training import train


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two runs, of other batches, and a folder that is none."""
    path = tmp_path_factory.mktemp("runs") / "p.loom"
    made = templates.make("iris-mlp").with_training(epochs=1)
    project_file.save(made, path)
    for some in (made, made.with_training(batch_size=8)):
        trained(path, some)
    (path.with_suffix(".runs") / "19990101-000000-1").mkdir()
    return path


def trained(path: Path, project: Project) -> None:
    for _ in recorded(project, train(project), new_run_folder(path)):
        pass


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, list[dict[str, object]]]:
    return json.loads(capsys.readouterr().out)


def test_runs_are_listed_with_their_figures_and_what_differs(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs(project, None, as_json=True)
    second, first, broken = found(capsys)["runs"]
    assert (first["settings"], second["settings"]) == ({"training.batch_size": "16"}, {"training.batch_size": "8"})
    assert second["state"] == "finished"
    assert {"loss", "accuracy"} == second["test"].keys()  # type: ignore[union-attr]
    assert "holds no project.loom" in str(broken["problems"])
    write_remarks(Path(str(first["folder"])), Remarks(tags=("old",), note="The first."))
    runs(project, None, as_json=False)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[-2:] == ["batch_size", "tags"]
    assert lines[1].split()[-2:] == ["16", "old"]
    assert f"{first['run']}: The first." in lines


def test_two_runs_are_compared(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs(project, None, as_json=True)
    second, first, _ = (str(run["run"]) for run in found(capsys)["runs"])
    runs(project, (first, second), as_json=True)
    (change,) = found(capsys)["differences"]
    assert (change["part"], change["field"], change["before"], change["after"]) == (
        "training",
        "batch_size",
        "16",
        "8",
    )
    runs(project, (first, second), as_json=False)
    assert "training: batch_size 16 → 8" in capsys.readouterr().out
    runs(project, (first, first), as_json=False)
    assert "are the same" in capsys.readouterr().out


def test_a_run_that_is_not_there_or_broken_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wanted, said in (("2099", "has no run '2099'"), ("19990101", "holds no project.loom")):
        with pytest.raises(SystemExit):
            runs(project, (wanted, wanted), as_json=False)
        assert said in capsys.readouterr().err


def test_a_project_without_runs_and_one_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project_file.save(Project(), tmp_path / "p.loom")
    runs(tmp_path / "p.loom", None, as_json=False)
    assert capsys.readouterr().out == "There are no runs yet.\n"
    with pytest.raises(FileError, match="no such project"):
        runs(tmp_path / "q.loom", None, as_json=False)
