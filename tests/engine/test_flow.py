"""Batches that a file of the person's own yields: run in a process of its own, after a yes, and not for longer."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.data import batch_stream, consent
from engine.data.batch_stream import WAITING, array_of
from engine.data.consent import read_script
from engine.data.flow import Flow
from engine.errors import Cancelled, ConsentError, FileError

COUNTING = """
    import numpy as np

    def batches():
        first = 0
        while True:
            x = np.arange(first, first + 6, dtype="float32").reshape(3, 2)
            yield x, np.array([0, 1, 1])
            first += 6
"""


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    consent.forget()


def script(folder: Path, text: str = COUNTING) -> consent.Script:
    """A file that may be run."""
    path = folder / "mine.py"
    path.write_text(textwrap.dedent(text))
    found = read_script(path)
    consent.allow(found)
    return found


def flow(folder: Path, body: str = "", text: str = COUNTING, patience: float = 120.0) -> Flow:
    """What a function of this body yields."""
    if body:
        text = "import numpy as np\ndef batches():\n" + textwrap.indent(textwrap.dedent(body), "    ")
    return Flow(script(folder, text), "batches", 10, patience)


def fails(folder: Path, body: str = "", text: str = COUNTING, patience: float = 120.0, count: int = 3) -> str:
    """The sentence with which a file fails, without its path."""
    with flow(folder, body, text, patience) as found, pytest.raises(FileError) as caught:
        found.take(count)
    message = str(caught.value)
    assert message.startswith(f"{folder / 'mine.py'}: ")
    assert message.endswith(".")
    assert "\n" not in message
    return message.removeprefix(f"{folder / 'mine.py'}: ")


def gone(pid: int) -> bool:
    """Whether a process has ended, or is about to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until(true: object, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not (done := true()) and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.02)
    return bool(done)


# Batches


def test_samples_come_in_order_in_any_number(tmp_path: Path) -> None:
    with flow(tmp_path) as found:
        outline = found.outline()
        assert (found.batch, found.steps) == (3, 10)
        assert outline.features["x"].shape == (1, 2)
        assert outline.targets["y"].dtype == np.int64
        taken = [found.take(count) for count in (3, 5, 1, 3, 12)]
    whole = np.concatenate([batch.features["x"] for batch in taken])
    np.testing.assert_array_equal(whole, np.arange(48, dtype=np.float32).reshape(24, 2))
    np.testing.assert_array_equal(np.concatenate([batch.targets["y"] for batch in taken]), [0, 1, 1] * 8)
    assert [batch.size for batch in taken] == [3, 5, 1, 3, 12]


@pytest.mark.parametrize(
    ("yielded", "features", "targets"),
    [
        ("np.ones((4, 2))", {"x"}, set()),
        ("(np.ones((4, 2)), [0, 1, 2, 3])", {"x"}, {"y"}),
        ("[np.ones((4, 2)), np.ones(4)]", {"x"}, {"y"}),
        ("(np.ones((4, 2)), np.ones(4), np.ones(4))", {"x"}, {"y"}),
        ("(np.ones((4, 2)), None, np.ones(4))", {"x"}, set()),
        ("({'a': np.ones((4, 2)), 'b': np.ones(4)}, {'c': np.ones(4)})", {"a", "b"}, {"c"}),
        ("{'image': np.ones((4, 2)), 'label': np.ones(4)}", {"image"}, {"label"}),
        ("((np.ones((4, 2)), np.ones(4)), [np.ones(4), np.ones(4)])", {"x_1", "x_2"}, {"y_1", "y_2"}),
        ("(np.array(['a', 'b']), np.array([b'c', b'd']))", {"x"}, {"y"}),
    ],
)
def test_all_forms_of_batches(yielded: str, features: set[str], targets: set[str], tmp_path: Path) -> None:
    with flow(tmp_path, f"while True: yield {yielded}") as found:
        batch = found.take(2)
    assert (batch.features.keys(), batch.targets.keys()) == (features, targets)
    assert all(len(array) == 2 for array in batch.arrays.values())
    weighted = yielded.count("np.ones") == 3 and "{" not in yielded
    assert (batch.weights is not None) == (weighted or "None" in yielded)


