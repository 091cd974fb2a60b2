"""Graphs and programs that several tests of the formats need."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.formats.proof import random_inputs
from engine.graph import Graph
from engine.layer import Layer
from engine.layers.conv import Conv2D
from engine.layers.core import Activation, Dense, Input, Output
from engine.layers.global_pooling import GlobalAveragePooling2D
from engine.layers.merging import Add, Concatenate
from engine.layers.normalization import BatchNormalization
from engine.layers.pooling import MaxPooling2D
from engine.layers.preprocessing import Normalization, Rescaling
from engine.layers.regularization import Dropout
from engine.model import Model, Variables, compile_graph

Array = np.ndarray[Any, Any]


def graph(*parts: tuple[str, Layer, list[str]], shares: dict[str, str] | None = None) -> Graph:
    """A graph of named layers with the names of their sources; `shares` links names."""
    made, ids = Graph(), dict[str, str]()
    for name, layer, sources in parts:
        owner = (shares or {}).get(name)
        node = made.new_node(layer, name, shares=None if owner is None else ids[owner])
        ids[name] = node.id
        made = made.add(node)
        for source in sources:
            made = made.connect(ids[source], node.id)
    return made


def many_sided() -> Graph:
    """Two inputs, two outputs, branches, a residual, and a layer that is called twice."""
    return graph(
        ("picture", Input(shape=(8, 8, 1)), []),
        ("table", Input(shape=(6,)), []),
        ("scaled", Rescaling(scale=1 / 255, offset=-0.5), ["picture"]),
        ("conv", Conv2D(filters=4, padding="same", activation="relu"), ["scaled"]),
        ("norm", BatchNormalization(), ["conv"]),
        ("act", Activation(activation="gelu"), ["norm"]),
        ("residual", Add(), ["act", "conv"]),
        ("pool", MaxPooling2D(), ["residual"]),
        ("mean", GlobalAveragePooling2D(), ["pool"]),
        ("standard", Normalization(), ["table"]),
        ("shared", Dense(units=6, activation="tanh"), ["standard"]),
        ("again", Dense(units=6, activation="tanh"), ["shared"]),
        ("all", Concatenate(), ["mean", "again", "shared"]),
        ("drop", Dropout(rate=0.2), ["all"]),
        ("kind", Dense(units=3, activation="softmax"), ["drop"]),
        ("size", Dense(units=1), ["drop"]),
        ("unused", Dense(units=2), ["drop"]),
        ("kind_out", Output(), ["kind"]),
        ("size_out", Output(loss="mean_squared_error", loss_weight=0.5, metrics=("mae",)), ["size"]),
        shares={"again": "shared"},
    )


def ready(made: Graph, seed: int = 0) -> tuple[Model, Variables]:
    """The model of a graph, with weights of which none is zero or one."""
    model = compile_graph(made)
    rng = np.random.default_rng(seed)
    weights = {
        owner: {name: _shaken(name, value, rng) for name, value in arrays.items()}
        for owner, arrays in model.to_host(model.init(seed)).items()
    }
    return model, model.from_host(weights)


def _shaken(name: str, value: Array, rng: np.random.Generator) -> Array:
    if value.dtype.kind == "i":
        return value
    noise = rng.normal(size=value.shape) * 0.1
    return (value + (np.abs(noise) if "variance" in name else noise)).astype(np.float32)


def batch(model: Model, size: int = 5, seed: int = 1) -> dict[str, Array]:
    """Numbers for the inputs of a model, by name."""
    return random_inputs(model, seed, size)


def run(code: str) -> dict[str, Any]:
    """The names that a program defines, run as a module (not as the main one)."""
    space: dict[str, Any] = {"__name__": "generated"}
    exec(compile(code, "generated.py", "exec"), space)
    return space
