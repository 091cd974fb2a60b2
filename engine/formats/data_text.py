"""A data source as the Python that loads it: scikit-learn's own loaders, NumPy for files, functions for toys."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.data.arrays import Npz, by_part, data_set, outline_npz
from engine.data.builtin import BreastCancer, Diabetes, Digits, Iris, Wine
from engine.data.hdf5_arrays import Hdf5
from engine.data.imdb import Imdb
from engine.data.rows import Array
from engine.data.series import Sines, waves, windows
from engine.data.source import DataSet, Source
from engine.data.toy import Blobs, Circles, Moons, Spirals, Toy
from engine.errors import DataError, StyleError
from engine.formats.python_text import call, literal, quoted, statement
from engine.formats.sources import collect, place_of

Arrays = dict[str, Array]


@dataclass(frozen=True)
class Loading:
    """How data is loaded.

    `data` stands for the data set: one sample of zeros for each array, in its type and shape. `expressions` has
    the Python for each array as it was loaded, by part ("train", "validation", "test") and name; `raw` its shape
    and type where these differ from those in `data`.
    """

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    data: DataSet
    expressions: Mapping[str, Mapping[str, str]]
    raw: Mapping[str, Array] = field(default_factory=dict[str, Array])


def loading(source: Source) -> Loading:
    """The Python for a source; raises `StyleError` where there is none, `FileError` where its file is missing."""
    write = _WRITERS.get(type(source))
    if write is None:
        raise StyleError(f"There is no Python yet that loads data of the kind {source.title or 'chosen'!r}.")
    return write(source)


def converted(text: str, raw: Array, wanted: Array) -> str:
    """Python for an array in another type and shape; the first axis is that of the samples."""
    if raw.dtype != wanted.dtype:
        text += f".astype({quoted(str(wanted.dtype))})"
    if raw.shape[1:] != wanted.shape[1:]:
        text += f".reshape({', '.join(map(str, (-1, *wanted.shape[1:])))})"
    return text


# Bundled sets

_LOADERS: dict[type[Source], tuple[str, str]] = {
    Digits: ("load_digits", ""),
    Iris: ("load_iris", ""),
    Wine: ("load_wine", ""),
    BreastCancer: ("load_breast_cancer", ""),
    Diabetes: ("load_diabetes", ", scaled=False"),
}
"""The function of scikit-learn that loads a bundled set, and its arguments."""


def _bundled(source: Source) -> Loading:
    function, arguments = _LOADERS[type(source)]
    (x,), (y,) = source.features().values(), source.targets().values()
    data = DataSet(
        {"x": np.zeros((1, *x.shape), np.float32)}, {"y": np.zeros(1, np.int32 if y.classes else np.float32)}
    )
    raw = {"x": np.zeros((1, math.prod(x.shape))), "y": np.zeros(1, np.int64 if y.classes else np.float64)}
    return Loading(
        (f"from sklearn.datasets import {function}",),
        (f"x, y = {function}(return_X_y=True{arguments})",),
        data,
        {"train": {"x": "x", "y": "y"}},
        raw,
    )


# Files of arrays


def _npz(source: Source) -> Loading:
    assert isinstance(source, Npz)
    if not source.path:
        raise DataError("No NPZ file is chosen yet.")
    files = {"train": source.path, "validation": source.validation_path, "test": source.test_path}
    lines: list[str] = []
    arrays: dict[str, Arrays] = {}
    expressions: dict[str, dict[str, str]] = {}
    for part, path in files.items():
        if path:
            variable = "data" if part == "train" else f"{part}_data"
            lines.append(statement(f"{variable} = ", call("np.load", [quoted(path), "allow_pickle=False"])))
            outline = outline_npz(path)
            texts = {name: f"{variable}[{quoted(name)}]" for name in outline}
            arrays |= by_part(outline) if part == "train" else {part: outline}
            expressions |= by_part(texts) if part == "train" else {part: texts}
    return Loading((), tuple(lines), data_set(arrays), expressions)


# Reviews

_LOAD_DATA = {
    "num_words": None, "skip_top": 0, "maxlen": None, "seed": 113, "start_char": 1, "oov_char": 2, "index_from": 3,
}  # fmt: skip
_PAD_SEQUENCES = {"padding": "pre", "truncating": "pre"}
"""What Keras takes where nothing is said."""


def _imdb(source: Source) -> Loading:
    """As Keras has it load its own copy of the reviews."""
    assert isinstance(source, Imdb)
    given, padding = (
        {name: getattr(source, name) for name, usual in usuals.items() if getattr(source, name) != usual}
        for usuals in (_LOAD_DATA, _PAD_SEQUENCES)
    )
    load = call("keras.datasets.imdb.load_data", _words(given))
    pad = _words({"maxlen": source.length, **padding})
    lines = [
        statement("(x, y), (x_test, y_test) = ", load),
        *(statement(f"{name} = ", call("keras.utils.pad_sequences", [name, *pad])) for name in ("x", "x_test")),
    ]
    one = {"x": np.zeros((1, source.length), np.int32), "y": np.zeros(1, np.int64)}
    expressions = {"train": {"x": "x", "y": "y"}, "test": {"x": "x_test", "y": "y_test"}}
    return Loading((), tuple(lines), DataSet({"x": one["x"]}, {"y": one["y"]}, test=one), expressions)


def _hdf5(source: Source) -> Loading:
    assert isinstance(source, Hdf5)
    data, expressions = source.outline(), dict[str, dict[str, str]]()
    for part, paths in source.arrays().items():
        arrays = data.arrays if part == "train" else getattr(data, part)
        words = {name: ".asstr()" if arrays[name].dtype.kind == "U" else "" for name in paths}
        expressions[part] = {name: f"data[{quoted(path)}]{words[name]}[:]" for name, path in paths.items()}
    opening = statement("data = ", call("h5py.File", [quoted(source.path), quoted("r")]))
    return Loading(("import h5py",), (opening,), data, expressions)


# What is made


def _copied(*functions: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The imports and the text of functions with all that they use."""
    library = collect(map(place_of, functions))
    return tuple(library.imports), tuple(f"{text}\n\n" for text in library.definitions)


