"""Tables: what is guessed of them, what becomes of their cells, and what is told where they are faulty."""

from __future__ import annotations

import gzip
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.data import memory, table
from engine.data.columns import TableColumn
from engine.data.prepare import treated
from engine.data.source import DataSet, finished
from engine.data.splitting import divide, traits_of
from engine.data.table import Table
from engine.data.tables import text as text_tables
from engine.data.tables.proposal import as_kind, as_role
from engine.data.tables.rows import MOST_COLUMNS, distinct_names
from engine.data.tables.survey import Survey
from engine.errors import DataError, FileError, FileFormatError, LayerloomError
from engine.events import Finished, Progress
from engine.formats import project_file
from engine.layers.core import Dense, Input, Output
from engine.layers.preprocessing import Normalization
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train


def written(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def surveyed(source: Table) -> Survey:
    events = source.surveying()
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


def settled(path: str, **settings: Any) -> Table:
    source = Table(path=path, **settings)
    return source.settled(surveyed(source))


def kinds(source: Table) -> dict[str, tuple[str, str]]:
    return {column.name: (column.role, column.kind) for column in source.columns}


def with_column(source: Table, name: str, **changes: Any) -> Table:
    return source.replace(columns=[c.replace(**changes) if c.name == name else c for c in source.columns])


def flowers(path: Path, rows: int = 150, separator: str = ",", decimal: str = ".") -> str:
    rng = np.random.default_rng(0)
    lines = [separator.join(("sepal", "petal", "species"))]
    for place in range(rows):
        kind = place % 3
        cells = [f"{value:.2f}".replace(".", decimal) for value in rng.normal(kind * 3, 0.3, 2)]
        lines.append(separator.join((*cells, ("setosa", "versicolor", "virginica")[kind])))
    return written(path, "\n".join(lines) + "\n")


PEOPLE = "id,name,sex,age,rooms,joined,member,survived\n" + "".join(
    f"{n},Person {n},{'female' if n % 3 else 'male'},{20 + n * 7 % 50}.5,{n % 4 + 1},"
    f"20{10 + n % 10}-0{n % 9 + 1}-1{n % 9},{n % 2},{'yes' if n % 5 < 2 else 'no'}\n"
    for n in range(1, 101)
)


# What is guessed


def test_roles_and_kinds_are_proposed(tmp_path: Path) -> None:
    assert kinds(settled(written(tmp_path / "people.csv", PEOPLE))) == {
        "id": ("ignore", "identifier"),
        "name": ("ignore", "identifier"),
        "sex": ("feature", "category"),
        "age": ("feature", "number"),
        "rooms": ("feature", "category"),
        "joined": ("feature", "date"),
        "member": ("feature", "number"),
        "survived": ("target", "category"),
    }


@pytest.mark.parametrize(
    ("header", "target"),
    [("a,label,b", "label"), ("a,Price,b", "Price"), ("a,species,b", "species"), ("y,b,c", "y"), ("a,b,c", "c")],
)
def test_the_target_is_known_by_its_name_else_it_is_the_last(tmp_path: Path, header: str, target: str) -> None:
    rows = "".join(f"{n % 7}.5,{n % 5}.25,{n % 3}.125\n" for n in range(60))
    source = settled(written(tmp_path / "t.csv", f"{header}\n{rows}"))
    assert [column.name for column in source.of_role("target")] == [target]
    assert source.of_role("target")[0].kind == "number"


@pytest.mark.parametrize(("separator", "decimal"), [(",", "."), (";", ","), ("\t", "."), ("|", "."), (";", ".")])
def test_separator_and_decimal_sign_are_guessed(tmp_path: Path, separator: str, decimal: str) -> None:
    plain = settled(flowers(tmp_path / "plain.csv")).load()
    other = settled(flowers(tmp_path / "other.csv", separator=separator, decimal=decimal)).load()
    np.testing.assert_array_equal(other.features["x"], plain.features["x"])
    np.testing.assert_array_equal(other.targets["y"], plain.targets["y"])


def test_what_is_set_is_not_guessed(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "1;2\n3;4\n" * 20)
    assert settled(path).load().size == 40
    assert settled(path, header="yes").load().size == 39
    assert len(settled(path, header="no").columns) == 2
    assert len(surveyed(Table(path=path, separator="comma")).columns) == 1


def test_byte_order_mark_line_ends_and_packing_make_no_difference(tmp_path: Path) -> None:
    plain = Path(flowers(tmp_path / "plain.csv")).read_bytes()
    expected = Table(path=str(tmp_path / "plain.csv")).load()
    files = {
        "bom.csv": b"\xef\xbb\xbf" + plain,
        "windows.csv": plain.replace(b"\n", b"\r\n"),
        "mac.csv": plain.replace(b"\n", b"\r"),
        "no_end.csv": plain.removesuffix(b"\n"),
        "blank.csv": plain + b"\n\n",
        "packed.csv.gz": gzip.compress(plain),
    }
    for name, content in files.items():
        found = Table(path=written(tmp_path / name, content)).load()
        np.testing.assert_array_equal(found.features["x"], expected.features["x"], name)
        np.testing.assert_array_equal(found.targets["y"], expected.targets["y"], name)
        assert found.classes == {"y": ("setosa", "versicolor", "virginica")}, name


def test_quoted_cells_hold_separators_quotes_and_line_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f'{n}.5,"a, ""b""\nc {n % 2}",{n % 2}\n' for n in range(40))
    for block in (16, 50, 10_000):  # a row may lie across blocks
        monkeypatch.setattr(text_tables, "BLOCK", block)
        source = settled(written(tmp_path / "t.csv", f"number,words,y\n{rows}"))
        assert source.columns[1].classes == ('a, "b"\nc 0', 'a, "b"\nc 1')
        found = source.load()
        assert found.features["x"].shape == (40, 3)
        np.testing.assert_array_equal(
            found.features["x"][:4], [[0.5, 1, 0], [1.5, 0, 1], [2.5, 1, 0], [3.5, 0, 1]]
        )


