"""Keras's initializers with their defaults (https://keras.io/api/layers/initializers/)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.nn import initializers as init

Initialize = Callable[[jax.Array, tuple[int, ...], Any], jax.Array]


def _zeros(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    del key
    return jnp.zeros(shape, dtype)


def _ones(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    del key
    return jnp.ones(shape, dtype)


def _random_uniform(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    return jax.random.uniform(key, shape, dtype, -0.05, 0.05)


def _truncated_normal(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    return 0.05 * jax.random.truncated_normal(key, -2.0, 2.0, shape, dtype)


INITIALIZERS: dict[str, Initialize] = {
    "glorot_uniform": init.glorot_uniform(),
    "glorot_normal": init.glorot_normal(),
    "he_uniform": init.he_uniform(),
    "he_normal": init.he_normal(),
    "lecun_uniform": init.lecun_uniform(),
    "lecun_normal": init.lecun_normal(),
    "random_normal": init.normal(0.05),
    "random_uniform": _random_uniform,
    "truncated_normal": _truncated_normal,
    "variance_scaling": init.variance_scaling(1.0, "fan_in", "truncated_normal"),
    "orthogonal": init.orthogonal(),
    "zeros": _zeros,
    "ones": _ones,
}
"""Every initializer by its Keras name: a function of a key, a shape and a dtype."""


def initialize(name: str, key: jax.Array, shape: tuple[int, ...], dtype: str = "float32") -> jax.Array:
    """A new array; fans of a vector are its length, as in Keras."""
    if len(shape) == 1 and name not in ("zeros", "ones", "random_normal", "random_uniform", "truncated_normal"):
        # Keras takes both fans of a vector to be its length, which is what a square matrix has.
        return INITIALIZERS[name](key, (shape[0], shape[0]), jnp.dtype(dtype))[0]
    return INITIALIZERS[name](key, shape, jnp.dtype(dtype))
