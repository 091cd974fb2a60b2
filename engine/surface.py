"""What a network of two numbers makes of the plane: its borders between classes, or the heights of a number."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from engine.events import Event, HostWeights, Progress, Result
from engine.graph import Graph
from engine.insight import Material
from engine.layers.core import Input, Output
from engine.losses import LOSSES
from engine.model import compile_graph

Array = np.ndarray[Any, Any]

_SIDE = 96
"""Points of the plane along each side."""
_MARGIN = 0.15
"""How far the plane goes beyond the samples, as a share of their reach."""


@dataclass(frozen=True)
class Surface:
    """An answer for each point of a part of the plane, and the samples in it."""

    left: float
    bottom: float
    right: float
    top: float
    values: Array
    """(rows, columns, numbers); the first row is at the bottom."""
    kind: Literal["classes", "number"]
    points: Array
    """(samples, 2)"""
    answers: Array
    """Of each sample its class, or its number."""

    @property
    def shares(self) -> Array:
        """The probability of each class: of two classes a network may give that of the second alone."""
        values = np.nan_to_num(self.values)
        return np.concatenate([1 - values, values], 2) if values.shape[2] == 1 else values


def is_planar(graph: Graph) -> bool:
    """Whether a network takes points of a plane, and answers with a row of numbers."""
    inputs, outputs = graph.of_type(Input), graph.of_type(Output)
    if len(inputs) != 1 or len(outputs) != 1:
        return False
    entry, end = inputs[0].layer, outputs[0].layer
    assert isinstance(entry, Input)
    assert isinstance(end, Output)
    return entry.shape == (2,) and entry.dtype != "string" and end.loss is not None


class Plane:
    """Asks one graph about a plane again and again; compiled at the first time."""

    def __init__(self, graph: Graph, material: Material) -> None:
        self.model = compile_graph(graph)
        ((self._input, points),) = material.batch.inputs.items()
        (self._output, _, loss), *_ = self.model.trained_outputs
        self._points = points.astype(np.float32)
        self._answers = material.batch.targets[self._output.name]
        self._kind = LOSSES[loss].targets
        low, high = self._points.min(0), self._points.max(0)
        middle, reach = (low + high) / 2, max(float((high - low).max()), 1e-6) * (0.5 + _MARGIN)
        (self._left, self._bottom), (self._right, self._top) = middle - reach, middle + reach

    def ask(self, weights: HostWeights) -> Generator[Event]:
        """What weights make of the plane; ends in a `Result` with a `Surface`, or None for other answers."""
        yield Progress("Predicting")
        columns = np.linspace(self._left, self._right, _SIDE, dtype=np.float32)
        rows = np.linspace(self._bottom, self._top, _SIDE, dtype=np.float32)
        grid = np.stack(np.meshgrid(columns, rows), axis=2).reshape(-1, 2)
        found = self.model.predict(self.model.from_host(weights), {self._input: grid})[self._output.name]
        values = np.asarray(found, np.float32)
        yield Result(self._surface(values) if values.ndim == 2 else None)

    def _surface(self, values: Array) -> Surface:
        classes = self._kind in ("labels", "one-hot", "binary", "signs")
        answers = self._answers.reshape(len(self._points), -1)
        answers = answers.argmax(1) if answers.shape[1] > 1 and classes else answers[:, 0]
        kind = "classes" if classes else "number"
        if self._kind == "signs":
            values, answers = (values + 1) / 2, answers > 0
        values = values.reshape(_SIDE, _SIDE, -1)
        return Surface(
            self._left, self._bottom, self._right, self._top, values, kind, self._points, np.asarray(answers)
        )
