"""Keras's losses (https://keras.io/api/losses/).

Each takes predictions and targets with a batch axis and gives a loss for each place of each sample: an array of
(batch), or (batch, steps) for sequences, and so on. `engine.averages` makes one number of it. Where the
prediction comes out of a softmax or sigmoid, cross-entropies are computed from what went into it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp

_EPSILON = 1e-7  # keras.config.epsilon()

TargetKind = Literal["labels", "one-hot", "binary", "numbers"]


@dataclass(frozen=True)
class Loss:
    """A loss: what it computes, which targets it takes, and the activation that it can look behind.

    `from_logits` is used in place of `function` where the prediction comes straight out of `activation`.
    """

    function: Callable[[jax.Array, jax.Array], jax.Array]
    targets: TargetKind
    activation: str | None = None
    from_logits: Callable[[jax.Array, jax.Array], jax.Array] | None = None

    def __call__(
        self, target: jax.Array, prediction: jax.Array, logits: jax.Array | None, activation: str
    ) -> jax.Array:
        if self.from_logits is not None and logits is not None and activation == self.activation:
            return self.from_logits(target, logits)
        return self.function(target, prediction)


def _clip(p: jax.Array) -> jax.Array:
    return jnp.clip(p, _EPSILON, 1.0 - _EPSILON)


def _categorical(target: jax.Array, p: jax.Array) -> jax.Array:
    p = p / p.sum(-1, keepdims=True)
    return -(target * jnp.log(_clip(p))).sum(-1)


def _sparse_categorical(target: jax.Array, p: jax.Array) -> jax.Array:
    p = p / p.sum(-1, keepdims=True)
    return -jnp.take_along_axis(jnp.log(_clip(p)), target[..., None], -1)[..., 0]


def _binary(target: jax.Array, p: jax.Array) -> jax.Array:
    p = _clip(p)
    return -(target * jnp.log(p) + (1.0 - target) * jnp.log(1.0 - p)).mean(-1)


def _binary_logits(target: jax.Array, z: jax.Array) -> jax.Array:
    return (jnp.maximum(z, 0.0) - z * target + jnp.log1p(jnp.exp(-jnp.abs(z)))).mean(-1)


def _categorical_logits(target: jax.Array, z: jax.Array) -> jax.Array:
    return -(target * jax.nn.log_softmax(z)).sum(-1)


def _sparse_categorical_logits(target: jax.Array, z: jax.Array) -> jax.Array:
    return -jnp.take_along_axis(jax.nn.log_softmax(z), target[..., None], -1)[..., 0]


def _squared(target: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.square(target - y).mean(-1)


def _absolute(target: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.abs(target - y).mean(-1)


LOSSES: dict[str, Loss] = {
    "sparse_categorical_crossentropy": Loss(_sparse_categorical, "labels", "softmax", _sparse_categorical_logits),
    "categorical_crossentropy": Loss(_categorical, "one-hot", "softmax", _categorical_logits),
    "binary_crossentropy": Loss(_binary, "binary", "sigmoid", _binary_logits),
    "mean_squared_error": Loss(_squared, "numbers"),
    "mean_absolute_error": Loss(_absolute, "numbers"),
}
"""Every loss by its Keras name."""
