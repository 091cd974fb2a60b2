"""A network to start from: an Input for each feature, an Output with the loss that its target needs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from engine.data.classes import class_names
from engine.data.rows import AnyRows
from engine.data.source import Column, DataSet
from engine.graph import Graph
from engine.layer import Layer
from engine.layers.audio import MelSpectrogram, STFTSpectrogram
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.embedding import Embedding
from engine.layers.global_pooling import GlobalAveragePooling1D, GlobalAveragePooling2D
from engine.layers.merging import Concatenate
from engine.layers.pooling import MaxPooling2D
from engine.layers.preprocessing import Normalization, Rescaling
from engine.layers.reshaping import Flatten, Reshape
from engine.layers.text import TextVectorization

_UNITS = 64
_MOST_WORDS = 10_000
_EMBEDDED = 32
"""Numbers that a word becomes."""
_LONGEST = 500
"""Words of a text that are read, at most."""
_LOOKED_AT = 1000
"""Texts by which it is judged how long they are."""
_FILTERS = (16, 32, 64, 128)
_SMALLEST = 4
"""Pixels of a side that pooling leaves at least."""
_SHORTEST = 16
"""Samples of a sound that a spectrogram is made of, at least."""
_BANDS = 64
_MOST_FRAMES = 256


def columns_of(ds: DataSet) -> tuple[dict[str, Column], dict[str, Column]]:
    """What features and targets of a data set are like."""
    features = {
        name: Column(
            array.shape[1:],
            words=len(ds.words.get(name, ())),
            text=_usual_words(array),
            picture=array.dtype == "uint8" and _pictorial(array.shape[1:]),
            sampling_rate=ds.sampling_rates.get(name, 0),
        )
        for name, array in ds.features.items()
    }
    targets = {name: Column(array.shape[1:], _classes(ds, name)) for name, array in ds.targets.items()}
    return features, targets


def _usual_words(rows: AnyRows) -> int:
    """How many words most of some texts have at most; 0 where there are none."""
    if rows.dtype.kind != "U":
        return 0
    lengths = sorted(len(str(text).split()) for text in rows[:_LOOKED_AT].flat)
    return max(1, lengths[int(0.95 * (len(lengths) - 1))]) if lengths else 1


def _pictorial(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[2] in (1, 3, 4)


def _classes(ds: DataSet, name: str) -> tuple[str, ...]:
    """The classes of a target: those that the data names, or labels 0, 1, 2, ..."""
    array, names = ds.targets[name], ds.classes.get(name, ())
    return class_names(array, names) if array.ndim == 1 else names


def started(features: Mapping[str, Column], targets: Mapping[str, Column]) -> Graph:
    """A small network from all features to all targets.

    It begins with Normalization, which takes mean and deviation from the training data: whatever the range of the
    numbers, they reach the first Dense near 1, and the model takes them raw. Pictures are rescaled and go through
    convolutions, sounds become spectrograms first; of texts and rows of words the mean of what words mean goes on;
    what else is no row of numbers is flattened. Where there are several, an Input has the name of its feature, an
    Output that of its target.
    """
    graph = Graph()
    ends: list[str] = []
    for name, column in features.items():
        layers = [_entry(column), *_reading(column)]
        graph, last = _append(graph, layers, None, name if len(features) > 1 else "")
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


def _entry(column: Column) -> Input:
    dtype = "string" if column.text else "int32" if column.words else "float32"
    return Input(shape=column.shape or (1,), dtype=dtype)


def _reading(column: Column) -> list[Layer]:
    """From a feature to a row of numbers that tells what is in it."""
    if column.text:
        length = min(column.text, _LONGEST)
        vectors = TextVectorization(max_tokens=_MOST_WORDS, output_sequence_length=length)
        return [vectors, *_meaning(_MOST_WORDS)]
    if column.words:
        return _meaning(column.words)
    if column.picture:
        return [Rescaling(), *_convolutions(column.shape[:2], _FILTERS), GlobalAveragePooling2D()]
    if column.sampling_rate and column.shape[0] >= _SHORTEST:
        return _listening(column)
    return [Normalization(), *([Flatten()] if len(column.shape) > 1 else [])]


def _meaning(words: int) -> list[Layer]:
    """From the numbers of words to the mean of what they are learned to mean."""
    return [Embedding(input_dim=words, output_dim=_EMBEDDED), GlobalAveragePooling1D()]


def _convolutions(sides: Sequence[int | None], each: Sequence[int]) -> list[Layer]:
    """Each halves the sides of a picture and looks for twice as many patterns."""
    layers: list[Layer] = []
    side = min(side or 1 for side in sides)
    for filters in each:
        layers.append(Conv2D(filters=filters, kernel_size=(3, 3), padding="same", activation="relu"))
        if side < 2 * _SMALLEST:
            break
        layers.append(MaxPooling2D())
        side //= 2
    return layers


def _listening(column: Column) -> list[Layer]:
    """A spectrogram of a sound, whose windows take a thirtieth of a second or so, read as a picture is.

    It is not averaged: at which frequency something sounds matters.
    """
    samples, rate = column.shape[0], column.sampling_rate
    length = 2 ** max(3, min(round(math.log2(rate / 30)), int(math.log2(samples)) - 1))
    if len(column.shape) > 1:
        spectrogram: Layer = STFTSpectrogram(frame_length=length, expand_dims=True)
        shape = spectrogram.output_shape(column.shape)
        seen: list[Layer] = [spectrogram, Rescaling(scale=(1 / 4,), offset=(1.0,))]
    else:
        step = max(length // 2, samples // _MOST_FRAMES)
        bands = min(_BANDS, length // 8)
        spectrogram = MelSpectrogram(
            fft_length=length, sequence_stride=step, sampling_rate=rate, num_mel_bins=bands
        )
        shape = spectrogram.output_shape(column.shape)
        picture = Reshape(target_shape=(*(size or 1 for size in shape), 1))
        seen = [spectrogram, picture, Rescaling(scale=(1 / 40,))]
    return [*seen, *_convolutions(shape[:2], _FILTERS[:-1]), Flatten()]


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
