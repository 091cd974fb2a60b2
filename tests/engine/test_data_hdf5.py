"""HDF5 files of arrays: named, in groups, packed, larger than what is held at once; damaged and foreign ones."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from engine import feeding
from engine.data import hdf5_file, holding
from engine.data.hdf5_arrays import Hdf5
from engine.data.hdf5_file import Hdf5File, Hdf5Rows
from engine.data.opening import source_of
from engine.errors import DataError, FileError
from engine.events import Finished
from engine.formats import project_file, reader_process
from engine.layers.core import Dense, Input, Output
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import chain
from engine.training import train


def written(path: Path, **arrays: Any) -> str:
    """A file of arrays; two underscores stand for the slash of a group."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name.replace("__", "/")] = array
    return str(path)


def refused(path: Path, **settings: Any) -> str:
    """The sentence with which a file is refused as data."""
    for ask in (Hdf5(path=str(path), **settings).load, Hdf5(path=str(path), **settings).outline):
        with pytest.raises((FileError, DataError)) as caught:
            ask()
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.endswith(".")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


# Names


@pytest.mark.parametrize("form", ["train__{}", "{}_train", "train_{}", "train_set_{}", "{}__train"])
def test_names_tell_targets_and_parts(form: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        form.replace("train", part).format(name): rng.normal(size=(count, 3)) if name == "x" else np.arange(count)
        for part, count in (("train", 6), ("test", 4))
        for name in ("x", "y")
    }
    source = source_of(Path(written(tmp_path / "a.h5", **arrays)))
    found, outline = source.load(), Hdf5(path=source.path).outline()  # type: ignore[attr-defined]
    assert (list(found.features), list(found.targets)) == (["x"], ["y"])
    np.testing.assert_array_equal(found.features["x"], arrays[form.format("x")])
    assert found.validation is None
    assert found.test is not None
    np.testing.assert_array_equal(found.test["y"], np.arange(4))
    assert outline.features["x"].shape == (1, 3)
    assert outline.targets["y"].dtype == found.targets["y"].dtype == np.int64


def test_arrays_are_named_in_the_settings(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.h5", image=np.ones((5, 4)), depth=np.ones((5, 2)), mask=np.ones((5, 1)), n=np.ones(9)
    )
    assert "differ in their number of samples: depth 5, image 5, mask 5, n 9" in refused(tmp_path / "a.h5")
    found = Hdf5(path=path, feature_names=("image",), target_names=("mask",)).load()
    assert (list(found.features), list(found.targets)) == (["image"], ["mask"])
    assert "there is no array 'masks' of samples; there are depth, image" in refused(
        tmp_path / "a.h5", target_names=("masks",)
    )


def test_class_names_and_single_values_stand_beside_the_samples(tmp_path: Path) -> None:
    path = written(
        tmp_path / "cats.h5",
        train_set_x=np.ones((5, 4, 4, 3), np.uint8),
        train_set_y=np.array([0, 1, 1, 0, 1]),
        list_classes=np.array([b"non-cat", b"cat"]),
        version=3,
    )
    found = Hdf5(path=path).load()
    assert found.classes == {"y": ("non-cat", "cat")}
    assert list(found.arrays) == ["x", "y"]
    assert found.notes == ("Single values are left out: version.",)


def test_text_is_read_whole(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.h5", text=np.array(["eins", "zwei", "drüben"], dtype=h5py.string_dtype()), y=np.arange(3)
    )
    found = Hdf5(path=path).load()
    assert found.features["text"].tolist() == ["eins", "zwei", "drüben"]
    with h5py.File(path, "w") as file:
        file["text"] = np.array([[b"a"], [b"bc"]])
    assert Hdf5(path=path).load().features["text"].tolist() == [["a"], ["bc"]]


# Rows

_LAYOUTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "pieces": {"chunks": (7, 2, 3)},
    "gzip": {"chunks": (10, 5, 4), "compression": "gzip", "shuffle": True, "fletcher32": True},
    "lzf": {"chunks": True, "compression": "lzf"},
    "one piece": {"chunks": (100, 5, 4)},
}


