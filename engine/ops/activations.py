"""Keras's activation functions (https://keras.io/api/layers/activations/)."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp


def linear(x: jax.Array) -> jax.Array:
    return x


def relu(x: jax.Array) -> jax.Array:
    return jax.nn.relu(x)


def softmax(x: jax.Array, axis: int | tuple[int, ...] = -1) -> jax.Array:
    return jax.nn.softmax(x, axis=axis)


def sigmoid(x: jax.Array) -> jax.Array:
    return jax.nn.sigmoid(x)


def tanh(x: jax.Array) -> jax.Array:
    return jnp.tanh(x)


def elu(x: jax.Array, alpha: float = 1.0) -> jax.Array:
    return jax.nn.elu(x, alpha=alpha)


def selu(x: jax.Array) -> jax.Array:
    return jax.nn.selu(x)


def gelu(x: jax.Array) -> jax.Array:
    return jax.nn.gelu(x, approximate=False)


def silu(x: jax.Array) -> jax.Array:
    return jax.nn.silu(x)


def leaky_relu(x: jax.Array, negative_slope: float = 0.2) -> jax.Array:
    return jax.nn.leaky_relu(x, negative_slope=negative_slope)


def relu6(x: jax.Array) -> jax.Array:
    return jax.nn.relu6(x)


def softplus(x: jax.Array) -> jax.Array:
    return jax.nn.softplus(x)


def softsign(x: jax.Array) -> jax.Array:
    return jax.nn.soft_sign(x)


def exponential(x: jax.Array) -> jax.Array:
    return jnp.exp(x)


def mish(x: jax.Array) -> jax.Array:
    return x * jnp.tanh(jax.nn.softplus(x))


def hard_sigmoid(x: jax.Array) -> jax.Array:
    return jax.nn.hard_sigmoid(x)


def hard_silu(x: jax.Array) -> jax.Array:
    return jax.nn.hard_silu(x)


def hard_tanh(x: jax.Array) -> jax.Array:
    return jax.nn.hard_tanh(x)


def celu(x: jax.Array) -> jax.Array:
    return jax.nn.celu(x)


def log_sigmoid(x: jax.Array) -> jax.Array:
    return jax.nn.log_sigmoid(x)


def log_softmax(x: jax.Array) -> jax.Array:
    return jax.nn.log_softmax(x, axis=-1)


def squareplus(x: jax.Array) -> jax.Array:
    return jax.nn.squareplus(x)


def tanh_shrink(x: jax.Array) -> jax.Array:
    return x - jnp.tanh(x)


def soft_shrink(x: jax.Array) -> jax.Array:
    return jnp.sign(x) * jnp.maximum(jnp.abs(x) - 0.5, 0.0)


def hard_shrink(x: jax.Array) -> jax.Array:
    return jnp.where(jnp.abs(x) > 0.5, x, 0.0)


def sparse_plus(x: jax.Array) -> jax.Array:
    return jax.nn.sparse_plus(x)


def sparse_sigmoid(x: jax.Array) -> jax.Array:
    return jax.nn.sparse_sigmoid(x)


def sparsemax(x: jax.Array) -> jax.Array:
    """What Keras 3 calls sparsemax: it adds up the running sums where the paper takes the last one of them.

    The paper: Martins & Astudillo, "From Softmax to Sparsemax", 2016.
    """
    ordered = -jnp.sort(-x, axis=-1)
    sums = jnp.cumsum(ordered, axis=-1)
    counts = jnp.arange(1, x.shape[-1] + 1)
    support = ordered - (sums - 1.0) / counts > 0
    threshold = (jnp.where(support, sums, 0.0).sum(-1, keepdims=True) - 1.0) / support.sum(-1, keepdims=True)
    return jnp.maximum(x - threshold, 0.0)


def glu(x: jax.Array) -> jax.Array:
    """The first half of the last axis, let through as far as the second half says; no activation of a layer."""
    return jax.nn.glu(x, axis=-1)


ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    function.__name__: function
    for function in (
        linear, relu, softmax, sigmoid, tanh, elu, selu, gelu, silu, leaky_relu, relu6, softplus, softsign,
        exponential, mish, hard_sigmoid, hard_silu, hard_tanh, celu, log_sigmoid, log_softmax, squareplus,
        tanh_shrink, soft_shrink, hard_shrink, sparse_plus, sparse_sigmoid, sparsemax,
    )
}  # fmt: skip
"""Every activation by its Keras name, the common ones first."""

ALIASES = {"swish": "silu", "hard_swish": "hard_silu"}
"""Other names that files have for activations."""
