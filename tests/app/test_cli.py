"""The command line, as a user and as a machine call it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from app.options import say
from app.start import fail
from engine.formats import project_file
from engine.training import train
from tests.app.commands import layerloom, layerloom_process


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained iris project."""
    folder = tmp_path_factory.mktemp("trained")
    assert layerloom_process("new", "iris-mlp", "iris.loom", cwd=folder).returncode == 0
    done = layerloom_process(
        "train", "iris.loom", "--epochs", "4", "--seed", "3", "--out", "run", "--json", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    (folder / "train.json").write_text(done.stdout)
    return folder


def test_a_run_can_compute_in_mixed_precision_and_is_judged_so(trained: Path) -> None:
    made = layerloom(
        "train",
        "iris.loom",
        "--epochs",
        "2",
        "--precision",
        "mixed_bfloat16",
        "--out",
        "mixed",
        "--json",
        cwd=trained,
    )
    assert made.returncode == 0, made.stderr
    ended = json.loads(made.stdout.splitlines()[-1])
    judged = json.loads(layerloom("evaluate", "iris.loom", "--run", "mixed", "--json", cwd=trained).stdout)
    assert judged == pytest.approx(ended["test"], rel=1e-6)


def test_training_prints_a_line_of_json_per_epoch(trained: Path) -> None:
    rows = [json.loads(line) for line in (trained / "train.json").read_text().splitlines()]
    assert [row["event"] for row in rows] == ["epoch"] * 4 + ["finished"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(rows[0])
    assert set(rows[-1]["test"]) == {"loss", "accuracy"}


def test_the_command_line_gives_the_numbers_of_the_engine(trained: Path) -> None:
    rows = [json.loads(line) for line in (trained / "train.json").read_text().splitlines()]
    project = project_file.load(trained / "iris.loom").with_training(epochs=4, seed=3)
    *_, end = train(project)
    assert [row["loss"] for row in rows[:-1]] == list(end.history["loss"])  # type: ignore[attr-defined]


def test_a_run_folder_holds_project_history_and_weights(trained: Path) -> None:
    names = {path.name for path in (trained / "run").iterdir()}
    assert names == {"project.loom", "history.csv", "result.json", "best.h5", "last.h5", "log.txt"}
    lines = (trained / "run" / "history.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,accuracy,val_loss,val_accuracy"
    assert len(lines) == 5
    assert keras.saving.load_model(trained / "run" / "last.h5").count_params() == 412


def test_evaluate_agrees_with_the_end_of_the_run(trained: Path) -> None:
    done = layerloom("evaluate", "iris.loom", "--run", "run", "--json", cwd=trained)
    rows = [json.loads(line) for line in (trained / "train.json").read_text().splitlines()]
    assert json.loads(done.stdout) == pytest.approx(rows[-1]["test"], rel=1e-6)


def test_export_predict_and_evaluate_a_model(trained: Path) -> None:
    assert layerloom("export", "iris.loom", "--run", "run", "--to", "iris.h5", cwd=trained).returncode == 0
    rows = np.random.default_rng(0).uniform(0, 7, (20, 4)).astype(np.float32)
    np.savez(trained / "rows.npz", input=rows, output=np.zeros(20, int))
    done = layerloom("predict", "iris.h5", "--data", "rows.npz", "--out", "out.npz", cwd=trained)
    assert done.returncode == 0, done.stderr
    ours = np.load(trained / "out.npz")["output"]
    theirs = keras.saving.load_model(trained / "iris.h5").predict(rows, verbose=0)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    done = layerloom("evaluate", "iris.h5", "--data", "rows.npz", "--json", cwd=trained)
    expected = float((theirs.argmax(1) == 0).mean())
    assert json.loads(done.stdout)["accuracy"] == pytest.approx(expected)


@pytest.mark.parametrize("target", ["keras", "jax"])
def test_exported_python_runs_without_this_program(trained: Path, target: str) -> None:
    name = f"with_{target}"
    layerloom("export", "iris.loom", "--run", "run", "--to", f"{name}.h5", cwd=trained)
    export = ("export", "iris.loom", "--run", "run", "--to", f"{name}.py", "--target", target)
    done = layerloom(*export, cwd=trained)
    assert done.returncode == 0, done.stderr
    assert "engine" not in (trained / f"{name}.py").read_text()
    command = [sys.executable, f"{name}.py"]
    ran = subprocess.run(command, cwd=trained, capture_output=True, text=True, timeout=240, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", ["keras.py", "json.py"])
def test_python_is_not_named_like_a_library_that_it_needs(trained: Path, name: str) -> None:
    done = layerloom("export", "iris.loom", "--to", name, cwd=trained)
    assert done.returncode == 1
    assert "would hide the library" in done.stderr
    assert not (trained / name).exists()


def test_pictures(trained: Path) -> None:
    for name in ("graph.png", "graph.svg", "graph.pdf"):
        done = layerloom_process(
            "export", "iris.loom", "--to", name, "--theme", "dark", "--scale", "1", cwd=trained
        )
        assert done.returncode == 0, done.stderr
    assert (trained / "graph.png").read_bytes().startswith(b"\x89PNG")
    assert "dense_2" in (trained / "graph.svg").read_text()
    assert (trained / "graph.pdf").read_bytes().startswith(b"%PDF")
    refused = layerloom("export", "iris.loom", "--to", "net.py", "--no-shapes", cwd=trained)
    assert refused.returncode == 2
    assert "--no-shapes" in refused.stderr


def test_summary_counts_like_keras(trained: Path) -> None:
    done = layerloom("summary", "iris.loom", "--json", cwd=trained)
    found = json.loads(done.stdout)
    assert found["parameters"] == 412
    assert [row["name"] for row in found["layers"]][:2] == ["input", "normalization"]
    assert found["flops"] == sum(row["flops"] for row in found["layers"]) > 0
    assert found["memory"] > 4 * found["parameters"]
    assert found["batch_size"] == project_file.load(trained / "iris.loom").training.batch_size
    dense = next(row for row in found["layers"] if row["name"] == "dense")
    assert dense["flops"] == 2 * 4 * 16 + 2 * 16
    assert dense["memory"] == 4 * (4 * 16 + 16 + found["batch_size"] * 16)
    text = layerloom("summary", "iris.loom", cwd=trained).stdout
    assert "412" in text
    assert "FLOPs" in text.splitlines()[0]
    assert "FLOPs of a sample: " in text


def test_summary_says_what_a_step_costs_on_several_devices(trained: Path) -> None:
    rows = json.loads(layerloom("summary", "iris.loom", "--devices", "6", "--json", cwd=trained).stdout)["devices"]
    assert [row["devices"] for row in rows] == [1, 2, 4, 6]
    assert rows[0]["sent"] == 0 < rows[1]["sent"] < rows[3]["sent"]
    table = layerloom("summary", "iris.loom", "--devices", "6", cwd=trained).stdout.splitlines()[-4:]
    assert [line.split()[0] for line in table] == ["1", "2", "4", "6"]


def _bad(folder: Path) -> dict[str, list[str]]:
    (folder / "text.loom").write_text("hello")
    (folder / "empty.loom").write_text("")
    (folder / "future.loom").write_text('{"format_version": 999}')
    (folder / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 100)
    (folder / "a folder.loom").mkdir()
    return {
        "missing project": ["train", "none.loom"],
        "missing model": ["summary", "none.h5"],
        "not a project": ["summary", "text.loom"],
        "empty project": ["train", "empty.loom"],
        "future project": ["evaluate", "future.loom"],
        "broken model": ["summary", "broken.h5"],
        "a folder": ["train", "a folder.loom"],
    }


@pytest.mark.parametrize(
    "case",
    [
        "missing project",
        "missing model",
        "not a project",
        "empty project",
        "future project",
        "broken model",
        "a folder",
    ],
)
def test_bad_files_get_one_sentence_and_status_1(case: str, tmp_path: Path) -> None:
    arguments = _bad(tmp_path)[case]
    done = layerloom(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"Error: {arguments[1]}")


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["new", "no-such-template", "a.loom"],
        ["train"],
        ["train", "a.loom", "--epochs", "0"],
        ["export", "a.loom", "--to", "a.docx"],
        ["new", "iris-mlp", "a.txt"],
        ["import", "a.keras", "-o", "a.txt"],
        ["predict", "a.keras", "--data", "a.npz", "--out", "b.keras"],
        ["evaluate", "a.loom", "--nonsense"],
    ],
    ids=" ".join,
)
def test_bad_usage_has_status_2(arguments: list[str], tmp_path: Path) -> None:
    assert layerloom(*arguments, cwd=tmp_path).returncode == 2


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "a.loom").write_text("mine")
    assert layerloom("new", "iris-mlp", "a.loom", cwd=tmp_path).returncode == 1
    assert (tmp_path / "a.loom").read_text() == "mine"
    layerloom("new", "iris-mlp", "b.loom", cwd=tmp_path)
    done = layerloom("train", "b.loom", "--out", ".", cwd=tmp_path)
    assert done.returncode == 1
    assert "not empty" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "iris.loom", "--data", "link.npz", "--out", "x.npz"],
        ["export", "iris.loom", "--run", "run", "--to", "run/last.h5"],
    ],
    ids=["data", "run"],
)
def test_what_is_read_is_not_overwritten(trained: Path, arguments: list[str]) -> None:
    np.savez(trained / "x.npz", x=np.zeros((2, 4), np.float32))
    (trained / "link.npz").unlink(missing_ok=True)
    (trained / "link.npz").symlink_to("x.npz")
    before = (trained / arguments[-1]).read_bytes()
    if arguments[0] == "predict":
        arguments = [*arguments, "--run", "run"]
    done = layerloom(*arguments, cwd=trained)
    assert done.returncode == 1
    assert (
        done.stderr == f"Error: {arguments[5]}: is read here, and would be overwritten: write to another file.\n"
    )
    assert (trained / arguments[5]).read_bytes() == before


