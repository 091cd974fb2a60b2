"""Keras's HDF5 files: whole models with their weights, and checkpoints of a training run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import h5py
import numpy as np

from engine.errors import FileError
from engine.events import HostWeights
from engine.files import replacing
from engine.formats import hdf5
from engine.formats.keras_config import Calls, calls, to_config
from engine.formats.keras_reading import from_config
from engine.formats.keras_training import read_training, training_config
from engine.formats.reading import Place, parse_json, shown
from engine.graph import Graph, Node
from engine.layer import Weight
from engine.project import TrainingSettings

Array = np.ndarray[Any, Any]

KERAS_VERSION = "3.15.1"
"""The version whose format is written."""


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
    path: str | PathLike[str], graph: Graph, weights: HostWeights, training: TrainingSettings | None = None
) -> None:
    """Write a model that Keras opens with `keras.saving.load_model`, atomically.

    With `training` it opens compiled. Raises `FileError`, and `NotReadyError` where the graph has errors.
    """
    _save(path, graph, weights, training)


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
) -> None:
    found = calls(graph)
    _check_weights(found, weights, path)
    with replacing(path) as temporary:
        try:
            with h5py.File(temporary, "w") as file:
                _write_model(file, found, weights, training)
                if run is not None:
                    _write_run(file, *run)
        except (RuntimeError, ValueError) as error:  # what h5py raises where the disk refuses, or a name does
            raise FileError(path, f"could not be written: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    """What the system said, out of HDF5's long account of it."""
    text = str(error)
    found = re.search(r"error message = '([^']*)'", text)
    return found[1] if found else text.splitlines()[0].split(" (")[0]


def _check_weights(found: Calls, weights: HostWeights, path: str | PathLike[str]) -> None:
    for owner in found.layers:
        for weight in found.inference[owner.id].weights:
            array = weights.get(owner.id, {}).get(weight.name)
            if array is None or array.shape != weight.shape:
                raise FileError(path, f"the weights do not fit the graph: {weight.name} of {owner.name}.")


def _write_model(file: h5py.File, found: Calls, weights: HostWeights, training: TrainingSettings | None) -> None:
    _write_versions(file)
    file.attrs["model_config"] = json.dumps(to_config(found.graph))
    if training is not None:
        file.attrs["training_config"] = json.dumps(training_config(found.graph, found.inference, training))
    group = file.create_group("model_weights")
    _write_versions(group)
    hdf5.put_names(group, "layer_names", [owner.name for owner in found.layers])
    for owner in found.layers:
        arrays = weights.get(owner.id, {})
        ordered = _saved_order(found.inference[owner.id].weights)
        _write_layer(group, owner.name, {weight.name: arrays[weight.name] for weight in ordered})
    hdf5.put_names(group.create_group("top_level_model_weights"), "weight_names", [])


def _write_versions(group: h5py.Group) -> None:
    group.attrs["keras_version"] = KERAS_VERSION
    group.attrs["backend"] = "jax"


def _write_layer(parent: h5py.Group, name: str, arrays: Mapping[str, Array]) -> None:
    group = parent.create_group(name)
    hdf5.put_names(group, "weight_names", [f"{name}/{key}" for key in arrays])
    for key, value in arrays.items():
        group.create_dataset(f"{name}/{key}", data=value)


def _saved_order(weights: Sequence[Weight]) -> list[Weight]:
    """Trainable weights first, as Keras saves them."""
    return sorted(weights, key=lambda weight: not weight.trainable)


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
        if "layerloom" not in file:
            raise place.error("is not a checkpoint: it holds a model, but no state of a training run.")
        model = _read_model(file, place)
        state, position = _read_run(hdf5.group(file, "layerloom", place), model, place)
    return Checkpoint(model, state, position)


def _read_model(file: h5py.File, place: Place) -> LoadedModel:
    config = hdf5.text(file, "model_config", place)
    if config is None:
        if hdf5.names(file, "layer_names", place) is not None or "layers" in file:
            raise place.error("holds weights only, without the model that they belong to.")
        raise place.error("is not a Keras model: it has no model_config.")
    inner = place.at("model_config")
    graph = from_config(parse_json(config, inner), inner)
    compiled = hdf5.text(file, "training_config", place)
    training = read_training(
        graph, None if compiled is None else parse_json(compiled, place.at("training_config"))
    )
    weights = _read_weights(hdf5.group(file, "model_weights", place), calls(graph), place)
    return LoadedModel(training.graph, weights, training.training, training.notes)


def _read_weights(group: h5py.Group, found: Calls, place: Place) -> HostWeights:
    saved = {name: _weight_names(group, name, place) for name in hdf5.names(group, "layer_names", place) or []}
    saved = {name: paths for name, paths in saved.items() if paths}
    owners = [owner for owner in found.layers if found.inference[owner.id].weights]
    if len(saved) != len(owners):
        raise place.error(f"holds weights for {len(saved)} layers, but its model has {len(owners)} with weights.")
    if saved.keys() == {owner.name for owner in owners}:
        pairs = [(owner, owner.name) for owner in owners]
    else:  # Keras goes by order
        pairs = list(zip(owners, saved, strict=True))
    return {owner.id: _read_layer(group, name, saved[name], found, owner, place) for owner, name in pairs}


def _weight_names(parent: h5py.Group, name: str, place: Place) -> list[str]:
    here = place.at(f"layer {shown(name)}")
    return hdf5.names(hdf5.group(parent, name, here), "weight_names", here) or []


def _read_layer(
    parent: h5py.Group, name: str, paths: list[str], found: Calls, owner: Node, place: Place
) -> dict[str, Array]:
    here = place.at(f"layer {shown(owner.name)}")
    group = hdf5.group(parent, name, here)
    weights = found.inference[owner.id].weights
    if len(paths) != len(weights):
        raise here.error(f"the file holds {len(paths)} weights, but the layer has {len(weights)}.")
    arrays = {
        weight.name: hdf5.array(group, path, weight.shape, here.at(f"weight {weight.name}")).astype(weight.dtype)
        for weight, path in zip(_saved_order(weights), paths, strict=True)
    }
    return {weight.name: arrays[weight.name] for weight in weights}


def _read_run(
    group: h5py.Group, model: LoadedModel, place: Place
) -> tuple[tuple[Array, ...], dict[str, int | float]]:
    """Arrays of the optimizer's state have the shapes of weights, or are single numbers."""
    here = place.at("optimizer state")
    shapes = {array.shape for arrays in model.weights.values() for array in arrays.values()} | {()}
    most = 10 * (1 + sum(map(len, model.weights.values())))
    state: list[Array] = []
    while "optimizer" in group and f"{len(state)}" in hdf5.group(group, "optimizer", here) and len(state) < most:
        found = hdf5.dataset(group, f"optimizer/{len(state)}", here)
        if found.shape not in shapes:
            raise here.error(f"array {len(state)} has a shape that no weight has.")
        state.append(np.asarray(found[()]))
    prefix = "position_"
    position = {name.removeprefix(prefix): value for name, value in group.attrs.items() if name.startswith(prefix)}
    return tuple(state), {name: np.asarray(value).item() for name, value in position.items()}
