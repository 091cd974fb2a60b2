"""Keras's HDF5 files: whole models with their weights, and checkpoints of a training run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Literal

import h5py
import numpy as np

from engine.errors import FileError
from engine.events import HostWeights
from engine.files import replacing
from engine.formats import hdf5, keras_dialect
from engine.formats.keras_config import Calls, calls, to_config
from engine.formats.keras_dialect import to_keras2
from engine.formats.keras_reading import from_config
from engine.formats.keras_training import read_training, training_config
from engine.formats.keras_weights import read_by_layer, write_by_layer
from engine.formats.reading import Place, parse_json
from engine.graph import Graph
from engine.project import TrainingSettings

Array = np.ndarray[Any, Any]

KERAS_VERSION = "3.15.1"
"""The version whose format is written."""

Dialect = Literal["keras3", "keras2"]
"""The versions of Keras in whose words a model may be written."""


@dataclass(frozen=True)
class LoadedModel:
    """What a model file holds; `training` is None where the model was not compiled.

    `weights` are by the identifier of the node in `graph` that owns them, then by name. `notes` are sentences on
    what the file has and this program does not.
    """

    graph: Graph
    weights: HostWeights
    training: TrainingSettings | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checkpoint:
    """A model in the middle of its training: arrays of the optimizer's state, and where the run stands."""

    model: LoadedModel
    optimizer_state: tuple[Array, ...] = ()
    position: Mapping[str, int | float] = field(default_factory=dict[str, "int | float"])


# Writing


def save_model(
    path: str | PathLike[str],
    graph: Graph,
    weights: HostWeights,
    training: TrainingSettings | None = None,
    dialect: Dialect = "keras3",
) -> None:
    """Write a model that Keras opens with `keras.saving.load_model`, atomically.

    With `training` it opens compiled. The dialect "keras2" is for tf-keras and readers that know no Keras 3.
    Raises `FileError`, and `NotReadyError` where the graph has errors.
    """
    _save(path, graph, weights, training, dialect=dialect)


def save_checkpoint(
    path: str | PathLike[str],
    graph: Graph,
    weights: HostWeights,
    training: TrainingSettings,
    optimizer_state: Sequence[Array],
    position: Mapping[str, int | float],
) -> None:
    """Write a model file with the optimizer's state and the position of the run beside it; Keras opens it, too."""
    _save(path, graph, weights, training, (optimizer_state, position))


def _save(
    path: str | PathLike[str],
    graph: Graph,
    weights: HostWeights,
    training: TrainingSettings | None,
    run: tuple[Sequence[Array], Mapping[str, int | float]] | None = None,
    dialect: Dialect = "keras3",
) -> None:
    found = calls(graph, unknown=True)
    check_weights(found, weights, path)
    with replacing(path) as temporary:
        try:
            with h5py.File(temporary, "w") as file:
                _write_model(file, found, weights, training, dialect)
                if run is not None:
                    _write_run(file, *run)
        except (RuntimeError, ValueError) as error:  # what h5py raises where the disk refuses, or a name does
            raise FileError(path, f"could not be written: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    """What the system said, out of HDF5's long account of it."""
    text = str(error)
    found = re.search(r"error message = '([^']*)'", text)
    return found[1] if found else text.splitlines()[0].split(" (")[0]


def check_weights(found: Calls, weights: HostWeights, path: str | PathLike[str]) -> None:
    """Raise `FileError` where weights are missing or have other shapes than the graph says."""
    for owner in found.layers:
        for weight in found.inference[owner.id].weights:
            array = weights.get(owner.id, {}).get(weight.name)
            if array is None or array.shape != weight.shape:
                raise FileError(path, f"the weights do not fit the graph: {weight.name} of {owner.name}.")


def _write_model(
    file: h5py.File, found: Calls, weights: HostWeights, training: TrainingSettings | None, dialect: Dialect
) -> None:
    _write_versions(file, dialect)
    config = to_config(found.graph)
    file.attrs["model_config"] = json.dumps(to_keras2(config) if dialect == "keras2" else config)
    if training is not None:
        file.attrs["training_config"] = json.dumps(training_config(found.graph, found.inference, training))
    group = file.create_group("model_weights")
    _write_versions(group, dialect)
    write_by_layer(group, found, weights)


def _write_versions(group: h5py.Group, dialect: Dialect) -> None:
    group.attrs["keras_version"] = KERAS_VERSION if dialect == "keras3" else keras_dialect.VERSION
    group.attrs["backend"] = "jax" if dialect == "keras3" else "tensorflow"


def _write_run(file: h5py.File, state: Sequence[Array], position: Mapping[str, int | float]) -> None:
    group = file.create_group("layerloom")
    for number, value in enumerate(state):
        group.create_dataset(f"optimizer/{number}", data=value)
    for key, value in position.items():
        group.attrs[f"position_{key}"] = value


# Reading


def load_model(path: str | PathLike[str]) -> LoadedModel:
    """Read a model file, ours or Keras's own; raises `FileError`, `FileFormatError`. Nothing in it is executed."""
    with hdf5.reading(path) as file:
        return _read_model(file, Place(path))


def load_checkpoint(path: str | PathLike[str]) -> Checkpoint:
    """Read a checkpoint; raises `FileError`, `FileFormatError`."""
    place = Place(path)
    with hdf5.reading(path) as file:
        if not hdf5.holds(file, "layerloom", place):
            raise place.error("is not a checkpoint: it holds a model, but no state of a training run.")
        model = _read_model(file, place)
        state, position = _read_run(file.at("layerloom"), model, place)
    return Checkpoint(model, state, position)


def _read_model(file: hdf5.Group, place: Place) -> LoadedModel:
    config = hdf5.text(file, "model_config", place)
    if config is None:
        if hdf5.names(file, "layer_names", place) is not None or hdf5.holds(file, "layers", place):
            raise place.error("holds weights only, without the model that they belong to.")
        raise place.error("is not a Keras model: it has no model_config.")
    inner = place.at("model_config")
    graph = from_config(parse_json(config, inner), inner)
    compiled = hdf5.text(file, "training_config", place)
    training = read_training(
        graph, None if compiled is None else parse_json(compiled, place.at("training_config"))
    )
    graph, weights = read_by_layer(file.at("model_weights"), training.graph, place)
    return LoadedModel(graph, weights, training.training, training.notes)


def _read_run(
    group: hdf5.Group, model: LoadedModel, place: Place
) -> tuple[tuple[Array, ...], dict[str, int | float]]:
    """Arrays of the optimizer's state have the shapes of weights, or are single numbers."""
    here = place.at("optimizer state")
    shapes = {array.shape for arrays in model.weights.values() for array in arrays.values()} | {()}
    most = 10 * (1 + sum(map(len, model.weights.values())))
    (count,) = hdf5.counts(group, [("optimizer", here)])
    wanted: list[tuple[str, tuple[int, ...], Place]] = []
    for number in range(min(count, most)):
        path = f"optimizer/{number}"
        wanted.append((path, hdf5.facts(group, path, here).shape, here))
        if wanted[-1][1] not in shapes:
            raise here.error(f"array {number} has a shape that no weight has.")
    prefix = "position_"
    numbers = hdf5.numbers(group, place).items()
    position = {name.removeprefix(prefix): value for name, value in numbers if name.startswith(prefix)}
    return tuple(hdf5.arrays(group, wanted)), position
