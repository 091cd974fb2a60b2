"""Texts in files: folders as Keras takes them, files of lines, what is not UTF-8; and training on them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from engine.data.opening import source_of
from engine.data.source import DataSet, finished
from engine.data.texts import Texts
from engine.errors import DataError, FileError, FileFormatError
from engine.events import Finished
from engine.formats import project_file
from engine.inference import infer
from engine.project import DataSettings, Project, TrainingSettings
from engine.starting import columns_of, started
from engine.training import train

WORDS = {"bad": ("awful", "dull"), "good": ("great", "fine")}


def folders(root: Path, count: int = 30, parts: tuple[str, ...] = ()) -> Path:
    """A folder for each class, in those of the parts if there are any."""
    for part in parts or (".",):
        for name, words in WORDS.items():
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                text = f"A film in {number} parts, {words[number % 2]}.\nSo it is."
                (folder / f"{number:03}.txt").write_text(text, encoding="utf-8")
    return root


def texts_of(ds: DataSet) -> list[str]:
    return ds.features["x"][:].ravel().tolist()


def test_a_folder_for_each_class_is_what_keras_takes_it_for(tmp_path: Path) -> None:
    root = folders(tmp_path / "films")
    (root / "good" / "notes.pdf").write_bytes(b"no text")
    found = Texts(path=str(root)).load()
    assert (found.size, found.features["x"].shape) == (60, (60, 1))
    assert found.classes == {"y": ("bad", "good")}
    assert found.features["x"].dtype.kind == "U"
    assert any("notes.pdf" in note for note in found.notes)
    files = sorted(root.rglob("*.txt"))
    assert texts_of(found) == [path.read_text(encoding="utf-8") for path in files]
    assert found.targets["y"].tolist() == [int(path.parent.name == "good") for path in files]
    from keras.src.utils.dataset_utils import index_directory

    paths, labels, names = index_directory(str(root), "inferred", (".txt",), None, False)
    assert sorted(zip(map(str, paths), labels, strict=True)) == list(
        zip(map(str, files), found.targets["y"].tolist(), strict=True)
    )
    assert tuple(names) == found.classes["y"]


def test_parts_are_kept_apart_and_classes_can_be_named(tmp_path: Path) -> None:
    root = folders(tmp_path / "films", 4, ("train", "test"))
    (root / "train" / "unsup").mkdir()
    (root / "train" / "unsup" / "1.txt").write_text("neither")
    found = Texts(path=str(root), class_names=("good", "bad")).load()
    assert found.classes == {"y": ("good", "bad")}
    assert found.targets["y"].tolist() == [0] * 4 + [1] * 4
    assert found.test is not None
    assert found.test["x"].shape == (8, 1)
    assert found.validation is None
    assert any("unsup" in note for note in found.notes)


def test_a_file_of_lines_and_one_of_their_labels(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes("\ufeffgrüße\r\n\nsecond one\nlast".encode())
    (tmp_path / "y.txt").write_text("b\na\na\nc\n")
    alone = Texts(path=str(tmp_path / "t.txt")).load()
    assert texts_of(alone) == ["grüße", "second one", "last"]
    assert alone.targets == {}
    assert alone.notes == ("1 empty lines were left out.",)
    found = Texts(path=str(tmp_path / "t.txt"), labels_path=str(tmp_path / "y.txt")).load()
    assert found.classes == {"y": ("a", "b", "c")}
    assert found.targets["y"].tolist() == [1, 0, 2]
    some = Texts(path=str(tmp_path / "t.txt"), labels_path=str(tmp_path / "y.txt"), class_names=("c", "b")).load()
    assert (texts_of(some), some.targets["y"].tolist()) == (["grüße", "last"], [1, 0])
    (tmp_path / "t.gz").write_bytes(gzip.compress((tmp_path / "t.txt").read_bytes()))
    assert texts_of(Texts(path=str(tmp_path / "t.gz")).load()) == texts_of(alone)


@pytest.mark.parametrize("kind", ["folder", "lines"])
def test_what_is_not_utf_8_is_told_or_left_out(tmp_path: Path, kind: str) -> None:
    bad = "füllt".encode("latin-1")
    if kind == "folder":
        root = folders(tmp_path / "films", 3)
        (root / "good" / "001.txt").write_bytes(b"abc " + bad)
        source, place, left = Texts(path=str(root)), r"001\.txt: byte 5 is not UTF-8", 5
    else:
        (tmp_path / "t.txt").write_bytes(b"one\ntwo " + bad + b"\nthree\n")
        source, place, left = Texts(path=str(tmp_path / "t.txt")), r"t\.txt: line 2: byte 9 is not UTF-8", 2
    with pytest.raises(FileFormatError, match=f"{place}. Save it as UTF-8, or set .* unreadable texts to skip"):
        source.load()
    found = source.replace(unreadable="skip").load()
    assert found.size == left
    assert any(note.startswith("1 texts that are not UTF-8 were left out: ") for note in found.notes)


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for source, match, kind in (
        (Texts(), "No file or folder is chosen yet", DataError),
        (Texts(path=str(tmp_path / "none")), "there is no such file", FileError),
        (Texts(path=str(tmp_path)), "no folder for each class", FileError),
    ):
        with pytest.raises(kind, match=match):
            source.load()
    (tmp_path / "t.txt").write_text("one\ntwo\n")
    (tmp_path / "y.txt").write_text("a\n")
    with pytest.raises(DataError, match=r"y\.txt: there are 1 labels, but 2 texts in .*t\.txt"):
        Texts(path=str(tmp_path / "t.txt"), labels_path=str(tmp_path / "y.txt")).load()
    (tmp_path / "e.txt").write_text("\n\n")
    with pytest.raises(DataError, match="there is no text that can be read"):
        Texts(path=str(tmp_path / "e.txt")).load()
    monkeypatch.setattr("engine.data.texts.free_memory", lambda: 20)
    with pytest.raises(DataError, match="texts of 8 B take 24 B of memory, and 20 B are free"):
        Texts(path=str(tmp_path / "t.txt")).load()


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.data.texts._LONGEST", 1000)
    (tmp_path / "t.gz").write_bytes(gzip.compress(b"short\n" + b"x" * 10**6))
    with pytest.raises(FileFormatError, match="line 2: there is far more than a file of texts holds"):
        Texts(path=str(tmp_path / "t.gz")).load()


def test_a_text_that_is_far_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    root = folders(tmp_path / "films", 2)
    large = next(root.glob("*")) / "large.txt"
    with large.open("wb") as file:
        file.truncate(2**40)  # it takes no room on the disk
    with pytest.raises(DataError, match="texts of") as told:
        Texts(path=str(root)).load()
    with large.open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(FileFormatError, match=r"large\.txt: holds 68\.2 MB; a text of 67\.1 MB at most is read"):
        Texts(path=str(root)).load()
    assert str(told.value).startswith(str(root))


def test_long_texts_take_no_more_memory_than_they_have(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("x" * 2**20 + "\n" + "short\n" * 5000)
    rows = finished(Texts(path=str(tmp_path / "t.txt")).loading()).features["x"]
    assert rows.shape == (5001, 1)
    assert rows[np.array([3, 5])].tolist() == [["short"], ["short"]]
    assert rows[np.array([3, 5])].nbytes < 100


def test_a_network_is_begun_for_texts_and_learns(tmp_path: Path) -> None:
    source = source_of(folders(tmp_path / "films", parts=("train", "test")))
    assert source == Texts(path=str(tmp_path / "films"))
    graph = started(*columns_of(source.load()))
    assert not infer(graph).problems
    project_file.save(Project(graph, data=DataSettings(source=source)), tmp_path / "a.loom")
    project = project_file.load(tmp_path / "a.loom")
    assert project.data.source == source
    *_, end = train(Project(project.graph, data=project.data, training=TrainingSettings(epochs=25)))
    assert isinstance(end, Finished)
    assert end.test["accuracy"] > 0.9
