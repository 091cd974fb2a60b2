"""Keras's regularizers: what a weight or an output adds to the loss (https://keras.io/api/layers/regularizers/)."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp


def l1(x: jax.Array, l1: float = 0.01) -> jax.Array:
    return l1 * jnp.abs(x).sum()


def l2(x: jax.Array, l2: float = 0.01) -> jax.Array:
    return l2 * jnp.square(x).sum()


def l1_l2(x: jax.Array, l1: float = 0.0, l2: float = 0.0) -> jax.Array:
    return l1 * jnp.abs(x).sum() + l2 * jnp.square(x).sum()


def orthogonal_regularizer(x: jax.Array, factor: float = 0.01, mode: str = "rows") -> jax.Array:
    """How far the rows (columns) of a matrix are from standing at right angles to each other."""
    rows = x if mode == "rows" else x.T
    rows = rows / jnp.sqrt(jnp.maximum(jnp.square(rows).sum(-1, keepdims=True), 1e-14))
    size = rows.shape[0]
    products = (rows @ rows.T) * (1.0 - jnp.eye(size, dtype=x.dtype))
    return factor * 0.5 * jnp.abs(products).sum() / (size * (size - 1.0) / 2.0)


REGULARIZERS: dict[str, Callable[..., jax.Array]] = {
    function.__name__: function for function in (l1, l2, l1_l2, orthogonal_regularizer)
}
"""Every regularizer by the name that Keras code uses."""
