"""Keras's optimizers with their names, defaults and numbers (https://keras.io/api/optimizers/), on optax.

The learning rate is given to each step (`learning_rate=`), so that it can change without a new compilation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field

from engine.events import HostWeights, OptimizerState
from engine.fields import Settings

if TYPE_CHECKING:
    import optax  # imported where it is used: settings and windows need no optimizer

Rate = Annotated[float, Field(gt=0, le=1000)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Epsilon = Annotated[float, Field(gt=0, le=1)]
_TYPE: Any = {"hidden": True}


class Remembering(Settings):
    """Base of the optimizers: what they remember of each weight."""

    by_weight: ClassVar[bool] = False
    """Whether Keras's list of this has all slots of a weight together; else all weights of a slot."""

    def slots(self) -> dict[str, int]:
        """Keras's names of what is remembered of each weight, in optax's order; -1 where optax turns the sign."""
        raise NotImplementedError


class Adam(Remembering):
    """Adam: steps by running means of the gradient and of its square. https://arxiv.org/abs/1412.6980"""

    type: Literal["Adam"] = Field(default="Adam", json_schema_extra=_TYPE)
    learning_rate: Rate = Field(default=0.001, description="Length of a step.")
    beta_1: Decay = Field(default=0.9, description="How long the mean gradient remembers.")
    beta_2: Decay = Field(default=0.999, description="How long the mean square remembers.")
    epsilon: Epsilon = Field(default=1e-7, description="Keeps the division away from zero.")

    by_weight: ClassVar[bool] = True

    def slots(self) -> dict[str, int]:
        return {"momentum": 1, "velocity": 1}

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """The optimizer as optax has it; `update` takes `learning_rate`."""
        import optax

        return optax.chain(_scale_by_adam(self.beta_1, self.beta_2, self.epsilon), _descend())


class SGD(Remembering):
    """Gradient descent, with momentum if wanted. https://keras.io/api/optimizers/sgd/"""

    type: Literal["SGD"] = Field(default="SGD", json_schema_extra=_TYPE)
    learning_rate: Rate = Field(default=0.01, description="Length of a step.")
    momentum: Decay = Field(default=0.0, description="Share of the last step that is kept.")
    nesterov: bool = Field(default=False, description="Look ahead along the momentum.")

    def slots(self) -> dict[str, int]:
        return {"momentum": 1} if self.momentum else {}

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """The optimizer as optax has it; `update` takes `learning_rate`."""
        import optax

        return optax.chain(_descend(), *([optax.trace(self.momentum, self.nesterov)] if self.momentum else []))


class RMSprop(Remembering):
    """RMSprop: divides the gradient by a running mean of its size. https://keras.io/api/optimizers/rmsprop/"""

    type: Literal["RMSprop"] = Field(default="RMSprop", json_schema_extra=_TYPE)
    learning_rate: Rate = Field(default=0.001, description="Length of a step.")
    rho: Decay = Field(default=0.9, description="How long the mean square remembers.")
    momentum: Decay = Field(default=0.0, description="Share of the last step that is kept.")
    epsilon: Epsilon = Field(default=1e-7, description="Keeps the division away from zero.")

    def slots(self) -> dict[str, int]:
        return {"velocity": 1, **({"momentum": -1} if self.momentum else {})}

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """The optimizer as optax has it; `update` takes `learning_rate`."""
        import optax

        momentum = [optax.trace(self.momentum)] if self.momentum else []
        return optax.chain(optax.scale_by_rms(self.rho, self.epsilon), _descend(), *momentum)


Optimizer = Annotated[Adam | SGD | RMSprop, Field(discriminator="type")]

OPTIMIZERS: dict[str, type[Adam | SGD | RMSprop]] = {"Adam": Adam, "SGD": SGD, "RMSprop": RMSprop}
"""Every optimizer by its Keras name."""


def state_to_host(optimizer: Optimizer, params: Any, state: Any, iterations: int) -> OptimizerState:
    """What optax keeps for an optimizer, as Keras keeps it; copies."""
    leaves, weights = jax.tree.leaves(state), jax.tree.structure(params)
    slots: dict[str, HostWeights] = {}
    for slot, sign in reversed(optimizer.slots().items()):  # a count comes before them
        own, leaves = leaves[-weights.num_leaves :], leaves[: -weights.num_leaves]
        slots[slot] = jax.tree.unflatten(weights, [np.array(sign * leaf) for leaf in own])
    return OptimizerState(iterations, slots, optimizer.type)


def state_fits(optimizer: Optimizer, params: Any, remembered: OptimizerState) -> bool:
    """Whether a state is one of this optimizer and of these weights."""
    wanted = jax.tree.map(jnp.shape, params)
    if remembered.optimizer != optimizer.type or not optimizer.slots().keys() <= remembered.slots.keys():
        return False
    return all(jax.tree.map(np.shape, dict(remembered.slots[slot])) == wanted for slot in optimizer.slots())


def state_from_host(optimizer: Optimizer, params: Any, remembered: OptimizerState) -> Any:
    """The inverse of `state_to_host`; the slots must be the optimizer's, with arrays as `params` has them."""
    fresh, structure = jax.tree.flatten(optimizer.transformation().init(params))
    found = [
        sign * jnp.array(leaf)
        for slot, sign in optimizer.slots().items()
        for leaf in jax.tree.leaves(dict(remembered.slots[slot]))
    ]
    counts = [jnp.asarray(remembered.iterations, leaf.dtype) for leaf in fresh[: len(fresh) - len(found)]]
    return jax.tree.unflatten(structure, counts + found)


def _descend() -> optax.GradientTransformationExtraArgs:
    """A step against the gradient; its length is the learning rate given to `update`."""
    import optax

    def update(updates: Any, state: Any, params: Any = None, *, learning_rate: jax.Array, **_: Any) -> Any:
        del params
        return jax.tree.map(lambda g: -learning_rate * g, updates), state

    return optax.GradientTransformationExtraArgs(cast(Any, lambda _: optax.EmptyState()), cast(Any, update))


def _scale_by_adam(beta_1: float, beta_2: float, epsilon: float) -> optax.GradientTransformation:
    """Adam as Keras computes it: epsilon is added before the bias of the mean square is corrected."""
    import optax

    def init(params: Any) -> Any:
        mu, nu = (jax.tree.map(jnp.zeros_like, params) for _ in range(2))
        return optax.ScaleByAdamState(count=jnp.zeros([], jnp.int32), mu=mu, nu=nu)

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        del params
        count = state.count + 1
        mu = jax.tree.map(lambda m, g: m + (g - m) * (1 - beta_1), state.mu, updates)
        nu = jax.tree.map(lambda v, g: v + (g * g - v) * (1 - beta_2), state.nu, updates)
        alpha = jnp.sqrt(1 - beta_2**count) / (1 - beta_1**count)
        step = jax.tree.map(lambda m, v: alpha * m / (jnp.sqrt(v) + epsilon), mu, nu)
        return step, optax.ScaleByAdamState(count=count, mu=mu, nu=nu)

    return optax.GradientTransformation(init, update)
