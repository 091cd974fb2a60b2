"""Dense, and small functions that many layers need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from engine.ops.sums import product


def dense(x: jax.Array, kernel: jax.Array, bias: jax.Array | None = None) -> jax.Array:
    y = x @ kernel
    return y if bias is None else y + bias


def dense_for_training(x: jax.Array, kernel: jax.Array, bias: jax.Array | None = None) -> jax.Array:
    """The same as `dense`, with a gradient of the kernel that a CPU computes fast."""
    y = product(x, kernel)
    return y if bias is None else y + bias


def identity(x: jax.Array) -> jax.Array:
    return x


def rescaling(x: jax.Array, scale: tuple[float, ...], offset: tuple[float, ...] = (0.0,)) -> jax.Array:
    """One number for all of x, or one for each place along its last axis."""
    return x * jnp.asarray(scale, x.dtype) + jnp.asarray(offset, x.dtype)


def in_turn(x: jax.Array, functions: tuple[Callable[[jax.Array], jax.Array], ...]) -> jax.Array:
    """Functions, one after the other."""
    for function in functions:
        x = function(x)
    return x


def activated(
    x: jax.Array, *arguments: Any, function: Callable[..., Any], activation: Callable[..., jax.Array]
) -> jax.Array:
    """A function and then an activation, for layers that wrap others."""
    return activation(function(x, *arguments))