def test_parquet_is_read_as_the_text_is(tmp_path: Path) -> None:
    text = written(tmp_path / "people.csv", PEOPLE)
    frame = pl.read_csv(text, try_parse_dates=True)
    frame.write_parquet(tmp_path / "people.parquet")
    one, other = settled(text), settled(str(tmp_path / "people.parquet"))
    assert kinds(one) == kinds(other)
    np.testing.assert_array_equal(one.load().features["x"], other.load().features["x"])
    np.testing.assert_array_equal(one.load().targets["y"], other.load().targets["y"])


# What becomes of cells


def test_cells_become_numbers_by_their_kind(tmp_path: Path) -> None:
    source = settled(written(tmp_path / "people.csv", PEOPLE))
    assert source.features()["x"].shape == (2 + 1 + 4 + 4 + 1,)
    assert source.targets()["y"].classes == ("no", "yes")
    found = source.load()
    # Person 1: female, 27.5, two rooms, 2011-02-11, a Friday, member, yes
    np.testing.assert_array_equal(found.features["x"][0], [1, 0, 27.5, 0, 1, 0, 0, 2011, 2, 11, 5, 1])
    assert found.targets["y"][0] == 1
    index = with_column(source, "rooms", encoding="index")
    np.testing.assert_array_equal(index.load().features["x"][0], [1, 0, 27.5, 1, 2011, 2, 11, 5, 1])
    assert index.features()["x"].shape == (9,)


def test_free_text_is_an_array_of_its_own(tmp_path: Path) -> None:
    source = settled(written(tmp_path / "people.csv", PEOPLE))
    source = with_column(source, "name", kind="text", role="feature")
    assert source.load().features["name"][:2].tolist() == [["Person 1"], ["Person 2"]]
    assert set(source.features()) == {"x", "name"}


