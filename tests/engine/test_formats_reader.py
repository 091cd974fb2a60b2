"""The process that opens files: what it does to the program when it dies, hangs or lies."""

from __future__ import annotations

import os
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Cancelled, FileError, FileFormatError
from engine.events import Event, Result
from engine.formats import models, reader_process, readers
from engine.formats.keras_h5 import LoadedModel
from engine.formats.reading import Place
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from tests.engine.graphs import graph, ready

REAL = f"""
import os, signal, sys, time, runpy
from pathlib import Path
code = runpy.run_path({reader_process.__file__!r}, run_name="real")
Opened, REQUESTS, main = code["Opened"], code["REQUESTS"], code["main"]
"""

DIES: dict[str, str] = {
    "at its start": "import sys; sys.exit(3)",
    "when it opens": REAL
    + "REQUESTS['hdf5'] = REQUESTS['zip'] = lambda *_: os.kill(os.getpid(), signal.SIGSEGV)\nmain()",
    "at an array": REAL + "REQUESTS['array'] = lambda *_: os.kill(os.getpid(), signal.SIGSEGV)\nmain()",
    "in mid-array": REAL + "def array(*_):\n"
    '    sys.stdout.buffer.write(b\'{"array": "float32"}\\n1234\')\n'
    "    sys.stdout.buffer.flush()\n"
    "    os.abort()\n"
    "REQUESTS['array'] = array\nmain()",
    "and talks nonsense": "print('hello', flush=True); input()",
    "and gives a number": "print(3, flush=True); input()",
    "and gives objects": REAL + "import numpy\n"
    "class Objects(numpy.ndarray):\n    dtype = type('', (), {'name': 'object'})\n"
    "REQUESTS['array'] = lambda *_: numpy.zeros(6, 'f4').view(Objects)\nmain()",
}

LIES: dict[str, str] = {
    "a graph of numbers": "REQUESTS['member'] = REQUESTS['text'] = lambda *_: 3",
    "no list of names": "REQUESTS['count'] = REQUESTS['names'] = lambda *_: {'a': 1}",
    "no count": "REQUESTS['count'] = REQUESTS['names'] = lambda *_: -1",
    "a cause of many lines": "def array(*_):\n    raise code['Fault']('x\\n' * 1000)\nREQUESTS['array'] = array",
}


def small() -> Graph:
    return graph(
        ("a", Input(shape=(3,)), []),
        ("b", Dense(units=2), ["a"]),
        ("c", Output(loss="mean_squared_error", metrics=()), ["b"]),
    )


