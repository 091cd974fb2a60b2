"""Keras's constraints: what a weight is brought back to after each step (https://keras.io/api/layers/constraints/)."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

_EPSILON = 1e-7  # keras.config.epsilon()

Axis = int | tuple[int, ...] | list[int]


def _norms(w: jax.Array, axis: Axis) -> jax.Array:
    axes = tuple(axis) if isinstance(axis, list | tuple) else axis
    return jnp.sqrt(jnp.square(w).sum(axes, keepdims=True))


def max_norm(w: jax.Array, max_value: float = 2.0, axis: Axis = 0) -> jax.Array:
    norms = _norms(w, axis)
    return w * (jnp.clip(norms, 0.0, max_value) / (_EPSILON + norms))


def non_neg(w: jax.Array) -> jax.Array:
    return w * (w >= 0.0)


def unit_norm(w: jax.Array, axis: Axis = 0) -> jax.Array:
    return w / (_EPSILON + _norms(w, axis))


def min_max_norm(
    w: jax.Array, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0
) -> jax.Array:
    norms = _norms(w, axis)
    wanted = rate * jnp.clip(norms, min_value, max_value) + (1.0 - rate) * norms
    return w * (wanted / (_EPSILON + norms))


CONSTRAINTS: dict[str, Callable[..., jax.Array]] = {
    function.__name__: function for function in (max_norm, non_neg, unit_norm, min_max_norm)
}
"""Every constraint by the name that Keras code uses."""
