"""Samples on both sides of a split: found, counted, shown by example, and mended."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.data.leakage import Leak, SplitFacts, SplitLook, gathered, look_at_split
from engine.data.rows import Rows
from engine.data.source import DataSet
from engine.project import DataSettings
from tests.engine.test_profile import Files, result

Array = np.ndarray[Any, Any]


def look(ds: DataSet, **changes: Any) -> SplitLook:
    """What a split comes to."""
    facts: SplitFacts = result(gathered(ds))
    return look_at_split(facts, DataSettings(**changes))


def different(count: int) -> Array:
    """Samples of which no two are the same."""
    return np.arange(3.0 * count).reshape(count, 3)


def test_data_without_duplicates_has_none() -> None:
    found = look(DataSet({"x": different(100)}, {}))
    assert found.leak is None
    assert found.sizes == (70, 10, 20)


def test_duplicates_are_counted_and_shown() -> None:
    x = different(100)
    x[90:] = x[:10]  # which are trained on, while the last are held back
    found = look(DataSet({"x": x}, {}), shuffle=False).leak
    assert found == Leak(10, 30, ((1, 91, ""), (2, 92, ""), (3, 93, "")))
    assert str(found) == (
        "10 of 30 samples held back are trained on as well: number 1 is also number 91, for example. "
        "Keeping duplicates together mends it."
    )
    assert look(DataSet({"x": x}, {}), shuffle=False, keep_duplicates_together=True).leak is None


def test_all_features_must_be_the_same_and_targets_need_not() -> None:
    x, z = different(100), np.arange(100.0)
    x[90:] = x[:10]
    assert look(DataSet({"x": x, "z": z}, {"y": np.zeros(100)}), shuffle=False).leak is None
    z[90:] = z[:10]
    assert look(DataSet({"x": x, "z": z}, {"y": np.arange(100)}), shuffle=False).leak is not None


def test_parts_that_the_data_brings_are_compared_too() -> None:
    x = different(50)
    found = look(DataSet({"x": x}, {}, validation={"x": different(60)[45:]}, test={"x": -x - 1}))
    assert found.sizes == (50, 15, 50)
    assert found.leak == Leak(5, 65, ((46, 1, "validation"), (47, 2, "validation"), (48, 3, "validation")))
    assert found.leak.brought
    assert str(found.leak).endswith(
        "number 46 of the training data is number 1 of another part, for example. Take them out of one of the two."
    )


def test_what_takes_work_to_be_read_is_not_compared_unasked() -> None:
    rows: Rows = Files(1000)
    facts: SplitFacts = result(gathered(DataSet({"x": rows}, {}), costly=False))  # type: ignore[dict-item]
    assert facts.traits.prints is None
    assert look_at_split(facts, DataSettings()).leak is None
    assert look(DataSet({"x": rows}, {})).leak is not None  # type: ignore[dict-item]
