"""What a safe reader refuses, each as a real file, in both formats: hold the table beside the list of faults.

| what | how it is answered | the rows of `CASES` |
|---|---|---|
| code in a Lambda | a placeholder, nothing run | lambda, |
| a module, function or class outside our table | a placeholder, nothing imported | foreign |
| a path or an address in a config | refused, nothing opened | path, address, TFSMLayer |
| links and storage outside of the file, at any step | refused | soft link, external link, storage, virtual |
| shapes that are not those of the graph, and bombs | refused before a byte is read | shape, bomb |
| names in the archive that lead out, or occur twice, and sizes | refused | zip |
| pickled arrays | refused | pickled; in NPZ files of data: test_pickled_arrays_in_data_are_not_unpickled |
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from engine.data.arrays import Npz, outline_npz, read_npz
from engine.errors import FileError
from engine.formats import models
from engine.formats.keras_h5 import LoadedModel
from engine.layers.placeholder import Placeholder

SUFFIXES = (".h5", ".keras")

Change = Callable[["Parts"], None]


@dataclass
class Parts:
    """A model file taken apart: its config, and its weights as an open HDF5 file; for archives, more members."""

    config: dict[str, Any]
    file: h5py.File
    suffix: str
    folder: Path
    members: list[tuple[str, bytes]]

    @property
    def layer(self) -> dict[str, Any]:
        return next(entry for entry in self.config["config"]["layers"] if entry["config"]["name"] == "middle")

    @property
    def kernel(self) -> str:
        """The path of the first array of the layer "middle"."""
        if self.suffix == ".h5":
            names = self.file["model_weights/middle"].attrs["weight_names"]
            return f"model_weights/middle/{names[0]}"
        return "layers/dense/vars/0"


@cache
def sound(suffix: str) -> bytes:
    """A model of Keras's own, without faults."""
    layers = [keras.Input((4,)), keras.layers.Dense(3, name="middle"), keras.layers.Dense(2, name="last")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"m{suffix}"
        keras.Sequential(layers).save(path)
        return path.read_bytes()


def crafted(folder: Path, suffix: str, change: Change) -> Path:
    """The sound model, changed."""
    path = folder / f"m{suffix}"
    path.write_bytes(sound(suffix))
    if suffix == ".h5":
        with h5py.File(path, "r+") as file:
            parts = Parts(json.loads(file.attrs["model_config"]), file, suffix, folder, [])
            change(parts)
            file.attrs["model_config"] = json.dumps(parts.config)
        return path
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO(members["model.weights.h5"])
    with h5py.File(buffer, "r+") as file:
        parts = Parts(json.loads(members["config.json"]), file, suffix, folder, [])
        change(parts)
    members |= {"config.json": json.dumps(parts.config).encode(), "model.weights.h5": buffer.getvalue()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that occurs twice
        for name, content in (*members.items(), *parts.members):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


# Changes


def _becomes(class_name: str, config: dict[str, Any], **entry: Any) -> Change:
    def change(parts: Parts) -> None:
        parts.layer.update(class_name=class_name, config={"name": "middle", **config}, **entry)
        if parts.suffix == ".keras":  # the weights lie under the class
            parts.file.move("layers/dense", f"layers/{class_name.lower()}")
            parts.file.move("layers/dense_1", "layers/dense")

    return change


def _code(mark: str) -> str:
    """The code of a function that leaves a mark, as Keras writes it."""
    function = compile(f"open({mark!r}, 'w')", "<lambda>", "eval")
    return base64.b64encode(marshal.dumps(function)).decode()


def _lambda(keras2: bool) -> Change:
    def change(parts: Parts) -> None:
        code = [_code(str(parts.folder / "mark")), None, None]
        config = {"code": code[0], "defaults": None, "closure": None}
        function = code if keras2 else {"class_name": "__lambda__", "config": config}
        _becomes("Lambda", {"function": function, "function_type": "lambda"}, module="keras.layers")(parts)

    return change


def _set(**settings: Any) -> Change:
    return lambda parts: parts.layer["config"].update(settings)


def _instead(put: Callable[[Parts, str], None], steps_up: int = 0) -> Change:
    """Put something else in the place of an array, or of a group so many steps above it."""

    def change(parts: Parts) -> None:
        path = parts.kernel
        for _ in range(steps_up):
            path = path.rpartition("/")[0]
        del parts.file[path]
        put(parts, path)

    return change


def _soft(parts: Parts, path: str) -> None:
    parts.file["aside"] = np.ones((4, 3), "f4")
    parts.file[path] = h5py.SoftLink("/aside")


def _external(parts: Parts, path: str) -> None:
    with h5py.File(parts.folder / "other.h5", "w") as other:
        other["x"] = np.ones((4, 3), "f4")
    parts.file[path] = h5py.ExternalLink(str(parts.folder / "other.h5"), "/x")


def _storage(parts: Parts, path: str) -> None:
    (parts.folder / "secret").write_bytes(b"s" * 48)
    parts.file.create_dataset(path, (4, 3), "f4", external=[(str(parts.folder / "secret"), 0, 48)])


def _virtual(parts: Parts, path: str) -> None:
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[:] = h5py.VirtualSource(str(parts.folder / "other.h5"), "x", (4, 3))
    parts.file.create_virtual_dataset(path, layout)


def _array(shape: tuple[int, ...], **more: Any) -> Callable[[Parts, str], None]:
    return lambda parts, path: parts.file.create_dataset(path, shape, "f4", **more) and None


def _gzip_bomb(parts: Parts, path: str) -> None:
    parts.file.create_dataset(path, data=np.zeros((4096, 4096), "f4"), compression="gzip", chunks=(4096, 4096))


def _objects(parts: Parts, path: str) -> None:
    content = io.BytesIO()
    np.save(content, np.array([print], dtype=object), allow_pickle=True)
    parts.file[path] = np.frombuffer(content.getvalue(), "u1")


def _vlen(parts: Parts, path: str) -> None:
    parts.file.create_dataset(path, (4, 3), h5py.string_dtype())


def _member(name: str, content: bytes = b"x") -> Change:
    return lambda parts: parts.members.append((name, content))


def _large_config(parts: Parts) -> None:
    parts.config["padding"] = " " * (101 * 2**20)


def _large_weights(parts: Parts) -> None:
    parts.file["aside"] = np.zeros((100 * 2**20,), "u1")


PLACED = "placed"
"""The answer where the layer is kept as a placeholder, with its config as data."""

CASES: dict[str, tuple[str, Change]] = {
    # Code in Lambda layers
    "lambda of Keras 3": (PLACED, _lambda(keras2=False)),
    "lambda of Keras 2": (PLACED, _lambda(keras2=True)),
    # Modules, functions and classes outside of our table
    "foreign module": (PLACED, _becomes("system", {"command": "touch mark"}, module="os")),
    "foreign function": (PLACED, _set(activation={"module": "os", "class_name": "function", "config": "system"})),
    "foreign class": (
        PLACED,
        _set(kernel_initializer={"module": "subprocess", "class_name": "Popen", "config": {}}),
    ),
    "foreign registered class": (PLACED, _becomes("Mine", {}, module="mine", registered_name="mine>Mine")),
    "foreign loader": (PLACED, _becomes("load_model", {}, module="keras.saving")),
    "foreign file downloader": (PLACED, _becomes("get_file", {"fname": "x"}, module="keras.utils")),
    # Paths and addresses
    "path of a vocabulary": ("nothing outside", _becomes("StringLookup", {"vocabulary": "/etc/passwd"})),
    "address of a vocabulary": ("nothing outside", _becomes("StringLookup", {"vocabulary": "http://x/v"})),
    "path in an unknown layer": ("nothing outside", _becomes("Mine", {"deep": [{"file": "../../x"}]})),
    "TFSMLayer": ("runs a program", _becomes("TFSMLayer", {"filepath": "/tmp/saved"})),
    # Links, and storage outside of the file
    "soft link": ("is a link", _instead(_soft)),
    "soft link in mid-path": ("is a link", _instead(_soft, 1)),
    "external link": ("is a link", _instead(_external)),
    "external link in mid-path": ("is a link", _instead(_external, 1)),
    "external storage": ("lies in another file", _instead(_storage)),
    "virtual data set": ("lies in another file", _instead(_virtual)),
    # Shapes and bombs
    "shape that is another": ("has the shape 3 × 4, but the model needs 4 × 3", _instead(_array((3, 4)))),
    "shape with more axes": ("has the shape 4 × 3 × 1", _instead(_array((4, 3, 1)))),
    "shape bomb": (
        "far more than the file does",
        _instead(_array((10**6, 10**6, 10**6), chunks=(1, 1, 10**4), compression="gzip")),
    ),
    "gzip bomb": ("has the shape 4096 × 4096|far more than", _instead(_gzip_bomb)),
    "graph that is a bomb": ("has the shape|setting units", _set(units=2**31 - 1)),
    # Pickled arrays
    "pickled array": ("has the shape", _instead(_objects)),
    "array of objects": ("does not hold numbers", _instead(_vlen)),
}

IN_ARCHIVES: dict[str, tuple[str, Change]] = {
    "zip name upwards": ("leads out", _member("../x")),
    "zip name upwards further in": ("leads out", _member("assets/../../x")),
    "zip name absolute": ("leads out", _member("/etc/x")),
    "zip name with backslash": ("leads out", _member("assets\\x")),
    "zip name of a drive": ("leads out", _member("C:x")),
    "zip name twice": ("twice", _member("config.json", b"{}")),
    "zip weights that are a bomb": ("far larger than what its model needs", _large_weights),
    "zip config that is a bomb": ("far larger than what its model needs", _large_config),
}

ROWS = [
    *((name, suffix) for name in CASES for suffix in SUFFIXES),
    *((name, ".keras") for name in IN_ARCHIVES),
]


_seen: list[str] | None = None


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if _seen is not None and event in ("os.system", "socket.connect", "socket.getaddrinfo", "pickle.find_class"):
        _seen.append(event)
    elif _seen is not None and event == "open" and str(arguments[0]) in ("/etc/passwd", "/tmp/saved", "mark"):
        _seen.append(f"open {arguments[0]}")


sys.addaudithook(_audit)


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No code in a file leaves its mark."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "mark").exists()


def opened(path: Path) -> LoadedModel:
    """A file as it is read here, which must open nothing else, run nothing, and ask nobody."""
    global _seen
    _seen = []
    try:
        return models.load(path)
    finally:
        seen, _seen = _seen, None
        assert not seen


@pytest.mark.parametrize(("name", "suffix"), ROWS)
def test_refused_or_placed(name: str, suffix: str, tmp_path: Path) -> None:
    wanted, change = (CASES | IN_ARCHIVES)[name]
    path = crafted(tmp_path, suffix, change)
    if wanted == PLACED:
        loaded = opened(path)
        layer = loaded.graph.by_name("middle").layer
        assert isinstance(layer, Placeholder)
        assert layer.reason
        return
    with pytest.raises(FileError, match=wanted) as caught:
        opened(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_file_is_sound_before_it_is_changed(suffix: str, tmp_path: Path) -> None:
    assert len(models.load(crafted(tmp_path, suffix, lambda parts: None)).weights) == 2


@pytest.mark.parametrize("name", ["soft link", "external link", "external storage", "virtual data set"])
def test_weights_alone_are_read_with_the_same_care(name: str, tmp_path: Path) -> None:
    graph = models.load(crafted(tmp_path, ".keras", lambda parts: None)).graph
    wanted, change = CASES[name]
    path = crafted(tmp_path, ".keras", change)
    with zipfile.ZipFile(path) as archive:
        (tmp_path / "w.weights.h5").write_bytes(archive.read("model.weights.h5"))
    with pytest.raises(FileError, match=wanted):
        models.load_weights(tmp_path / "w.weights.h5", graph)


class _Marks:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self) -> Any:
        return open, ("mark", "w")


@pytest.mark.parametrize("read", [read_npz, outline_npz, lambda path: Npz(path=str(path)).load()])
def test_pickled_arrays_in_data_are_not_unpickled(read: Callable[[Path], Any], tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=np.ones(3), y=np.array([_Marks()], dtype=object))
    with pytest.raises(FileError) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert not (tmp_path / "mark").exists()
    with np.load(path, allow_pickle=True) as file:  # the mark is one that shows
        file["y"]
    assert (tmp_path / "mark").exists()
    (tmp_path / "mark").unlink()