@pytest.mark.parametrize("layout", _LAYOUTS)
@pytest.mark.parametrize("dtype", ["uint8", ">i2", "<f8", "f2", "bool"])
def test_samples_come_in_any_order(layout: str, dtype: str, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 200, (100, 5, 4)).astype(dtype)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("in/x", data=values, **_LAYOUTS[layout])
    rows = Hdf5Rows(Hdf5File(tmp_path / "a.h5"), "in/x")
    assert (rows.shape, rows.dtype) == (values.shape, values.dtype.newbyteorder("="))
    rng = np.random.default_rng(1)
    for numbers in (
        np.arange(100), np.arange(99, -1, -1), rng.permutation(100)[:13], np.sort(rng.permutation(100)[:40]),
        rng.integers(0, 100, 50), np.array([99]), np.array([], int),
    ):  # fmt: skip
        found = rows.read(numbers)
        np.testing.assert_array_equal(found, values[numbers])
        assert found.dtype == rows.dtype


def test_large_arrays_stay_in_the_file_and_are_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5_file, "_PIECE", 300)
    for module in (holding, feeding):
        monkeypatch.setattr(module, "HELD", 500)
    monkeypatch.setattr(feeding, "CHUNK", 200)
    labels = np.arange(90) % 3
    path = written(
        tmp_path / "a.h5", train__x=np.eye(3, dtype=np.float32)[labels], train__y=labels.astype(np.uint8)
    )
    loaded = Hdf5(path=path).load()
    assert isinstance(loaded.features["x"], Hdf5Rows)
    assert loaded.features["x"].nbytes > holding.HELD > loaded.targets["y"].nbytes
    graph, _ = chain(Input(shape=(3,)), Dense(units=3, activation="softmax"), Output())
    settings = TrainingSettings(epochs=60, batch_size=8)
    project_file.save(
        Project(graph, data=DataSettings(source=Hdf5(path=path)), training=settings), tmp_path / "a.loom"
    )
    project = project_file.load(tmp_path / "a.loom")
    assert project.data.source == Hdf5(path=path)
    (finished,) = [event for event in train(project) if isinstance(event, Finished)]
    assert finished.test["accuracy"] == 1


def test_pieces_that_are_shared_are_unpacked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plan:
        def get_layout(self) -> int:
            return h5py.h5d.CHUNKED

        def get_chunk(self) -> tuple[int, ...]:
            return (10, 4)

    class Found:
        dtype, shape = np.dtype("u1"), (100, 4)

        def get_create_plist(self) -> Plan:
            return Plan()

    spans = [[1, 2], [4, 12], [15, 16], [33, 34], [40, 41], [49, 50]]
    plan = list(reader_process._readings(Found(), spans))
    assert plan == [[[1, 2], [4, 12], [15, 16]], [[33, 34]], [[40, 41], [49, 50]]]
    monkeypatch.setattr(reader_process, "SMALL", 4 * 12)
    assert list(reader_process._readings(Found(), spans[:3])) == [[[1, 2], [4, 12]], [[15, 16]]]


