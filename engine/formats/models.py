"""Model files, whichever they are: `load` and `save` choose the format by the name."""

from __future__ import annotations

import json
from dataclasses import replace
from os import PathLike
from pathlib import Path

from engine.errors import FileError, FileFormatError
from engine.events import HostWeights, OptimizerState
from engine.files import check_file, replacing, replacing_all
from engine.formats import hdf5, keras_h5
from engine.formats.keras_archive import load_archive, model_entry, save_archive, weights_file
from engine.formats.keras_config import calls, check_figures, check_shapes
from engine.formats.keras_dialect import Dialect
from engine.formats.keras_fitting import fit_by_layer, fit_by_path
from engine.formats.keras_h5 import check_weights
from engine.formats.keras_paths import Kinds, kinds_of
from engine.formats.keras_policy import chosen_precision, with_types
from engine.formats.keras_reading import from_config, model_name
from engine.formats.keras_weights import read_by_layer, read_by_path
from engine.formats.loaded import LoadedModel, Notes
from engine.formats.reading import Place, parse_json, read_text
from engine.graph import Graph
from engine.precision import Precision
from engine.project import NAME, TrainingSettings
from engine.transfer import NONE_FITS, Transfer, by_name, transferred

SUFFIXES = (".keras", ".h5", ".hdf5", ".json")
"""The endings of model files."""

_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"


def is_model(path: Path) -> bool:
    """Whether a file is, or by its name should be, a model of Keras."""
    return path.suffix.lower() in SUFFIXES or _begins(path) in (_HDF5, _ZIP)


def files_of(path: Path) -> tuple[Path, ...]:
    """Where a model may be read from: a `.json` has its weights in a file beside it, the first that there is."""
    return (path, *_beside(path)) if path.suffix.lower() == ".json" else (path,)


def _beside(path: Path) -> list[Path]:
    return [path.with_suffix(suffix) for suffix in (".weights.h5", ".h5")]


def _begins(path: str | PathLike[str]) -> bytes | None:
    """Which of the formats a file begins like; None where it is none of them, or cannot be read."""
    try:
        check_file(path)
        with Path(path).open("rb") as file:
            start = file.read(8)
    except (OSError, FileError):
        return None
    return next((magic for magic in (_HDF5, _ZIP) if start.startswith(magic)), None)


def load(path: str | PathLike[str], weights: str | PathLike[str] | None = None) -> LoadedModel:
    """Read a `.keras`, `.h5` or `.json` model; `weights` names the file of its weights where it has none itself.

    A `.json` config takes the `.weights.h5` or `.h5` of its own name beside it. What a file begins with counts for
    more than its name. Raises `FileError`, `FileFormatError`; nothing in a file is executed.
    """
    begins, suffix = _begins(path), Path(path).suffix.lower()
    if suffix == ".json" and begins is None:
        return _load_json(path, weights)
    if suffix == ".loom" and begins is None and Path(path).is_file():
        raise FileFormatError(path, "is a project already, not a Keras model.")
    loaded = (
        load_archive(path)
        if begins == _ZIP or (begins is None and suffix == ".keras")
        else keras_h5.load_model(path)
    )
    if weights is None:
        return loaded
    graph, arrays = load_weights(weights, loaded.graph)
    return replace(loaded, graph=graph, weights=arrays, optimizer_state=None)


def _load_json(path: str | PathLike[str], weights: str | PathLike[str] | None) -> LoadedModel:
    place = Place(path)
    config = place.mapping(parse_json(read_text(path), place))
    graph = from_config(config, place)
    beside = _beside(Path(path))
    found = weights or next((file for file in beside if file.exists()), None)
    if found is None:
        raise FileError(path, f"holds no weights, and there is no {beside[0].name} beside it.")
    graph, arrays = load_weights(found, graph, kinds_of(config.get("config")))
    notes = Notes()
    graph, precision = with_types(graph, config, notes)
    return LoadedModel(graph, arrays, found=notes.report, name=model_name(config), precision=precision)


