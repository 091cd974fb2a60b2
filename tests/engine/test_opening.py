"""Which source takes a file or folder: each says so itself."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.data.arrays import Npz
from engine.data.cifar import Cifar10
from engine.data.generator import PythonGenerator
from engine.data.hdf5_arrays import Hdf5
from engine.data.idx import FashionMnist, Idx, Mnist
from engine.data.images import ImageFolder
from engine.data.npy import Npy
from engine.data.opening import source_of
from engine.data.sounds import SoundFolder
from engine.data.table import Table
from engine.data.texts import Texts
from engine.errors import FileError
from engine.formats import models, project_file
from tests.engine.class_folders import parted_folder, sound_folder
from tests.engine.data_files import cifar_archive, cifar_folder, mnist_files


def test_a_folder_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays" / "x.npy", np.ones(3))
    mnist_files(tmp_path / "mnist")
    mnist_files(tmp_path / "Fashion-MNIST")
    mnist_files(tmp_path / "letters", prefix="emnist-letters-")
    for path, kind in (
        (parted_folder(tmp_path / "pictures"), ImageFolder),
        (sound_folder(tmp_path / "sounds"), SoundFolder),
        (tmp_path / "mnist", Mnist),
        (tmp_path / "mnist" / "train-images-idx3-ubyte.gz", Mnist),
        (tmp_path / "Fashion-MNIST", FashionMnist),
        (tmp_path / "letters", Idx),
        (cifar_folder(tmp_path / "cifar"), Cifar10),
        (cifar_archive(tmp_path / "cifar-10-binary.tar.gz"), Cifar10),
        (tmp_path / "arrays", Npy),
        (tmp_path / "arrays" / "x.npy", Npy),
        (tmp_path / "a.npz", Npz),
    ):
        source = source_of(path)
        assert type(source) is kind, path
        assert source.path == str(path)  # type: ignore[attr-defined]


def test_settings_of_another_source_of_the_kind_are_kept(tmp_path: Path) -> None:
    mnist_files(tmp_path / "set")
    assert source_of(tmp_path / "set", like=FashionMnist()) == FashionMnist(path=str(tmp_path / "set"))
    folder = parted_folder(tmp_path / "pictures")
    like = ImageFolder(path="elsewhere", fit="pad")
    assert source_of(folder, like=like) == ImageFolder(path=str(folder), fit="pad")


def test_a_folder_of_nothing_known_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(FileError, match="is a folder in which no data is found"):
        source_of(tmp_path)
    with pytest.raises(FileError, match="no such file"):
        source_of(tmp_path / "none")


_OPENERS = {
    **dict.fromkeys(("a.csv", "a.csv.gz", "a.parquet", "a.npz", "a.npy", "a.h5", "a.py"), source_of),
    "model.h5": models.load,
    "model.json": models.load,
    "a.loom": project_file.load,
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("name", _OPENERS)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(FileError, match="is a pipe, a device or a socket"):
        _OPENERS[name](tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_project_whose_data_has_become_a_pipe_says_so(tmp_path: Path) -> None:
    made = (
        (Table, "a.csv"), (Table, "a.parquet"), (Npz, "a.npz"), (Npy, "a.npy"), (Hdf5, "a.h5"), (Texts, "a.txt"),
        (Idx, "train-images-idx3-ubyte"), (PythonGenerator, "a.py"),
    )  # fmt: skip
    for cls, name in made:
        path = tmp_path / name
        os.mkfifo(path)
        if cls is Idx:
            os.mkfifo(tmp_path / "train-labels-idx1-ubyte")
        with pytest.raises(FileError, match="is a pipe, a device or a socket"):
            cls.model_validate({"path": str(path)}).load()
