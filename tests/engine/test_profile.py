"""Figures of a data set: histograms, classes, what is missing, and how much of it was looked at."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.profile import Balance, Profile, Spread, profiling, spread
from engine.data.rows import Rows
from engine.data.source import DataSet
from engine.data.table import Table
from engine.data.tables.survey import Survey

Array = np.ndarray[Any, Any]


def result(job: Generator[Any, None, Any]) -> Any:
    """What a job returns."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value


def test_numbers_are_counted_in_equal_parts() -> None:
    values = np.concatenate([np.linspace(0, 1, 4800, endpoint=False), [1.0, np.nan, np.inf]])
    found = spread("x", values)
    assert (found.low, found.high, found.missing) == (0.0, 1.0, 2)
    assert abs(found.mean - values[:4801].mean()) < 1e-12
    assert len(found.counts) == 24
    assert sum(found.counts) == 4801
    assert set(found.counts[:-1]) == {200}


def test_close_whole_numbers_have_a_part_each() -> None:
    found = spread("rooms", np.array([2, 2, 3, 5, 5, 5], np.float32))
    assert found.counts == (2, 1, 0, 3)
    assert (found.low, found.high) == (2, 5)
    assert spread("one", np.full(4, 7.5)).counts == (4,)
    assert spread("none", np.full(3, np.nan)) == Spread("none", 0, 0, 0, (), 3)


def test_features_targets_and_classes() -> None:
    ds = DataSet(
        {"x": np.arange(12.0).reshape(6, 2), "text": np.array([["a"]] * 6)},
        {"kind": np.array([0, 0, 0, 0, 1, 2]), "size": np.linspace(0, 1, 6)},
        {"kind": ("a", "b", "c", "never")},
    )
    found: Profile = result(profiling(ds))
    assert [part.name for part in found.values] == ["x 1", "x 2", "size"]
    assert found.balances == (Balance("kind", (("a", 4), ("b", 1), ("c", 1), ("never", 0)), "kind"),)
    assert found.balances[0].ratio == 4
    assert found.whole


def test_one_hot_targets_are_classes() -> None:
    rows = np.eye(3)[[0, 1, 1, 2, 2, 2]]
    found: Profile = result(profiling(DataSet({"x": np.ones((6, 1))}, {"y": rows})))
    assert found.balances[0].counts == (("0", 1), ("1", 2), ("2", 3))


def test_channels_of_pictures_are_told_apart_steps_of_a_series_are_not() -> None:
    pictures, series = np.zeros((5, 4, 4, 3)), np.zeros((5, 7, 16))
    pictures[..., 1] = 1
    found: Profile = result(profiling(DataSet({"p": pictures, "s": series}, {})))
    assert [(part.name, part.mean) for part in found.values if isinstance(part, Spread)] == [
        ("p 1", 0.0), ("p 2", 1.0), ("p 3", 0.0), ("s", 0.0)
    ]  # fmt: skip


def test_columns_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "cars.csv"
    rows = "".join(
        f"{i},{'red' if i % 4 else 'blue'},{'' if i % 10 == 0 else i * 0.5},{i % 2}\n" for i in range(40)
    )
    path.write_text("age,colour,power,label\n" + rows)
    table = Table(path=str(path))
    survey: Survey = result(table.surveying())
    table = table.settled(survey)
    found: Profile = result(profiling(result(table.loading()), table.columns))
    by_name = {part.name: part for part in found.values}
    assert isinstance(by_name["colour"], Balance)
    assert dict(by_name["colour"].counts) == {"blue": 10, "red": 30}
    assert by_name["power"].missing == 4
    assert [balance.name for balance in found.balances] == ["label"]


class Files(Rows):
    """Pictures that are read one by one; some are damaged."""

    costly = True

    def __init__(self, count: int) -> None:
        self.shape, self.dtype, self.asked = (count, 4, 4, 1), np.dtype(np.uint8), 0

    def read(self, numbers: Array) -> Array:
        self.asked += len(numbers)
        return np.broadcast_to((numbers % 200).astype(np.uint8)[:, None, None, None], (len(numbers), 4, 4, 1))

    def read_sound(self, numbers: Array) -> tuple[Array, Mapping[int, str]]:
        found = self.read(numbers).copy()
        bad = {int(number): "is damaged" for number in numbers if number % 50 == 7}
        for number in bad:
            found[numbers == number] = 255
        return found, bad


def test_of_what_is_larger_than_memory_some_samples_are_read() -> None:
    rows = Files(100_000)
    labels = np.repeat([0, 1], [90_000, 10_000])
    found: Profile = result(profiling(DataSet({"x": rows}, {"y": labels})))  # type: ignore[dict-item]
    assert rows.asked == found.looked_at == 500
    assert not found.whole
    (values,) = found.values
    assert isinstance(values, Spread)
    assert values.high == 199  # what could not be read is not among them
    assert found.balances[0].counts == (("0", 90_000), ("1", 10_000))
