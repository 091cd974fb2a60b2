"""Models of Keras 2 (tf-keras): read from real files, and written in its words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from engine.errors import StyleError
from engine.formats import models
from engine.formats.keras_dialect import ONLY_KERAS_3
from engine.layers.core import Input, Output
from engine.layers.normalization import RMSNormalization
from engine.layers.wrappers import TimeDistributed
from engine.optimizers import SGD, Adam, RMSprop
from engine.optimizers.schedules import InverseTimeDecay
from tests.engine.graphs import batch, graph, many_sided, ready
from tests.engine.layer_cases import close
from tests.engine.oracle import predict

FIXTURES = Path(__file__).parent / "fixtures"
"""Files that tf-keras wrote; `make_keras2.py` beside them says how."""

NAMES = ("cnn", "text", "shared", "nested")


def expected(name: str) -> tuple[dict[str, Any], list[Any]]:
    arrays = np.load(FIXTURES / f"keras2_{name}.npz")
    inputs = {key: arrays[key] for key in arrays if key.startswith("x")}
    return inputs, [arrays[key] for key in arrays if key.startswith("y")]


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("name", NAMES)
def test_files_of_keras_2_predict_the_same(name: str, suffix: str) -> None:
    loaded = models.load(FIXTURES / f"keras2_{name}{suffix}")
    inputs, outputs = expected(name)
    close(predict(loaded.graph, loaded.weights, inputs), outputs)


def test_a_config_with_its_weights_in_the_older_layout() -> None:
    loaded = models.load(FIXTURES / "keras2_nested.json", FIXTURES / "keras2_nested_weights.h5")
    inputs, outputs = expected("nested")
    close(predict(loaded.graph, loaded.weights, inputs), outputs)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_what_keras_2_compiled_comes_over(suffix: str) -> None:
    cnn, text, shared = (models.load(FIXTURES / f"keras2_{name}{suffix}") for name in ("cnn", "text", "shared"))
    assert cnn.graph.of_type(Output)[0].layer == Output()
    assert [found.training and found.training.optimizer for found in (cnn, text, shared)] == [
        Adam(learning_rate=0.002),
        RMSprop(),
        SGD(
            learning_rate=InverseTimeDecay(initial_learning_rate=0.1, decay_steps=1, decay_rate=0.001),
            momentum=0.9,
        ),
    ]
    p, q = (node.layer for node in shared.graph.of_type(Output))
    assert (p, q) == (
        Output(loss="mean_squared_error", loss_weight=0.5, metrics=()),
        Output(loss="binary_crossentropy", metrics=()),
    )


@pytest.mark.parametrize("name", NAMES)
def test_written_for_keras_2_and_read_back(name: str, tmp_path: Path) -> None:
    loaded = models.load(FIXTURES / f"keras2_{name}.h5")
    models.save(tmp_path / "m.h5", loaded.graph, loaded.weights, loaded.training, dialect="keras2")
    again = models.load(tmp_path / "m.h5")
    inputs, outputs = expected(name)
    close(predict(again.graph, again.weights, inputs), outputs)


def test_the_words_of_keras_2(tmp_path: Path) -> None:
    made = many_sided()
    model, variables = ready(made)
    weights = model.to_host(variables)
    models.save(tmp_path / "m.h5", made, weights, dialect="keras2")
    with h5py.File(tmp_path / "m.h5") as file:
        assert file.attrs["keras_version"] == "2.15.0"
        assert file.attrs["backend"] == "tensorflow"
        text = str(file.attrs["model_config"])
    for word in ("registered_name", "module", "__keras_tensor__", '"batch_shape"'):
        assert word not in text
    layers = {entry["name"]: entry for entry in json.loads(text)["config"]["layers"]}
    assert layers["picture"]["config"]["batch_input_shape"] == [None, 8, 8, 1]
    assert layers["shared"]["inbound_nodes"] == [[["standard", 0, 0, {}]], [["shared", 0, 0, {}]]]
    assert layers["residual"]["inbound_nodes"] == [[["act", 0, 0, {}], ["conv", 0, 0, {}]]]
    loaded, inputs = models.load(tmp_path / "m.h5"), batch(model)
    close(predict(loaded.graph, loaded.weights, inputs), predict(made, weights, inputs), rtol=0, atol=0)


@pytest.mark.parametrize("inner", [False, True])
def test_layers_that_keras_2_does_not_have_are_refused(inner: bool, tmp_path: Path) -> None:
    layer = RMSNormalization()
    made = graph(
        ("table", Input(shape=(3, 4)), []),
        ("norm", TimeDistributed(layer=layer) if inner else layer, ["table"]),
        ("end", Output(), ["norm"]),
    )
    model, variables = ready(made)
    weights = model.to_host(variables)
    with pytest.raises(StyleError, match="is a RMSNormalization, which Keras 2 does not have"):
        models.save(tmp_path / "m.h5", made, weights, dialect="keras2")
    assert not list(tmp_path.iterdir())


def test_the_layers_of_keras_3_only_are_layers_of_keras() -> None:
    assert {name for name in ONLY_KERAS_3 if not hasattr(keras.layers, name)} == {"GroupedQueryAttention"}
    assert keras.layers.GroupQueryAttention.__name__ == "GroupedQueryAttention"
