"""Samples that are drawn from a `Flow`: whichever are asked for, the next are given."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from engine.data.flow import LISTED, Flow
from engine.data.generator import PythonGenerator, begun
from engine.data.prepare import fit_samples, match_names
from engine.data.rows import AnyRows, Array
from engine.data.samples import Batch, PreparedData, Samples
from engine.data.source import DataSet
from engine.errors import DataError, FileError
from engine.events import Progress
from engine.graph import Node
from engine.model import Model


@dataclass(frozen=True, kw_only=True)
class Drawn(Samples):
    """So many samples out of a flow, each time anew. They come in its batches, in its order."""

    flow: Flow
    model: Model
    names: Mapping[str, str]
    """Which array each node takes, by its name."""
    count: int

    drawn: ClassVar[bool] = True

    @property
    def size(self) -> int:
        return self.count

    @property
    def batch(self) -> int:
        return self.flow.batch

    @property
    def nbytes(self) -> int:
        one = self.first()
        return self.count * sum(array.nbytes for array in (*one.inputs.values(), *one.targets.values()))

    def take(self, numbers: Array) -> Samples:
        return replace(self, count=len(numbers))

    def first(self) -> Batch:
        return self._fit(self.flow.outline().arrays)

    def read(self, numbers: Array) -> Batch:
        found = self.flow.take(len(numbers))
        return self._fit({**found.features, **found.targets})

    def leave(self) -> None:
        self.flow.leave()

    def close(self) -> None:
        self.flow.close()

    def _fit(self, arrays: Mapping[str, AnyRows]) -> Batch:
        fitted = fit_samples(self.model, arrays, self.names)
        inputs, targets = (
            {name: np.asarray(array) for name, array in part.items()} for part in (fitted.inputs, fitted.targets)
        )
        return Batch(inputs, targets, {})


def drawn(model: Model, source: PythonGenerator) -> Generator[Progress, None, PreparedData]:
    """What a run learns from and is validated on; raises `DataError` or `FileError`."""
    script = source.script()
    if any(layer.class_weight for _, layer, _ in model.trained_outputs):
        raise DataError("Classes are not weighed where a generator yields the data: leave class_weight empty.")
    with ExitStack() as stack:
        found: list[Drawn | None] = []
        for flow in (source.flow(script), source.validation_flow(script)):
            if flow is None:
                found.append(None)
                continue
            stack.callback(flow.close)
            yield from begun(flow)
            if flow.weighted:
                raise FileError(
                    script.path, "yields a sample_weight, which is not learned with yet: yield (x, y)."
                )
            names = _names(model, flow)
            count = flow.steps * flow.batch
            found.append(Drawn(inputs={}, targets={}, flow=flow, model=model, names=names, count=count))
        training, validation = found
        assert training is not None
        stack.pop_all()
        return PreparedData(training, validation, None)


def _names(model: Model, flow: Flow) -> Mapping[str, str]:
    """Which array each node takes: by name, or in their order where they came in a list."""
    data, outputs = flow.outline(), [node for node, *_ in model.trained_outputs]
    called = {**_in_order(data.features, model.inputs), **_in_order(data.targets, outputs)}
    features, targets = (
        {called.get(name, name): array for name, array in part.items()} for part in (data.features, data.targets)
    )
    back = {called.get(name, name): name for name in data.arrays}
    return {node: back[name] for node, name in match_names(model, DataSet(features, targets)).items()}


def _in_order(arrays: Collection[str], nodes: Sequence[Node]) -> dict[str, str]:
    """The nodes that arrays of a list belong to, by their names."""
    listed = len(arrays) == len(nodes) and all(map(LISTED.fullmatch, arrays))
    return dict(zip(arrays, (node.name for node in nodes), strict=True)) if listed else {}
