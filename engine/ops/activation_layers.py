"""Activations with more settings, or weights, that are layers of their own."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def rectified(
    x: jax.Array, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0
) -> jax.Array:
    """Zero up to a threshold, or a slope there, and nothing over a greatest value."""
    y = jnp.where(x > threshold, x, 0.0) if threshold else jax.nn.relu(x)
    y = y if max_value is None else jnp.clip(y, 0.0, max_value)
    return y - negative_slope * jax.nn.relu(threshold - x) if negative_slope else y


def prelu(x: jax.Array, alpha: jax.Array) -> jax.Array:
    return jax.nn.relu(x) - alpha * jax.nn.relu(-x)
