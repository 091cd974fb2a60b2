"""The reviews of IMDB: as Keras loads them, from a file whose pickle is never loaded."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.imdb import Imdb
from engine.data.opening import source_of
from engine.data.pickle_machine import NotRowsError
from engine.data.pickled_rows import reading
from engine.data.ragged import Ragged
from engine.errors import DataError, FileError, FileFormatError
from engine.formats import project_file
from engine.formats.data_text import loading
from engine.project import DataSettings, Project
from tests.engine.data_files import FILM_WORDS, imdb_file, lists, reviews


def result(events: Generator[int, None, Ragged]) -> Ragged:
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


def read(content: bytes, count: int) -> list[list[int]]:
    found = result(reading(content, count))
    return [found[number].tolist() for number in range(len(found))]


def keras_loads(path: Path, monkeypatch: pytest.MonkeyPatch, length: int, **pad: Any) -> Any:
    """What Keras makes of the file with some settings."""
    from keras.src.datasets import imdb

    monkeypatch.setattr(imdb, "get_file", lambda *_, **__: str(path))
    named = {name: pad.pop(name) for name in ("padding", "truncating") if name in pad}
    parts = keras.datasets.imdb.load_data(**pad)
    return [(keras.utils.pad_sequences(x, maxlen=length, **named), y) for x, y in parts]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_words": 8},
        {"num_words": 9, "skip_top": 5},
        {"num_words": 9, "oov_char": None},
        {"start_char": None},
        {"start_char": None, "index_from": 0},
        {"maxlen": 12, "num_words": 100},
        {"seed": 7, "padding": "post"},
        {"truncating": "post", "num_words": 10},
        {"oov_char": 20, "num_words": 7},
    ],
    ids=str,
)
def test_reviews_are_those_that_keras_loads(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = imdb_file(tmp_path)
    (x, y), (x_test, y_test) = keras_loads(path, monkeypatch, 10, **options)
    found = Imdb(path=str(path), length=10, **{"num_words": None, **options}).load()
    np.testing.assert_array_equal(found.features["x"], x)
    np.testing.assert_array_equal(found.targets["y"], y)
    assert found.test is not None
    np.testing.assert_array_equal(found.test["x"], x_test)
    np.testing.assert_array_equal(found.test["y"], y_test)
    assert found.features["x"].dtype == np.int32
    assert len(found.words["x"]) > max(x.max(), x_test.max())
    assert found.classes == {"y": ("negative", "positive")}


def test_the_words_of_a_review_are_told(tmp_path: Path) -> None:
    path = imdb_file(tmp_path)
    found = Imdb(path=str(path), num_words=None, length=30).load()
    words = found.words["x"]
    assert words[:3] == ("", "[START]", "[OOV]")
    assert words[4:] == FILM_WORDS[: len(words) - 4]
    assert found.notes == ()
    (tmp_path / "imdb_word_index.json").rename(tmp_path / "words.json")
    bare = Imdb(path=str(path), length=30).load()
    assert bare.words["x"][:6] == ("", "1", "2", "3", "4", "5")
    assert bare.notes == ("The words are shown as numbers: there is no imdb_word_index.json beside the file.",)
    assert Imdb(path=str(path), words_path=str(tmp_path / "words.json")).load().words["x"][5] == "film"


def test_an_outline_and_a_project_file(tmp_path: Path) -> None:
    source = Imdb(path=str(imdb_file(tmp_path)), length=12, num_words=None, maxlen=9, padding="post")
    outline, whole = source.outline(), source.load()
    for name, array in whole.arrays.items():
        assert outline.arrays[name].shape == (1, *array.shape[1:])
        assert outline.arrays[name].dtype == array.dtype
    project_file.save(Project(data=DataSettings(source=source)), tmp_path / "a.loom")
    assert project_file.load(tmp_path / "a.loom").data.source == source
    assert source_of(tmp_path / "imdb.npz") == Imdb(path=str(tmp_path / "imdb.npz"))


def test_the_python_for_it_loads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keras.src.datasets import imdb

    path = imdb_file(tmp_path)
    monkeypatch.setattr(imdb, "get_file", lambda *_, **__: str(path))
    for source in (
        Imdb(path=str(path), length=9, padding="post", seed=5, oov_char=None, num_words=9),
        Imdb(path=str(path)),
    ):
        made = loading(source)
        names: dict[str, Any] = {"keras": keras}
        exec("\n".join(made.lines), names)
        found = source.load()
        assert found.test is not None
        for part, arrays in (("train", found.arrays), ("test", found.test)):
            for name, array in arrays.items():
                given = eval(made.expressions[part][name], names)
                np.testing.assert_array_equal(given, array)
                assert given.dtype == made.data.arrays[name].dtype == array.dtype
    assert made.lines[0] == "(x, y), (x_test, y_test) = keras.datasets.imdb.load_data(num_words=10000)"


# The pickle


@given(
    rows=st.lists(st.lists(st.integers(-(2**31), 2**31 - 1) | st.integers(0, 70_000), max_size=8), min_size=1),
    protocol=st.integers(2, 5),
)
@settings(max_examples=60, deadline=None)
def test_rows_of_any_numbers_are_read(rows: list[list[int]], protocol: int) -> None:
    assert read(pickle.dumps(lists(rows), protocol=protocol), len(rows)) == rows


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_long_rows_go_over_several_pieces_and_frames(protocol: int) -> None:
    rows = [list(range(n * 500)) for n in (3, 0, 90)] + [[n % 300] for n in range(30_000)]
    assert read(pickle.dumps(lists(rows), protocol=protocol), len(rows)) == rows


def test_a_row_that_stands_twice_is_read_twice() -> None:
    row = [1, 2, 3]
    assert read(pickle.dumps(lists([row, [4], row]), protocol=2), 3) == [row, [4], row]


def test_rows_that_python_2_wrote() -> None:
    content = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03"
        b"(K\x01K\x02\x85cnumpy\ndtype\nq\x04U\x02O8K\x00K\x01\x87Rq\x05(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff"
        b"\xffK?tb\x89]q\x06(]q\x07(K\x01M\x02\x03e]q\x08K\x04aetb."
    )
    assert read(content, 2) == [[1, 0x0302], [4]]
    assert [list(row) for row in pickle.loads(content, encoding="latin1")] == [[1, 0x0302], [4]]


class _Hostile:
    """Runs something when it is loaded."""

    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/should-not-exist",)


def _nested(depth: int) -> bytes:
    """A name made of tuples within tuples, each of which stands twice in the next."""
    return b"\x80\x04K\x01" + b"".join(b"\x94h%c\x86" % n for n in range(depth)) + b"\x8c\x01x\x93."


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (pickle.dumps(lists([[1], _Hostile()]), protocol=2), "asks for posix.system, which could run code"),  # type: ignore[list-item]
        (pickle.dumps(lists([[1], _Hostile()]), protocol=4), "asks for posix.system, which could run code"),  # type: ignore[list-item]
        (pickle.dumps(lists([[1], [1.5]]), protocol=4), "other objects.*0x47"),  # type: ignore[list-item]
        (pickle.dumps(lists([[1], ["a"]]), protocol=4), "other objects"),  # type: ignore[list-item]
        (pickle.dumps(lists([[1], [None]]), protocol=4), "other objects"),  # type: ignore[list-item]
        (pickle.dumps(lists([[1], [True]]), protocol=4), "other objects"),
        (pickle.dumps(lists([[1], {}]), protocol=4), "other objects.*0x7d"),  # type: ignore[list-item]
        (pickle.dumps(lists([[1], [2**31]]), protocol=4), "more than 32 bits"),
        (pickle.dumps(lists([[1], [[2]]]), protocol=4), "more than the 2 rows"),  # type: ignore[list-item]
        (pickle.dumps(lists([[1], [2], [3]]), protocol=4), "more than the 2 rows"),
        (pickle.dumps(lists([[1]]), protocol=4), "is no array of lists"),
        (pickle.dumps(np.arange(9), protocol=4), "makes something else"),
        (pickle.dumps([[1], [2]], protocol=4), "is no array of lists"),
        (pickle.dumps("text" * 100, protocol=4), "a long text"),
        (pickle.dumps(lists([[1], [2]]), protocol=4)[:-9], "ends too early|damaged"),
        (pickle.dumps(lists([[1], [2]]), protocol=0), "other objects|damaged|asks for"),
        (b"N" * 100_000, "too much is piled up"),
        (b"\x80\x04N" + b"\x94" * 100_000, "too much is remembered"),
        (b"]" * 100_000, "more than the 2 rows"),
        (_nested(90), "is damaged"),
        (b"\x80\x04\x8c\xff", "a long text"),
        (b"cos\nsystem\n.", "asks for os.system"),
        (b"c" + b"x" * 500, "is damaged"),
        (b"abc", "ends too early|damaged"),
        (b"....", "is no array of lists"),
        (b"eeee", "ends too early|damaged"),
    ],
)
def test_other_pickles_are_refused(content: bytes, match: str) -> None:
    with pytest.raises(NotRowsError, match=match):
        read(content, 2)


def test_rows_that_are_repeated_without_end_are_refused() -> None:
    row = list(range(1000))
    with pytest.raises(NotRowsError, match="repeated until they are larger than the file"):
        read(pickle.dumps(lists([row] * 5000), protocol=4), 5000)
    with pytest.raises(NotRowsError, match=r"should be 1,000,000 rows in [\d,]+ bytes"):
        read(pickle.dumps(lists([row]), protocol=4), 10**6)


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    start = pickle.dumps(lists([[1, 2], [3]]), protocol=4)
    for place in (0, 20, len(start) - 30):
        with contextlib.suppress(NotRowsError):
            result(reading(start[:place] + content + start[place:], 2))


# Files


def _refused(source: Imdb, match: str, error: type[Exception] = FileFormatError) -> None:
    with pytest.raises(error, match=match):
        source.load()


def _saved(path: Path, **changes: Any) -> Imdb:
    (x_train, y_train), (x_test, y_test) = reviews(9), reviews(5, 1)
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test, **changes}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return Imdb(path=str(path))


def test_files_that_hold_something_else_are_told(tmp_path: Path) -> None:
    path = tmp_path / "imdb.npz"
    _refused(Imdb(), "No file is chosen yet", DataError)
    _refused(Imdb(path=str(path)), "no such file", FileError)
    path.write_bytes(b"nothing of that kind")
    _refused(Imdb(path=str(path)), "is not a NumPy .npz file")
    _refused(_saved(path, x_test=None), "has no array 'x_test'; it has x_train, y_train, y_test")
    _refused(_saved(path, x_train=np.zeros((9, 4))), "x_train: it holds no rows of whole numbers")
    _refused(_saved(path, x_train=lists([[1]] * 8 + [_Hostile()])), "x_train: it asks for posix.system")  # type: ignore[list-item]
    _refused(_saved(path, x_train=lists([[1]] * 8 + [[-1]])), "x_train holds numbers that stand for no word")
    _refused(_saved(path, y_train=np.zeros(8, int)), "y_train should hold 9 labels of 0 or 1")
    _refused(_saved(path, y_test=np.full(5, 2)), "y_test should hold 5 labels of 0 or 1")
    _refused(_saved(path, y_test=lists([[1]] * 5)), "'y_test' holds object")
    _refused(_saved(path).replace(maxlen=2), "no review has less than 2 words. Raise maxlen", DataError)
    assert not Path("/tmp/should-not-exist").exists()


def test_damaged_and_hostile_archives_are_told(tmp_path: Path) -> None:
    path = imdb_file(tmp_path)
    content = bytearray(path.read_bytes())
    content[200:220] = bytes(20)
    path.write_bytes(content)
    _refused(Imdb(path=str(path)), "x_train.* damaged")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (10**9,)})
    for kind, match in ((zipfile.ZIP_DEFLATED, "packed more tightly"), (zipfile.ZIP_STORED, "1,000,000,000 rows")):
        with zipfile.ZipFile(path, "w", kind) as archive:
            archive.writestr("x_train.npy", header.getvalue() + bytes(80 * 2**20 if kind else 100))
        _refused(Imdb(path=str(path)), match)


def test_bad_lists_of_words_are_told(tmp_path: Path) -> None:
    path, words = imdb_file(tmp_path), tmp_path / "imdb_word_index.json"
    for content, match in (
        ("{", "is no JSON"),
        ("[1]", "no list of words"),
        (json.dumps({"a": 1.5}), "no list of words"),
        ("[" * 100_000, "is no JSON"),
    ):
        words.write_text(content)
        _refused(Imdb(path=str(path)), f"imdb_word_index.json: .*{match}")
    _refused(Imdb(path=str(path), words_path=str(tmp_path / "none")), "none: there is no such file", FileError)