def test_many_threads_ask_one_file(tmp_path: Path) -> None:
    values = np.arange(6000, dtype=np.int32).reshape(1000, 6)
    rows = Hdf5Rows(Hdf5File(written(tmp_path / "a.h5", x=values)), "x")
    wrong: list[int] = []

    def read(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(40):
            numbers = rng.integers(0, 1000, 20)
            if not np.array_equal(rows.read(numbers), values[numbers]):
                wrong.append(seed)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_process_ends_with_what_asks_it(tmp_path: Path) -> None:
    rows = Hdf5Rows(Hdf5File(written(tmp_path / "a.h5", x=np.ones((3, 2)))), "x")
    reader = rows.file._open._reader
    assert reader is not None
    assert reader.alive()
    del rows
    assert reader._child.wait(5) != 0


# What changes, and what is damaged


def test_a_file_that_changes_or_goes_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    rows = Hdf5Rows(Hdf5File(written(path, x=np.ones((30, 2)))), "x")
    before = rows.key
    written(tmp_path / "b.h5", x=np.zeros((40, 2)))
    (tmp_path / "b.h5").replace(path)
    with pytest.raises(FileError, match=r"a\.h5: was changed while it was being learned from"):
        rows.read(np.arange(3))
    assert Hdf5Rows(Hdf5File(path), "x").key != before
    rows = Hdf5Rows(Hdf5File(path), "x")
    path.unlink()
    with pytest.raises(FileError, match=r"a\.h5: could not be read: No such file"):
        rows.read(np.arange(3))


def test_a_reader_that_dies_is_told_and_replaced(tmp_path: Path) -> None:
    rows = Hdf5Rows(Hdf5File(written(tmp_path / "a.h5", x=np.ones((30, 2)))), "x")
    reader = rows.file._open._reader
    assert reader is not None
    reader._child.kill()
    with pytest.raises(FileError, match="damaged in a way that ended the reader"):
        rows.read(np.arange(3))
    np.testing.assert_array_equal(rows.read(np.arange(3)), np.ones((3, 2)))


def test_files_of_other_kinds(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.h5")
    for name, content in {"e.h5": b"", "t.h5": b"hello"}.items():
        (tmp_path / name).write_bytes(content)
        assert refused(tmp_path / name) in ("is empty.", "is not an HDF5 file.")
    whole = Path(written(tmp_path / "a.h5", x=np.ones((500, 20)))).read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[:4000])
    assert "damaged" in refused(tmp_path / "cut.h5")
    assert "holds no arrays" in refused(Path(written(tmp_path / "none.h5")))
    with pytest.raises(DataError, match="No HDF5 file is chosen"):
        Hdf5().load()


def test_models_are_no_data(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    for name in ("m.h5", "m.weights.h5"):
        (model.save if name == "m.h5" else model.save_weights)(tmp_path / name)
        assert "is a Keras model, or the weights of one, not data" in refused(tmp_path / name)


def _external_link(file: h5py.File) -> None:
    file["x"] = h5py.ExternalLink("/etc/passwd", "/x")


def _soft_link(file: h5py.File) -> None:
    file["z"] = np.ones(3)
    file["x"] = h5py.SoftLink("/z")


def _link_in_mid_path(file: h5py.File) -> None:
    file["b/x"] = np.ones(3)
    file["a"] = h5py.SoftLink("/b")


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (3,))
    file.create_virtual_dataset("x", layout)


def _external_storage(file: h5py.File) -> None:
    file.create_dataset("x", (3,), "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def _declared(file: h5py.File) -> None:
    file.create_dataset("x", (10**6, 10**6, 10**6), "f4", chunks=(1, 1, 10**4), compression="gzip")


def _one_piece(file: h5py.File) -> None:
    found = file.create_dataset("x", (2**20, 1000), "u1", chunks=(2**20, 1000), compression="gzip")
    found.id.write_direct_chunk((0, 0), bytes(2**20))


def _compound(file: h5py.File) -> None:
    file["x"] = np.zeros(3, [("a", "f4"), ("b", "i4")])


def _complex(file: h5py.File) -> None:
    file["x"] = np.zeros(3, complex)


def _reference(file: h5py.File) -> None:
    file["z"] = np.ones(3)
    file.create_dataset("x", (1,), h5py.ref_dtype)


def _null(file: h5py.File) -> None:
    file["x"] = h5py.Empty("f4")


def _cycle(file: h5py.File) -> None:
    file["x"] = np.ones(3)
    file["a/b"] = file["/"]


def _scale_offset(file: h5py.File) -> None:
    file.create_dataset("x", (30,), "i4", scaleoffset=0)


@pytest.mark.parametrize(
    ("put", "told"),
    [
        (_external_link, "x: is a link to somewhere else, which is not followed."),
        (_soft_link, "x: is a link to somewhere else, which is not followed."),
        (_link_in_mid_path, "a: is a link to somewhere else, which is not followed."),
        (_virtual, "x: lies in another file, which is not opened."),
        (_external_storage, "x: lies in another file, which is not opened."),
        (_declared, "x: is said to hold far more than the file does."),
        (_compound, "x: does not hold numbers."),
        (_complex, "x: does not hold numbers."),
        (_reference, "x: does not hold numbers."),
        (_null, "x: is not an array."),
        (_cycle, "is a group that has several names."),
        (_scale_offset, "x: is compressed in a way that is not read here."),
    ],
)
def test_what_is_not_read_is_said(put: Callable[[h5py.File], None], told: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        put(file)
    assert told in refused(tmp_path / "a.h5")


def test_what_is_not_read_is_left_out_where_others_are_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        _soft_link(file)
        _ = file.create_dataset("good", data=np.ones((4, 2)))
    assert list(Hdf5(path=str(tmp_path / "a.h5"), feature_names=("good",)).load().features) == ["good"]


def test_flipped_bits_are_read_or_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset(
            "train/x", data=np.arange(3000.0).reshape(100, 30), chunks=(10, 30), compression="gzip"
        )
        file["train/y"] = np.arange(100)
    content, rng = (tmp_path / "a.h5").read_bytes(), np.random.default_rng(0)
    for _ in range(15):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            damaged[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "bits.h5").write_bytes(damaged)
        with contextlib.suppress(FileError, DataError):
            Hdf5(path=str(tmp_path / "bits.h5")).load()
