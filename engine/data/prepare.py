"""From a data set to what the inputs and outputs of a graph take: matched by name and shape, checked, split."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from engine.data.duplicates import MOST
from engine.data.generator import PythonGenerator
from engine.data.holding import held
from engine.data.leakage import gathered, leak_of
from engine.data.rows import AnyRows, Array, Mapped, Rows
from engine.data.samples import Meaning, PreparedData, Samples
from engine.data.source import DataSet, finished
from engine.data.splitting import divide
from engine.data.treatment import treated
from engine.data.weighing import own_weights, weighted
from engine.errors import DataError
from engine.events import Progress
from engine.graph import Graph, Node
from engine.layers.core import Input, Output
from engine.losses import LOSSES
from engine.model import Model
from engine.project import DataSettings
from engine.shapes import Shape, known_sizes, show_shape

T = TypeVar("T")


def prepared(model: Model, settings: DataSettings) -> Generator[Progress, None, PreparedData]:
    """Load the data of a project, match it to a model and split it, telling how far that is.

    Raises `DataError` or `FileError`.
    """
    if isinstance(settings.source, PythonGenerator):
        from engine.data.drawing import drawn  # which matches names as this module does

        return (yield from drawn(model, settings.source))
    data = yield from held((yield from settings.source.loading()))
    return (yield from preparing(model, data, settings))


def prepare(model: Model, data: DataSet, settings: DataSettings) -> PreparedData:
    """As `preparing`, at once."""
    return finished(preparing(model, data, settings))


def preparing(model: Model, data: DataSet, settings: DataSettings) -> Generator[Progress, None, PreparedData]:
    """Match a data set to a model and split it; raises `DataError` with the names and shapes that do not fit."""
    names = match_names(model, data)
    facts = yield from gathered(data, None if settings.keep_duplicates_together else MOST)
    parts = divide(facts.traits, settings)
    leak = leak_of(facts, parts)
    data = treated(data, parts.training)
    samples = fit_samples(model, data.part_arrays, names)

    def part(arrays: Mapping[str, AnyRows] | None, numbers: Array) -> Samples | None:
        if arrays is not None:
            return fit_samples(model, arrays, names)
        return samples.take(numbers) if len(numbers) else None

    return PreparedData(
        weighted(model, samples.take(parts.training)),
        part(data.validation, parts.validation),
        part(data.test, parts.test),
        (*data.notes, *parts.notes, *([str(leak)] if leak is not None else [])),
        meaning_of(data, names),
    )


def meaning_of(data: DataSet, names: Mapping[str, str]) -> Meaning:
    """What the samples of a data set stand for, where each node takes the array of a name."""

    def of_nodes(known: Mapping[str, T]) -> dict[str, T]:
        return {node: known[name] for node, name in names.items() if name in known}

    return Meaning(of_nodes(data.classes), of_nodes(data.words), of_nodes(data.sampling_rates))


def match_names(model: Model, data: DataSet) -> dict[str, str]:
    """Which array each Input and each Output with a loss takes, by its name; raises `DataError`."""
    names: dict[str, str] = {}
    for nodes, pool in (
        (model.inputs, data.features),
        (tuple(n for n, *_ in model.trained_outputs), data.targets),
    ):
        names |= matched(model.graph, nodes, pool, data.arrays, frozenset(names.values()))
        missing = next((node for node in nodes if node.name not in names), None)
        if missing is not None:
            raise _unmatched(missing, data.arrays)
    return names


def matched(
    graph: Graph,
    nodes: Sequence[Node],
    pool: Collection[str],
    arrays: Collection[str],
    taken: Collection[str] = frozenset(),
) -> dict[str, str]:
    """Which of some arrays each node takes, as far as there is one.

    The one of its name; an Output then that of the layer before it, as Keras calls the outputs of a model; else
    the only one of the `pool` of its kind, or the only one that is left of that.
    """
    names = {node.name: node.name for node in nodes if node.name in arrays}
    for node in nodes:
        giver = _giver(graph, node)
        if node.name not in names and giver in arrays and giver not in (*taken, *names.values()):
            names[node.name] = giver
    free = [name for name in pool if name not in (*taken, *names.values())]
    for node in nodes:
        only = list(pool) if len(pool) == 1 else free
        if node.name not in names and len(only) == 1:
            names[node.name] = only[0]
            free = [name for name in free if name != only[0]]
    return names


def _giver(graph: Graph, node: Node) -> str:
    """The name of the layer before an Output."""
    wires = graph.incoming(node.id) if isinstance(node.layer, Output) else ()
    return graph[wires[0].source].name if len(wires) == 1 else ""


def _unmatched(node: Node, arrays: Mapping[str, AnyRows]) -> DataError:
    kind = "Output" if isinstance(node.layer, Output) else "Input"
    shown = ", ".join(f"{name} ({show_shape(array.shape[1:])})" for name, array in arrays.items())
    return DataError(
        f"No array of the data is named {node.name!r}, as the {kind} is; there are {shown}. "
        f"Give the {kind} the name of its array."
    )


def fit_samples(model: Model, arrays: Mapping[str, AnyRows], names: Mapping[str, str]) -> Samples:
    """The arrays as the inputs and outputs of a model take them; raises `DataError` where one does not fit."""
    for name in names.values():
        if name not in arrays:
            raise DataError(f"The data lacks an array {name!r}; it has {', '.join(arrays) or 'none'}.")
    return Samples(
        {node.name: fit_input(node, arrays[names[node.name]]) for node in model.inputs},
        {
            node.name: _fit_target(model, node, loss, arrays[names[node.name]], names[node.name])
            for node, _, loss in model.trained_outputs
        },
        own_weights(model, arrays),
    )


def fit_input(node: Node, rows: AnyRows) -> AnyRows:
    """Samples as an Input node takes them, reshaped where only the shape differs; raises `DataError`.

    Numbers in few bytes stay as they are until a batch of them is computed with.
    """
    return _fitted(lambda array, numbers: _input(node, array, numbers), rows)


def _fitted(function: Callable[[Array, Array | None], Array], rows: AnyRows) -> AnyRows:
    """Samples after a function of them and of their numbers (None: as they lie): now, or each when it is read."""
    return Mapped(rows, function) if isinstance(rows, Rows) else function(rows, None)


def _input(node: Node, array: Array, numbers: Array | None) -> Array:
    layer = node.layer
    assert isinstance(layer, Input)
    shape = array.shape[1:]
    _check_some(node.name, array)
    _check_kind(node.name, array, layer.dtype)
    if not math.prod(shape):
        raise DataError(
            f"A sample of the data for {node.name} holds no numbers (its shape is {show_shape(shape)})."
        )
    wanted = fitted(layer.shape, shape)
    if wanted is None:
        raise DataError(
            f"{node.name} takes {show_shape(layer.shape)}, but a sample of the data is {show_shape(shape)}. "
            f"Set the shape of {node.name} to {', '.join(map(str, shape or (1,)))}, or choose other data."
        )
    return _cast(node.name, array, layer.dtype, numbers).reshape(len(array), *wanted)


def fitted(wanted: Shape, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape that samples of a shape take where another is wanted, None where they do not fit."""
    if len(wanted) == len(shape) and all(size in (None, given) for size, given in zip(wanted, shape, strict=True)):
        return shape
    sizes = tuple(size for size in wanted if size is not None)
    return sizes if len(sizes) == len(wanted) and math.prod(sizes) == math.prod(shape) else None