@pytest.fixture(params=[".h5", ".keras"])
def sound(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    model, variables = ready(small())
    path = tmp_path / f"m{request.param}"
    models.save(path, small(), model.to_host(variables))
    return path


@pytest.fixture
def acts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put another program in the place of the process that opens files."""

    def act(code: str) -> None:
        (tmp_path / "other.py").write_text(code)
        monkeypatch.setattr(reader_process, "__file__", str(tmp_path / "other.py"))

    readers.end_spare()
    yield act
    readers.end_spare()


@pytest.mark.parametrize("when", DIES)
def test_a_reader_that_dies_is_told_and_the_next_file_is_read(
    when: str, sound: Path, acts: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = reader_process.__file__
    acts(DIES[when])
    with pytest.raises(FileFormatError, match="is damaged in a way that ended the reader"):
        models.load(sound)
    monkeypatch.setattr(reader_process, "__file__", real)
    assert models.load(sound).weights


@pytest.mark.parametrize("what", LIES)
def test_what_the_reader_says_is_checked(what: str, sound: Path, acts: Callable[[str], None]) -> None:
    acts(f"{REAL}\n{LIES[what]}\nmain()")
    with pytest.raises(FileError) as caught:
        models.load(sound)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_reader_is_killed_from_outside(sound: Path) -> None:
    kind = "zip" if sound.suffix == ".keras" else "hdf5"

    def read() -> None:
        with readers.reading(Place(sound), kind) as reader:
            os.kill(reader.pid, signal.SIGKILL)
            reader.ask(Place(sound), "kind", "")

    with pytest.raises(FileFormatError, match="ended the reader"):
        read()


def test_one_process_reads_files_one_after_the_other(sound: Path) -> None:
    readers.end_spare()
    pids: list[int] = []
    for path in (sound, sound, sound.with_name("none.h5"), sound):
        try:
            with readers.reading(Place(path), "zip" if path.suffix == ".keras" else "hdf5") as reader:
                pids.append(reader.pid)
        except FileError:
            pids.append(0)
    assert pids[0] == pids[1]
    assert pids[3] not in pids[:3]  # one that met a fault is not used again


def test_a_path_is_from_where_the_program_is(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = "zip" if sound.suffix == ".keras" else "hdf5"
    readers.end_spare()
    readers.warm()
    (tmp_path / "elsewhere").mkdir()
    sound.rename(tmp_path / "elsewhere" / sound.name)
    monkeypatch.chdir(tmp_path / "elsewhere")
    with readers.reading(Place(sound.name), kind):
        pass
    lasting = readers.Lasting(Place(sound.name), kind)
    assert lasting.ask("kind" if kind == "hdf5" else "packed_size", "" if kind == "hdf5" else "config.json")


def test_cancelling_kills_what_reads(sound: Path, acts: Callable[[str], None]) -> None:
    before = threading.active_count()
    acts(REAL + "REQUESTS['array'] = lambda *_: time.sleep(1000)\nmain()")
    started: list[readers.Reader] = []
    make = readers.Reader

    def noted() -> readers.Reader:
        started.append(make())
        return started[-1]

    readers.Reader = noted  # type: ignore[assignment, misc]
    try:
        job = readers.in_background(models.load, sound)
        assert isinstance(next(job), Event)
        while not started:
            next(job)
        with pytest.raises(Cancelled):
            job.throw(Cancelled())
    finally:
        readers.Reader = make  # type: ignore[misc]
    (reader,) = started
    for thread in threading.enumerate():
        if thread.name == "reading":
            thread.join(20)
    assert not reader.alive()
    assert threading.active_count() <= before


def test_a_job_that_reads_gives_the_model_or_the_fault(sound: Path) -> None:
    last = list(readers.in_background(models.load, sound))[-1]
    assert isinstance(last, Result)
    assert isinstance(last.value, LoadedModel)
    assert all(array.dtype == np.float32 for arrays in last.value.weights.values() for array in arrays.values())
    with pytest.raises(FileError, match="No such file"):
        list(readers.in_background(models.load, sound.with_name("none.keras")))


def test_weights_that_were_changed_in_an_archive_are_refused(tmp_path: Path) -> None:
    model, variables = ready(small())
    path = tmp_path / "m.keras"
    models.save(path, small(), model.to_host(variables))
    content = path.read_bytes()
    kernel = next(iter(models.load(path).weights.values()))["kernel"].tobytes()
    place = content.index(kernel)
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with pytest.raises(FileFormatError, match="damaged: it cannot be unpacked"):
        models.load(path)


def test_packed_weights_are_unpacked(tmp_path: Path) -> None:
    model, variables = ready(small())
    weights = model.to_host(variables)
    stored, packed = tmp_path / "stored.keras", tmp_path / "packed.keras"
    models.save(stored, small(), weights)
    with zipfile.ZipFile(stored) as one, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as other:
        for name in one.namelist():
            other.writestr(name, one.read(name))
    for found in (models.load(path).weights for path in (stored, packed)):
        assert [array.tolist() for arrays in found.values() for array in arrays.values()] == [
            array.tolist() for arrays in weights.values() for array in arrays.values()
        ]


def test_a_reader_is_started_before_it_is_needed(sound: Path) -> None:
    readers.end_spare()
    readers.warm()
    readers.warm()
    assert len(readers._spare) == 1
    (spare,) = readers._spare
    with readers.reading(Place(sound), "zip" if sound.suffix == ".keras" else "hdf5") as reader:
        assert reader is spare
        readers.warm()  # one for another file
        assert readers._spare != [spare]
