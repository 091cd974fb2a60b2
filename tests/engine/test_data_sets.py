"""Published data sets in the files that they come in: MNIST and its kin in IDX files, CIFAR-10 in its batches."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.cifar import Cifar10
from engine.data.file_source import FileSource
from engine.data.idx import FashionMnist, Idx, Mnist
from engine.data.source import Source
from engine.errors import DataError, FileError, FileFormatError
from engine.formats import project_file
from engine.project import DataSettings, Project
from tests.engine.data_files import (
    cifar_archive,
    cifar_batch,
    cifar_folder,
    idx_bytes,
    mnist_files,
    pictures,
    tar_gz,
)


def test_sources_go_through_a_project_file(tmp_path: Path) -> None:
    for source in (Mnist(path="a"), FashionMnist(path="b"), Idx(path="c", labels_path="d"), Cifar10(path="e")):
        project_file.save(Project(data=DataSettings(source=source)), tmp_path / "a.loom")
        assert project_file.load(tmp_path / "a.loom").data.source == source


# IDX


@pytest.mark.parametrize("separator", ["-", "."])
@pytest.mark.parametrize("packed", [True, False])
def test_mnist_is_read_from_its_folder_or_any_of_its_files(tmp_path: Path, separator: str, packed: bool) -> None:
    files = mnist_files(tmp_path / "set", separator=separator, packed=packed)
    labels = np.arange(200) % 10
    for path in (tmp_path / "set", *files.values()):
        found = Mnist(path=str(path)).load()
        np.testing.assert_array_equal(found.features["x"][..., 0], pictures(labels, (28, 28)))
        np.testing.assert_array_equal(found.targets["y"], labels)
        assert found.test is not None
        assert (found.test["x"].shape, found.test["y"].shape) == ((60, 28, 28, 1), (60,))
        assert found.validation is None
        assert found.classes == {"y": tuple("0123456789")}


def test_fashion_mnist_names_its_classes(tmp_path: Path) -> None:
    mnist_files(tmp_path / "set")
    assert FashionMnist(path=str(tmp_path / "set")).load().classes["y"][9] == "Ankle boot"


def test_an_outline_has_the_shapes_and_types_of_the_data(tmp_path: Path) -> None:
    mnist_files(tmp_path / "set")
    for source in (Mnist(path=str(tmp_path / "set")), Cifar10(path=str(cifar_folder(tmp_path / "c")))):
        assert isinstance(source, FileSource)
        whole, outline = source.load(), source.outline()
        for name, array in whole.arrays.items():
            assert outline.arrays[name].shape == (1, *array.shape[1:])
            assert outline.arrays[name].dtype == array.dtype


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
def test_idx_files_of_any_name_and_type(tmp_path: Path, dtype: str) -> None:
    x = (np.arange(24).reshape(4, 3, 2) - 5).astype(dtype)
    (tmp_path / "x.idx").write_bytes(idx_bytes(x))
    (tmp_path / "y.idx").write_bytes(idx_bytes(np.arange(4, dtype=np.uint8)))
    found = Idx(path=str(tmp_path / "x.idx"), labels_path=str(tmp_path / "y.idx")).load()
    np.testing.assert_array_equal(found.features["x"][..., 0], x)
    assert found.features["x"].dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found.targets["y"], np.arange(4))


def test_of_several_sets_in_a_folder_one_must_be_chosen(tmp_path: Path) -> None:
    files = mnist_files(tmp_path / "set", prefix="emnist-letters-", train=20)
    mnist_files(tmp_path / "set", prefix="emnist-digits-", train=30)
    with pytest.raises(DataError, match=r"several sets \(emnist-digits, emnist-letters\)"):
        Idx(path=str(tmp_path / "set")).load()
    assert Idx(path=str(files["t10k labels"])).load().size == 20


def _refused(source: Source, match: str, error: type[Exception] = FileFormatError) -> None:
    with pytest.raises(error, match=match):
        source.load()


def _idx(tmp_path: Path, content: bytes) -> Idx:
    (tmp_path / "x").write_bytes(content)
    (tmp_path / "y").write_bytes(idx_bytes(np.zeros(4, np.uint8)))
    return Idx(path=str(tmp_path / "x"), labels_path=str(tmp_path / "y"))


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "ends within the header"),
        (b"\0\0\x08", "ends within the header"),
        (b"\0\0\x08\x03\0\0", "ends within the header"),
        (b"\x89PNG\r\n\x1a\n" * 8, "begins with 89 50 4e 47"),
        (b"\0\0\x07\x01\0\0\0\x01\0", "begins with 00 00 07 01"),
        (b"\0\0\x08\x00" + b"\0" * 9, "begins with 00 00 08 00"),
        (idx_bytes(np.zeros((0, 3), np.uint8)), "holds no samples"),
        (idx_bytes(np.zeros((4, 3), np.uint8)) + b"\0", "holds more than its header says"),
        (b"\0\0\x08\x01\x03\xff\xff\xff" + b"\0" * 99, "should hold 67,108,863 samples, but 99 are there"),
        (b"\0\0\x0e\x03" + b"\xff" * 12 + b"\0" * 99, "far more than a file of its size can"),
        (gzip.compress(idx_bytes(np.zeros((4, 300), np.uint8)), mtime=0)[:-12], "cannot be unpacked"),
        (b"\x1f\x8bnonsense", "cannot be unpacked"),
        (
            gzip.compress(b"\0\0\x08\x02" + struct.pack(">2I", 2**31, 2**31), mtime=0),
            "far more than a file of its size",
        ),
        (
            gzip.compress(idx_bytes(np.zeros((4, 9), np.uint8)) + b"\0" * 10**7, mtime=0),
            "holds more than its header says",
        ),
    ],
)
def test_bad_idx_files_are_refused_by_name(tmp_path: Path, content: bytes, match: str) -> None:
    _refused(_idx(tmp_path, content), rf"x: .*{match}")


def test_a_short_idx_file_says_what_is_missing(tmp_path: Path) -> None:
    content = idx_bytes(np.ones((4, 5), np.int16))
    match = "should hold 4 samples, but 2 are there"
    _refused(_idx(tmp_path, content[:-15]), match)
    _refused(_idx(tmp_path, gzip.compress(content[:-15])), match)


def test_labels_that_do_not_match_the_pictures_are_told(tmp_path: Path) -> None:
    files = mnist_files(tmp_path / "set", packed=False)
    files["train labels"].write_bytes(idx_bytes(np.zeros(199, np.uint8)))
    _refused(
        Mnist(path=str(tmp_path / "set")), "there are 199 labels, but 200 samples in .*train-images", DataError
    )
    files["train labels"].unlink()
    _refused(
        Mnist(path=str(tmp_path / "set")), "train-images.*: the file of its labels is not beside it", DataError
    )
    files["train images"].unlink()
    _refused(Mnist(path=str(tmp_path / "set")), "no files of training data", DataError)


def test_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    _refused(Mnist(), "No file is chosen yet", DataError)
    _refused(Mnist(path=str(tmp_path)), "no IDX files named as those of MNIST", DataError)
    _refused(Mnist(path=str(tmp_path / "none")), "could not be read", FileError)
    _refused(Idx(path=str(tmp_path / "a"), labels_path=str(tmp_path)), "no such file", FileError)


# CIFAR-10


@pytest.mark.parametrize("kind", ["folder", "batch", "archive"])
def test_cifar_is_read_from_its_folder_or_its_archive(tmp_path: Path, kind: str) -> None:
    if kind == "archive":
        path = cifar_archive(tmp_path / "cifar-10-binary.tar.gz")
    else:
        path = cifar_folder(tmp_path / "batches")
        path = path / "data_batch_2.bin" if kind == "batch" else path
    before = sorted(tmp_path.rglob("*"))
    found = Cifar10(path=str(path)).load()
    expected: list[Any] = [cifar_batch(40, seed)[1] for seed in range(1, 7)]
    np.testing.assert_array_equal(found.features["x"], np.concatenate(expected[:5]))
    assert found.test is not None
    np.testing.assert_array_equal(found.test["x"], expected[5])
    np.testing.assert_array_equal(found.targets["y"], np.arange(200) % 10)
    assert found.classes["y"][0] == "airplane"
    assert sorted(tmp_path.rglob("*")) == before  # nothing is unpacked to the disk


def test_the_python_version_of_cifar_is_refused_and_says_which_to_take(tmp_path: Path) -> None:
    (tmp_path / "data_batch_1").write_bytes(b"\x80\x02")
    _refused(Cifar10(path=str(tmp_path)), "Python version.*Take the binary version, cifar-10-binary.tar.gz")
    archive = tar_gz(tmp_path / "cifar-10-python.tar.gz", {"cifar-10-batches-py/data_batch_1": b"\x80\x02"})
    _refused(Cifar10(path=str(archive)), "Python version.*Take the binary version, cifar-10-binary.tar.gz")


def test_bad_batches_are_refused_by_name(tmp_path: Path) -> None:
    folder = cifar_folder(tmp_path / "c")
    whole = cifar_batch(40, 3)[0]
    (folder / "data_batch_3.bin").write_bytes(whole[:-1])
    _refused(Cifar10(path=str(folder)), "data_batch_3.bin is cut short or no batch of CIFAR-10: 122,919 bytes")
    (folder / "data_batch_3.bin").write_bytes(whole[:3073] + b"\x0b" + whole[3074:])
    _refused(Cifar10(path=str(folder)), "has the label 11 at sample 1; they go from 0 to 9")
    _refused(Cifar10(path=str(tmp_path)), "no batches of CIFAR-10", DataError)
    _refused(Cifar10(path=str(tmp_path / "none")), "no such file", FileError)
    _refused(Cifar10(), "No file is chosen yet", DataError)


def test_bad_archives_are_refused(tmp_path: Path) -> None:
    archive = cifar_archive(tmp_path / "a.tar.gz")
    archive.write_bytes(archive.read_bytes()[:-4000])
    _refused(Cifar10(path=str(archive)), "damaged or cut short")
    (tmp_path / "b.tar.gz").write_bytes(b"no archive")
    _refused(Cifar10(path=str(tmp_path / "b.tar.gz")), "damaged or cut short")
    batch = cifar_batch(10)[0]
    twice = tar_gz(tmp_path / "c.tar.gz", {"a/data_batch_1.bin": batch, "../data_batch_1.bin": batch})
    _refused(Cifar10(path=str(twice)), "holds data_batch_1.bin twice")
    bomb = tar_gz(tmp_path / "d.tar.gz", {"data_batch_1.bin": bytes(100 * 2**20)})
    _refused(Cifar10(path=str(bomb)), "holds more than the archive of CIFAR-10 does")
    many = tar_gz(tmp_path / "e.tar.gz", {f"{number}": b"" for number in range(200)})
    _refused(Cifar10(path=str(many)), "holds more than the archive of CIFAR-10 does")
