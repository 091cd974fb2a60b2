"""Every model of keras.applications, saved by Keras, opened here and taken back, both formats, the same numbers.

Three are tried each time, all others by `make test-all`.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.formats import models
from engine.model import compile_graph
from tests.engine.oracle import opened

SMALLEST = {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75}
"""Height and width below which an architecture has nothing left to work on; all others can do with 32."""

CALMED = {"EfficientNetV2L": 0.9}
"""What gamma is multiplied by where shaken weights let signals grow from block to block until the outputs depend
on the rounding alone: there Keras, compiled or not, gives itself other classes."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "VGG16": ("VGG19",),
    "ResNet50": ("ResNet101", "ResNet152"),
    "ResNet50V2": ("ResNet101V2", "ResNet152V2"),
    "InceptionV3": (),
    "InceptionResNetV2": (),
    "Xception": (),
    "MobileNet": (),
    "MobileNetV2": (),
    "MobileNetV3Small": ("MobileNetV3Large",),
    "DenseNet121": ("DenseNet169", "DenseNet201"),
    "NASNetMobile": ("NASNetLarge",),
    "EfficientNetB0": tuple(f"EfficientNetB{size}" for size in range(1, 8)),
    "EfficientNetV2B0": (*(f"EfficientNetV2B{size}" for size in (1, 2, 3)), "EfficientNetV2S", "EfficientNetV2M",
                         "EfficientNetV2L"),
    "ConvNeXtTiny": ("ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge"),
}  # fmt: skip

QUICK = ("VGG16", "ResNet50", "MobileNetV2")
"""A plain chain, sums of branches, and depthwise convolutions with clipped activations."""

MODELS = [
    *QUICK,
    *(
        pytest.param(name, marks=pytest.mark.exhaustive)
        for family, more in FAMILIES.items()
        for name in (family, *more)
        if name not in QUICK
    ),
]


def application(name: str) -> keras.Model:
    """The model for small pictures and ten classes, its weights shaken so that none is what it starts as."""
    keras.utils.set_random_seed(0)
    size = SMALLEST.get(name, 32)
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=10)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        value = np.asarray(weight)
        noise = rng.normal(size=value.shape) * 0.05 * (value.std() + 0.1)
        factor = CALMED.get(name, 1.0) if weight.path.endswith("gamma") else 1.0
        weight.assign(factor * (value + (np.abs(noise) if "variance" in weight.path else noise)))
    return model


def pictures(model: keras.Model) -> np.ndarray[Any, Any]:
    shape = (2, *model.input_shape[1:])
    return np.random.default_rng(1).uniform(0, 255, shape).astype(np.float32)


def near(found: Any, expected: Any) -> None:
    """Within 1e-4 of the largest output."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert np.isfinite(expected).all()
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_no_application_is_forgotten() -> None:
    named = {name for family, more in FAMILIES.items() for name in (family, *more)}
    there = {name for name in dir(keras.applications) if name[0].isupper()}
    assert named == there


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", MODELS)
def test_application_there_and_back(name: str, tmp_path: Path) -> None:
    keras.utils.clear_session()
    model = application(name)
    x = pictures(model)
    expected = model(x, training=False)
    for suffix in (".h5", ".keras"):
        theirs, ours = tmp_path / f"theirs{suffix}", tmp_path / f"ours{suffix}"
        model.save(theirs)
        loaded = models.load(theirs)
        network = compile_graph(loaded.graph)
        (input_name,) = (node.name for node in network.inputs)
        (found,) = network.predict(network.from_host(loaded.weights), {input_name: x}).values()
        near(found, expected)
        theirs.unlink()
        models.save(ours, loaded.graph, loaded.weights)
        del loaded, network, found
        near(opened(ours)(x, training=False), expected)
        ours.unlink()
        gc.collect()
