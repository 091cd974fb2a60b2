"""Sources, matching of arrays to nodes, splits; and what bad data is told."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.datasets

from engine.data import arrays
from engine.data.arrays import Npz, read_npz
from engine.data.prepare import PreparedData, match_names, prepare
from engine.data.source import SOURCES, DataSet
from engine.errors import DataError, FileError, FileFormatError
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from engine.model import compile_graph
from engine.project import DataSettings
from engine.templates import chain

BUNDLED = ("digits", "iris", "wine", "breast_cancer", "diabetes")


def classifier(
    shape: tuple[int, ...] = (4,), classes: int = 3, loss: str = "sparse_categorical_crossentropy"
) -> Graph:
    activation = "sigmoid" if loss.startswith("binary") else "softmax"
    return chain(Input(shape=shape), Dense(units=classes, activation=activation), Output(loss=loss))[0]


def prepared(graph: Graph, data: DataSet, **settings: Any) -> PreparedData:
    return prepare(compile_graph(graph), data, DataSettings(**settings))


def data(x: Any, y: Any) -> DataSet:
    return DataSet({"x": np.asarray(x, np.float32)}, {"y": np.asarray(y)})


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_sources_say_what_they_hold(name: str) -> None:
    source = SOURCES[name]()
    loaded = source.load()
    for column, found in ((source.features(), loaded.features), (source.targets(), loaded.targets)):
        assert {key: value.shape for key, value in column.items()} == {k: a.shape[1:] for k, a in found.items()}
    classes = source.targets()["y"].classes
    if classes:
        assert set(np.unique(loaded.targets["y"])) == set(range(len(classes)))
    assert loaded.size == source.samples  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_sources_are_those_of_scikit_learn(name: str) -> None:
    options = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(sklearn.datasets, f"load_{name}")(**options)
    loaded = SOURCES[name]().load()
    np.testing.assert_array_equal(loaded.features["x"].reshape(len(bunch.data), -1), bunch.data.astype(np.float32))
    np.testing.assert_array_equal(loaded.targets["y"], bunch.target)
    classes = [str(label) for label in getattr(bunch, "target_names", ())] if loaded.classes else []
    assert list(loaded.classes.get("y", ())) == classes


def test_splits_are_disjoint_complete_and_repeat() -> None:
    rows = np.arange(100, dtype=np.float32)[:, None]
    graph = chain(Input(shape=(1,)), Dense(units=1), Output(loss="mean_squared_error", metrics=()))[0]
    parts = prepared(graph, data(rows, rows), seed=3)
    again = prepared(graph, data(rows, rows), seed=3)
    other = prepared(graph, data(rows, rows), seed=4)
    assert parts.validation is not None
    assert parts.test is not None
    found = [part.inputs["input"][:, 0] for part in (parts.training, parts.validation, parts.test)]
    assert [len(part) for part in found] == [70, 10, 20]
    assert sorted(np.concatenate(found)) == list(range(100))
    np.testing.assert_array_equal(found[0], again.training.inputs["input"][:, 0])
    assert not np.array_equal(found[0], other.training.inputs["input"][:, 0])


def test_a_sample_keeps_its_target() -> None:
    rows = np.arange(50, dtype=np.float32)[:, None]
    graph = chain(Input(shape=(1,)), Dense(units=1), Output(loss="mean_squared_error", metrics=()))[0]
    parts = prepared(graph, data(rows, rows * 2))
    for part in (parts.training, parts.validation, parts.test):
        assert part is not None
        np.testing.assert_array_equal(part.targets["output"], part.inputs["input"] * 2)


def test_samples_of_the_same_size_are_reshaped() -> None:
    graph = classifier((64,), 10)
    images = SOURCES["digits"]().load()
    assert prepared(graph, images).training.inputs["input"].shape[1:] == (64,)


def test_a_shape_that_does_not_fit_says_what_to_set() -> None:
    with pytest.raises(
        DataError, match=r"takes 4, but a sample of the data is 13\. Set the shape of input to 13, or"
    ):
        prepared(classifier(), data(np.zeros((9, 13)), np.zeros(9, int)))


def test_labels_beyond_the_units_say_what_to_set() -> None:
    with pytest.raises(DataError, match=r"labels from 0 to 4.*gives 3 numbers.*to 5"):
        prepared(classifier(), data(np.zeros((5, 4)), np.arange(5)))


def test_labels_that_are_no_labels_are_refused() -> None:
    with pytest.raises(DataError, match=r"holds numbers such as 0\.5"):
        prepared(classifier(), data(np.zeros((4, 4)), [0, 1, 0.5, 2]))


def test_one_hot_and_labels_are_turned_into_each_other() -> None:
    labels = np.array([0, 2, 1, 2] * 5)
    rows = np.zeros((20, 4))
    for given in (labels, np.eye(3)[labels], labels[:, None]):
        sparse = prepared(classifier(), data(rows, given), validation_split=0, test_split=0)
        np.testing.assert_array_equal(sparse.training.targets["output"], labels)
        rowwise = classifier(loss="categorical_crossentropy")
        hot = prepared(rowwise, data(rows, given), validation_split=0, test_split=0)
        np.testing.assert_array_equal(hot.training.targets["output"], np.eye(3)[labels])


def test_binary_targets_outside_0_and_1_are_refused() -> None:
    with pytest.raises(DataError, match="needs targets of 0 or 1, but y goes from 0 to 2"):
        prepared(classifier(classes=1, loss="binary_crossentropy"), data(np.zeros((3, 4)), [0, 1, 2]))


def test_missing_numbers_name_the_sample() -> None:
    rows = np.zeros((6, 4))
    rows[4, 1] = np.nan
    with pytest.raises(DataError, match="in 1 of 6 samples, first in sample 4"):
        prepared(classifier(), data(rows, np.zeros(6, int)))


def test_names_that_do_not_match_are_listed(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", a=np.zeros((4, 4)), b=np.zeros((4, 4)), y=np.zeros(4, int))
    with pytest.raises(DataError, match=r"is named 'input', as the Input is; there are a \(4\), b"):
        prepared(classifier(), Npz(path=str(tmp_path / "d.npz")).load())


# NPZ


def two_heads() -> Graph:
    layers = {
        "x": Input(shape=(4,)),
        "kind": Dense(units=3, activation="softmax"),
        "size": Dense(units=1),
        "kind_output": Output(loss="sparse_categorical_crossentropy", metrics=()),
        "size_output": Output(loss="mean_squared_error", metrics=()),
    }
    graph, ids = Graph(), dict[str, str]()
    for name, layer in layers.items():
        node = graph.new_node(layer, name)
        graph, ids[name] = graph.add(node), node.id
    for source, target in (("x", "kind"), ("x", "size"), ("kind", "kind_output"), ("size", "size_output")):
        graph = graph.connect(ids[source], ids[target])
    return graph


def test_targets_are_found_by_the_layers_before_the_outputs(tmp_path: Path) -> None:
    path = tmp_path / "heads.npz"
    x, kind, size = np.ones((6, 4)), np.arange(6) % 3, np.arange(6.0)
    np.savez(path, x=x, kind=kind, size=size)
    graph = two_heads()
    assert match_names(compile_graph(graph), Npz(path=str(path)).load()) == {
        "x": "x",
        "kind_output": "kind",
        "size_output": "size",
    }
    np.savez(path, x=x, kind_output=kind, kind=size, size=size)  # its own name comes first
    assert match_names(compile_graph(graph), Npz(path=str(path)).load())["kind_output"] == "kind_output"
    np.savez(path, x=x, kind=kind, other=size)
    with pytest.raises(DataError, match=r"'size_output'.*Give the Output the name of its array"):
        prepared(graph, Npz(path=str(path)).load())
    graph = graph.rename(graph.by_name("size_output").id, "other")  # what was advised
    assert prepared(graph, Npz(path=str(path)).load()).training.targets.keys() == {"kind_output", "other"}


def test_an_output_without_a_loss_needs_no_array() -> None:
    graph = two_heads()
    graph = graph.set_layer(graph.by_name("size_output").id, Output(loss=None))
    found = prepared(graph, DataSet({"x": np.ones((6, 4))}, {"y": np.arange(6) % 3}))
    assert found.training.targets.keys() == {"kind_output"}


def test_npz_named_as_keras_names_them(tmp_path: Path) -> None:
    arrays = {
        "x_train": np.zeros((6, 4)),
        "y_train": np.zeros(6, int),
        "x_test": np.ones((2, 4)),
        "y_test": np.ones(2, int),
    }
    np.savez(tmp_path / "mnist.npz", **arrays)
    parts = prepared(classifier(), Npz(path=str(tmp_path / "mnist.npz")).load(), validation_split=0)
    assert parts.test is not None
    assert (parts.training.size, parts.test.size) == (6, 2)
    assert parts.test.inputs["input"].min() == 1


def test_validation_data_of_its_own(tmp_path: Path) -> None:
    for name, size in (("a", 8), ("b", 3)):
        np.savez(tmp_path / f"{name}.npz", input=np.zeros((size, 4)), output=np.zeros(size, int))
    source = Npz(path=str(tmp_path / "a.npz"), validation_path=str(tmp_path / "b.npz"))
    parts = prepared(classifier(), source.load(), test_split=0)
    assert parts.validation is not None
    assert (parts.training.size, parts.validation.size) == (8, 3)


def _damaged(path: Path, kind: str) -> None:
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "not a zip":
        path.write_text("hello")
    elif kind == "truncated":
        np.savez(path, x=np.zeros((100, 100)))
        path.write_bytes(path.read_bytes()[:5000])
    elif kind == "pickled":
        np.savez(path, x=np.array([{"a": 1}], dtype=object))
    elif kind == "text of another code":
        np.savez(path, x=np.array([b"caf\xe9"]))
    elif kind == "scalar":
        np.savez(path, x=np.float32(1))
    elif kind == "foreign member":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "hello")
    elif kind == "lying header":
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000, 1000000), }"
        header = header.ljust(118) + b"\n"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(
                "x.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 64
            )


@pytest.mark.parametrize(
    "kind",
    [
        "empty",
        "not a zip",
        "truncated",
        "pickled",
        "text of another code",
        "scalar",
        "foreign member",
        "lying header",
    ],
)
def test_damaged_npz_files_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data.npz"
    _damaged(path, kind)
    with pytest.raises(FileFormatError, match=r"data\.npz"):
        read_npz(path)


def test_a_missing_npz_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        read_npz(tmp_path / "none.npz")
    with pytest.raises(DataError, match="No NPZ file is chosen"):
        Npz().load()


def test_arrays_of_unequal_length_are_listed(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((4, 4)), y=np.zeros(3))
    with pytest.raises(DataError, match="x 4, y 3"):
        Npz(path=str(tmp_path / "d.npz")).load()


# Numbers that would be lost


def test_numbers_too_large_for_float32_are_refused() -> None:
    rows = np.full((6, 4), 1e300)
    with pytest.raises(DataError, match=r"holds 1e\+300, which is too large for float32"):
        prepared(classifier(), DataSet({"x": rows}, {"y": np.zeros(6, int)}))


def test_fractions_are_not_cut_for_whole_number_inputs() -> None:
    graph = chain(Input(shape=(4,), dtype="int32"), Dense(units=3, activation="softmax"), Output())[0]
    with pytest.raises(DataError, match=r"takes whole numbers, but the data holds 0\.5"):
        prepared(graph, data(np.full((6, 4), 0.5), np.zeros(6, int)))
    assert prepared(graph, data(np.ones((6, 4)), np.zeros(6, int))).training.inputs["input"].dtype == np.int32


def test_one_hot_targets_must_be_probabilities() -> None:
    with pytest.raises(DataError, match=r"takes a probability for each class, but y goes from -5"):
        prepared(classifier(loss="categorical_crossentropy"), data(np.zeros((3, 4)), np.eye(3) * -5))


def test_labels_below_zero_are_refused() -> None:
    with pytest.raises(DataError, match="labels count from 0"):
        prepared(classifier(), data(np.zeros((3, 4)), [-1, 0, 1]))


def test_samples_without_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="holds no numbers"):
        prepared(classifier(), data(np.zeros((3, 0)), [0, 1, 2]))


def test_npz_is_read_in_pieces_that_can_be_ended(tmp_path: Path) -> None:
    x, text = np.asfortranarray(np.arange(3_000_000.0).reshape(1000, 3000)), np.array([["a"], ["bc"]])
    np.savez_compressed(tmp_path / "a.npz", x=x, y=np.zeros(1000, ">i4"))
    np.savez(tmp_path / "t.npz", x=text, z=np.zeros((2, 0)))
    events = list(Npz(path=str(tmp_path / "a.npz")).loading())
    assert [event.total for event in events if event.done][:2] == [24_000_000, 24_000_000]
    found = read_npz(tmp_path / "a.npz")
    np.testing.assert_array_equal(found["x"], x)
    assert found["y"].dtype == np.dtype(">i4")
    assert read_npz(tmp_path / "t.npz")["x"].tolist() == text.tolist()
    with pytest.raises(DataError, match="the samples of z hold no values"):
        Npz(path=str(tmp_path / "t.npz")).load()


def test_npz_that_memory_has_no_room_for_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((1000, 1000)))
    monkeypatch.setattr(arrays, "free_memory", lambda: 2**22)
    with pytest.raises(DataError, match=r"8\.0 MB of memory are needed, and 4\.2 MB are free"):
        Npz(path=str(tmp_path / "a.npz")).load()


def test_two_arrays_of_one_name_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("x.npy", b"other")
    with pytest.raises(FileFormatError, match="holds two arrays of the name 'x'"):
        read_npz(tmp_path / "a.npz")