def test_free_text_is_learned_from_where_there_is_nothing_else(tmp_path: Path) -> None:
    rows = "".join(f"{'spam' if n % 3 else 'ham'},this is message {n} of many\n" for n in range(60))
    source = settled(written(tmp_path / "sms.csv", f"v1,v2\n{rows}"))
    assert kinds(source) == {"v1": ("target", "category"), "v2": ("feature", "text")}
    assert source.load().features["v2"].shape == (60, 1)
    rows = "".join(f"{n % 7}.5,{'spam' if n % 3 else 'ham'},this is message {n} of many\n" for n in range(60))
    source = settled(written(tmp_path / "more.csv", f"size,kind,words\n{rows}"))
    assert kinds(source) == {
        "size": ("feature", "number"), "kind": ("target", "category"), "words": ("ignore", "text")
    }  # fmt: skip


def test_rare_values_share_the_place_of_others(tmp_path: Path) -> None:
    rows = "".join(f"{'abc'[n % 3] if n else 'rare'},{n}.5\n" for n in range(60))
    source = settled(written(tmp_path / "t.csv", f"letter,y\n{rows}"))
    assert source.columns[0].classes == ("a", "b", "c")
    np.testing.assert_array_equal(source.load().features["x"][:2], [[0, 0, 0], [0, 1, 0]])


def test_several_targets_are_named_by_their_columns(tmp_path: Path) -> None:
    source = settled(written(tmp_path / "people.csv", PEOPLE))
    source = with_column(source, "age", role="target")
    assert set(source.targets()) == {"age", "survived"}
    assert set(source.load().targets) == {"age", "survived"}


GAPS = "a,b,y\n" + "".join(
    f"{'' if n % 10 == 0 else n % 7},{'NA' if n % 8 == 0 else 'pqr'[n % 3]},{'' if n % 25 == 0 else n / 2}\n"
    for n in range(100)
)


@pytest.mark.parametrize("rule", ["mean", "median", "most_frequent"])
def test_what_stands_in_is_taken_from_the_training_part_alone(tmp_path: Path, rule: str) -> None:
    source = settled(written(tmp_path / "gaps.csv", GAPS))
    source = with_column(source, "a", missing=rule, kind="number", classes=())
    data = source.load()
    training, _, test, _ = divide(traits_of(data), DataSettings(test_split=0.5))
    filled = treated(data, training).features["x"]
    assert not np.isnan(filled).any()
    known = data.features["x"][training][:, 0]
    known = known[~np.isnan(known)]
    values, counts = np.unique(known, return_counts=True)
    wanted = {"mean": known.mean(), "median": np.median(known), "most_frequent": values[counts.argmax()]}[rule]
    gaps = np.isnan(data.features["x"][:, 0])
    np.testing.assert_allclose(filled[gaps, 0], wanted, rtol=1e-6)
    spoilt = data.features["x"].copy()
    spoilt[test, 0] = 1e6  # what is held back must not matter
    again = treated(replace(data, features={"x": spoilt}), training).features["x"]
    np.testing.assert_array_equal(again[training], filled[training])


def test_a_missing_category_becomes_the_most_frequent_one(tmp_path: Path) -> None:
    data = settled(written(tmp_path / "gaps.csv", GAPS)).load()
    letters = treated(data, np.arange(data.size)).features["x"][:, -3:]
    assert (letters.sum(1) == 1).all()


def test_rows_without_target_are_left_out_and_counted(tmp_path: Path) -> None:
    source = settled(written(tmp_path / "gaps.csv", GAPS))
    data = source.load()
    assert (data.size, data.notes) == (96, ("4 rows were left out because y is missing.",))
    dropped = with_column(source, "b", missing="drop").load()
    assert dropped.notes == (
        "13 rows were left out because b is missing.",
        "3 rows were left out because y is missing.",
    )
    assert dropped.size == 84