def _words(arguments: Mapping[str, Any]) -> list[str]:
    return [f"{name}={literal(value)}" for name, value in arguments.items()]


def _toy(source: Source) -> Loading:
    assert isinstance(source, Toy)
    imports, functions = _copied(source.make)
    making = statement("x, y = ", call(source.make.__name__, _words(source.arguments())))
    data = DataSet({"x": np.zeros((1, 2), np.float32)}, {"y": np.zeros(1, np.int32)})
    return Loading(imports, (*functions, making), data, {"train": {"x": "x", "y": "y"}})


def _sines(source: Source) -> Loading:
    assert isinstance(source, Sines)
    imports, functions = _copied(waves, windows)
    lines = (
        statement("series = ", call("waves", _words(source.arguments()))),
        f"x, y = windows(series, {source.window})",
    )
    one = {"x": np.zeros((1, source.window, 1), np.float32), "y": np.zeros(1, np.float32)}
    expressions = {part: {name: f"{name}[{_span(rows)}]" for name in one} for part, rows in source.bounds.items()}
    data = DataSet({"x": one["x"]}, {"y": one["y"]}, {}, one, one)
    return Loading(imports, (*functions, *lines), data, expressions)


def _span(rows: slice) -> str:
    return f"{rows.start or ''}:{'' if rows.stop is None else rows.stop}"


_WRITERS: dict[type[Source], Callable[[Any], Loading]] = {
    **dict.fromkeys(_LOADERS, _bundled),
    **dict.fromkeys((Moons, Circles, Spirals, Blobs), _toy),
    Sines: _sines,
    Npz: _npz,
    Imdb: _imdb,
    Hdf5: _hdf5,
}
