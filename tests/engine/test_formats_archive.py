"""Keras's `.keras` files and weights-only files: ours opened by Keras, Keras's opened here; faults in the zip."""

from __future__ import annotations

import contextlib
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.errors import FileError, FileFormatError
from engine.formats import models
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from engine.layers.nested import Functional
from engine.project import TrainingSettings
from tests.engine.graphs import batch, graph, many_sided, ready
from tests.engine.layer_cases import close
from tests.engine.oracle import keras_predict, opened, predict


def test_many_sided_model_opens_compiled(tmp_path: Path) -> None:
    made = many_sided()
    model, variables = ready(made)
    path, inputs, weights = tmp_path / "m.keras", batch(model, 12), model.to_host(variables)
    models.save(path, made, weights, TrainingSettings())
    theirs, outputs = opened(path), predict(made, weights, inputs)
    close(keras_predict(theirs, inputs), outputs)
    targets = [np.arange(12) % 3, np.linspace(-1, 1, 12, dtype=np.float32)[:, None]]
    found = theirs.evaluate(list(inputs.values()), targets, verbose=0, return_dict=True)
    close(found["kind_accuracy"], (np.asarray(outputs[0]).argmax(1) == targets[0]).mean())
    close(found["size_mae"], np.abs(np.asarray(outputs[1]) - targets[1]).mean(), rtol=1e-4)
    loaded = models.load(path)
    assert loaded.training == TrainingSettings()
    assert loaded.notes == ()
    ours = {node.name: node.layer for node in made if not isinstance(node.layer, Output)}
    read = {node.name: node.layer for node in loaded.graph if not isinstance(node.layer, Output)}
    assert read == {("shared_1" if k == "again" else k): v for k, v in ours.items() if k != "unused"}
    assert [n.layer for n in loaded.graph.of_type(Output)] == [n.layer for n in made.of_type(Output)]


def _nested() -> keras.Model:
    layers = keras.layers
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="tanh"), layers.BatchNormalization()])
    deep = keras.Sequential([keras.Input((3,)), keras.Sequential([keras.Input((3,)), layers.Dense(2)])])
    a, b = keras.Input((4,)), keras.Input((3,))
    both = keras.Model([a, b], layers.concatenate([inner(a), layers.Dense(3)(b)]), name="both")
    x, y = keras.Input((4,)), keras.Input((3,))
    z = layers.concatenate([both([x, y]), deep(y), both([x, y])])
    return keras.Model([x, y], layers.Dense(2)(z))


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".json", ".weights.h5"])
def test_models_in_models_come_over(suffix: str, tmp_path: Path) -> None:
    theirs = _nested()
    rng = np.random.default_rng(0)
    for variable in theirs.variables:
        variable.assign(np.abs(rng.normal(size=variable.shape)) + 0.1)
    inputs = {"x": rng.normal(size=(3, 4)).astype(np.float32), "y": rng.normal(size=(3, 3)).astype(np.float32)}
    if suffix in (".json", ".weights.h5"):
        (tmp_path / "k.json").write_text(theirs.to_json())
        theirs.save_weights(tmp_path / "k.weights.h5")
    else:
        theirs.save(tmp_path / f"k{suffix}")
    loaded = models.load(tmp_path / ("k.json" if suffix == ".weights.h5" else f"k{suffix}"))
    expected = keras_predict(theirs, inputs)
    close(predict(loaded.graph, loaded.weights, inputs), expected)
    models.save(tmp_path / f"ours{suffix}", loaded.graph, loaded.weights)
    if suffix == ".weights.h5":
        again = keras.models.model_from_json(_our_json(tmp_path, loaded.graph, loaded.weights))
        again.load_weights(tmp_path / "ours.weights.h5")
    elif suffix == ".json":
        again = keras.models.model_from_json((tmp_path / "ours.json").read_text())
        again.load_weights(tmp_path / "ours.weights.h5")
    else:
        again = opened(tmp_path / f"ours{suffix}")
    close(keras_predict(again, inputs), expected)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(("first", "second"), [("model", "again"), ("again", "model")])
