"""Model files that are damaged, foreign or malicious: a sentence each, and nothing run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import jax
import keras
import numpy as np
import pytest

from engine.errors import FileError, FileFormatError, NotReadyError
from engine.events import OptimizerState, RunPosition
from engine.formats.keras_config import to_config
from engine.formats.keras_h5 import load_checkpoint, load_model, save_checkpoint, save_model
from engine.formats.keras_reading import from_config
from engine.formats.project_file import dumps, loads
from engine.formats.reading import Place
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.layers.placeholder import Placeholder
from engine.ledger import NEW
from engine.model import compile_graph
from engine.project import Project, TrainingSettings
from tests.engine.graphs import graph, many_sided, ready

KERNEL = "model_weights/kind/kind/kernel"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file without faults."""
    path = tmp_path_factory.mktemp("sound") / "m.h5"
    made = many_sided()
    model, variables = ready(made)
    save_model(path, made, model.to_host(variables), TrainingSettings())
    return path


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path / "copy.h5"))


def refused(path: Path) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(FileError) as caught:
        load_model(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 600
    return message.removeprefix(f"{path}: ")


# Files


def test_files_of_other_kinds(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.h5")
    assert "directory" in refused(tmp_path)
    for name, content in {"e.h5": b"", "t.h5": b"hello", "z.keras": b"PK\x03\x04" + b"\0" * 100}.items():
        (tmp_path / name).write_bytes(content)
        assert refused(tmp_path / name) in ("is empty.", "is not an HDF5 file.")


def test_cut_short(sound: Path, tmp_path: Path) -> None:
    content = sound.read_bytes()
    for share in (0.01, 0.1, 0.5, 0.9, 0.999):
        (tmp_path / "cut.h5").write_bytes(content[: int(len(content) * share)])
        assert "damaged" in refused(tmp_path / "cut.h5")


def test_flipped_bits_are_read_or_refused(sound: Path, tmp_path: Path) -> None:
    content, rng = sound.read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            damaged[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "bits.h5").write_bytes(damaged)
        try:
            load_model(tmp_path / "bits.h5")
        except FileError:
            refused(tmp_path / "bits.h5")


def test_weights_only_and_other_hdf5(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.save_weights(tmp_path / "new.weights.h5")
    assert "without the model" in refused(tmp_path / "new.weights.h5")
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["layer_names"] = np.array([b"dense"])
    assert "weights only" in refused(tmp_path / "old.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.ones(3)
    assert "is not a Keras model" in refused(tmp_path / "other.h5")


# Inside the file


def _replace(path: str, put: Callable[[h5py.File, Any], None]) -> Callable[[h5py.File], None]:
    """Take what lies at a path out of a file, and put something else there."""

    def change(file: h5py.File) -> None:
        old = file[path][()] if isinstance(file[path], h5py.Dataset) else None
        del file[path]
        put(file, old)

    return change


def _external(file: h5py.File, old: Any) -> None:
    file.create_dataset(KERNEL, old.shape, old.dtype, external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def _virtual(file: h5py.File, old: Any) -> None:
    layout = h5py.VirtualLayout(old.shape, old.dtype)
    layout[:] = h5py.VirtualSource("other.h5", "x", old.shape)
    file.create_virtual_dataset(KERNEL, layout)


def _put(path: str, value: Any) -> Callable[[h5py.File, Any], None]:
    def put(file: h5py.File, old: Any) -> None:
        file[path] = value

    return put


def _bomb(file: h5py.File, old: Any) -> None:
    file.create_dataset(KERNEL, (10**6, 10**6, 10**6), "f4", chunks=(1, 1, 10**4), compression="gzip")


def _names(group: str, name: str, values: list[bytes]) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[group].attrs[name] = np.array(values)

    return change


def _attribute(name: str, value: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file.attrs[name] = value

    return change


CHANGES: dict[str, tuple[Callable[[h5py.File], None], str]] = {
    "soft link": (_replace(KERNEL, _put(KERNEL, h5py.SoftLink("/model_weights/size/size/kernel"))), "is a link"),
    "external link": (_replace(KERNEL, _put(KERNEL, h5py.ExternalLink("other.h5", "/x"))), "is a link"),
    "external link in mid-path": (
        _replace("model_weights/kind", _put("model_weights/kind", h5py.ExternalLink("other.h5", "/x"))),
        "is a link",
    ),
    "soft link for all weights": (
        _replace("model_weights", _put("model_weights", h5py.SoftLink("/nowhere"))),
        "is a link",
    ),
    "external storage": (_replace(KERNEL, _external), "lies in another file"),
    "virtual data set": (_replace(KERNEL, _virtual), "lies in another file"),
    "shape bomb": (_replace(KERNEL, _bomb), "said to hold far more than the file does"),
    "wrong shape": (
        _replace(KERNEL, _put(KERNEL, np.ones((2, 2)))),
        "has the shape 2 × 2, but the model needs 16 × 3",
    ),
    "wrong type": (_replace(KERNEL, _put(KERNEL, np.full((16, 3), b"x"))), "does not hold numbers"),
    "complex": (_replace(KERNEL, _put(KERNEL, np.ones((16, 3), complex))), "does not hold numbers"),
    "text": (_replace(KERNEL, _put(KERNEL, "hello")), "does not hold numbers"),
    "group for array": (_replace(KERNEL, lambda file, _: file.create_group(KERNEL)), "is not an array"),
    "empty data space": (_replace(KERNEL, _put(KERNEL, h5py.Empty("f4"))), "is not an array"),
    "array for group": (_replace("model_weights/kind", _put("model_weights/kind", 3)), "is not a group"),
    "array missing": (_replace(KERNEL, lambda *_: None), "is missing"),
    "layer missing": (_replace("model_weights/kind", lambda *_: None), "is missing"),
    "no weights": (_replace("model_weights", lambda *_: None), "is missing"),
    "a weight too few": (_names("model_weights/kind", "weight_names", [b"kind/kernel"]), "holds 1 weights, but"),
    "a weight too many": (
        _names("model_weights/kind", "weight_names", [b"kind/kernel", b"kind/bias", b"kind/bias"]),
        "holds 3 weights, but",
    ),
    "layer without weights": (_names("model_weights/kind", "weight_names", [b""][:0] or [b"."]), "weights"),
    "a layer too few": (_names("model_weights", "layer_names", [b"kind"]), "holds weights for 1 layers"),
    "path upwards": (
        _names("model_weights/kind", "weight_names", [b"../size/kernel", b"kind/bias"]),
        "is missing",
    ),
    "absolute path": (_names("model_weights/kind", "weight_names", [b"/etc/passwd", b"kind/bias"]), "proper path"),
    "empty path": (_names("model_weights/kind", "weight_names", [b"", b"kind/bias"]), "proper path"),
    "names as numbers": (_names("model_weights", "layer_names", [1, 2]), "must be a text"),
    "names in no list": (lambda f: f["model_weights"].attrs.__setitem__("layer_names", "kind"), "is not a list"),
    "config not JSON": (_attribute("model_config", "{"), "model_config: is not JSON"),
    "config not a text": (_attribute("model_config", 3), "must be a text"),
    "config not UTF-8": (_attribute("model_config", np.bytes_(b"\xff\xfe{}")), "damaged"),
    "config empty": (_attribute("model_config", "{}"), "'class_name' is missing"),
    "config deep": (_attribute("model_config", "[" * 100_000), "nested too deeply"),
    "config with NaN": (_attribute("model_config", '{"class_name": NaN}'), "holds NaN"),
    "training not JSON": (_attribute("training_config", "{"), "training_config: is not JSON"),
}


@pytest.mark.parametrize("fault", CHANGES)
def test_a_fault_inside_gets_one_sentence(fault: str, copy: Path) -> None:
    change, wanted = CHANGES[fault]
    with h5py.File(copy, "r+") as file:
        change(file)
    assert wanted in refused(copy)


@pytest.mark.parametrize("dtype", ["f2", "f8", "i4", "u1"])
def test_other_types_of_numbers_are_converted(dtype: str, copy: Path) -> None:
    with h5py.File(copy, "r+") as file:
        del file[KERNEL]
        file[KERNEL] = np.arange(48).reshape(16, 3).astype(dtype)
    loaded = load_model(copy)
    kernel = loaded.weights[loaded.graph.by_name("kind").id]["kernel"]
    assert kernel.dtype == np.float32
    assert (kernel == np.arange(48).reshape(16, 3)).all()


def test_a_large_array_that_is_not_there(tmp_path: Path) -> None:
    made = graph(
        ("a", Input(shape=(50_000,)), []),
        ("b", Dense(units=50_000, use_bias=False), ["a"]),
        ("c", Output(loss="mean_squared_error", metrics=()), ["b"]),
    )
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(to_config(made))
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"a", b"b"]
        group.create_group("a").attrs["weight_names"] = np.array([], "S1")
        group.create_group("b").attrs["weight_names"] = [b"k"]
        group["b"].create_dataset("k", (50_000, 50_000), "f4", chunks=(10, 10_000), compression="gzip")
    assert "far more than the file does" in refused(tmp_path / "m.h5")


def test_training_config_of_another_kind_is_passed_over(copy: Path) -> None:
    for value in ("[]", "3", "{}"):
        with h5py.File(copy, "r+") as file:
            file.attrs["training_config"] = value
        assert load_model(copy).training is None


def test_nonsense_in_a_training_config_is_told(copy: Path) -> None:
    with h5py.File(copy, "r+") as file:
        file.attrs["training_config"] = json.dumps(
            {"loss": 3, "metrics": {"a": 1}, "optimizer_config": "x", "loss_weights": "y"}
        )
    loaded = load_model(copy)
    assert loaded.training == TrainingSettings()
    assert any(
        "The optimizer x is not known here; Adam takes its place." in text for text in loaded.report.changed
    )


def test_checkpoint_faults(tmp_path: Path) -> None:
    made, path = many_sided(), tmp_path / "c.h5"
    model, variables = ready(made)
    slots = {slot: jax.tree.map(np.asarray, dict(variables.params)) for slot in ("momentum", "velocity")}
    state = OptimizerState(1, slots, "Adam")
    save_checkpoint(path, made, model.to_host(variables), TrainingSettings(), state, RunPosition(step=1), NEW)
    found = load_checkpoint(path)
    assert found.model.optimizer_state is not None
    assert (found.position, found.ledger) == (RunPosition(step=1), NEW)
    for text in ("{", "[]", '{"rows": [{"loss": "x"}]}', '{"unknown": 1}'):
        with h5py.File(path, "r+") as file:
            file["layerloom"].attrs["ledger"] = text
        with pytest.raises(FileFormatError, match="ledger"):
            load_checkpoint(path)
    with h5py.File(path, "r+") as file:
        del file["layerloom"].attrs["ledger"]
    assert load_checkpoint(path).ledger is None  # as in files of before
    name = "layerloom/optimizer_weights/adam/iteration"
    with h5py.File(path, "r+") as file:
        del file[name]
        file.create_dataset(name, (7, 7), "i4")
    assert load_checkpoint(path).model.optimizer_state is None
    with h5py.File(path, "r+") as file:
        del file[name]
        file[name] = h5py.ExternalLink("other.h5", "/x")
    with pytest.raises(FileFormatError, match="is a link"):
        load_checkpoint(path)


# The configuration


def _entry(**changes: Any) -> Callable[[dict[str, Any]], None]:
    """Change the entry of the layer "conv"."""

    def change(config: dict[str, Any]) -> None:
        next(layer for layer in config["layers"] if layer["name"] == "conv").update(changes)

    return change


def _setting(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        next(layer for layer in config["layers"] if layer["name"] == "conv")["config"].update(changes)

    return change


def _calls(*calls: Any) -> Callable[[dict[str, Any]], None]:
    return _entry(inbound_nodes=list(calls))


def _tensor(*history: Any) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"shape": [None], "keras_history": list(history)}}


def _lambda(config: dict[str, Any]) -> None:
    code = "4wEAAAAAAAAAAAAAAAEAAAACAAAA"
    _entry(class_name="Lambda", config={"name": "conv", "function": {"class_name": "__lambda__", "code": code}})(
        config
    )


CONFIGS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "TFSMLayer": (
        _entry(class_name="TFSMLayer", config={"filepath": "/tmp/x"}),
        "layer 'conv': is a TFSMLayer, which runs a program from another file",
    ),
    "StringLookup": (
        _entry(class_name="StringLookup", config={"vocabulary": "http://x/y"}),
        "layer 'conv': has vocabulary = 'http://x/y': nothing outside the file is opened",
    ),
    "class not a text": (_entry(class_name={"a": 1}), "class_name: must be a text"),
    "setting out of bounds": (_setting(filters=0), "layer 'conv', setting filters: "),
    "filters bomb": (_setting(filters=10**12), "layer 'conv', setting filters: "),
    "kernel of one": (_setting(kernel_size=[3]), "setting kernel_size"),
    "window too large": (_setting(kernel_size=[99, 99], padding="valid"), "does not fit"),
    "called with a setting": (
        _calls({"args": [_tensor("scaled", 0, 0)], "kwargs": {"strength": 2}}),
        "is called with strength = 2",
    ),
    "called on a number": (_calls({"args": [3], "kwargs": {}}), "is called on 3"),
    "called on two": (
        _calls({"args": [[_tensor("scaled", 0, 0), _tensor("scaled", 0, 0)]]}),
        "is called on 2 inputs",
    ),
    "called on none": (_calls({"args": []}), "is called on 0 inputs"),
    "called on deep lists": (_calls({"args": [[[[[[_tensor("scaled", 0, 0)]]]]]]}), "which is not a tensor"),
    "called on the unknown": (_calls({"args": [_tensor("nobody", 0, 0)]}), "of the layer 'nobody'"),
    "called on a call that is not": (_calls({"args": [_tensor("scaled", 5, 0)]}), "call 6 of the layer 'scaled'"),
    "second output": (
        _calls({"args": [_tensor("scaled", 0, 1)]}),
        "output 2 of 'scaled', which has no such output",
    ),
    "history too short": (_calls({"args": [_tensor("scaled")]}), "a tensor is said to come from"),
    "circle": (_calls({"args": [_tensor("pool", 0, 0)]}), "circle"),
    "never called": (_calls(), "of the layer 'conv', which is not in the file"),
    "inbound nodes in words": (_entry(inbound_nodes="all"), "inbound_nodes: must be a list"),
    "name twice": (lambda config: config["layers"].append(config["layers"][0]), "is taken by another layer"),
    "name with a slash": (_entry(name="a/b"), "slashes"),
    "name of 10,000 characters": (_entry(name="n" * 10_000), "200 characters"),
    "name not a text": (_entry(name=None), "must be a text"),
    "no layers": (lambda config: config.update(layers=[]), "which is not in the file"),
    "layers not a list": (lambda config: config.update(layers={}), "must be a list"),
    "no outputs": (lambda config: config.update(output_layers=[]), "There is no Output"),
    "output unknown": (lambda config: config.update(output_layers=[["nobody", 0, 0]]), "outputs: needs call 1"),
    "key missing": (lambda config: config.pop("layers"), "the key 'layers' is missing"),
    "input without shape": (
        lambda config: config["layers"][0]["config"].pop("batch_shape"),
        "'batch_shape' is missing",
    ),
    "sparse input": (lambda config: config["layers"][0]["config"].update(sparse=True), "is sparse"),
    "input of complex numbers": (
        lambda config: config["layers"][0]["config"].update(dtype="complex64"),
        "setting dtype",
    ),
}


@pytest.mark.parametrize("fault", CONFIGS)
def test_a_config_that_is_refused_names_the_layer_and_the_cause(fault: str) -> None:
    change, wanted = CONFIGS[fault]
    config = json.loads(json.dumps(to_config(many_sided())))
    change(config["config"])
    with pytest.raises(FileFormatError) as caught:
        from_config(config, Place("m.h5"))
    message = str(caught.value)
    assert message.startswith("m.h5: ")
    assert wanted in message
    assert "\n" not in message
    assert len(message) < 500


@pytest.mark.parametrize(
    "config",
    [
        None,
        [],
        {"class_name": "Subclassed", "config": {}},
        {"class_name": "Sequential", "config": {}},
        {"class_name": "Sequential", "config": []},
        {"class_name": "Sequential", "config": {"layers": [{"class_name": "Flatten", "config": {"name": "f"}}]}},
        {"class_name": "Functional", "config": 3},
        {"class_name": ["Functional"], "config": {}},
    ],
    ids=str,
)
def test_a_config_of_no_model(config: Any) -> None:
    with pytest.raises(FileFormatError):
        from_config(config, Place("m.h5"))


# Layers that are not known here


UNKNOWN: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "activation a list": (_setting(activation=["relu"]), "has the activation ['relu']"),
    "Lambda": (_lambda, "is a Lambda, which holds code"),
    "a model inside": (_entry(class_name="Functional"), "inside: layers: must be a list"),
    "code by module": (_entry(module="os", class_name="system"), "of somebody's own making"),
    "registered class": (_entry(registered_name="mine>Conv2D"), "'mine>Conv2D' of somebody's own making"),
    "activation of os": (
        _setting(activation={"module": "os", "class_name": "function", "config": "system"}),
        "has the activation 'system'",
    ),
    "activation unknown": (_setting(activation="glu"), "has the activation 'glu'"),
    "initializer unknown": (_setting(kernel_initializer="mine"), "has the initializer 'mine'"),
    "initializer of os": (
        _setting(kernel_initializer={"module": "os", "class_name": "system", "config": {"command": "x"}}),
        "has the initializer 'system'",
    ),
    "initializer with an argument that it has not": (
        _setting(kernel_initializer={"class_name": "RandomNormal", "config": {"surprise": 0.3}}),
        "random_normal takes mean, stddev, not surprise",
    ),
    "initializer with a text for a number": (
        _setting(kernel_initializer={"class_name": "RandomNormal", "config": {"stddev": "0.3"}}),
        "stddev of random_normal must be like 0.05",
    ),
    "regularizer of nobody": (
        _setting(kernel_regularizer={"class_name": "L7", "config": {}}),
        "has the regularizer 'L7'",
    ),
    "constraint that is a module": (
        _setting(kernel_constraint={"class_name": "os.system", "config": {}}),
        "has the constraint 'os.system'",
    ),
    "channels first": (_setting(data_format="channels_first"), "has data_format = 'channels_first'"),
    "half precision": (
        _setting(dtype={"class_name": "DTypePolicy", "config": {"name": "float16"}}),
        "has dtype = 'float16'",
    ),
    "unknown setting": (_setting(surprise=3), "has surprise = 3"),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_is_not_known_becomes_a_placeholder(kind: str) -> None:
    change, reason = UNKNOWN[kind]
    config = json.loads(json.dumps(to_config(many_sided())))
    change(config["config"])
    made = from_config(config, Place("m.h5"))
    layer = made.by_name("conv").layer
    assert isinstance(layer, Placeholder)
    assert reason in layer.reason
    (problem,) = infer(made).errors
    assert problem.node == made.by_name("conv").id
    assert problem.message.startswith("conv ")
    assert problem.message.endswith("It is kept as it is, but cannot be computed.")
    entry = next(entry for entry in config["config"]["layers"] if entry["name"] == "conv")
    again = next(entry for entry in to_config(made)["config"]["layers"] if entry["name"] == "conv")
    assert again == entry
    assert loads(dumps(Project(made))).graph == made
    with pytest.raises(NotReadyError):
        compile_graph(made)


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "../x", "./x", "~/x", "http://x/y", "gs://x", "C:\\x", "c:/x", "\\\\server\\x", " /x"]
)
def test_a_path_in_an_unknown_layer_is_refused(text: str) -> None:
    config = json.loads(json.dumps(to_config(many_sided())))
    _entry(class_name="Mine", config={"name": "conv", "deep": [{"file": text}]})(config["config"])
    with pytest.raises(FileFormatError, match="nothing outside the file is opened"):
        from_config(config, Place("m.h5"))
