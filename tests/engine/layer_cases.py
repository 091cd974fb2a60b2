"""Every layer with several settings and the shapes of its inputs: what the conformance tests run over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from engine.graph import Graph
from engine.layer import LAYERS, Layer, Shape
from engine.layers.core import Input, Output

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Case:
    """A layer and the shapes it is tried on."""

    type: str
    settings: dict[str, Any]
    inputs: tuple[Shape, ...]
    dtype: str = "float32"

    @property
    def layer(self) -> Layer:
        return LAYERS[self.type].model_validate(self.settings)

    def __str__(self) -> str:
        settings = ",".join(f"{key}={value}" for key, value in self.settings.items())
        return f"{self.type}({settings})-{'+'.join('x'.join(map(str, shape)) for shape in self.inputs)}"


def _case(kind: str, *inputs: Shape, **settings: Any) -> Case:
    return Case(kind, settings, inputs)


PICTURE = (7, 6, 4)

CASES: tuple[Case, ...] = (
    _case("Input"),
    _case("Input", shape=(3, 4)),
    _case("Input", shape=(5,), dtype="int32"),
    _case("Output", (3,)),
    _case("Output", (2, 3), loss="mean_squared_error", loss_weight=0.5, metrics=("mae", "mse")),
    _case("Dense", (5,)),
    _case("Dense", (4, 5), units=3, activation="relu"),
    _case("Dense", (5,), units=2, activation="softmax", use_bias=False),
    _case("Dense", (6,), units=4, kernel_initializer="he_normal", bias_initializer="random_normal"),
    Case("Dense", {"units": 3, "activation": "tanh"}, ((5,),), dtype="int32"),
    _case("Activation", (4, 3)),
    _case("Activation", (5,), activation="softmax"),
    _case("Activation", (5,), activation="linear"),
    _case("Conv2D", PICTURE),
    _case("Conv2D", PICTURE, filters=5, kernel_size=(3, 2), padding="same", activation="relu"),
    _case("Conv2D", PICTURE, filters=4, kernel_size=(2, 3), strides=(2, 3), padding="same", use_bias=False),
    _case("Conv2D", PICTURE, filters=4, strides=(2, 2)),
    _case("Conv2D", PICTURE, filters=4, dilation_rate=(2, 2), activation="gelu"),
    _case("Conv2D", PICTURE, filters=3, dilation_rate=(1, 2), padding="same"),
    _case("Conv2D", PICTURE, filters=6, groups=2, padding="same", kernel_initializer="orthogonal"),
    _case("MaxPooling2D", PICTURE),
    _case("MaxPooling2D", (6, 4, 2), padding="same"),
    _case("MaxPooling2D", PICTURE, pool_size=(3, 2), strides=(2, 1), padding="same"),
    _case("MaxPooling2D", PICTURE, pool_size=(2, 3), strides=(1, 2)),
    _case("AveragePooling2D", PICTURE),
    _case("AveragePooling2D", PICTURE, pool_size=(3, 3), strides=(2, 2), padding="same"),
    _case("GlobalAveragePooling2D", PICTURE),
    _case("GlobalAveragePooling2D", PICTURE, keepdims=True),
    _case("GlobalMaxPooling2D", PICTURE),
    _case("GlobalMaxPooling2D", PICTURE, keepdims=True),
    _case("Flatten", (4,)),
    _case("Flatten", (2, 3, 4)),
    _case("Reshape", (12,), target_shape=(3, -1)),
    _case("Reshape", (4, 3), target_shape=(2, 2, 3)),
    _case("Reshape", (4, 3)),
    _case("Concatenate", (3,), (4,)),
    _case("Concatenate", (2, 3), (4, 3), (1, 3), axis=1),
    _case("Add", (3, 4), (3, 4)),
    _case("Add", (5,), (5,), (5,)),
    _case("Add", (3, 4), (1, 4)),
    _case("BatchNormalization", (5,)),
    _case("BatchNormalization", PICTURE, momentum=0.8, epsilon=0.01),
    _case("BatchNormalization", (4, 3), axis=1, center=False),
    _case("BatchNormalization", (4,), scale=False),
    _case("BatchNormalization", (4,), scale=False, center=False),
    _case("Dropout", (6,)),
    _case("Dropout", (3, 4), rate=0.25),
    _case("Dropout", (6,), rate=0.0),
    _case("Rescaling", (3,)),
    _case("Rescaling", (3, 2), scale=0.5, offset=-1.0),
    _case("Normalization", (4,)),
    _case("Normalization", (3, 2, 4)),
)

COMPUTING = tuple(case for case in CASES if case.type not in ("Input", "Output"))
"""The cases that Keras has a layer with inputs for."""


def inputs_of(case: Case, batch: int = 3, seed: int = 0) -> list[Array]:
    """Numbers for the inputs of a case."""
    rng = np.random.default_rng(seed)
    values = [rng.normal(size=(batch, *(size or 1 for size in shape))) for shape in case.inputs]
    return [(value * 5 if case.dtype == "int32" else value).astype(case.dtype) for value in values]


def weights_of(layer: Layer, *inputs: Shape, seed: int = 1) -> dict[str, Array]:
    """Random weights of a layer; variances are positive."""
    rng = np.random.default_rng(seed)
    weights: dict[str, Array] = {}
    for weight in layer.weights(*inputs):
        value = rng.normal(size=weight.shape) * 0.5
        weights[weight.name] = (np.abs(value) + 0.5 if "variance" in weight.name else value).astype(weight.dtype)
    return weights


def graph_of(case: Case) -> Graph:
    """The layer of a case between Inputs and an Output."""
    graph = Graph()
    node = graph.new_node(case.layer)
    graph = graph.add(node)
    for shape in case.inputs:
        entry = graph.new_node(Input.model_validate({"shape": shape, "dtype": case.dtype}))
        graph = graph.add(entry).connect(entry.id, node.id)
    end = graph.new_node(Output(loss="mean_squared_error", metrics=()))
    return graph.add(end).connect(node.id, end.id)


def close(found: Any, expected: Any, rtol: float = 1e-5, atol: float = 2e-6) -> None:
    """Equal up to the rounding of 32 bits: sums of some hundred products, taken in another order."""
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol, atol), found, expected
    )