def test_predict_says_that_there_are_no_samples(trained: Path) -> None:
    np.savez(trained / "none.npz", x=np.zeros((0, 4), np.float32))
    done = layerloom("predict", "iris.loom", "--run", "run", "--data", "none.npz", "--out", "o.npz", cwd=trained)
    assert done.returncode == 1
    assert done.stderr.strip() == "Error: The data for input holds no samples."


def test_an_untrained_project_cannot_be_evaluated(tmp_path: Path) -> None:
    layerloom("new", "iris-mlp", "a.loom", cwd=tmp_path)
    done = layerloom("evaluate", "a.loom", cwd=tmp_path)
    assert done.returncode == 1
    assert "has not been trained yet" in done.stderr


def test_ctrl_c_ends_a_run_with_its_result(tmp_path: Path) -> None:
    layerloom("new", "iris-mlp", "a.loom", cwd=tmp_path)
    command = [sys.executable, "-m", "app", "train", "a.loom", "--epochs", "900000", "--out", "run", "--json"]
    env = {**os.environ, "PYTHONPATH": os.fspath(Path(__file__).parents[2])}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["epoch"] == 1
        process.send_signal(signal.SIGINT)
        begin = time.monotonic()
        *_, last = process.stdout
    assert process.returncode == 0
    assert json.loads(last)["stopped"]
    assert (tmp_path / "run" / "last.h5").exists()
    assert time.monotonic() - begin < 30


@pytest.mark.slow
def test_without_a_display_the_example_is_done_here(tmp_path: Path) -> None:
    done = layerloom_process(cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("There is no display")
    assert "accuracy" in done.stdout
    written = {path.name for path in (tmp_path / "out").iterdir() if path.is_file()}
    assert written == {"digits.h5", "digits_keras.py", "digits_jax.py", "digits.png"}
    assert keras.saving.load_model(tmp_path / "out" / "digits.h5").output_shape == (None, 10)


def test_what_files_say_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("\nclass \x1b[31mred\nError: \u202etxt\ud800")
    with pytest.raises(SystemExit):
        fail("two\nlines \x1b]0;title\x07")
    out, err = capsys.readouterr()
    assert out == "\nclass \\x1b[31mred\\nError: \\u202etxt\\ud800\n"
    assert err == "Error: two\nlines \\x1b]0;title\\x07\n"
