"""The state of an optimizer, between the device and what files and events hold."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from engine.events import OptimizerState
from engine.optimizers.base import Optimizer, State


def state_to_host(optimizer: Optimizer, state: State) -> OptimizerState:
    """What an optimizer remembers, as NumPy arrays; copies."""
    return OptimizerState(int(state.iterations), jax.tree.map(np.array, state.slots), optimizer.type)


def state_fits(optimizer: Optimizer, params: Any, remembered: OptimizerState) -> bool:
    """Whether a state is one of this optimizer and of these weights."""
    wanted = jax.tree.map(jnp.shape, jax.eval_shape(optimizer.init, params).slots)
    if remembered.optimizer != optimizer.type or not wanted.keys() <= remembered.slots.keys():
        return False
    return all(jax.tree.map(np.shape, dict(remembered.slots[slot])) == shapes for slot, shapes in wanted.items())


def state_from_host(optimizer: Optimizer, remembered: OptimizerState) -> State:
    """The inverse of `state_to_host`, for a state that fits; copies."""
    slots = {slot.name: jax.tree.map(jnp.array, dict(remembered.slots[slot.name])) for slot in optimizer.slots()}
    return State(jnp.asarray(remembered.iterations, jnp.int32), slots)
