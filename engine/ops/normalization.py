"""Normalization by the figures of a batch, or by figures kept from training."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def batch_normalization(
    x: jax.Array,
    gamma: jax.Array | None,
    beta: jax.Array | None,
    mean: jax.Array,
    variance: jax.Array,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> jax.Array:
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    scale = jax.lax.rsqrt(variance + epsilon)
    scale = scale if gamma is None else scale * gamma
    y = (x - mean.reshape(shape)) * scale.reshape(shape)
    return y if beta is None else y + beta.reshape(shape)


def normalization(x: jax.Array, mean: jax.Array, variance: jax.Array) -> jax.Array:
    return (x - mean) / jnp.maximum(jnp.sqrt(variance), 1e-7)