def load_weights(path: str | PathLike[str], graph: Graph, kinds: Kinds | None = None) -> tuple[Graph, HostWeights]:
    """The weights of a file for a graph that is given, and the graph with what its placeholders own.

    In files of the older layout, layers are found by name where all names are the same, else by order. Raises
    `FileFormatError` where counts or shapes differ.
    """
    place = Place(path)
    if _begins(path) == _ZIP:
        raise place.error("is a whole model, not weights only.")
    with hdf5.reading(path) as file:
        group, by_path = _weights_in(file, place)
        return read_by_path(group, graph, kinds or {}, place) if by_path else read_by_layer(group, graph, place)


def load_fitting(path: str | PathLike[str], graph: Graph, seed: int) -> Transfer:
    """The weights of a file that fit a graph, layer by layer, by name; new ones for the rest.

    Raises `FileFormatError` where no layer fits.
    """
    place = Place(path)
    if _begins(path) == _ZIP or Path(path).suffix.lower() == ".json":
        loaded = load(path)
        found = transferred(graph, by_name(loaded.graph, loaded.weights), seed)
    else:
        with hdf5.reading(path) as file:
            group, by_path = _weights_in(file, place)
            found = (fit_by_path if by_path else fit_by_layer)(group, graph, seed, place)
    if not found.taken:
        raise place.error(NONE_FITS)
    return found


def _weights_in(file: hdf5.Group, place: Place) -> tuple[hdf5.Group, bool]:
    """The group that holds the weights, and whether they lie there by path."""
    if hdf5.holds(file, "model_weights", place):
        return file.at("model_weights"), False
    if hdf5.names(file, "layer_names", place) is not None:
        return file, False
    if hdf5.holds(file, "layers", place):
        return file, True
    raise place.error("holds no weights of a Keras model.")


def save(
    path: str | PathLike[str],
    graph: Graph,
    weights: HostWeights,
    training: TrainingSettings | None = None,
    *,
    dialect: Dialect = "keras3",
    optimizer_state: OptimizerState | None = None,
    name: str = NAME,
    precision: Precision | None = None,
) -> None:
    """Write a model as the ending of `path` says: `.keras`, `.h5`, `.weights.h5`, `.json` with its weights beside.

    `dialect` is for `.h5` only. Layers compute in the type of `precision`, or else in that of `training`.
    With `training` and `optimizer_state`, `.keras` and `.h5` hold the optimizer's state, so that the training can
    go on; in Keras 3, from `.keras` only. Raises `FileError`, and `NotReadyError` where the graph has errors,
    `StyleError` where the version of Keras has no words for it.
    """
    file = Path(path)
    precision = chosen_precision(precision, training)
    if dialect == "keras3" and not file.name.lower().endswith(".weights.h5"):
        check_shapes(graph)
    if file.suffix.lower() == ".keras":
        save_archive(path, graph, weights, training, optimizer_state, name, precision)
    elif file.suffix.lower() == ".json":
        _save_json(file, graph, weights, name, precision)
    elif file.name.lower().endswith(".weights.h5"):
        save_weights(path, graph, weights)
    else:
        if dialect == "keras3":
            check_figures(graph)
        keras_h5.save_model(path, graph, weights, training, dialect, optimizer_state, name, precision)


def _save_json(path: Path, graph: Graph, weights: HostWeights, name: str, precision: Precision) -> None:
    """Write config and weights; where one of them cannot be written, the older two stay."""
    beside = path.with_suffix(".weights.h5")
    with replacing_all(path, beside) as (config, arrays):
        config.write_text(json.dumps(model_entry(graph, name, precision)), encoding="utf-8")
        arrays.write_bytes(_weights_file(graph, weights, beside))


def save_weights(path: str | PathLike[str], graph: Graph, weights: HostWeights) -> None:
    """Write the weights only, as `model.save_weights` does: a `.weights.h5` file."""
    with replacing(path) as temporary:
        temporary.write_bytes(_weights_file(graph, weights, path))


def _weights_file(graph: Graph, weights: HostWeights, path: str | PathLike[str]) -> bytes:
    found = calls(graph, unknown=True)
    check_weights(found, weights, path)
    return weights_file(found, weights)


__all__ = ["SUFFIXES", "is_model", "load", "load_fitting", "load_weights", "save", "save_weights"]
