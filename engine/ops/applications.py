"""What the small layers of keras.applications compute."""

from __future__ import annotations

import jax


def layer_scale(x: jax.Array, gamma: jax.Array) -> jax.Array:
    return x * gamma


def scaled_sum(x: jax.Array, y: jax.Array, scale: float) -> jax.Array:
    return x + y * scale