def test_a_model_within_that_is_called_twice_and_an_output(
    suffix: str, first: str, second: str, tmp_path: Path
) -> None:
    """Keras counts the calls of models from 1 among the outputs, and from 0 among the inputs of layers."""
    end = Output(loss=None, metrics=())
    inner = graph(("in", Input(shape=(4,)), []), ("dense", Dense(units=3), ["in"]), ("out", end, ["dense"]))
    made = graph(
        ("a", Input(shape=(4,)), []),
        ("b", Input(shape=(4,)), []),
        ("model", Functional(graph=inner), ["a"]),
        ("again", Functional(graph=inner), ["b"]),
        ("last", Dense(units=2), [second]),
        ("model_out", end, [first]),
        ("last_out", end, ["last"]),
        shares={"again": "model"},
    )
    model, variables = ready(made)
    weights, inputs = model.to_host(variables), batch(model)
    expected = predict(made, weights, inputs)
    models.save(tmp_path / f"ours{suffix}", made, weights)
    theirs = opened(tmp_path / f"ours{suffix}")
    close(keras_predict(theirs, inputs), expected)
    theirs.save(tmp_path / f"theirs{suffix}")
    for name in ("ours", "theirs"):
        loaded = models.load(tmp_path / f"{name}{suffix}")
        close(predict(loaded.graph, loaded.weights, inputs), expected)


def _our_json(folder: Path, graph: Graph, weights: Any) -> str:
    models.save(folder / "config.json", graph, weights)
    return (folder / "config.json").read_text()


def _plain(units: int = 2) -> keras.Model:
    return keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, name="a"), keras.layers.Dense(units, name="b")]
    )


def test_weights_only_files_fill_a_graph(tmp_path: Path) -> None:
    theirs = _plain()
    theirs.save(tmp_path / "m.keras")
    graph = models.load(tmp_path / "m.keras").graph
    for variable in theirs.variables:
        variable.assign(np.random.default_rng(1).normal(size=variable.shape))
    theirs.save_weights(tmp_path / "w.weights.h5")
    theirs.save(tmp_path / "w.h5")
    x = {"x": np.ones((2, 3), np.float32)}
    for name in ("w.weights.h5", "w.h5"):
        graph, weights = models.load_weights(tmp_path / name, graph)
        close(predict(graph, weights, x), keras_predict(theirs, x))
    _plain(5).save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(FileFormatError, match=r"layer 'b', weight kernel: has the shape 4 × 5, but .* 4 × 2"):
        models.load_weights(tmp_path / "other.weights.h5", graph)


def test_half_precision_of_16_bits(tmp_path: Path) -> None:
    theirs = _plain()
    theirs.save(tmp_path / "m.keras")
    with keras.dtype_policies.DTypePolicy and keras.device("cpu"):
        halves = keras.Sequential(
            [
                keras.Input((3,)),
                *(keras.layers.Dense(n, name=m, dtype="bfloat16") for n, m in ((4, "a"), (2, "b"))),
            ]
        )
    halves.save_weights(tmp_path / "h.weights.h5")
    _, weights = models.load_weights(tmp_path / "h.weights.h5", models.load(tmp_path / "m.keras").graph)
    found = [array for arrays in weights.values() for array in arrays.values()]
    close(found, [np.asarray(v.numpy(), np.float32) for v in halves.variables], rtol=0, atol=0)
    assert all(array.dtype == np.float32 for array in found)


# Faults in the archive


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    _plain().save(tmp_path / "m.keras")
    return tmp_path / "m.keras"


def _rewritten(
    path: Path, change: Callable[[list[tuple[str, bytes]]], None], kind: int = zipfile.ZIP_STORED
) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    change(members)
    target = path.with_name("changed.keras")
    with zipfile.ZipFile(target, "w", kind) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that occurs twice
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    return target


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packed_members_are_read(kind: int, sound: Path) -> None:
    assert models.load(_rewritten(sound, lambda members: None, kind)).weights


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/passwd", "\\\\server\\x", "C:/x", "c:x", "assets\\x", "assets/.."]
)
def test_names_that_lead_out_are_refused(name: str, sound: Path) -> None:
    with pytest.raises(FileFormatError, match="leads out of the file"):
        models.load(_rewritten(sound, lambda members: members.append((name, b"x"))))