def _fit_target(model: Model, node: Node, loss: str, rows: AnyRows, name: str) -> AnyRows:
    return _fitted(lambda array, numbers: _target(model, node, loss, array, name, numbers), rows)


def _target(model: Model, node: Node, loss: str, array: Array, name: str, numbers: Array | None) -> Array:
    shape = model.inference[node.id].shape
    assert shape is not None
    if array.dtype.kind == "U":
        raise DataError(f"{node.name} predicts numbers, but {name} holds text: number the classes 0, 1, 2, ...")
    _check_some(node.name, array)
    _check_finite(node.name, array, numbers)
    shape = fitted(shape, array.shape[1:]) or shape  # sizes that the graph leaves open are those of the data
    kind = LOSSES[loss].targets
    if kind in ("labels", "one-hot"):
        return _classes(node, array, name, known_sizes(node.name, shape), one_hot=kind == "one-hot")
    if kind == "binary" and (array.min() < 0 or array.max() > 1):
        raise DataError(
            f"{loss} needs targets of 0 or 1, but {name} goes from {array.min():g} to {array.max():g}."
        )
    if kind == "signs" and (array.min() < -1 or array.max() > 1):
        raise DataError(
            f"{loss} needs targets of 0 and 1 or of -1 and 1, but {name} goes from {array.min():g} to "
            f"{array.max():g}."
        )
    return _numbers(node, array, name, shape, numbers)


