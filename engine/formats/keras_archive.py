"""Keras 3's `.keras` files: a zip of the config, the weights as HDF5, and a note of the version."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from functools import partial
from os import PathLike
from typing import Any

import h5py

from engine.events import HostWeights, OptimizerState
from engine.files import replacing
from engine.formats import hdf5, keras_optimizer_state, readers
from engine.formats.keras_assets import learned, write_idf_weights
from engine.formats.keras_config import Calls, calls, to_config
from engine.formats.keras_h5 import KERAS_VERSION, check_weights
from engine.formats.keras_paths import kinds_of
from engine.formats.keras_policy import chosen_precision, with_types
from engine.formats.keras_reading import from_config, model_name
from engine.formats.keras_training import Compiled, read_training, training_config
from engine.formats.keras_weights import read_by_path, write_by_path
from engine.formats.loaded import LoadedModel, Notes, Report
from engine.formats.reader import Reader
from engine.formats.reading import LARGEST_JSON, Place, parse_json
from engine.graph import Graph
from engine.layers.placeholder import Placeholder
from engine.precision import Precision
from engine.project import NAME, TrainingSettings

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"

_MODULE = "keras.src.models.functional"

_STATE = "optimizer/vars"
"""Where the state of the optimizer lies in the file of the weights."""

_STATES = ("optimizer/inner_optimizer/vars", _STATE)
"""Where it may lie: first, where an optimizer around the optimizer scales the loss."""

_MARGIN = 64 * 2**20
_PER_LAYER = 64 * 2**10
_COPIES = 10
"""How often the weights may be in the file: in 64 bits, with four arrays of the optimizer for each."""


def save_archive(
    path: str | PathLike[str],
    graph: Graph,
    weights: HostWeights,
    training: TrainingSettings | None = None,
    optimizer_state: OptimizerState | None = None,
    name: str = NAME,
    precision: Precision | None = None,
) -> None:
    """Write a model that Keras opens with `keras.saving.load_model`, atomically.

    With `training` it opens compiled, with `optimizer_state` besides ready to go on.
    Raises `FileError`, and `NotReadyError` where the graph has errors.
    """
    found = calls(graph, unknown=True)
    check_weights(found, weights, path)
    metadata = {"keras_version": KERAS_VERSION, "date_saved": datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(METADATA, json.dumps(metadata))
        archive.writestr(CONFIG, json.dumps(_config(found, training, name, chosen_precision(precision, training))))
        archive.writestr(WEIGHTS, weights_file(found, weights, training, optimizer_state))


def _config(found: Calls, training: TrainingSettings | None, name: str, precision: Precision) -> dict[str, Any]:
    config = model_entry(found.graph, name, precision)
    if training is not None:
        compiled = training_config(found.graph, found.inference, training)
        optimizer = {"module": "keras.optimizers", **compiled.pop("optimizer_config"), "registered_name": None}
        config["compile_config"] = {"optimizer": optimizer, **compiled}
    return config


def model_entry(graph: Graph, name: str = NAME, precision: Precision = "float32") -> dict[str, Any]:
    """A model as Keras 3 serializes it, also by `model.to_json()`."""
    return {"module": _MODULE, **to_config(graph, name, precision), "registered_name": "Functional"}


def weights_file(
    found: Calls,
    weights: HostWeights,
    training: TrainingSettings | None = None,
    state: OptimizerState | None = None,
) -> bytes:
    """The weights as the bytes of a `.weights.h5` file, with the state of the optimizer where it is given."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write_by_path(file, found, weights)
        write_idf_weights(file, found.layers)
        if training is not None and state is not None:
            keras_optimizer_state.write_numbered(file.create_group(_STATE), found, training.optimizer, state)
    return buffer.getvalue()


def load_archive(path: str | PathLike[str]) -> LoadedModel:
    """Read a `.keras` file, ours or Keras's own; raises `FileError`, `FileFormatError`. Nothing is executed."""
    place = Place(path)
    with readers.reading(place, "zip") as archive:
        inner, here = place.at(CONFIG), place.at(WEIGHTS)
        config = inner.mapping(parse_json(archive.ask(place, "member", CONFIG, LARGEST_JSON), inner))
        lookups = list(learned(config.get("config")))
        for lookup in lookups:
            lookup.take_vocabulary(partial(_asset, archive, place), place)
        graph = from_config(config, inner)
        archive.ask(place, "enter", WEIGHTS, _most_bytes(graph, archive, place))
        file = hdf5.Group(archive)
        weighed = [lookup.take_weights(file, here) for lookup in lookups]
        if any(weighed):
            graph = from_config(config, inner)
        graph, weights = read_by_path(file, graph, kinds_of(config.get("config")), here)
        compiled = read_training(graph, _compiled(config))
        state, report = _read_state(file, compiled, here)
        notes = Notes()
        graph, precision = with_types(compiled.graph, config, notes)
    found = compiled.report + report + notes.report
    return LoadedModel(graph, weights, compiled.training, state, found, model_name(config), precision)


def _read_state(file: hdf5.Group, compiled: Compiled, place: Place) -> tuple[OptimizerState | None, Report]:
    counts = zip(_STATES, hdf5.counts(file, [(path, place) for path in _STATES]), strict=True)
    path, count = next(((path, count) for path, count in counts if count), ("", 0))
    if compiled.training is None or not count:
        return None, Report()
    paths, found = [str(number) for number in range(count)], calls(compiled.graph, unknown=True)
    return keras_optimizer_state.read_state(
        file.at(path), paths, found, compiled.training.optimizer, place.at(path)
    )


def _compiled(config: dict[str, Any]) -> Any:
    """The settings of training in the words of an `.h5` file."""
    found = config.get("compile_config")
    return {**found, "optimizer_config": found.get("optimizer")} if isinstance(found, dict) else None  # pyright: ignore


def _asset(archive: Reader, place: Place, name: str) -> bytes | None:
    there = archive.ask(place, "packed_size", name)
    return archive.ask(place, "member", name, LARGEST_JSON) if there else None


def _most_bytes(graph: Graph, archive: Reader, place: Place) -> int:
    """How large the weights may be: what the graph needs, and a margin.

    What a layer that is not known needs is not known; its weights may be as large as what is stored.
    """
    needed = sum(
        4 * weight.size
        for facts in calls(graph, unknown=True).inference.facts.values()
        for weight in facts.weights
    )
    if any(isinstance(node.layer, Placeholder) for node in graph):
        needed += place.whole(archive.ask(place, "packed_size", WEIGHTS))
    return _COPIES * needed + _PER_LAYER * len(graph) + _MARGIN
