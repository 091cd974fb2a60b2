"""Whether the data of a project can fit its graph, as far as that is known without reading the data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from PySide6.QtCore import QCoreApplication

from engine.data.arrays import Npz
from engine.data.prepare import fitted
from engine.data.source import Column
from engine.graph import Node
from engine.inference import Inference
from engine.layers.core import Input, Output
from engine.losses import LOSSES
from engine.project import Project
from engine.shapes import Shape, show_shape


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Fitness", text)


def misfits(project: Project, inference: Inference) -> list[str]:
    """What does not fit yet, a clause each; empty where all fits or where only the file could tell."""
    source, graph = project.data.source, inference.graph
    if isinstance(source, Npz) and not source.path:
        return [tr("no NPZ file is chosen yet")]
    title = source.title
    inputs = _matched(graph.of_type(Input), source.features())
    outputs = _matched(graph.of_type(Output), source.targets(), source.features())
    found = [
        *(_input_misfit(node, column, title) for node, column in inputs),
        *(_output_misfit(node, inference.shape(node.id), column, title) for node, column in outputs),
    ]
    return [text for text in found if text]


def _matched(
    nodes: Sequence[Node], columns: dict[str, Column], others: Mapping[str, Column] = MappingProxyType({})
) -> Iterator[tuple[Node, Column]]:
    """Which column each node takes, as `engine.data.prepare` matches them: by name, else the only one.

    An Output may also have the name of a feature, which is then what it is to give (an autoencoder).
    """
    taken = {node.name for node in nodes}
    free = [column for name, column in columns.items() if name not in taken]
    for node in nodes:
        if node.name in columns or node.name in others:
            yield node, {**others, **columns}[node.name]
        elif len(columns) == 1:
            yield node, next(iter(columns.values()))
        elif len(free) == 1:
            yield node, free[0]


def _input_misfit(node: Node, column: Column, title: str) -> str:
    layer = node.layer
    if not isinstance(layer, Input) or fitted(layer.shape, column.shape) is not None:
        return ""
    return tr("{0} takes {1}, a sample of {2} is {3}").format(
        node.name, show_shape(layer.shape), title, show_shape(column.shape)
    )


def _output_misfit(node: Node, shape: Shape | None, column: Column, title: str) -> str:
    layer = node.layer
    if not isinstance(layer, Output) or layer.loss is None or shape is None or None in shape:
        return ""
    sizes = [size or 0 for size in shape]
    kind, classes = LOSSES[layer.loss].targets, len(column.classes)
    if kind in ("labels", "one-hot"):
        return _class_misfit(node, sizes, classes, title)
    if kind == "binary" and classes > 2:
        return tr("{0} of {1} tells two classes apart, {2} has {3}").format(layer.loss, node.name, title, classes)
    if math.prod(sizes) != math.prod(column.shape):
        return tr("{0} is given {1}, a target of {2} is {3}").format(
            node.name, show_shape(shape), title, show_shape(column.shape)
        )
    return ""


def _class_misfit(node: Node, sizes: Sequence[int], classes: int, title: str) -> str:
    units = sizes[-1] if sizes else 1
    if not classes:
        return tr("{0} takes classes, a target of {1} is a number").format(node.name, title)
    if math.prod(sizes[:-1]) != 1:
        return tr("{0} gives a class for each of {1} places, {2} has one for a sample").format(
            node.name, math.prod(sizes[:-1]), title
        )
    if units < classes:
        return tr("{0} is given {1} numbers, {2} has {3} classes").format(node.name, units, title, classes)
    return ""