def test_numbers_are_standardised_by_the_training_part(tmp_path: Path) -> None:
    data = settled(flowers(tmp_path / "f.csv"), standardise=True).load()
    training, *_ = divide(traits_of(data), DataSettings())
    found = treated(data, training).features["x"]
    np.testing.assert_allclose(found[training].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(found[training].std(0), 1, atol=1e-6)


# Kinds and roles that are chosen


def test_another_kind_brings_what_belongs_to_it(tmp_path: Path) -> None:
    source = Table(path=written(tmp_path / "people.csv", PEOPLE))
    survey = surveyed(source)
    columns = {column.name: column for column in source.settled(survey).columns}
    number = as_kind(columns["rooms"], "number", survey.column("rooms"))
    assert (number.classes, number.missing) == ((), "most_frequent")
    assert as_kind(number, "category", survey.column("rooms")).classes == ("1", "2", "3", "4")
    assert as_role(columns["id"], "feature", survey.column("id")).kind == "number"
    assert as_role(columns["name"], "feature", survey.column("name")).kind == "text"
    assert as_kind(columns["age"], "identifier", survey.column("age")).role == "ignore"
    with pytest.raises(DataError, match="sex holds no dates"):
        as_kind(columns["sex"], "date", survey.column("sex"))


def test_columns_by_hand_take_their_classes_from_the_file(tmp_path: Path) -> None:
    columns = (
        TableColumn(name="sex", kind="category", missing="drop"),
        TableColumn(name="survived", role="target", kind="category", missing="drop"),
    )
    source = Table(path=written(tmp_path / "people.csv", PEOPLE), columns=columns)
    assert source.features() == {}
    assert source.load().features["x"].shape == (100, 2)


# Training, project files


def network(width: int) -> Project:
    graph, _ = chain(Input(shape=(width,)), Normalization(), Dense(units=3, activation="softmax"), Output())
    return Project(graph, training=TrainingSettings(epochs=2))


def test_a_table_trains_and_goes_through_a_project_file(tmp_path: Path) -> None:
    source = settled(flowers(tmp_path / "f.csv"))
    project = replace(network(2), data=DataSettings(source=source))
    again = project_file.loads(project_file.dumps(project))
    assert again == project
    ends = [list(train(found))[-1] for found in (project, again)]
    assert isinstance(ends[0], Finished)
    assert isinstance(ends[1], Finished)
    assert ends[0].history == ends[1].history
    assert ends[0].history["loss"][1] < ends[0].history["loss"][0]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ('{"name": "a", "kind": "text", "role": "target", "missing": "drop"}', "free text cannot be predicted"),
        ('{"name": "a", "kind": "identifier", "missing": "drop"}', "an identifier only tells rows apart"),
        ('{"name": "a", "kind": "category", "missing": "mean"}', "a category column takes most_frequent, drop"),
        ('{"name": "a", "kind": "colour"}', "colour"),
    ],
)
def test_columns_that_make_no_sense_are_refused_in_a_project_file(column: str, told: str) -> None:
    text = project_file.dumps(Project(data=DataSettings(source=Table(path="a.csv"))))
    with pytest.raises(FileFormatError, match=told):
        project_file.loads(text.replace('"columns": []', f'"columns": [{column}]'))


# Faults


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n", "holds no rows"),
        (b"a,b\n" + b"1,2\n" * 70_000 + b"caf\xe9,2\n", r"line 70,002: holds the byte 0xe9, which is not UTF-8"),
        (b"a,b\n1,\0\n", "is no text"),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 3000)[:40], "is packed, and damaged"),
    ],
    ids=("nothing", "empty lines", "no rows", "Latin-1", "bytes", "damaged"),  # some hold the time
)
def test_files_that_are_no_tables_are_refused_by_name(tmp_path: Path, content: bytes, told: str) -> None:
    path = written(tmp_path / "bad.csv", content)
    with pytest.raises(FileFormatError, match=told) as error:
        Table(path=path).load()
    assert str(error.value).startswith(path)


TOWNS = {
    "utf-16": "Zürich,東京,Łódź",
    "windows-1252": "Zürich,Málaga,Besançon",
    "windows-1250": "Łódź,Plzeň,Győr",
    "windows-1251": "Москва,Киев,София",
    "gb18030": "北京,上海,广州",
    "shift_jis": "東京,大阪,京都",
    "euc-kr": "서울,부산,대구",
}


