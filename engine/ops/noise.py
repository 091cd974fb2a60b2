"""Random numbers that layers put in the way of training."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def dropout(
    x: jax.Array, key: jax.Array, rate: float, noise_shape: tuple[int | None, ...] | None = None
) -> jax.Array:
    """A share of the numbers becomes 0; along axes where `noise_shape` is 1, all of them or none."""
    if rate >= 1:
        return jnp.zeros_like(x)
    keep = jax.random.bernoulli(key, 1.0 - rate, drawn_shape(x, noise_shape))
    return jnp.where(keep, x / (1.0 - rate), 0.0)


def drawn_shape(x: jax.Array, noise_shape: tuple[int | None, ...] | None) -> tuple[int, ...]:
    """The shape of the random numbers: that of x where nothing else is said."""
    wanted = noise_shape or x.shape
    return tuple(size if given is None else given for given, size in zip(wanted, x.shape, strict=True))


def gaussian_noise(x: jax.Array, key: jax.Array, stddev: float) -> jax.Array:
    return x + stddev * jax.random.normal(key, x.shape, x.dtype)


def gaussian_dropout(x: jax.Array, key: jax.Array, rate: float) -> jax.Array:
    stddev = (rate / (1.0 - rate)) ** 0.5
    return x * (1.0 + stddev * jax.random.normal(key, x.shape, x.dtype))


def alpha_dropout(
    x: jax.Array, key: jax.Array, rate: float, noise_shape: tuple[int | None, ...] | None = None
) -> jax.Array:
    """Numbers go to where SELU goes far below zero; mean and variance stay (Klambauer et al., 2017)."""
    lowest = -1.6732632423543772 * 1.0507009873554805
    keep = jax.random.bernoulli(key, 1.0 - rate, drawn_shape(x, noise_shape))
    factor = ((1.0 - rate) * (1.0 + rate * lowest**2)) ** -0.5
    return factor * jnp.where(keep, x, lowest) - factor * lowest * rate


def stochastic_depth(x: jax.Array, key: jax.Array, rate: float) -> jax.Array:
    """Whole samples become 0 (Huang et al., 2016)."""
    return dropout(x, key, rate, (None, *(1 for _ in x.shape[1:])))
