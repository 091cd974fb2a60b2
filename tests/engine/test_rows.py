"""Data that is read as it is needed: the same numbers as data in memory, and nothing lost unsaid."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from engine import feeding
from engine.data import holding, packing
from engine.data.holding import held
from engine.data.npy import Npy
from engine.data.packing import packed_path
from engine.data.rows import Array, FileRows, Mapped, Picked, Rows
from engine.data.samples import Samples
from engine.data.source import DataSet
from engine.data.toy import Moons
from engine.errors import Cancelled, DataError, FileError
from engine.events import Event, Finished, Remarked, Started, StepsDone
from engine.layers.core import Dense, Input, Output
from engine.layers.preprocessing import Normalization
from engine.model import compile_graph
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train


def saved(path: Path, array: Array) -> FileRows:
    np.save(path, array)
    rows = Npy(path=str(path)).load().features["x"]
    assert isinstance(rows, FileRows)
    return rows


def result(job: Generator[Any, None, Any]) -> Any:
    """What a job returns."""
    while True:
        try:
            next(job)
        except StopIteration as stopped:
            return stopped.value


@pytest.mark.parametrize("numbers", [[0], [3, 4, 5, 1, 0, 6], [2, 2, 3], [], list(range(7))])
def test_rows_of_a_file_are_those_of_the_array(tmp_path: Path, numbers: list[int]) -> None:
    array = np.arange(7 * 6, dtype=np.int16).reshape(7, 2, 3)
    rows = saved(tmp_path / "x.npy", array)
    wanted = np.array(numbers, int)
    np.testing.assert_array_equal(rows.read(wanted), array[wanted])
    np.testing.assert_array_equal(rows[2:5], array[2:5])
    np.testing.assert_array_equal(np.asarray(rows), array)
    assert (rows.nbytes, len(rows), rows.ndim) == (array.nbytes, 7, 3)
    back = np.arange(7)[::-1]
    np.testing.assert_array_equal(Picked(rows, back)[wanted], array[::-1][wanted])
    shifted = Mapped(Picked(rows, back), lambda values, found: values[:, 0] + 100.0 * found[:, None])
    assert shifted.shape == (7, 3)
    np.testing.assert_array_equal(shifted.read(wanted), array[::-1][wanted][:, 0] + 100.0 * wanted[:, None])


def test_a_file_that_changes_or_goes_away_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    rows = saved(path, np.zeros((5, 2)))
    os.utime(path, ns=(1, 1))
    with pytest.raises(FileError, match=r"x\.npy: was changed while"):
        rows.read(np.array([0]))
    path.unlink()
    with pytest.raises(FileError, match=r"x\.npy: could not be read: No such file"):
        rows.read(np.array([0]))


def project(folder: Path, size: int = 70) -> Project:
    """A project on arrays in files, with a layer that learns its figures from them."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    np.save(folder / "x.npy", rng.normal(3, 2, (size, 5)).astype(np.float32))
    np.save(folder / "y.npy", rng.integers(0, 3, size))
    graph, _ = chain(Input(shape=(5,)), Normalization(), Dense(units=3, activation="softmax"), Output())
    settings = TrainingSettings(epochs=3, batch_size=8)
    return Project(graph, data=DataSettings(source=Npy(path=str(folder))), training=settings)


def no_reader_left() -> bool:
    return all(thread.name != "samples" for thread in threading.enumerate())