@pytest.mark.parametrize("encoding", TOWNS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_tables_of_other_encodings_are_read_as_those_of_utf_8(tmp_path: Path, encoding: str, packed: bool) -> None:
    towns = TOWNS[encoding].split(",")
    rows = "town,size,big\r\n" + "".join(f'"{towns[i % 3]}",{i},{"yes" if i % 2 else "no"}\r\n' for i in range(90))
    content = rows.encode(encoding)
    plain = Table(path=written(tmp_path / "plain.csv", rows.encode()))
    path = written(tmp_path / "other.csv.gz", gzip.compress(content)) if packed else ""
    path = path or written(tmp_path / "other.csv", content)
    told = encoding not in ("utf-16", "windows-1252")
    other = Table(path=path, encoding=encoding if told else "auto")  # type: ignore[arg-type]
    ours, theirs = finished(plain.proposing()), finished(other.proposing())
    assert isinstance(ours, Table)
    assert isinstance(theirs, Table)
    assert ours.columns == theirs.columns
    assert {town for column in theirs.columns for town in column.classes} >= set(towns)
    for one, two in zip(ours.load().features.values(), theirs.load().features.values(), strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two))
    assert encoding in finished(theirs.surveying()).words


def test_an_encoding_that_cannot_be_told_or_does_not_fit_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "город,x\nМосква,1\nКиев,2\n".encode("windows-1251"))
    with pytest.raises(FileFormatError, match="not written in UTF-8, and in what else cannot be told: choose"):
        Table(path=path).load()
    path = written(tmp_path / "u.csv", b"a,b\n\xff\xff\xff,1\n")
    with pytest.raises(FileFormatError, match=r"holds the byte 0xff, which is not shift_jis\. Choose another"):
        Table(path=path, encoding="shift_jis").load()


def test_a_missing_file_a_folder_and_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        Table(path=str(tmp_path / "none.csv")).load()
    with pytest.raises(FileError, match="is a folder"):
        Table(path=str(tmp_path)).load()
    with pytest.raises(DataError, match="No table is chosen"):
        Table().load()
    for content, told in ((b"hello", "is not a Parquet file"), (b"PAR1" * 9, "is damaged")):
        with pytest.raises(FileFormatError, match=told):
            Table(path=written(tmp_path / "t.parquet", content)).load()
    pl.DataFrame({"a": [[1], [2]]}).write_parquet(tmp_path / "lists.parquet")
    with pytest.raises(FileFormatError, match="holds no column of numbers, texts, dates"):
        Table(path=str(tmp_path / "lists.parquet")).load()


def faulty(tmp_path: Path, line: str, **settings: Any) -> tuple[Table, DataSet | LayerloomError]:
    rows = "".join(f"{n % 9}.5,{n % 3},{'ab'[n % 2]}\n" for n in range(40))
    path = written(tmp_path / "t.csv", f"number,some,label\n{rows}{line}\n1.5,2,a\n")
    source = settled(path, **settings)
    try:
        return source, source.load()
    except LayerloomError as error:
        return source, error


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("1.5,2", "line 42: There are 2 cells, but 3 columns"),
        ("1.5,2,a,b", "line 42: There are 4 cells, but 3 columns"),
        ("many,2,a", "line 42: In column 'number' stands 'many', which is no number"),
        ("inf,2,a", "line 42: In column 'number' stands 'inf', which is no number"),
        ('1.5,"2,a', "line 42: A quoted cell does not end"),
    ],
)
def test_a_faulty_row_is_refused_by_its_line_or_skipped_and_counted(tmp_path: Path, line: str, told: str) -> None:
    _, refused = faulty(tmp_path, line)
    assert isinstance(refused, FileFormatError)
    assert told in str(refused)
    assert "Mend the file, or have faulty rows left out." in str(refused)
    _, skipped = faulty(tmp_path, line, faulty_rows="skip")
    assert isinstance(skipped, DataSet)
    assert skipped.size == 41
    assert skipped.notes == (f"1 faulty rows were left out; the first is {told}.",)


def test_a_class_that_came_later_is_told(tmp_path: Path) -> None:
    source = settled(flowers(tmp_path / "f.csv"))
    with Path(source.path).open("a") as file:
        file.write("1,2,rose\n")
    with pytest.raises(
        FileFormatError, match=r"line 152: In column 'species' stands 'rose', which is none of the"
    ):
        source.load()


