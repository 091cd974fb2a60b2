"""Keras's HDF5 files: whole models with their weights, and checkpoints of a training run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from os import PathLike

import h5py
from pydantic import ValidationError

from engine.errors import FileError
from engine.events import START, HostWeights, OptimizerState, RunPosition
from engine.files import replacing
from engine.formats import hdf5, keras_dialect, keras_optimizer_state
from engine.formats.keras_config import Calls, calls, to_config
from engine.formats.keras_dialect import Dialect, to_keras2
from engine.formats.keras_policy import chosen_precision, with_types
from engine.formats.keras_reading import from_config, model_name
from engine.formats.keras_training import read_training, training_config
from engine.formats.keras_weights import read_by_layer, write_by_layer
from engine.formats.loaded import LoadedModel, Notes, Report
from engine.formats.reading import Place, parse_json
from engine.graph import Graph
from engine.ledger import Ledger
from engine.precision import Precision
from engine.project import NAME, TrainingSettings

KERAS_VERSION = "3.15.1"
"""The version whose format is written."""

_STATE = "optimizer_weights"

_LOSS_SCALE = "loss_scale_optimizer/"
"""How the names of what an optimizer around the optimizer remembers begin, where losses are scaled."""

_RUN = "layerloom"
"""The group with what only this program reads: the position of a run, and the optimizer's state for it."""


@dataclass(frozen=True)
class Checkpoint:
    """A model in the middle of its training, and where the run stands."""

    model: LoadedModel
    position: RunPosition = START
    ledger: Ledger | None = None


# Writing


def save_model(
    path: str | PathLike[str],
    graph: Graph,
    weights: HostWeights,
    training: TrainingSettings | None = None,
    dialect: Dialect = "keras3",
    optimizer_state: OptimizerState | None = None,
    name: str = NAME,
    precision: Precision | None = None,
) -> None:
    """Write a model that Keras opens with `keras.saving.load_model`, atomically.

    With `training` it opens compiled. From `optimizer_state` this program goes on, and in its dialect Keras 2;
    Keras 3 goes on from `.keras` files only.
    The dialect "keras2" is for tf-keras and readers that know no Keras 3.
    Raises `FileError`, and `NotReadyError` where the graph has errors.
    """
    _save(path, graph, weights, training, optimizer_state, dialect=dialect, name=name, precision=precision)


def save_checkpoint(
    path: str | PathLike[str],
    graph: Graph,
    weights: HostWeights,
    training: TrainingSettings,
    optimizer_state: OptimizerState | None,
    position: RunPosition,
    ledger: Ledger,
    name: str = NAME,
) -> None:
    """Write a model with the optimizer's state, if it is known, and where the run stands; Keras opens it."""
    _save(path, graph, weights, training, optimizer_state, (position, ledger), name=name)


def _save(
    path: str | PathLike[str],
    graph: Graph,
    weights: HostWeights,
    training: TrainingSettings | None,
    state: OptimizerState | None,
    standing: tuple[RunPosition, Ledger] | None = None,
    dialect: Dialect = "keras3",
    name: str = NAME,
    precision: Precision | None = None,
) -> None:
    found = calls(graph, unknown=True)
    check_weights(found, weights, path)
    with replacing(path) as temporary:
        try:
            with h5py.File(temporary, "w") as file:
                _write_model(file, found, weights, training, dialect, name, chosen_precision(precision, training))
                if training is not None and state is not None:
                    # Keras 3 finds no place for a state in this format, and could not go on training.
                    group = file.create_group(_STATE if dialect == "keras2" else f"{_RUN}/{_STATE}")
                    keras_optimizer_state.write_list(group, found, training.optimizer, state, dialect)
                if standing is not None:
                    position, ledger = standing
                    file.require_group(_RUN).attrs.update(position._asdict(), ledger=ledger.model_dump_json())
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
    file: h5py.File,
    found: Calls,
    weights: HostWeights,
    training: TrainingSettings | None,
    dialect: Dialect,
    name: str,
    precision: Precision,
) -> None:
    _write_versions(file, dialect)
    config = to_config(found.graph, name, precision)
    file.attrs["model_config"] = json.dumps(to_keras2(config) if dialect == "keras2" else config)
    if training is not None:
        file.attrs["training_config"] = json.dumps(training_config(found.graph, found.inference, training))
    group = file.create_group("model_weights")
    _write_versions(group, dialect)
    write_by_layer(group, found, weights)


def _write_versions(group: h5py.Group, dialect: Dialect) -> None:
    group.attrs["keras_version"] = KERAS_VERSION if dialect == "keras3" else keras_dialect.VERSION
    group.attrs["backend"] = "jax" if dialect == "keras3" else "tensorflow"


# Reading


def load_model(path: str | PathLike[str]) -> LoadedModel:
    """Read a model file, ours or Keras's own; raises `FileError`, `FileFormatError`. Nothing in it is executed."""
    with hdf5.reading(path) as file:
        return _read_model(file, Place(path))


def load_checkpoint(path: str | PathLike[str]) -> Checkpoint:
    """Read a model and where its run stands: at its start if the file does not say. Raises as `load_model`."""
    place = Place(path)
    with hdf5.reading(path) as file:
        model = _read_model(file, place)
        return Checkpoint(model, _read_position(file, place), _read_ledger(file, place))


def _read_model(file: hdf5.Group, place: Place) -> LoadedModel:
    config = hdf5.text(file, "model_config", place)
    if config is None:
        if hdf5.names(file, "layer_names", place) is not None or hdf5.holds(file, "layers", place):
            raise place.error("holds weights only, without the model that they belong to.")
        raise place.error("is not a Keras model: it has no model_config. Data is chosen in the Data tab.")
    inner = place.at("model_config")
    config = parse_json(config, inner)
    graph = from_config(config, inner)
    compiled = hdf5.text(file, "training_config", place)
    training = read_training(
        graph, None if compiled is None else parse_json(compiled, place.at("training_config"))
    )
    graph, weights = read_by_layer(file.at("model_weights"), training.graph, place)
    state, report = None, Report()
    at = next((path for path in (_STATE, f"{_RUN}/{_STATE}") if hdf5.holds(file, path, place)), None)
    if at is not None and training.training is not None:
        names = hdf5.names(file.at(at), "weight_names", place) or []
        names = [name for name in names if not name.startswith(_LOSS_SCALE)]
        found, optimizer = calls(graph, unknown=True), training.training.optimizer
        state, report = keras_optimizer_state.read_state(file.at(at), names, found, optimizer, place.at(at))
    notes = Notes()
    graph, precision = with_types(graph, config, notes)
    found = training.report + report + notes.report
    return LoadedModel(graph, weights, training.training, state, found, model_name(config), precision)


def _read_position(file: hdf5.Group, place: Place) -> RunPosition:
    if not hdf5.holds(file, _RUN, place):
        return START
    found = hdf5.numbers(file.at(_RUN), place)
    return RunPosition(*(place.at(name).whole(found.get(name, 0)) for name in RunPosition._fields))


def _read_ledger(file: hdf5.Group, place: Place) -> Ledger | None:
    text = hdf5.text(file.at(_RUN), "ledger", place) if hdf5.holds(file, _RUN, place) else None
    inner = place.at("ledger")
    if text is None:
        return None
    try:
        return Ledger.model_validate_json(text)  # which takes numbers that are not finite, unlike JSON
    except ValidationError as error:
        inner.refuse(error)