def test_the_file_finds_what_lies_beside_it_and_may_print(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("size = 5\n")
    text = """
        import sys
        import numpy as np
        import helper
        if __name__ == "__main__":
            raise SystemExit("not run as a program")
        def batches():
            while True:
                print("a batch", flush=True)
                sys.stdout.write("{}")
                assert sys.stdin.read() == ""
                yield np.ones((helper.size, 1)), np.ones(5)
    """
    with flow(tmp_path, text=text) as found:
        assert found.take(7).size == 7
        assert wait_until(lambda: "a batch" in found.stream.printed)


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    body = f"""
        number = 0
        while True:
            number += 1
            open({str(tmp_path / "count")!r}, "w").write(str(number))
            yield np.full((100_000, 2), number)
    """
    with flow(tmp_path, body) as found:
        assert found.take(100_000).features["x"][0, 0] == 1
        time.sleep(1.5)
        made = int((tmp_path / "count").read_text())
        assert 1 + WAITING < made <= 1 + WAITING + 3  # one is being read, one written, one made
        assert found.take(100_000).features["x"][0, 0] == 2


# Consent


def test_nothing_runs_without_a_yes(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    path = tmp_path / "mine.py"
    text = f"open({str(mark)!r}, 'w')\n" + textwrap.dedent(COUNTING)
    path.write_text(text)
    with pytest.raises(ConsentError, match=r"mine\.py is a program, and would be run with your rights"):
        Flow(read_script(path), "batches", 10)
    assert not mark.exists()
    consent.allow(read_script(path))
    path.write_text(text + "\n# another\n")
    with pytest.raises(ConsentError):
        Flow(read_script(path), "batches", 10)
    (tmp_path / "copy.py").write_text(text)
    with pytest.raises(ConsentError):
        Flow(read_script(tmp_path / "copy.py"), "batches", 10)
    path.write_text(text)
    with Flow(read_script(path), "batches", 10) as found:
        assert found.take(1).size == 1
    assert mark.exists()


def test_what_is_run_is_what_there_was_a_yes_for(tmp_path: Path) -> None:
    allowed = script(tmp_path)
    (tmp_path / "mine.py").write_text("raise SystemExit('another text')")
    with Flow(allowed, "batches", 10) as found:
        assert found.take(3).size == 3


# Faults

_ENDLESS = "while True: yield "


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("yield np.ones((2, 1))", "batches() came to an end: it must go on for ever (while True:)."),
        ("return\nyield", "batches() came to an end"),
        ("return 5", "batches() gives int back: it must yield batches."),
        ("return None", "batches() gives NoneType back: it must yield batches."),
        ("x = 1\nyield 1 / 0", "line 4, in batches: ZeroDivisionError: division by zero."),
        ("np.ones(3).reshape(5)\nyield", "line 3, in batches: ValueError: cannot reshape array of size 3"),
        (f"{_ENDLESS}{{}}", "batch 1: there is nothing in it that goes in, only targets."),
        (f"{_ENDLESS}()", "gives 0 things a batch"),
        (f"{_ENDLESS}(1, 2, 3, 4)", "gives 4 things a batch: x, (x, y) or (x, y, sample_weight) are taken."),
        (f"{_ENDLESS}(np.ones((3, 2)), np.ones(2))", "batch 1: the arrays differ in their number of samples: x 3"),
        (f"{_ENDLESS}np.ones((0, 2))", "batch 1: there are no samples in it."),
        (f"{_ENDLESS}5", "x is a single value, not a row of samples."),
        (f"{_ENDLESS}[[1, 2], [3]], [1, 2]", "x is no array"),
        (f"{_ENDLESS}np.array([object()])", "x holds object, neither numbers nor text."),
        (f"{_ENDLESS}np.ones((2, 1), complex)", "x holds complex128, neither numbers nor text."),
        (f"{_ENDLESS}(np.ones((2, 1)), np.ones(2), np.ones((2, 2)))", "sample_weight must be one row of numbers."),
        (f"{_ENDLESS}({{'a': np.ones(2)}}, {{'a': np.ones(2)}})", "there are two arrays of the name a."),
        ("import sys\nsys.exit('enough')\nyield", "line 4, in batches: SystemExit: enough."),
        ("import os\nprint('bye')\nos._exit(3)\nyield", "ended by itself (exit code 3). It last said: bye."),
        ("import os\nos.kill(os.getpid(), 9)\nyield", "ended by itself (signal SIGKILL)."),
    ],
)  # fmt: skip
def test_faults_have_a_sentence(body: str, told: str, tmp_path: Path) -> None:
    body = body.replace("os._exit", "__import__('sys').stdout.flush(); os._exit")
    assert told in fails(tmp_path, body)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def batches(:\n    yield 1\n", "line 1: SyntaxError: invalid syntax"),
        ("x = 1\n\nimport nothing_of_this_name\n", "line 3: ModuleNotFoundError: No module named"),
        ("def data():\n    yield 1\n", "has no function 'batches'; it has data."),
        ("batches = 5\n", "has no function 'batches'; it has none."),
        (
            "def batches(path):\n    yield 1\n",
            "TypeError: batches() missing 1 required positional argument: 'path'.",
        ),
        ("\0", "source code string cannot contain null bytes"),
        (
            "def batches():\n    yield from deeper()\ndef deeper():\n    yield [][1]\n",
            "line 4, in deeper: IndexError",
        ),
    ],
)
def test_files_that_cannot_be_run_have_a_sentence(text: str, told: str, tmp_path: Path) -> None:
    assert told in fails(tmp_path, text=text)


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("(np.ones((3, 5)), np.ones(3))", "batch 2: x is 5 a sample, but was 2 in the first."),
        ("(np.ones((3, 2)), np.ones((3, 1)))", "batch 2: y is 1 a sample, but was"),
        ("np.ones((3, 2))", "batch 2: it holds x, but the first held x, y."),
        ("(np.array([['a', 'b']]), np.ones(1))", "batch 2: x holds <U1, but held float64 in the first."),
    ],
)
def test_batches_that_change_are_told(second: str, told: str, tmp_path: Path) -> None:
    body = f"yield np.ones((3, 2)), np.ones(3)\nwhile True: yield {second}"
    assert told in fails(tmp_path, body, count=4)


