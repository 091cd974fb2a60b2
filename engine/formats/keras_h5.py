"""Keras's HDF5 files: whole models with their weights, and checkpoints of a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np

from engine.events import HostWeights
from engine.graph import Graph
from engine.project import TrainingSettings

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class LoadedModel:
    """What a model file holds; `training` is None where the model was not compiled.

    `weights` are by the identifier of the node in `graph` that owns them, then by name.
    """

    graph: Graph
    weights: HostWeights
    training: TrainingSettings | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A model in the middle of its training: arrays of the optimizer's state, and where the run stands."""

    model: LoadedModel
    optimizer_state: tuple[Array, ...] = ()
    position: Mapping[str, int | float] = field(default_factory=dict[str, "int | float"])


def save_model(
    path: str | PathLike[str], graph: Graph, weights: HostWeights, training: TrainingSettings | None = None
) -> None:
    """Write a model that Keras opens with `keras.saving.load_model`, atomically; raises `FileError`."""
    raise NotImplementedError


def load_model(path: str | PathLike[str]) -> LoadedModel:
    """Read a model file; raises `FileError`, `FileFormatError`. Nothing in it is executed."""
    raise NotImplementedError


def save_checkpoint(
    path: str | PathLike[str],
    graph: Graph,
    weights: HostWeights,
    training: TrainingSettings,
    optimizer_state: Sequence[Array],
    position: Mapping[str, int | float],
) -> None:
    """Write a model file with the optimizer's state and the position of the run beside it."""
    raise NotImplementedError


def load_checkpoint(path: str | PathLike[str]) -> Checkpoint:
    """Read a checkpoint; raises `FileError`, `FileFormatError`."""
    raise NotImplementedError
