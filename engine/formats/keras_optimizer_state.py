"""The state of an optimizer as Keras keeps it: a list of arrays, in the order of the trainable weights.

First stands how many steps were made, then, in Keras 3, the learning rate, then what is remembered of each weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import h5py
import jax
import numpy as np

from engine.events import OptimizerState
from engine.formats import hdf5
from engine.formats.hdf5 import Array
from engine.formats.keras_config import Calls
from engine.formats.keras_dialect import Dialect
from engine.formats.loaded import Report
from engine.formats.reading import Place
from engine.graph import Node
from engine.optimizers import SGD, Optimizer
from engine.optimizers.base import Slot
from engine.optimizers.schedules import Schedule
from engine.weights import Weight

_NUMBERS = 2
"""Numbers that stand before what is remembered of weights, at most."""

NOT_FITTING = "The optimizer's state does not fit this network; the optimizer starts anew."

_MOST_STEPS = 2**31


@dataclass(frozen=True)
class _Place:
    """What is remembered of a weight in a slot; a single one stands for all weights."""

    slot: Slot
    owner: Node
    weight: Weight

    @property
    def shape(self) -> tuple[int, ...]:
        return jax.eval_shape(self.slot.start, jax.ShapeDtypeStruct(self.weight.shape, self.weight.dtype)).shape


def _places(found: Calls, optimizer: Optimizer, *, older: bool = False) -> list[_Place]:
    """All that Keras's list holds after its numbers, in its order; `older` ones have slot after slot."""
    trained = _weights(found)
    groups = [(slot,) for slot in optimizer.slots()] if older else optimizer.groups()
    each = [_Place(slot, *pair) for group in groups for pair in trained for slot in group if not slot.single]
    return each + [_Place(slot, *pair) for slot in optimizer.slots() for pair in trained[:1] if slot.single]


def _weights(found: Calls) -> list[tuple[Node, Weight]]:
    return [(owner, w) for owner in found.layers for w in found.inference[owner.id].weights if w.trainable]


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
    if dialect == "keras3" and not isinstance(optimizer.learning_rate, Schedule):
        yield f"{name}/learning_rate", np.asarray(optimizer.learning_rate, np.float32)
    for place in _places(found, optimizer):
        array = state.slots[place.slot.name][place.owner.id][place.weight.name]
        yield f"{name}/{place.slot.name}/{place.owner.name}/{place.weight.name}", array
    if (
        dialect == "keras2" and isinstance(optimizer, SGD) and not optimizer.momentum
    ):  # it has the slot nevertheless
        for owner, weight in _weights(found):
            yield f"{name}/momentum/{owner.name}/{weight.name}", np.zeros(weight.shape, weight.dtype)


# Reading


def read_state(
    group: hdf5.Group, paths: Sequence[str], found: Calls, optimizer: Optimizer, place: Place
) -> tuple[OptimizerState | None, Report]:
    """The state at these paths, in the order of Keras's list; None, with a note, where it does not fit."""
    if len(paths) <= _NUMBERS and optimizer.slots():
        return None, Report()  # compiled, but never trained
    state = _read(group, paths, found, optimizer, place)
    return state, Report() if state else Report(not_understood=(NOT_FITTING,))


def _read(
    group: hdf5.Group, paths: Sequence[str], found: Calls, optimizer: Optimizer, place: Place
) -> OptimizerState | None:
    older = bool(paths) and paths[0].split("/")[-1] in ("iter", "iter:0")  # the optimizers before Keras 2.11
    wanted = _places(found, optimizer, older=older)
    numbers = len(paths) - len(wanted) if wanted else 1
    if not paths or numbers not in (1, 2):
        return None
    shapes = {paths[0]: (), **dict(zip(paths[numbers:], (there.shape for there in wanted), strict=False))}
    if any(hdf5.facts(group, path, place).shape != shape for path, shape in shapes.items()):
        return None
    steps, *arrays = hdf5.arrays(group, [(path, shape, place) for path, shape in shapes.items()])
    if not 0 <= int(steps) < _MOST_STEPS:
        return None
    slots: dict[str, dict[str, dict[str, Array]]] = {slot.name: {} for slot in optimizer.slots()}
    for there, array in zip(wanted, arrays, strict=True):
        for owner, weight in _weights(found) if there.slot.single else [(there.owner, there.weight)]:
            slots[there.slot.name].setdefault(owner.id, {})[weight.name] = array.astype(weight.dtype, copy=False)
    return OptimizerState(int(steps), slots, optimizer.type)