def test_a_column_that_went_is_told(tmp_path: Path) -> None:
    source = settled(flowers(tmp_path / "f.csv"))
    written(tmp_path / "f.csv", Path(source.path).read_text().replace("petal", "leaf"))
    with pytest.raises(FileFormatError, match="has no column 'petal'; it has sepal, leaf, species"):
        source.load()


def test_one_column_is_no_data_to_learn_from_but_can_be_read(tmp_path: Path) -> None:
    source = settled(written(tmp_path / "t.csv", "number\n" + "".join(f"{n}.5\n" for n in range(30))))
    assert kinds(source) == {"number": ("feature", "number")}
    assert source.load().targets == {}


def test_nothing_but_ignored_columns_is_told(tmp_path: Path) -> None:
    source = settled(flowers(tmp_path / "f.csv"))
    source = with_column(with_column(source, "sepal", role="ignore"), "petal", role="ignore")
    with pytest.raises(DataError, match="no column is a feature"):
        source.load()


def test_what_does_not_fit_into_memory_is_refused_with_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_tables, "BLOCK", 1000)
    source = settled(flowers(tmp_path / "f.csv", rows=3000))
    monkeypatch.setattr(table, "free_memory", lambda: 30_000)
    with pytest.raises(DataError, match=r"about [23],\d\d\d rows would take 7\d kB of memory, and 30 kB are free"):
        source.load()
    assert source.replace(rows_at_most=500).load().size == 500
    assert memory.bytes_text(2_345_000_000) == "2.3 GB"


def test_reading_tells_how_far_it_is_and_can_be_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_tables, "BLOCK", 1000)
    events = settled(flowers(tmp_path / "f.csv", rows=3000)).loading()
    done = [next(events).done for _ in range(20)]
    assert done == sorted(done)
    assert 0 < done[-1] < 1000
    events.close()


def test_columns_of_one_name_are_told_apart_in_next_to_no_time() -> None:
    start = time.process_time()
    found = distinct_names(["a", "a_2", "a", " a ", ""] + ["a"] * 20_000)
    assert time.process_time() - start < 2  # each compared with each takes far longer
    assert found[:6] == ("a", "a_2", "a_3", "a_4", "column_5", "a_5")
    assert len(set(found)) == 20_005


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_more_columns_than_can_be_shown_are_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"wide{ending}"
    frame = pl.DataFrame({f"c{number}": [number] for number in range(MOST_COLUMNS + 1)})
    frame.write_csv(path) if ending == ".csv" else frame.write_parquet(path)
    with pytest.raises(FileFormatError, match=r"has more than 5,000 columns.*\.npy"):
        Table(path=str(path)).load()


def test_a_wide_table_can_be_ended_between_its_columns(tmp_path: Path) -> None:
    path = written(
        tmp_path / "wide.csv", "\n".join(",".join(f"{row}{place}" for place in range(500)) for row in "123")
    )
    events = Table(path=path).surveying()
    assert len([event for event in events if isinstance(event, Progress)]) >= 10


def test_columns_of_parquet_that_are_no_cells_are_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "odd.parquet"
    frame = pl.DataFrame(
        {
            "a": [1.0, 2.0, 3.0],
            "yes": [True, False, True],
            "list": [[1], [2], [3]],
            "record": [{"b": 1}] * 3,
            "bytes": [b"a", b"b", b"c"],
            "span": pl.Series([1, 2, 3]).cast(pl.Duration),
            "money": pl.Series(["1.50", "2.50", "3.50"]).cast(pl.Decimal(10, 2)),
        }
    )
    frame.write_parquet(path)
    source = settled(str(path))
    assert kinds(source).keys() == {"a", "yes", "money"}
    assert {name: found for name, found in kinds(source).items() if name != "yes"} == {
        "a": ("feature", "number"),
        "money": ("target", "number"),
    }
    found = source.load()
    assert found.targets["y"].tolist() == [1.5, 2.5, 3.5]
    assert [note.split(" is left out")[0] for note in found.notes] == [
        "The column list", "The column record", "The column bytes", "The column span",
    ]  # fmt: skip
    frame.select("list", "bytes").write_parquet(path)
    with pytest.raises(FileFormatError, match="holds no column of numbers, texts, dates or truths"):
        settled(str(path))
