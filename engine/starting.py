"""A network to start from: an Input for each feature, an Output with the loss that its target needs."""

from __future__ import annotations

import math
from collections.abc import Mapping

from engine.data.source import Column, DataSet
from engine.graph import Graph
from engine.layer import Layer
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Concatenate
from engine.layers.preprocessing import Normalization
from engine.layers.reshaping import Flatten

_UNITS = 64
_MOST_CLASSES = 1000


def columns_of(ds: DataSet) -> tuple[dict[str, Column], dict[str, Column]]:
    """What features and targets of a data set are like; features that are text are left out."""
    features = {name: Column(array.shape[1:]) for name, array in ds.features.items() if array.dtype.kind != "U"}
    targets = {
        name: Column(array.shape[1:], ds.classes.get(name) or _labels(array)) for name, array in ds.targets.items()
    }
    return features, targets


def _labels(array: object) -> tuple[str, ...]:
    """Classes of a target of whole numbers 0, 1, 2, ... whose names are not known."""
    import numpy as np

    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biu" or array.ndim != 1 or not array.size:
        return ()
    low, high = int(array.min()), int(array.max())
    return tuple(map(str, range(high + 1))) if low >= 0 and 1 <= high < _MOST_CLASSES else ()


def started(features: Mapping[str, Column], targets: Mapping[str, Column]) -> Graph:
    """A small network from all features to all targets.

    It begins with Normalization, which takes mean and deviation from the training data: whatever the range of the
    numbers, they reach the first Dense near 1, and the model takes them raw. Anything but a row of numbers is
    flattened. Where there are several, an Input has the name of its feature, an Output that of its target.
    """
    graph = Graph()
    ends: list[str] = []
    for name, column in features.items():
        layers: list[Layer] = [Input(shape=column.shape or (1,)), Normalization()]
        graph, last = _append(graph, layers, None, name if len(features) > 1 else "")
        if len(column.shape) > 1:
            graph, last = _append(graph, [Flatten()], last)
        ends.append(last)
    if not ends:
        return graph
    last = ends[0]
    if len(ends) > 1:
        graph, last = _append(graph, [Concatenate()], ends[0])
        for port, end in enumerate(ends[1:], 1):
            graph = graph.connect(end, last, port)
    graph, last = _append(graph, [Dense(units=_UNITS, activation="relu")], last)
    for name, column in targets.items():
        name = name if len(targets) > 1 and name not in features else ""
        graph, _ = _append(graph, list(_predicting(column)), last, name, at_end=True)
    return graph


def _predicting(column: Column) -> tuple[Layer, Layer]:
    if column.classes:
        return Dense(units=len(column.classes), activation="softmax"), Output()
    return Dense(units=math.prod(column.shape)), Output(loss="mean_squared_error", metrics=("mae",))


def _append(
    graph: Graph, layers: list[Layer], after: str | None, name: str = "", *, at_end: bool = False
) -> tuple[Graph, str]:
    """Layers one behind the other; the first, or the one at the end, has the name if one is given."""
    named = layers[-1 if at_end else 0]
    for layer in layers:
        node = graph.new_node(layer, name) if name and layer is named else graph.new_node(layer)
        graph = graph.add(node)
        graph = graph if after is None else graph.connect(after, node.id)
        after = node.id
    assert after is not None
    return graph, after
