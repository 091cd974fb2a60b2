"""The templates: sound, and layer for layer what Keras's applications are."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from engine.formats.keras_config import calls
from engine.formats.keras_layers import layer_config
from engine.graph import Graph
from engine.inference import infer
from engine.layers.core import Input
from engine.templates import TEMPLATES, make

APPLICATIONS = {
    "vgg16": "VGG16",
    "vgg19": "VGG19",
    "resnet50": "ResNet50",
    "resnet101": "ResNet101",
    "resnet152": "ResNet152",
    "inception-v3": "InceptionV3",
    "xception": "Xception",
    "mobilenet-v2": "MobileNetV2",
    "densenet121": "DenseNet121",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_no_problem_and_says_what_it_is(name: str) -> None:
    template = TEMPLATES[name]
    assert infer(template.make().graph).problems == ()
    assert template.title
    assert template.description.endswith(".")


def described(graph: Graph) -> list[tuple[str, dict[str, Any]]]:
    """Class and settings of each layer in Keras's order, as Keras understands them."""
    found: list[tuple[str, dict[str, Any]]] = []
    for node in calls(graph).layers:
        if isinstance(node.layer, Input):
            continue
        cls = getattr(keras.layers, node.layer.keras_class or "")
        found.append((cls.__name__, plain(cls.from_config(layer_config(node.layer, node.name)))))
    return found


def plain(layer: keras.Layer) -> dict[str, Any]:
    """Settings that make the numbers: without names, and without what Keras counts by itself."""
    config = layer.get_config()
    axis = config.get("axis")
    if axis == 3:
        config["axis"] = -1
    return {key: value for key, value in config.items() if key not in ("name", "dtype")}


@pytest.mark.parametrize(("name", "theirs"), APPLICATIONS.items())
def test_an_architecture_is_that_of_keras(name: str, theirs: str) -> None:
    """In the order in which weights are saved, so that Keras's weight files fit."""
    graph = make(name).graph
    model = getattr(keras.applications, theirs)(weights=None)
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    assert described(graph) == [(type(layer).__name__, plain(layer)) for layer in layers]
    facts = infer(graph)
    assert facts.parameters == model.count_params()
    own = {node.name for node in graph}
    given = [layer.name for layer in layers if not layer.name.rstrip("0123456789_").endswith(AUTOMATIC)]
    assert set(given) <= own


AUTOMATIC = (
    "conv2d", "batch_normalization", "activation", "max_pooling2d", "average_pooling2d", "add", "concatenate",
    "zero_padding2d", "mixed", "global_average_pooling2d",
)  # fmt: skip
"""Names that Keras makes up and counts on from model to model."""
