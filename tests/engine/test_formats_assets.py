"""Vocabularies that layers learned in Keras, which a `.keras` file keeps outside of its config."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from engine.errors import FileFormatError
from engine.formats import models
from engine.layers.core import Input, Output
from engine.layers.text import IntegerLookup, StringLookup, TextVectorization, VocabularyLayer
from engine.model import compile_graph
from tests.engine.graphs import graph
from tests.engine.layer_cases import close

FILE = Path(__file__).parent / "fixtures" / "vocabularies.keras"
"""A file that Keras wrote; `make_vocabularies.py` beside it says how."""


def outputs(path: Path) -> list[Any]:
    stored, loaded = np.load(FILE.with_suffix(".npz")), models.load(path)
    model = compile_graph(loaded.graph)
    inputs = {node.name: stored[node.name] for node in model.inputs}
    return list(model.predict(model.from_host(loaded.weights), inputs).values())


def stored() -> list[Any]:
    arrays = np.load(FILE.with_suffix(".npz"))
    return [arrays[name] for name in arrays if name.startswith("y")]


def test_learned_vocabularies_are_read() -> None:
    close(outputs(FILE), stored())
    graph = models.load(FILE).graph
    numbers, places = graph.by_name("numbers").layer, graph.by_name("places").layer
    assert isinstance(numbers, IntegerLookup)
    assert isinstance(places, StringLookup)
    assert numbers.vocabulary == (-1, 3, 5, 9)
    assert places.vocabulary == ("", "[UNK]", "[UNK]", "a", "b", "c")


def test_what_is_written_is_read_back_and_has_weights_where_keras_looks(tmp_path: Path) -> None:
    loaded = models.load(FILE)
    models.save(tmp_path / "m.keras", loaded.graph, loaded.weights)
    close(outputs(tmp_path / "m.keras"), stored(), rtol=0, atol=1e-6)
    found = []
    for path in (FILE, tmp_path / "m.keras"):
        with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            found.append(_arrays(file))
    theirs, ours = found
    assert len(theirs) == 4
    assert ours.keys() == theirs.keys()
    close(ours, theirs)


@pytest.mark.parametrize(
    ("layer", "kind", "content"),
    [
        (StringLookup(), "string_lookup", "[UNK]"),
        (StringLookup(mask_token="", num_oov_indices=2), "string_lookup", "\n[UNK]\n[UNK]"),
        (IntegerLookup(mask_token=0), "integer_lookup", "0\n-1"),
        (IntegerLookup(num_oov_indices=0), "integer_lookup", ""),
        (TextVectorization(), "text_vectorization", "\n[UNK]"),
    ],
)
def test_a_layer_that_has_learned_nothing(layer: VocabularyLayer, kind: str, content: str, tmp_path: Path) -> None:
    """Keras writes the special tokens, which it fails to read; of ours, without assets, it opens all."""
    dtype = "int32" if isinstance(layer, IntegerLookup) else "string"
    entry = Input.model_validate({"shape": (1,), "dtype": dtype})
    made = graph(("in", entry, []), ("look", layer, ["in"]), ("out", Output(loss=None, metrics=()), ["look"]))
    models.save(tmp_path / "m.keras", made, {})
    assert models.load(tmp_path / "m.keras").graph.by_name("look").layer == layer
    with zipfile.ZipFile(tmp_path / "m.keras", "a") as archive:
        assert not any(name.startswith("assets") for name in archive.namelist())
        archive.writestr(f"assets/layers/{kind}/vocabulary.txt", content)
    assert models.load(tmp_path / "m.keras").graph.by_name("look").layer == layer


def _arrays(file: h5py.File) -> dict[str, Any]:
    arrays: dict[str, Any] = {}

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()]

    file.visititems(take)
    return arrays


@pytest.mark.parametrize(
    ("member", "content", "message"),
    [
        ("integer_lookup", b"3\nfive", "must have a whole number on each line"),
        ("integer_lookup", b"9" * 5000, "must have a whole number on each line"),
        ("string_lookup", b"\xff\xfe", "is not UTF-8"),
        ("string_lookup", b"a\na", "more than once"),
        ("string_lookup_1", b"[UNK]\na", "has the shape 4, but the model needs 2"),
        ("string_lookup", b"a" * (101 * 2**20), "far larger than what its model needs"),
    ],
)
def test_a_fault_in_a_vocabulary_gets_one_sentence(
    member: str, content: bytes, message: str, tmp_path: Path
) -> None:
    changed, target = f"assets/layers/{member}/vocabulary.txt", tmp_path / "m.keras"
    with zipfile.ZipFile(FILE) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == changed else old.read(name))
    with pytest.raises(FileFormatError, match=message) as caught:
        models.load(target)
    assert "\n" not in str(caught.value)
