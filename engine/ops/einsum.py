"""A kernel met with the axes that an equation names."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def einsum_dense(x: jax.Array, kernel: jax.Array, bias: jax.Array | None = None, *, equation: str) -> jax.Array:
    y = jnp.einsum(equation, x, kernel)
    return y if bias is None else y + bias
