"""Which samples are held back: at random, from the end, by class, in groups, and duplicates together."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.duplicates import UNKNOWN, fingerprints
from engine.data.leakage import SplitFacts, gathered
from engine.data.rows import FileRows
from engine.data.source import GROUP, DataSet
from engine.data.splitting import Parts, divide, divided, in_proportion, joined
from engine.errors import DataError
from engine.formats import project_file
from engine.project import DataSettings, Project
from tests.engine.test_profile import result

Array = np.ndarray[Any, Any]


def split(ds: DataSet, **changes: Any) -> Parts:
    """The parts of a data set."""
    facts: SplitFacts = result(gathered(ds))
    return divide(facts.traits, DataSettings(**changes))


def labelled(*counts: int) -> DataSet:
    """Samples of some classes, in their order."""
    y = np.repeat(np.arange(len(counts)), counts)
    return DataSet({"x": np.arange(len(y), dtype=np.float32)[:, None]}, {"y": y})


def check_whole(parts: Parts, size: int) -> None:
    """Each sample is in one part."""
    assert sorted(np.concatenate(parts[:3]).tolist()) == list(range(size))


def test_at_random_by_the_seed() -> None:
    ds = labelled(100)
    first, again, other = split(ds), split(ds), split(ds, seed=1)
    assert [len(part) for part in first[:3]] == [70, 10, 20]
    check_whole(first, 100)
    assert all(np.array_equal(a, b) for a, b in zip(first[:3], again[:3], strict=True))
    assert not np.array_equal(first.test, other.test)
    assert (np.diff(first.training) > 0).all()


def test_the_draw_is_the_one_of_projects_so_far() -> None:
    order = np.random.default_rng(7).permutation(50)
    found = split(labelled(50), seed=7)
    np.testing.assert_array_equal(found.test, np.sort(order[:10]))
    np.testing.assert_array_equal(found.validation, np.sort(order[10:15]))


def test_the_last_ones_as_keras_takes_them() -> None:
    found = split(labelled(50), shuffle=False)
    assert [part.tolist() for part in found[:3]] == [list(range(35)), list(range(35, 40)), list(range(40, 50))]
    only = split(labelled(50), shuffle=False, test_split=0)
    assert only.validation.tolist() == list(range(45, 50))
    assert not len(only.test)


@settings(deadline=None)
@given(
    st.lists(st.integers(2, 60), min_size=2, max_size=8),
    st.sampled_from([0.05, 0.1, 0.25, 0.3]),
    st.sampled_from([0.1, 0.2, 1 / 3]),
    st.integers(0, 5),
    st.booleans(),
)
def test_each_class_keeps_its_share_within_one_sample(
    counts: list[int], validation: float, test: float, seed: int, shuffle: bool
) -> None:
    ds = labelled(*counts)
    shares = {"validation_split": validation, "test_split": test}
    found = split(ds, stratify=True, seed=seed, shuffle=shuffle, **shares)
    check_whole(found, ds.size)
    for part, share in ((found.validation, validation), (found.test, test)):
        in_part = np.bincount(ds.targets["y"][part], minlength=len(counts))
        assert (abs(in_part - np.array(counts) * share) < 1).all()
    assert (np.bincount(ds.targets["y"][found.training], minlength=len(counts)) >= 1).all()


def test_parts_are_as_large_as_without_classes() -> None:
    counts = np.array([33, 33, 34])
    assert in_proportion(counts, 0.15).sum() == round(100 * 0.15)
    assert in_proportion(np.array([150]), 0.2).tolist() == [30]


def test_one_hot_rows_are_classes_and_numbers_are_not() -> None:
    rows = np.eye(3)[np.repeat([0, 1, 2], 10)]
    found = split(DataSet({"x": np.zeros((30, 1))}, {"y": rows}), stratify=True)
    assert rows[found.test].sum(0).tolist() == [2, 2, 2]
    found = split(DataSet({"x": np.zeros((30, 1))}, {"y": np.linspace(0, 1, 30)}), stratify=True)
    assert found.notes == ("No target has classes whose shares could be kept: the split takes no heed of them.",)
    assert len(found.test) == 6


def test_a_class_with_a_single_sample_is_trained_on_and_told() -> None:
    ds = labelled(1, 40, 1)
    found = split(ds, stratify=True)
    assert {0, 41} <= set(found.training.tolist())
    assert found.notes == ("2 classes have a single sample, which is trained on: 0, 2.",)


@settings(deadline=None)
@given(st.lists(st.integers(1, 12), min_size=4, max_size=30), st.integers(0, 3), st.booleans())
def test_no_group_is_on_both_sides(sizes: list[int], seed: int, stratify: bool) -> None:
    groups = np.random.default_rng(0).permutation(np.repeat([f"patient {i}" for i in range(len(sizes))], sizes))
    n = len(groups)
    ds = DataSet({"x": np.zeros((n, 1))}, {"y": np.arange(n) % 2}, marks={GROUP: groups})
    found = split(ds, seed=seed, stratify=stratify)
    check_whole(found, n)
    sides = [set(groups[part].tolist()) for part in found[:3]]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert len(found.training)
    if not stratify:
        assert len(found.test)
        assert len(found.validation)
        assert abs(len(found.test) - 0.2 * n) <= max(sizes) + 1


def test_duplicates_stay_together() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    x = np.concatenate([x, x, x[:20]])
    found = split(DataSet({"x": x}, {}), keep_duplicates_together=True)
    check_whole(found, 100)
    sides = [{row.tobytes() for row in x[part]} for part in found[:3]]
    assert not sides[0] & (sides[1] | sides[2])
    assert len(found.test) in range(17, 24)


def test_duplicates_and_groups_stay_together() -> None:
    first, second = np.array(["a", "a", "b", "c", "d"]), np.array([1, 2, 2, 3, 4])
    found = joined(first, second)
    assert len(set(found[:3].tolist())) == 1
    assert len(set(found.tolist())) == 3


def test_nothing_left_is_refused_and_brought_parts_are_left_alone() -> None:
    with pytest.raises(DataError, match="Nothing is left to train on"):
        split(labelled(10), validation_split=0.5, test_split=0.5)
    ds = labelled(10)
    brought = DataSet(ds.features, ds.targets, test=ds.arrays)
    found = split(brought)
    assert (len(found.training), len(found.validation), len(found.test)) == (9, 1, 0)


def test_every_group_of_one_is_as_no_groups() -> None:
    order = np.random.default_rng(3).permutation(30)
    parts = divided(order, [0.2, 0.1], np.zeros(30, int), np.arange(30))
    np.testing.assert_array_equal(parts[0], np.sort(order[:6]))
    np.testing.assert_array_equal(parts[1], np.sort(order[6:9]))


# Duplicates


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8", "U7"])
@pytest.mark.parametrize("width", [1, 3, 8, 50])
def test_the_same_samples_have_the_same_number_and_others_another(dtype: str, width: int) -> None:
    values = np.random.default_rng(0).integers(0, 4, (3000, width)).astype(dtype)
    values[1000:2000] = values[:1000]
    prints = result(fingerprints({"x": values}))
    _, expected = np.unique(values, axis=0, return_inverse=True)
    _, found = np.unique(prints, return_inverse=True)
    pairs = set(zip(expected.ravel().tolist(), found.tolist(), strict=True))
    assert len(pairs) == expected.max() + 1 == found.max() + 1


def test_all_inputs_count_each_in_its_place() -> None:
    a, b = np.array([[1.0], [2.0], [1.0]]), np.array([[2.0], [1.0], [2.0]])
    prints = result(fingerprints({"a": a, "b": b}))
    assert prints[0] == prints[2]
    assert prints[0] != prints[1]


def test_of_very_many_bytes_some_samples_are_looked_at(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(8000, dtype=np.float64).reshape(1000, 8)
    values.tofile(tmp_path / "x")
    monkeypatch.setattr("engine.data.duplicates._AT_ONCE", 25 * 64)
    rows = FileRows(tmp_path / "x", 0, (1000, 8), np.dtype(np.float64))
    prints = result(fingerprints({"x": rows}, most=125 * 64))
    assert (prints != UNKNOWN).sum() == 125
    full = result(fingerprints({"x": values}))
    seen = prints != UNKNOWN
    np.testing.assert_array_equal(prints[seen], full[seen])


def test_the_settings_lie_in_the_project_file_and_older_files_are_read(tmp_path: Any) -> None:
    changed = DataSettings(shuffle=False, stratify=True, keep_duplicates_together=True, validation_split=0.3)
    project_file.save(Project(data=changed), tmp_path / "a.loom")
    assert project_file.load(tmp_path / "a.loom").data == changed
    written = json.loads((tmp_path / "a.loom").read_text())
    for name in ("shuffle", "stratify", "keep_duplicates_together"):
        del written["data"][name]
    (tmp_path / "b.loom").write_text(json.dumps(written))
    assert project_file.load(tmp_path / "b.loom").data == DataSettings(validation_split=0.3)
