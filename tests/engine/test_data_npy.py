"""NumPy arrays in files of their own."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from engine.data.npy import Npy
from engine.data.rows import FileRows
from engine.data.source import finished
from engine.errors import DataError, FileError, FileFormatError
from engine.events import Finished
from engine.formats import project_file
from engine.layers.core import Dense, Input, Output
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train


def saved(folder: Path, **arrays: object) -> str:
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)  # type: ignore[arg-type]
    return str(folder)


def test_a_folder_of_arrays_is_trained_on_as_its_names_say(tmp_path: Path) -> None:
    labels = np.arange(90) % 3
    rows = np.eye(3, dtype=np.float32)[labels]
    path = saved(tmp_path / "set", x_train=rows, y_train=labels, x_test=rows[:30], y_test=labels[:30])
    graph, _ = chain(Input(shape=(3,)), Dense(units=3, activation="softmax"), Output())
    project = Project(
        graph, data=DataSettings(source=Npy(path=path)), training=TrainingSettings(epochs=60, batch_size=8)
    )
    project_file.save(project, tmp_path / "a.loom")
    (finished,) = [event for event in train(project_file.load(tmp_path / "a.loom")) if isinstance(event, Finished)]
    assert finished.test["accuracy"] == 1


def test_arrays_stay_on_the_disk(tmp_path: Path) -> None:
    path = saved(tmp_path / "set", x=np.ones((6, 4)), y=np.arange(6))
    for source in (Npy(path=path), Npy(path=f"{path}/x.npy", targets_path=f"{path}/y.npy")):
        found, outline = source.load(), source.outline()
        assert isinstance(found.features["x"], FileRows)
        np.testing.assert_array_equal(found.targets["y"], np.arange(6))
        assert outline.features["x"].shape == (1, 4)
        assert outline.targets["y"].dtype == found.targets["y"].dtype


def crafted(shape: str) -> bytes:
    """The header of an array of numbers that is said to have a shape."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def test_samples_without_values_are_refused_however_many(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(crafted("(1000000000000000, 0)"))
    with pytest.raises(DataError, match="the samples of x hold no values"):
        Npy(path=str(tmp_path / "x.npy")).load()


def test_arrays_in_the_order_of_fortran_are_the_same(tmp_path: Path) -> None:
    values = np.arange(24.0).reshape(4, 3, 2)
    np.save(tmp_path / "x.npy", np.asfortranarray(values))
    found = Npy(path=str(tmp_path / "x.npy")).load()
    np.testing.assert_array_equal(np.asarray(found.features["x"]), values)


def test_bad_files_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(tmp_path / "whole.npy", np.ones((50, 50)))
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    none = r"x\.npy: is no NumPy array of numbers, or is damaged\.$"
    for content, told in (
        (b"", none),
        (b"hello", none),
        (b"\x93NUMPY\x01\x00" + (60_000).to_bytes(2, "little") + b"(" * 60_000, none),
        (b"\x93NUMPY\x01\x00\x10\x00" + b"__import__('os')", none),
        (crafted("(-5, 3)") + bytes(60), none),
        ((tmp_path / "objects.npy").read_bytes(), r"x\.npy: holds Python objects, which could run code"),
        ((tmp_path / "whole.npy").read_bytes()[:900], "should hold 20,000 bytes of numbers, and 772 are there"),
        (crafted("(1000000, 1000000, 1000)") + bytes(64), "8,000,000,000,000,000 bytes of numbers, and 64 are"),
        (crafted("(4611686018427387904, 4)") + bytes(64), "147,573,952,589,676,412,928 bytes"),
    ):
        path.write_bytes(content)
        with warnings.catch_warnings(action="error"), pytest.raises(FileFormatError, match=told):
            Npy(path=str(path)).load()
    for array, told in ((np.float32(1), "a single number"), (np.array([b"a"]), "neither numbers nor text")):
        np.save(path, array)
        with pytest.raises(FileFormatError, match=told):
            Npy(path=str(path)).load()


def test_what_is_missing_or_does_not_match_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No file is chosen"):
        Npy().load()
    with pytest.raises(FileError, match="no such file"):
        Npy(path=str(tmp_path / "none.npy")).load()
    with pytest.raises(DataError, match=r"there are no \.npy files"):
        Npy(path=str(tmp_path)).load()
    with pytest.raises(DataError, match="x 4, y 3"):
        Npy(path=saved(tmp_path / "set", x=np.ones((4, 2)), y=np.ones(3))).load()


def test_of_the_files_of_a_folder_any_brings_the_others(tmp_path: Path) -> None:
    path = saved(tmp_path / "pair", x=np.ones((6, 2)), y=np.arange(6) % 2)
    for name in ("x.npy", "y.npy"):
        assert finished(Npy(path=f"{path}/{name}").proposing()) == Npy(path=path)
    saved(tmp_path / "pair", other=np.ones((9, 2)))
    chosen = finished(Npy(path=f"{path}/x.npy").proposing())
    assert chosen == Npy(path=f"{path}/x.npy", targets_path=f"{path}/y.npy")
    assert len(chosen.load().targets["y"]) == 6
    alone = Npy(path=saved(tmp_path / "alone", x=np.ones((6, 2))) + "/x.npy")
    assert finished(alone.proposing()) == alone