def _numbers(node: Node, array: Array, name: str, shape: Shape, numbers: Array | None) -> Array:
    if math.prod(array.shape[1:]) != math.prod(known_sizes(node.name, shape)):
        raise DataError(
            f"{node.name} is given {show_shape(shape)} by the network, but a target in {name} "
            f"is {show_shape(array.shape[1:])}."
        )
    cast = _cast(node.name, array, "float32", numbers).astype(np.float32, copy=False)
    return cast.reshape(len(array), *known_sizes(node.name, shape))


def _classes(node: Node, array: Array, name: str, shape: tuple[int, ...], *, one_hot: bool) -> Array:
    """Labels, or rows with a one at the label; either kind of target is turned into the wanted one."""
    *places, count = shape
    if array.shape[1:] == shape:
        if array.min() < 0 or array.max() > 1:
            raise DataError(
                f"{node.name} takes a probability for each class, but {name} goes from {array.min():g} "
                f"to {array.max():g}."
            )
        if one_hot:
            return array.astype(np.float32, copy=False)
        array = array.argmax(-1)
    if math.prod(array.shape[1:]) != math.prod(places):
        raise DataError(
            f"{node.name} is given {show_shape(shape)} by the network, but a target in {name} "
            f"is {show_shape(array.shape[1:])}: neither a label nor {count} numbers."
            + (
                " A Flatten or a global pooling before the last dense layers gives one answer a sample."
                * bool(places)
            )
        )
    labels = array.reshape(len(array), *places)
    whole = labels.astype(np.int32)
    if (whole != labels).any():
        raise DataError(f"{name} holds numbers such as {labels[whole != labels][0]:g}, not labels 0, 1, 2, ...")
    if whole.min() < 0:
        raise DataError(f"{name} holds the label {whole.min()}; labels count from 0.")
    if whole.max() >= count:
        raise DataError(
            f"{name} holds labels from {whole.min()} to {whole.max()}, but the network gives {count} numbers "
            f"for {node.name}. Set the units of the last layer to {max(int(whole.max()) + 1, 2)}."
        )
    return np.eye(count, dtype=np.float32)[whole] if one_hot else whole


def _check_some(name: str, array: Array) -> None:
    if not len(array):
        raise DataError(f"The data for {name} holds no samples.")


def _check_finite(name: str, array: Array, numbers: Array | None) -> None:
    if array.dtype.kind == "f" and not _all_finite(array):
        bad = ~np.isfinite(array.reshape(len(array), -1)).all(1)
        if bad.any():
            first = int(bad.argmax())
            if numbers is not None:
                raise DataError(
                    f"The data for {name} has missing or infinite numbers in sample {int(numbers[first])}."
                )
            raise DataError(
                f"The data for {name} has missing or infinite numbers in {bad.sum():,} of {len(array):,} samples, "
                f"first in sample {first}."
            )


def _all_finite(array: Array) -> bool:
    """Whether there is nothing but finite numbers, told from their sum; false as well where that is too large."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(array.sum()))


def _check_kind(name: str, array: Array, dtype: str) -> None:
    if (array.dtype.kind == "U") != (dtype == "string"):
        if array.dtype.kind == "U":
            raise DataError(f"{name} takes numbers, but the data holds text. Set its dtype, or choose other data.")
        raise DataError(f"{name} takes text, but the data holds numbers. Set its dtype, or choose other data.")


def _cast(name: str, array: Array, dtype: str, numbers: Array | None) -> Array:
    """The array in another type, if it is not small whole numbers; raises `DataError` where numbers are lost."""
    if dtype == "string":
        return array
    _check_finite(name, array, numbers)
    if array.dtype.kind in "biu" and array.dtype.itemsize <= 2:
        return array
    if dtype == "int32" and array.dtype.kind != "b":
        wrong = (array != np.floor(array)) | (np.abs(array) > np.iinfo(np.int32).max)
        if wrong.any():
            raise DataError(f"{name} takes whole numbers, but the data holds {array[wrong].flat[0]:g}.")
    with np.errstate(over="ignore"):
        cast = array.astype(dtype, copy=False)
    if cast.dtype != array.dtype and cast.dtype.kind == "f" and not np.isfinite(cast).all():
        raise DataError(f"The data for {name} holds {np.abs(array).max():g}, which is too large for {dtype}.")
    return cast
