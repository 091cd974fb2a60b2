"""Tables that say themselves how their rows are split: by a column, in groups, or in files of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.data.columns import TableColumn
from engine.data.source import GROUP, WEIGHT, DataSet
from engine.data.splitting import divide, traits_of
from engine.data.table import Table
from engine.errors import DataError, FileFormatError
from engine.project import DataSettings
from tests.engine.test_profile import result

_COLUMNS = (
    TableColumn(name="age"),
    TableColumn(name="label", role="target", kind="category", missing="most_frequent", classes=("no", "yes")),
)


def written(path: Path, text: str, *more: TableColumn, **settings: str) -> Table:
    """A table in a file; of its columns those are used that are given."""
    path.write_text(text)
    return Table.model_validate({"path": str(path), "columns": (*_COLUMNS, *more), **settings})


def column(name: str, role: str) -> TableColumn:
    """A column of texts with a role."""
    return TableColumn.model_validate({"name": name, "role": role, "kind": "text", "missing": "drop"})


def test_a_column_says_which_part_a_row_belongs_to(tmp_path: Path) -> None:
    parts = ["train", "Test", "val", "TRAINING", "validation", "dev"]
    text = "age,label,part\n" + "".join(f"{i},{'yes' if i % 2 else 'no'},{part}\n" for i, part in enumerate(parts))
    ds: DataSet = result(written(tmp_path / "a.csv", text, column("part", "split")).loading())
    assert ds.features["x"].ravel().tolist() == [0, 3]
    assert ds.validation is not None
    assert ds.validation["x"].ravel().tolist() == [2, 4, 5]
    assert ds.test is not None
    assert ds.test["y"].tolist() == [1]
    found = divide(traits_of(ds), DataSettings())
    assert [len(part) for part in found[:3]] == [2, 0, 0]  # nothing else is held back


def test_other_words_are_refused_with_their_row_and_rows_without_one_left_out(tmp_path: Path) -> None:
    text = "age,label,part\n1,no,train\n2,yes,later\n"
    with pytest.raises(FileFormatError, match=r"line 3: In column 'part' stands 'later', which is none of train"):
        result(written(tmp_path / "a.csv", text, column("part", "split")).loading())
    text = "age,label,part\n1,no,train\n2,yes,\n3,no,train\n"
    ds: DataSet = result(written(tmp_path / "b.csv", text, column("part", "split")).loading())
    assert ds.size == 2
    assert ds.notes == ("1 rows were left out because part is missing.",)
    with pytest.raises(DataError, match="no row belongs to the training part"):
        result(written(tmp_path / "c.csv", "age,label,part\n1,no,test\n", column("part", "split")).loading())


def test_rows_of_one_group_stay_in_one_part(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    patients = rng.integers(0, 30, 300)
    text = "age,label,patient\n" + "".join(
        f"{i},{'yes' if i % 2 else 'no'},P{p}\n" for i, p in enumerate(patients)
    )
    ds: DataSet = result(written(tmp_path / "a.csv", text, column("patient", "group")).loading())
    assert list(ds.features) == ["x"]
    assert ds.marks[GROUP].tolist() == [f"P{p}" for p in patients]
    found = divide(traits_of(ds), DataSettings())
    sides = [set(patients[part].tolist()) for part in found[:3]]
    assert all(sides)
    assert sum(map(len, sides)) == len(set(patients.tolist()))


def test_a_column_of_weights(tmp_path: Path) -> None:
    weight = TableColumn(name="w", role="weight")
    text = "age,label,w\n1,no,0.5\n2,yes,\n3,no,2\n"
    ds: DataSet = result(written(tmp_path / "a.csv", text, weight).loading())
    assert ds.marks[WEIGHT].tolist() == [0.5, 2.0]
    with pytest.raises(FileFormatError, match=r"line 2: In column 'w' stands '-1', which is no weight"):
        result(written(tmp_path / "b.csv", "age,label,w\n1,no,-1\n", weight).loading())
    with pytest.raises(ValueError, match="the weight of a row is a number"):
        TableColumn(name="w", role="weight", kind="text", missing="drop")


def test_one_column_alone_has_such_a_role(tmp_path: Path) -> None:
    more = column("a", "group"), column("b", "group")
    table = written(tmp_path / "a.csv", "age,label,a,b\n1,no,2,3\n", *more)
    with pytest.raises(DataError, match="one column alone can be the group, not a and b"):
        result(table.loading())


def test_parts_may_lie_in_files_of_their_own(tmp_path: Path) -> None:
    weight = TableColumn(name="w", role="weight")
    for name, rows in (("val", "7,yes,1\n"), ("test", "8,no,2\n9,yes,3\n")):
        (tmp_path / f"{name}.csv").write_text("age,label,w\n" + rows)
    table = written(
        tmp_path / "a.csv",
        "age,label,w\n1,no,1\n,yes,1\n3,no,1\n",
        weight,
        validation_path=str(tmp_path / "val.csv"),
        test_path=str(tmp_path / "test.csv"),
    )
    ds: DataSet = result(table.loading())
    assert ds.size == 3
    assert ds.validation is not None
    assert ds.validation["x"].tolist() == [[7.0]]
    assert ds.test is not None
    assert ds.test["y"].tolist() == [0, 1]
    assert ds.test[WEIGHT].tolist() == [2, 3]
    (tmp_path / "test.csv").write_text("age,label,w\n8,maybe,2\n")
    with pytest.raises(FileFormatError, match=r"test.csv.*stands 'maybe', which is none of the classes"):
        result(table.loading())
