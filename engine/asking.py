"""What a network is asked about, as its Inputs take it, and its answers by the names of classes."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.decoded import decoded
from engine.data.folders import FileAt
from engine.data.images import ENDINGS, PictureSource
from engine.data.opening import opened_data
from engine.data.pictures import ColorMode, PictureDecoder, looking
from engine.data.prepare import matched
from engine.data.source import DataSet, Source, finished
from engine.data.table import Table
from engine.errors import DataError
from engine.events import Progress
from engine.graph import Graph, Node
from engine.layers.core import Input, Output
from engine.project import Project

Array = np.ndarray[Any, Any]

BYTE = 255.0
_DARK = 127  # of bytes: where some are brighter, they go up to 255
_LOOKED_AT = 256

_COLORS: dict[int, ColorMode] = {1: "grayscale", 3: "rgb", 4: "rgba"}


def is_picture(path: Path) -> bool:
    """Whether a file is called as pictures are."""
    return path.suffix.lower() in ENDINGS


def picture_input(graph: Graph) -> Node | None:
    """The Input of a network that takes a picture and nothing else; None where it takes anything else."""
    inputs = graph.of_type(Input)
    if len(inputs) != 1:
        return None
    shape = getattr(inputs[0].layer, "shape", ())
    pictorial = len(shape) == 2 or (len(shape) == 3 and shape[2] in _COLORS)
    wide = all(side is None or side >= 4 for side in shape[:2])
    return inputs[0] if pictorial and wide else None


def picture_of(path: Path, node: Node, like: Source, reach: tuple[float, float]) -> Array:
    """The picture in a file as an Input takes it, its numbers from `reach[0]` for black to `reach[1]` for white.

    Sides that the Input leaves open are those of the file. Raises `FileError`.
    """
    layer = node.layer
    assert isinstance(layer, Input)
    file = _at(path)
    height, width = layer.shape[:2]
    if height is None or width is None:
        (facts,) = finished(looking([file]))
        height, width = height or facts.size[0], width or facts.size[1]
    channels = layer.shape[2] if len(layer.shape) == 3 else 1
    fit, interpolation = ("stretch", "bilinear")
    if isinstance(like, PictureSource):
        fit, interpolation = like.fit, like.interpolation
    decoder = PictureDecoder((height, width), _COLORS[channels or 1], fit, interpolation)
    pixels = decoded(file, decoder).reshape(height, width, *layer.shape[2:])
    return scaled(pixels, reach)


def scaled(pixels: Array, reach: tuple[float, float]) -> Array:
    """Numbers from 0 to 255 in another range."""
    low, high = reach
    if (low, high) == (0.0, BYTE):
        return pixels
    return (low + pixels.astype(np.float32) * ((high - low) / BYTE)).astype(np.float32)


def _at(path: Path) -> FileAt:
    try:
        found = path.stat()
    except OSError:
        return FileAt(str(path), -1, 0)
    return FileAt(str(path), found.st_size, found.st_mtime_ns)


def reach_of(samples: Array) -> tuple[float, float]:
    """From black to white, by some of the samples."""
    if not samples.size:
        return 0.0, BYTE
    low, high = float(samples.min()), float(samples.max())
    if samples.dtype == np.uint8 and high > _DARK:
        return 0.0, BYTE
    return (low, high) if high > low else (0.0, BYTE)


def reach_in(project: Project, node: Node) -> Generator[Progress, None, tuple[float, float]]:
    """From black to white in the data that a project learns from; 0 to 255 where that cannot be told."""
    source = project.data.source
    if source.endless or isinstance(source, PictureSource):
        return 0.0, BYTE
    data: DataSet = yield from source.loading()
    name = matched(project.graph, (node,), data.features, data.features).get(node.name)
    rows = data.features[name][np.arange(min(_LOOKED_AT, data.size))] if name is not None else np.empty(0)
    return reach_of(np.asarray(rows))


def classes_of(project: Project) -> dict[str, tuple[str, ...]]:
    """The names of the classes that each Output tells, by its name, as far as the data says them unread."""
    columns = project.data.source.targets()
    names = matched(project.graph, project.graph.of_type(Output), columns, columns)
    return {node: columns[name].classes for node, name in names.items() if columns[name].classes}


def named_shares(values: Array, classes: tuple[str, ...]) -> tuple[tuple[str, float], ...] | None:
    """What one answer gives each class, by name; None where it is no answer of classes."""
    if values.ndim != 1:
        return None
    if len(values) == 1 and len(classes) == 2:
        return ((classes[0], 1.0 - float(values[0])), (classes[1], float(values[0])))
    if len(values) < 2:
        return None
    names = (*classes[: len(values)], *map(str, range(min(len(classes), len(values)), len(values))))
    return tuple(zip(names, map(float, values), strict=True))


def picture_for(project: Project, path: Path, *, of_data: bool) -> Generator[Progress, None, dict[str, Array]]:
    """A picture from disk as the only Input of a network takes it; raises `DataError` or `FileError`.

    `of_data` says that the project's data is what it learned from: then black and white are as there.
    """
    node = picture_input(project.graph)
    if node is None:
        raise DataError(f"{path} is a picture, but the network does not take one picture: name other data.")
    reach = (yield from reach_in(project, node)) if of_data else (0.0, BYTE)
    return {node.name: picture_of(path, node, project.data.source, reach)[None]}


def plain_features(project: Project, path: Path, *, of_data: bool) -> Generator[Progress, None, dict[str, Array]]:
    """What a file or folder of data holds for the Inputs of a network; raises `DataError` or `FileError`."""
    like = project.data.source if of_data else None
    if isinstance(like, Table):  # what is to be predicted need not be there
        like = like.replace(columns=tuple(column for column in like.columns if column.role != "target"))
    data = yield from opened_data(path, like)
    names = matched(project.graph, project.graph.of_type(Input), data.features, data.features)
    return {node: np.asarray(data.features[name]) for node, name in names.items()}