def finished(events: Generator[Event]) -> Finished:
    (found,) = [event for event in events if isinstance(event, Finished)]
    return found


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let nothing be held in memory, and chunks be small."""

    def set_up() -> None:
        monkeypatch.setattr(holding, "HELD", 0)
        monkeypatch.setattr(feeding, "HELD", 0)
        monkeypatch.setattr(feeding, "CHUNK", 400)

    return set_up


def test_a_run_on_streamed_data_is_the_same_as_in_memory(tmp_path: Path, streamed: Callable[[], None]) -> None:
    wanted = project(tmp_path / "set")
    held_run = finished(train(wanted))
    streamed()
    streamed_run = finished(train(wanted))
    assert streamed_run.history.keys() == held_run.history.keys() > {"val_loss"}
    for name, values in held_run.history.items():
        np.testing.assert_allclose(streamed_run.history[name], values, rtol=1e-6)
    assert streamed_run.test == pytest.approx(held_run.test, rel=1e-6)
    for owner, own in held_run.weights.items():
        for name, value in own.items():
            np.testing.assert_allclose(streamed_run.weights[owner][name], value, rtol=1e-5, atol=1e-7)
    assert no_reader_left()


def test_a_feed_gives_each_sample_once_and_in_order(streamed: Callable[[], None]) -> None:
    graph, _ = chain(Input(shape=(5,)), Dense(units=1), Output(loss="mean_squared_error"))
    x = np.arange(23 * 5, dtype=np.float32).reshape(23, 5)
    samples = Samples({"input": x}, {"output": x[:, :1]})
    order = np.random.default_rng(0).permutation(23)

    def given(parts: feeding.Parts) -> list[list[int]]:
        found: list[list[int]] = []
        for part in parts:
            if part is not None:
                inputs, *_ = part.data
                for batch, counted in list(zip(part.batches, part.counted, strict=True))[part.first : part.stop]:
                    firsts = np.asarray(inputs["input"])[batch[counted > 0]][:, 0] / 5
                    found.append(firsts.astype(int).tolist())
        return found

    batches = [order[start : start + 4].tolist() for start in range(0, 23, 4)]
    model = compile_graph(graph)
    kinds = [feeding.feed(model, samples, 4)]
    streamed()
    kinds.append(feeding.feed(model, samples, 4))
    assert [type(feed) for feed in kinds] == [feeding.Held, feeding.Streamed]
    for feed in kinds:
        assert given(feed.parts(order)) == batches
        assert given(feed.parts(order, 3)) == batches[3:]
        assert given(feed.parts(order, 5)) == batches[5:]
        assert [number for batch in given(feed.filled()) for number in batch] == list(range(23))


def test_a_streamed_run_can_be_stopped_and_ends_its_thread(tmp_path: Path, streamed: Callable[[], None]) -> None:
    streamed()
    run = train(project(tmp_path / "set"))
    next(event for event in run if isinstance(event, StepsDone))
    stopped = run.throw(Cancelled())
    rest = [stopped, *run]
    assert finished(iter(rest)).stopped  # type: ignore[arg-type]
    assert no_reader_left()


def test_what_is_wrong_with_a_sample_is_said_with_its_number(tmp_path: Path, streamed: Callable[[], None]) -> None:
    streamed()
    wanted = project(tmp_path / "set")
    x = np.load(tmp_path / "set" / "x.npy")
    x[41, 2] = np.nan
    np.save(tmp_path / "set" / "x.npy", x)
    with pytest.raises(DataError, match="missing or infinite numbers in sample 41"):
        list(train(wanted))


class Pictures(Rows):
    """Samples that take work: each holds its number, some cannot be read."""

    costly: ClassVar[bool] = True

    def __init__(self, bad: tuple[int, ...] = (), key: str = "some") -> None:
        self.shape, self.dtype = (10, 4), np.dtype(np.uint8)
        self.bad, self._key, self.reads = bad, key, 0

    @property
    def key(self) -> str:
        return self._key

    def read(self, numbers: Array) -> Array:
        values, faults = self.read_sound(numbers)
        if faults:
            raise DataError(next(iter(faults.values())))
        return values

    def read_sound(self, numbers: Array) -> tuple[Array, dict[int, str]]:
        self.reads += len(numbers)
        faults = {int(number): f"{number}.png is cut short." for number in numbers if number in self.bad}
        return np.repeat(numbers[:, None], 4, 1).astype(np.uint8), faults


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAYERLOOM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.usefixtures("cache")
def test_unreadable_samples_are_refused_or_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    monkeypatch.setattr(holding, "HELD", 2**20 if in_memory else 0)
    data = DataSet({"x": Pictures((2, 5))}, {"y": np.arange(10)})
    with pytest.raises(DataError, match=r"2 of 10 samples cannot be read: 2\.png is cut short; 5\.png.* skip"):
        result(held(data))
    found = result(held(replace(data, skip_unreadable=True)))
    assert found.targets["y"].tolist() == [0, 1, 3, 4, 6, 7, 8, 9]
    assert np.asarray(found.features["x"])[:, 0].tolist() == [0, 1, 3, 4, 6, 7, 8, 9]
    assert found.notes == (
        "2 of 10 samples cannot be read and are left out: 2.png is cut short; 5.png is cut short.",
    )
    with pytest.raises(DataError, match="None of the 10 samples can be read"):
        result(held(DataSet({"x": Pictures(tuple(range(10)), "all")}, {}, skip_unreadable=True)))


@pytest.mark.usefixtures("cache")
def test_a_run_tells_what_was_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    data = DataSet({"x": Pictures((3,))}, {"y": np.arange(10) % 2}, skip_unreadable=True)
    monkeypatch.setattr(Moons, "load", lambda _: data)
    graph, _ = chain(Input(shape=(4,)), Dense(units=2, activation="softmax"), Output())
    events = list(train(Project(graph, data=DataSettings(source=Moons()), training=TrainingSettings(epochs=1))))
    (remark,) = [event.text for event in events if isinstance(event, Remarked)]
    assert remark == "1 of 10 samples cannot be read and are left out: 3.png is cut short."
    (started,) = [event for event in events if isinstance(event, Started)]
    assert started.samples + started.validation_samples + started.test_samples == 9


@pytest.mark.parametrize("in_memory", [True, False])
def test_costly_samples_are_packed_once(cache: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool) -> None:
    monkeypatch.setattr(holding, "HELD", 2**20 if in_memory else 0)
    for number, (key, reads) in enumerate((("some", 10), ("some", 0), ("changed", 10))):
        pictures = Pictures((), key)
        found = result(held(DataSet({"x": pictures}, {})))
        assert pictures.reads == reads
        rows = found.features["x"]
        assert isinstance(rows, np.ndarray if in_memory else FileRows)
        np.testing.assert_array_equal(rows[:], Pictures().read(np.arange(10)))
        assert len(list((cache / "packed").glob("*.rows"))) == (1 if number < 2 else 2)
    packed_path(Pictures()).write_bytes(b"cut short")  # by somebody else
    pictures = Pictures()
    np.testing.assert_array_equal(result(held(DataSet({"x": pictures}, {}))).features["x"][:], pictures[:])


def test_a_cancelled_packing_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "HELD", 0)
    job = held(DataSet({"x": Pictures()}, {}))
    next(job)
    with pytest.raises(Cancelled):
        job.throw(Cancelled())
    assert list((cache / "packed").iterdir()) == []


def test_without_room_samples_are_decoded_anew_and_that_is_said(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "HELD", 0)
    monkeypatch.setattr(packing, "LIMIT", 30)
    pictures = Pictures()
    found = result(held(DataSet({"x": pictures}, {})))
    assert found.features["x"] is pictures
    assert found.notes == ("The samples are decoded anew in each epoch: there is no room to keep 40 B.",)
    assert list((cache / "packed").iterdir()) == []


def test_what_was_used_least_lately_makes_room(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "HELD", 0)
    monkeypatch.setattr(packing, "LIMIT", 100)
    for key in ("first", "second"):
        result(held(DataSet({"x": Pictures((), key)}, {})))
    old = packed_path(Pictures((), "first"))
    os.utime(old.with_suffix(".json"), (1, 1))
    found = result(held(DataSet({"x": Pictures((), "third")}, {})))
    assert found.notes == ()
    assert not old.exists()
    assert packed_path(Pictures((), "second")).exists()
    assert packed_path(Pictures((), "third")).exists()
    assert len(list((cache / "packed").glob("*.json"))) == 2


def test_normalization_takes_its_figures_piece_by_piece() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal([1000, -3], [0.5, 20], (5000, 2))
    layer = Normalization()
    figures, seen = dict[str, Array](), 0
    for piece in np.split(x, [1, 700, 4000]):
        figures = layer.adapt(piece, figures, seen)
        seen += len(piece)
    np.testing.assert_allclose(figures["mean"], x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(figures["variance"], x.var(0), rtol=1e-9)
