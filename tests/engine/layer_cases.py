"""Every layer with several settings and the shapes of its inputs: what the conformance tests run over."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from typing import Any

import jax
import numpy as np

from engine.graph import Graph
from engine.layer import Layer
from engine.layers.core import Input, Output
from engine.shapes import Shape
from tests.engine import cases
from tests.engine.cases.case import Case

Array = np.ndarray[Any, Any]


_FAMILIES = sorted(module.name for module in pkgutil.iter_modules(cases.__path__) if module.name != "case")

CASES: tuple[Case, ...] = tuple(
    case for name in _FAMILIES for case in importlib.import_module(f"{cases.__name__}.{name}").CASES
)
"""All cases of all families; each family has a file in `tests/engine/cases`."""

COMPUTING = tuple(case for case in CASES if case.type not in ("Input", "Output") and case.runs_in_keras)
"""The cases that Keras has a layer with inputs for, which it can run here."""


def inputs_of(case: Case, batch: int = 3, seed: int = 0) -> list[Array]:
    """Numbers, or what else is wanted, for the inputs of a case."""
    if case.values:
        return [np.asarray(value)[np.arange(batch) % len(value)] for value in case.values]
    rng = np.random.default_rng(seed)
    if case.below is not None:
        return [
            rng.integers(0, case.below, (batch, *(size or 5 for size in shape))).astype(case.dtype)
            for shape in case.inputs
        ]
    values = [rng.normal(size=(batch, *(size or 5 for size in shape))) for shape in case.inputs]
    return [(value * 5 if case.dtype == "int32" else value).astype(case.dtype) for value in values]


def weights_of(layer: Layer, *inputs: Shape, seed: int = 1) -> dict[str, Array]:
    """Random weights of a layer; variances are positive."""
    rng = np.random.default_rng(seed)
    weights: dict[str, Array] = {}
    for weight in layer.weights(*inputs):
        value = rng.normal(size=weight.shape) * 0.5
        weights[weight.name] = (np.abs(value) + 0.5 if "variance" in weight.name else value).astype(weight.dtype)
    return weights


def graph_of(*cases: Case) -> Graph:
    """The layers of some cases, each between Inputs and an Output of its own."""
    graph = Graph()
    for case in cases:
        node = graph.new_node(case.layer)
        graph = graph.add(node)
        for shape in case.inputs:
            entry = graph.new_node(Input.model_validate({"shape": shape, "dtype": case.dtype}))
            graph = graph.add(entry).connect(entry.id, node.id)
        end = graph.new_node(Output(loss="mean_squared_error", metrics=()))
        graph = graph.add(end).connect(node.id, end.id)
    return graph


def family_of(case: Case) -> str:
    """The file of the layer's class: what may be tried together, in a model with many branches."""
    return type(case.layer).__module__.rpartition(".")[2]


def families(cases: Iterable[Case]) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for case in cases:
        found.setdefault(family_of(case), []).append(case)
    return found


def named_inputs(made: Graph, cases: Sequence[Case]) -> dict[str, Array]:
    """Numbers for the inputs of `graph_of(*cases)`, by name."""
    arrays = [array for number, case in enumerate(cases) for array in inputs_of(case, seed=number)]
    return dict(zip((node.name for node in made.of_type(Input)), arrays, strict=True))


def close_each(cases: Sequence[Case], found: Sequence[Any], expected: Sequence[Any]) -> None:
    """`close` for the outputs of `graph_of(*cases)`."""
    for case, one, other in zip(cases, found, expected, strict=True):
        close(one, other, err_msg=str(case))


def close(found: Any, expected: Any, rtol: float = 1e-5, atol: float = 2e-6, err_msg: str = "") -> None:
    """Equal up to the rounding of 32 bits: sums of some hundred products, taken in another order."""
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol, atol, err_msg=err_msg),
        found,
        expected,
    )
