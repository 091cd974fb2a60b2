"""The state of an optimizer as Keras keeps it: a list of arrays, in the order of the trainable weights.

First stands how many steps were made, then, in Keras 3, the learning rate, then what is remembered of each weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import h5py
import numpy as np

from engine.events import OptimizerState
from engine.formats import hdf5
from engine.formats.hdf5 import Array
from engine.formats.keras_config import Calls
from engine.formats.keras_dialect import Dialect
from engine.formats.loaded import Report
from engine.formats.reading import Place
from engine.graph import Node
from engine.layer import Weight
from engine.optimizers import SGD, Optimizer

NOT_FITTING = "The optimizer's state does not fit this network; the optimizer starts anew."

_MOST_STEPS = 2**31

_Slot = tuple[str, Node, Weight]


def _slots(found: Calls, names: Sequence[str], by_weight: bool) -> list[_Slot]:
    trained = [(owner, w) for owner in found.layers for w in found.inference[owner.id].weights if w.trainable]
    if by_weight:
        return [(name, *pair) for pair in trained for name in names]
    return [(name, *pair) for name in names for pair in trained]


# Writing


def write_list(
    group: h5py.Group, found: Calls, optimizer: Optimizer, state: OptimizerState, dialect: Dialect
) -> None:
    """Write the state as `.h5` models have it: arrays, and a list of their names."""
    named = list(_named(found, optimizer, state, dialect))
    hdf5.put_names(group, "weight_names", [name for name, _ in named])
    for name, array in named:
        group.create_dataset(name, data=array)


def write_numbered(group: h5py.Group, found: Calls, optimizer: Optimizer, state: OptimizerState) -> None:
    """Write the state as `.keras` files have it: arrays by their number."""
    group.attrs["name"] = optimizer.type.lower()
    for number, (_, array) in enumerate(_named(found, optimizer, state, "keras3")):
        group.create_dataset(str(number), data=array)


def _named(
    found: Calls, optimizer: Optimizer, state: OptimizerState, dialect: Dialect
) -> Iterator[tuple[str, Array]]:
    name = optimizer.type.lower()
    whole = np.int64 if dialect == "keras2" else np.int32
    yield f"{name}/iteration", np.asarray(state.iterations, whole)
    if dialect == "keras3":
        yield f"{name}/learning_rate", np.asarray(optimizer.learning_rate, np.float32)
    slots = list(optimizer.slots())
    if dialect == "keras2" and isinstance(optimizer, SGD):
        slots = ["momentum"]  # which is there, whether it is used or not
    for slot, owner, weight in _slots(found, slots, optimizer.by_weight):
        arrays = state.slots.get(slot)
        array = np.zeros(weight.shape, weight.dtype) if arrays is None else arrays[owner.id][weight.name]
        yield f"{name}/{slot}/{owner.name}/{weight.name}", array


# Reading


def read_state(
    group: hdf5.Group, paths: Sequence[str], found: Calls, optimizer: Optimizer, place: Place
) -> tuple[OptimizerState | None, Report]:
    """The state at these paths, in the order of Keras's list; None, with a note, where it does not fit."""
    state = _read(group, paths, found, optimizer, place)
    return state, Report() if state else Report(not_understood=(NOT_FITTING,))


def _read(
    group: hdf5.Group, paths: Sequence[str], found: Calls, optimizer: Optimizer, place: Place
) -> OptimizerState | None:
    older = bool(paths) and paths[0].split("/")[-1] in ("iter", "iter:0")  # the optimizers before Keras 2.11
    wanted = _slots(found, list(optimizer.slots()), optimizer.by_weight and not older)
    numbers = len(paths) - len(wanted) if wanted else 1
    if not paths or numbers not in (1, 2):
        return None
    shapes = {path: weight.shape for (_, _, weight), path in zip(wanted, paths[numbers:], strict=False)}
    if any(hdf5.facts(group, path, place).shape != shape for path, shape in {paths[0]: (), **shapes}.items()):
        return None
    steps, *arrays = hdf5.arrays(group, [(path, shape, place) for path, shape in {paths[0]: (), **shapes}.items()])
    if not 0 <= int(steps) < _MOST_STEPS:
        return None
    slots: dict[str, dict[str, dict[str, Array]]] = {slot: {} for slot in optimizer.slots()}
    for (slot, owner, weight), array in zip(wanted, arrays, strict=True):
        slots[slot].setdefault(owner.id, {})[weight.name] = array.astype(weight.dtype, copy=False)
    return OptimizerState(int(steps), slots, optimizer.type)