def _without(name: str) -> Callable[[list[tuple[str, bytes]]], None]:
    def change(members: list[tuple[str, bytes]]) -> None:
        members[:] = [member for member in members if member[0] != name]

    return change


def _put(name: str, content: bytes) -> Callable[[list[tuple[str, bytes]]], None]:
    def change(members: list[tuple[str, bytes]]) -> None:
        members[:] = [(key, content if key == name else old) for key, old in members]

    return change


BOMB = b"\x89HDF\r\n\x1a\n" + b"\0" * (80 * 2**20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda members: members.append(members[0]), "twice"),
        (_without("config.json"), "config.json is missing"),
        (_without("model.weights.h5"), "model.weights.h5 is missing"),
        (_put("model.weights.h5", BOMB), "far larger than what its model needs"),
        (_put("model.weights.h5", b"hello"), "model.weights.h5: is not an HDF5 file"),
        (_put("config.json", b"{"), "config.json: is not JSON"),
        (_put("config.json", b"[]"), "config.json: must be an object"),
        (_put("config.json", b"[" * 100_000), "nested too deeply"),
        (_put("config.json", json.dumps({"class_name": "Mine", "config": {}}).encode()), "of the class 'Mine'"),
    ],
)
def test_a_fault_in_the_archive_gets_one_sentence(change: Any, message: str, sound: Path) -> None:
    with pytest.raises(FileFormatError, match=message) as caught:
        models.load(_rewritten(sound, change, zipfile.ZIP_DEFLATED))
    assert "\n" not in str(caught.value)


def test_a_size_that_lies_is_found_out(sound: Path) -> None:
    packed = _rewritten(sound, _put("config.json", b" " * 10_000_000), zipfile.ZIP_DEFLATED)
    content = packed.read_bytes().replace((10_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    packed.write_bytes(content)
    with pytest.raises(FileFormatError):
        models.load(packed)


def test_damaged_archives_are_read_or_refused(sound: Path, tmp_path: Path) -> None:
    content, rng = sound.read_bytes(), np.random.default_rng(0)
    for share in (0, 0.01, 0.5, 0.99):
        (tmp_path / "cut.keras").write_bytes(content[: int(len(content) * share)])
        with pytest.raises(FileFormatError):
            models.load(tmp_path / "cut.keras")
    for _ in range(60):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            damaged[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "bits.keras").write_bytes(damaged)
        with contextlib.suppress(FileError):
            models.load(tmp_path / "bits.keras")


def test_json_without_weights_says_which_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(_plain().to_json())
    with pytest.raises(FileError, match=r"no m\.weights\.h5 beside it"):
        models.load(tmp_path / "m.json")


@pytest.mark.parametrize("broken", ["m.json", "m.weights.h5"])
def test_config_and_weights_are_replaced_together_or_not_at_all(broken: str, tmp_path: Path) -> None:
    other = "m.json" if broken == "m.weights.h5" else "m.weights.h5"
    (tmp_path / broken).mkdir()
    (tmp_path / other).write_bytes(b"older")
    made = many_sided()
    model, variables = ready(made)
    with pytest.raises(FileError, match=f"{broken}: could not be written: Is a directory"):
        models.save(tmp_path / "m.json", made, model.to_host(variables))
    assert (tmp_path / other).read_bytes() == b"older"
    assert {file.name for file in tmp_path.iterdir()} == {broken, other}


def test_weights_that_do_not_fit_leave_the_older_pair(tmp_path: Path) -> None:
    pair = [tmp_path / "m.json", tmp_path / "m.weights.h5"]
    for file in pair:
        file.write_bytes(b"older")
    with pytest.raises(FileError, match="the weights do not fit"):
        models.save(pair[0], many_sided(), {})
    assert [file.read_bytes() for file in pair] == [b"older", b"older"]
    assert sorted(tmp_path.iterdir()) == pair
