"""Using a model that is trained: loss and metrics on data, predictions."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Literal

import numpy as np

from engine.data.holding import held
from engine.data.prepare import fit_input, fit_samples, match_names, prepared
from engine.data.samples import Meaning, Samples
from engine.data.source import DataSet
from engine.errors import DataError
from engine.events import Event, HostWeights, Progress, Result
from engine.graph import Graph
from engine.judging import Judge
from engine.model import Model, compile_graph
from engine.optimizers import SGD
from engine.precision import Precision
from engine.project import Project
from engine.shapes import show_shape
from engine.steps import step_functions

Array = np.ndarray[Any, Any]

PREDICTION_BATCH = 256


PartName = Literal["test", "validation", "training"]


def evaluate_project(project: Project, weights: HostWeights, part: PartName = "test") -> Generator[Event]:
    """Loss and metrics on a part of a project's own data; ends in a `Result` with figures by Keras's names."""
    model = compile_graph(project.graph, precision=project.training.precision)
    samples, _ = yield from part_of(model, project, part)
    yield Result((yield from judging(model, weights, samples)))


def part_of(model: Model, project: Project, part: PartName) -> Generator[Progress, None, tuple[Samples, Meaning]]:
    """The samples of a part of a project's own data, and what they stand for; raises `DataError` for none."""
    if project.data.source.endless:
        raise DataError("A generator has no data for a test: name a data file.")
    data = yield from prepared(model, project.data)
    if part == "training":
        return data.training, data.meaning
    if part == "validation":
        if data.validation is None:
            raise DataError("The project keeps no data for validation: set its validation share above 0.")
        return data.validation, data.meaning
    if data.test is None:
        raise DataError("The project keeps no data for a test: set its test share above 0, or name a data file.")
    return data.test, data.meaning


def evaluate_data(
    graph: Graph, weights: HostWeights, data: DataSet, precision: Precision = "float32"
) -> Generator[Event]:
    """Loss and metrics on all samples of a data set (its test part where it has one)."""
    model = compile_graph(graph, precision=precision)
    data = yield from held(data)
    names = match_names(model, data)
    samples = fit_samples(model, data.test or data.part_arrays, names)
    yield Result((yield from judging(model, weights, samples)))


def judging(model: Model, weights: HostWeights, samples: Samples) -> Generator[Progress, None, dict[str, float]]:
    """Loss and metrics of weights on samples, by Keras's names."""
    yield Progress("Compiling")
    variables = model.from_host(weights)
    judge = Judge(step_functions(model, SGD()), variables, samples)
    yield from judge.run(variables)
    return judge.figures


def predict(
    graph: Graph, weights: HostWeights, arrays: Mapping[str, Array], precision: Precision = "float32"
) -> Generator[Event]:
    """Predictions for arrays named by the inputs; ends in a `Result` with an array per output, by name.

    Where a graph has a single Input and there is a single array, its name does not matter.
    """
    model = compile_graph(graph, precision=precision)
    inputs = _inputs(model, arrays)
    count = len(next(iter(inputs.values())))
    variables = model.from_host(weights)
    parts: dict[str, list[Array]] = {node.name: [] for node in model.outputs}
    for start in range(0, count, PREDICTION_BATCH):
        yield Progress("Predicting", start, count)
        batch = {name: array[start : start + PREDICTION_BATCH] for name, array in inputs.items()}
        for name, values in model.predict(variables, batch).items():
            parts[name].append(np.asarray(values))
    yield Result({name: np.concatenate(values) for name, values in parts.items()})


def _inputs(model: Model, arrays: Mapping[str, Array]) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for node in model.inputs:
        array = arrays.get(node.name)
        if array is None and len(model.inputs) == len(arrays) == 1:
            array = next(iter(arrays.values()))
        if array is None:
            shown = ", ".join(f"{name} ({show_shape(a.shape[1:])})" for name, a in arrays.items()) or "no arrays"
            raise DataError(f"No array of the data is named {node.name!r}, as the Input is; there are {shown}.")
        found[node.name] = np.asarray(fit_input(node, array))
    lengths = {name: len(array) for name, array in found.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"The inputs differ in their number of samples: {lengths}.")
    return found
