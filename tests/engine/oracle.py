"""Keras as the oracle: files opened by it, and what models give, its own and ours, for the same inputs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jax
import keras
import numpy as np

from engine.graph import Graph
from engine.model import compile_graph


def predict(made: Graph, weights: Any, inputs: Mapping[str, Any]) -> list[Any]:
    """Predictions of a graph, inputs by position."""
    model = compile_graph(made)
    named = dict(zip((node.name for node in model.inputs), inputs.values(), strict=True))
    return list(model.predict(model.from_host(weights), named).values())


def keras_predict(model: keras.Model, inputs: Mapping[str, Any]) -> list[Any]:
    """Predictions of a Keras model, inputs by position."""
    values = list(inputs.values())
    return jax.tree.leaves(model(values if len(values) > 1 else values[0], training=False))


def keras_predict_compiled(model: keras.Model, inputs: Mapping[str, Any]) -> list[Any]:
    """The same, compiled as a whole: for large models, of which each operation would be compiled by itself."""
    values = [np.asarray(value) for value in inputs.values()]
    return jax.tree.leaves(
        jax.jit(lambda given: model(given if len(given) > 1 else given[0], training=False))(values)
    )


def opened(path: Path) -> Any:
    """A model as Keras opens it, every weight out of the file: zeros are what it is made with.

    Keras would draw weights at random first, which takes far longer than the rest of a test.
    """
    with blank():
        return keras.saving.load_model(path)


@contextlib.contextmanager
def blank() -> Iterator[None]:
    """Floating-point weights of Keras are made of zeros."""

    def zeros(variable: Any, initializer: Any) -> None:
        shape, dtype = variable.shape, variable.dtype
        value = np.zeros(shape, np.float32) if "float" in dtype else initializer(shape, dtype=dtype)
        variable._initialize(variable._convert_to_tensor(value, dtype=dtype))

    with patch("keras.src.backend.jax.core.JaxVariable._initialize_with_initializer", zeros):
        yield