def test_a_function_that_hangs_is_told(tmp_path: Path) -> None:
    told = fails(tmp_path, "import time\ntime.sleep(600)\nyield 1", patience=0.5)
    assert told == "batches() has yielded nothing for 0.5 seconds."


def test_a_batch_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_stream, "LARGEST_BATCH", 2**20)
    assert "gives a batch of more than 1 MB" in fails(tmp_path, "while True: yield np.ones((1000, 1000))")


def test_frames_that_lie_are_refused(tmp_path: Path) -> None:
    good = io.BytesIO()
    np.lib.format.write_array(good, np.ones((3, 2)))
    for content in (
        b"", b"hello", good.getvalue()[:-1], good.getvalue() + b"\0",
        good.getvalue().replace(b"(3, 2)", b"(9, 9)"), good.getvalue().replace(b"'<f8'", b"'|O8'"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r".?"):
            array_of(content)
    taken = """
        import os
        for channel in range(3, 20):
            try: os.write(channel, {!r})
            except OSError: pass
        yield
    """
    for frame in (b"hello\n", b'{"batch": [["x", "", -5]]}\n', b'{"batch": 5}\n', b"[]\n", b'{"batch": [[1]]}\n'):
        assert "sent what is no batch." in fails(tmp_path, taken.format(frame))


def test_files_that_are_no_programs(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        read_script(tmp_path / "none.py")
    with (tmp_path / "large.py").open("wb") as file:
        file.truncate(2**25)
    with pytest.raises(FileError, match="too large"):
        read_script(tmp_path / "large.py")


# Ends

_STUBBORN = """
    import signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    while True:
        yield np.array([[child.pid]])
"""


def test_closing_ends_the_process_and_what_it_started_within_a_second(tmp_path: Path) -> None:
    with flow(tmp_path, _STUBBORN) as found:
        child = int(found.take(1).features["x"][0, 0])
        pid = found.stream.pid
        start = time.monotonic()
    assert time.monotonic() - start < 1.5
    assert wait_until(lambda: gone(pid) and gone(child), 1)


def test_closing_wakes_who_waits(tmp_path: Path) -> None:
    import threading

    found = flow(tmp_path, "import time\ntime.sleep(600)\nyield 1")
    closing = threading.Timer(0.3, found.close)
    closing.start()
    with pytest.raises(Cancelled):
        found.take(1)
    closing.join()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_process_outlives_the_program(number: signal.Signals, tmp_path: Path) -> None:
    script(tmp_path, "import numpy as np\ndef batches():\n" + textwrap.indent(textwrap.dedent(_STUBBORN), "    "))
    program = f"""if True:
        import signal, time
        from engine.data import consent
        from engine.data.flow import Flow
        signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background have it ignored
        script = consent.read_script({str(tmp_path / "mine.py")!r})
        consent.allow(script)
        found = Flow(script, "batches", 10)
        print(found.stream.pid, int(found.take(1).features["x"][0, 0]), flush=True)
        time.sleep(600)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.send_signal(number)
    parent.wait(10)
    parent.stdout.close()
    assert wait_until(lambda: all(map(gone, pids)), 20)
