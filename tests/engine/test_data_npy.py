"""NumPy arrays in files of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.data.npy import Npy
from engine.data.rows import FileRows
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


def test_bad_files_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000, 1000), }".ljust(117) + b"\n"
    np.save(tmp_path / "whole.npy", np.ones((50, 50)))
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    for content in (
        b"",
        b"hello",
        (tmp_path / "whole.npy").read_bytes()[:900],
        (tmp_path / "objects.npy").read_bytes(),
        b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64),
    ):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match=r"x\.npy: is no NumPy array of numbers, or is damaged"):
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
